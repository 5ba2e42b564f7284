import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../kernel/errors.ts';
import { SECRET_KEY_BYTES, SecretBox } from '../../provisioning/secret-box.ts';
import { addressBlock } from './address-block.ts';
import { errorAnswers } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { type OidcAttempt, OidcProvider } from './oidc-provider.ts';
import { OidcUsers } from './oidc-users.ts';
import { RateLimiter } from './rate-limiter.ts';
import { limit } from './request-guard.ts';
import { cookieName, isOverTls, sessionCookie } from './session-cookie.ts';

const tags = ['Session'];
const ATTEMPT_COOKIE = 'turnkeeper_oidc';
/** From leaving for the provider to coming back. */
const ATTEMPT_MS = 10 * 60_000;
const CALLBACK_PATH = '/api/v1/oidc/callback';
/** A path of this server: anything else would send people away with a log-in of ours (open redirect). */
const returnToSchema = z
  .string()
  .max(512)
  .regex(/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/, 'must be a path of this server')
  .default('/');

const attemptSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  challenge: z.string(),
  returnTo: z.string(),
  untilMs: z.number(),
});

/** GET /login-methods, GET /oidc/login, GET /oidc/callback. */
export function addOidcRoutes(server: Server, context: RouteContext): void {
  const { oidc } = context.config;
  server.route({
    method: 'GET',
    url: '/login-methods',
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'How people may log in here',
      response: { 200: z.object({ password: z.literal(true), oidc: z.boolean() }), ...errorAnswers },
    },
    handler: () => ({ password: true as const, oidc: oidc !== undefined }),
  });
  if (oidc === undefined) return;
  const redirectUri = `${oidc.publicUrl}${CALLBACK_PATH}`;
  const provider = new OidcProvider({ ...oidc, redirectUri }, context.clock);
  // Made anew with each start: who is on the way then begins again.
  const box = new SecretBox(randomBytes(SECRET_KEY_BYTES));
  const byAddress = new RateLimiter(context.clock, context.config.loginAddressRate);
  addDeparture(server, context, { provider, box, byAddress });
  addReturn(server, context, { provider, box, byAddress }, new OidcUsers(context, oidc));
}

interface OidcParts {
  readonly provider: OidcProvider;
  readonly box: SecretBox;
  readonly byAddress: RateLimiter;
}

function addDeparture(server: Server, context: RouteContext, { provider, box, byAddress }: OidcParts): void {
  server.route({
    method: 'GET',
    url: '/oidc/login',
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'Log in at the OpenID provider',
      description: 'For browsers: sends them there, and back to `returnTo` with a session cookie.',
      querystring: z.strictObject({ returnTo: returnToSchema }),
      response: { 302: z.null(), ...errorAnswers },
    },
    handler: async (request, reply) => {
      limit(byAddress.take(addressBlock(request.ip)));
      const attempt = newAttempt();
      const location = await provider.authorizationUrl(attempt);
      const untilMs = context.clock.nowMs() + ATTEMPT_MS;
      const sealed = box.seal(
        JSON.stringify({ ...attempt, returnTo: request.query.returnTo, untilMs }),
        ATTEMPT_COOKIE,
      );
      const value = Buffer.from(sealed).toString('base64url');
      reply.header('set-cookie', attemptCookie(value, ATTEMPT_MS, isOverTls(request, context.config)));
      return await reply.redirect(location, 302);
    },
  });
}

function addReturn(server: Server, context: RouteContext, parts: OidcParts, users: OidcUsers): void {
  const { accessControl, auditLog, config } = context;
  server.route({
    method: 'GET',
    url: '/oidc/callback',
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'Where the OpenID provider sends browsers back to',
      querystring: z.object({
        code: z.string().max(4096).optional(),
        state: z.string().max(256).optional(),
        error: z.string().max(256).optional(),
      }),
      response: { 302: z.null(), ...errorAnswers },
    },
    handler: async (request, reply) => {
      limit(parts.byAddress.take(addressBlock(request.ip)));
      const { code, error } = request.query;
      const isSecure = isOverTls(request, config);
      const attempt = attemptOf(request, { box: parts.box, isSecure, nowMs: context.clock.nowMs() });
      if (error !== undefined) throw refused('the provider did not log anybody in');
      if (code === undefined) throw refused('the provider sent no code');
      try {
        const user = await users.userOf(await parts.provider.claims(code, attempt));
        const session = await accessControl.openSession(user);
        const name = user.name;
        await auditLog.record(request, { action: 'login.oidc', target: `user:${name}`, name });
        const cookies = [
          sessionCookie(session.token, config.sessionMs, isSecure),
          attemptCookie('', 0, isSecure),
        ];
        return await sendBack(reply.header('set-cookie', cookies), attempt.returnTo);
      } catch (cause) {
        if (!(cause instanceof AppError && cause.code === 'OIDC_LOGIN_REFUSED')) throw cause;
        await auditLog.record(request, { action: 'login.failed', target: 'oidc', after: cause.message });
        throw cause instanceof HttpError ? cause : refused(cause.message);
      }
    },
  });
}

async function sendBack(reply: FastifyReply, path: string): Promise<FastifyReply> {
  return await reply.redirect(path, 302);
}

function newAttempt(): OidcAttempt {
  const verifier = randomBytes(32).toString('base64url');
  return {
    state: randomBytes(24).toString('base64url'),
    nonce: randomBytes(24).toString('base64url'),
    verifier,
    // RFC 7636 §4.2, S256.
    challenge: createHash('sha256').update(verifier).digest('base64url'),
  };
}

/**
 * The log-in that this browser began. The cookie binds it to the browser: with the state alone somebody could
 * make others finish a log-in that is not theirs (RFC 6749 §10.12).
 */
function attemptOf(
  request: FastifyRequest,
  { box, isSecure, nowMs }: { readonly box: SecretBox; readonly isSecure: boolean; readonly nowMs: number },
): z.infer<typeof attemptSchema> {
  const cookie = new RegExp(`(?:^|;\\s*)${cookieName(ATTEMPT_COOKIE, isSecure)}=([\\w-]{1,4096})(?:;|$)`);
  const value = cookie.exec(request.headers.cookie ?? '')?.[1] ?? '';
  const opened = box.open(Buffer.from(value, 'base64url').toString('utf8'), ATTEMPT_COOKIE);
  if (opened.kind === 'refused')
    throw refused('this browser has begun no log-in, or the server was restarted');
  const attempt = attemptSchema.parse(JSON.parse(opened.plain));
  const { state = '' } = request.query as { readonly state?: string };
  const [sent, kept] = [Buffer.from(state), Buffer.from(attempt.state)];
  const same = sent.length === kept.length && timingSafeEqual(sent, kept);
  if (!same) throw refused('the answer belongs to another log-in');
  if (attempt.untilMs <= nowMs) throw refused('the log-in took too long');
  return attempt;
}

/** Lax, because the browser comes back from another site (RFC 6265bis §5.2). */
function attemptCookie(value: string, maxAgeMs: number, secure: boolean): string {
  // A cookie of one host alone is for all of its paths (RFC 6265bis §4.1.3.2).
  const path = secure ? '/' : '/api/v1/oidc';
  const name = cookieName(ATTEMPT_COOKIE, secure);
  const parts = [`${name}=${value}`, `Path=${path}`, 'HttpOnly', 'SameSite=Lax'];
  return [...parts, `Max-Age=${Math.floor(maxAgeMs / 1000)}`, ...(secure ? ['Secure'] : [])].join('; ');
}

function refused(message: string): HttpError {
  return new HttpError('OIDC_LOGIN_REFUSED', message);
}
