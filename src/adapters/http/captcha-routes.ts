import { z } from 'zod';
import { captchaKinds } from '../../screening/captcha-keys.ts';
import { nameSchema } from '../../telephony/directory.ts';
import type { SiteVerdict } from '../captcha/site-verify.ts';
import { errorAnswers } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';

const tags = ['Credentials'];
const keySetSchema = z.object({
  name: z.string(),
  kind: z.enum(captchaKinds),
  siteKey: z.string().describe('The public half; the secret is never shown'),
  secretLength: z.int().describe('Characters of the secret: a truncated one is known by it'),
  enabled: z.boolean(),
  callIn: z.boolean().describe('Asking for a number to call in needs a token, too'),
  scoreMin: z.number().describe('v3: tokens that score below are refused'),
  action: z.string().nullable(),
  hostNames: z.array(z.string()),
  verifyUrl: z.string(),
  timeoutMs: z.int(),
  whenUnavailable: z.enum(['refuse', 'accept']),
});

/** GET /captcha, POST /captcha/{name}/test. */
export function addCaptchaRoutes(server: Server, { captcha }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/captcha',
    config: { access: 'readSettings' },
    schema: {
      tags,
      summary: 'List the CAPTCHA key sets in force',
      description: 'They are configured in the section `captcha` of the configuration document.',
      response: { 200: z.object({ items: z.array(keySetSchema) }), ...errorAnswers },
    },
    handler: () => ({
      items: captcha
        .keySets()
        .map((keys) => ({ ...keys, action: keys.action ?? null, hostNames: [...keys.hostNames] })),
    }),
  });
  server.route({
    method: 'POST',
    url: '/captcha/:name/test',
    config: { access: 'testCredentials' },
    schema: {
      tags,
      summary: 'Try a CAPTCHA key set at the checking service',
      description:
        'Without a token only the secret is tried. With one, made by the widget with this site key, the ' +
        'whole way is: score, action and host name, too.',
      params: z.strictObject({ name: nameSchema }),
      body: z.strictObject({ token: z.string().min(1).max(8192).optional() }).nullish(),
      response: {
        200: z.object({
          result: z.enum(['accepted', 'refused', 'keys-wrong', 'unavailable']),
          why: z.string().nullable(),
          codes: z.array(z.string()).describe("The checking service's own words"),
          score: z.number().nullable(),
        }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const verdict = await captcha.test(request.params.name, request.body?.token);
      if (!verdict) throw new HttpError('NOT_FOUND', 'there is no such key set');
      return verdictJson(verdict);
    },
  });
}

function verdictJson(verdict: SiteVerdict): {
  result: SiteVerdict['kind'];
  why: string | null;
  codes: string[];
  score: number | null;
} {
  const { kind: result } = verdict;
  switch (verdict.kind) {
    case 'accepted':
      return { result, why: null, codes: [], score: verdict.score };
    case 'refused':
      return { result, why: verdict.why, codes: [...verdict.codes], score: verdict.score };
    case 'keys-wrong':
      return { result, why: null, codes: [...verdict.codes], score: null };
    case 'unavailable':
      return { result, why: verdict.reason, codes: [], score: null };
    default:
      return verdict satisfies never;
  }
}
