import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GuardedOperation } from '../../captcha/captcha-gate.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { bodyOf, requestExample, text } from './ges-fields.ts';

const RETRY_SEC = 5;

/** What is below these paths may need a token. */
const guarded: readonly (readonly [path: string, operation: GuardedOperation])[] = [
  ['/callbacks/', 'callback'],
  ['/call-in/', 'call-in'],
];

/**
 * Asks every callback and call-in operation for a token where the installation wants one. To be added before
 * the routes; runs after a request has been found valid, since a token can be used once.
 */
export function askForCaptcha(server: Server, { captcha }: RouteContext): void {
  server.addHook('preHandler', async (request) => {
    const { url = '' } = request.routeOptions;
    const operation = guarded.find(([path]) => url.startsWith(server.prefix + path))?.[1];
    if (operation === undefined) return;
    const verdict = await captcha.check(operation, tokenOf(request), request.ip);
    switch (verdict.kind) {
      case 'passed':
        return;
      case 'missing':
        throw new HttpError('CAPTCHA_REQUIRED', 'a CAPTCHA must be solved for this', {
          faults: [{ path: 'captchaToken', message: 'is required' }],
        });
      case 'refused':
        throw new HttpError('CAPTCHA_REFUSED', 'the CAPTCHA was not solved', {
          faults: [{ path: 'captchaToken', message: reasons[verdict.why] ?? reasons.token }],
        });
      case 'unavailable':
        throw new HttpError('CAPTCHA_UNAVAILABLE', 'the CAPTCHA cannot be checked now', {
          retryAfterSec: RETRY_SEC,
        });
      default:
        verdict satisfies never;
    }
  });
}

const reasons: Readonly<Record<string, string>> & { readonly token: string } = {
  token: 'is not valid, was used before or is too old',
  score: 'has a score below the threshold',
  action: 'was made for another action',
  'host-name': 'was made on another site',
};

/** In the body, or in the query of a GET. */
function tokenOf({ body, query }: FastifyRequest): string | undefined {
  for (const part of [body, query]) {
    if (typeof part !== 'object' || part === null || !('captchaToken' in part)) continue;
    if (typeof part.captchaToken === 'string') return part.captchaToken;
  }
  return undefined;
}

/** POST /captcha/verify: an early release of the field's API had it. */
export function addGesCaptchaRoutes(server: Server, { captcha }: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/captcha/verify',
    config: { ...gesConfig, audit: 'none' },
    schema: {
      tags: ['Genesys-compatible: CAPTCHA'],
      summary: 'Check a CAPTCHA token',
      description: 'A token can be checked once: one that is checked here cannot be used for a callback.',
      body: bodyOf({
        siteKey: text(128).describe("The page's key"),
        captchaToken: text(8192),
      }).meta(requestExample({ siteKey: '6Lexample', captchaToken: '03AFexample' })),
      response: {
        200: gesAnswerSchema(z.object({ success: z.boolean() }), { success: true }),
        ...gesErrorAnswers,
      },
    },
    handler: async (request) => {
      const { siteKey, captchaToken } = request.body;
      const known = captcha.keySets().find((keys) => keys.siteKey === siteKey && keys.enabled);
      if (!known) {
        throw new HttpError('VALIDATION_FAILED', "the request's body is not valid", {
          faults: [{ path: 'siteKey', message: 'is not configured', value: siteKey }],
        });
      }
      const verdict = await captcha.test(known.name, captchaToken);
      if (verdict?.kind === 'accepted') return successful(request, { success: true });
      if (verdict?.kind === 'refused') return successful(request, { success: false });
      throw new HttpError('CAPTCHA_UNAVAILABLE', 'the CAPTCHA cannot be checked now', {
        retryAfterSec: RETRY_SEC,
      });
    },
  });
}
