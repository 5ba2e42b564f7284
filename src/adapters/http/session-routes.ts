import { z } from 'zod';
import { nameSchema } from '../../telephony/directory.ts';
import { Role } from './access-store.ts';
import { rolesByPermission } from './access-rules.ts';
import type { Permission } from './access-rules.ts';
import { errorAnswers } from './api-schemas.ts';
import { isoOf } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { hashPassword } from './password-hash.ts';
import { RateLimiter } from './rate-limiter.ts';
import { SESSION_COOKIE, limit, principalOf } from './request-guard.ts';

/** New passwords: long enough to resist guessing, short enough to hash. */
export const newPasswordSchema = z
  .string()
  .min(12, 'must have at least 12 characters')
  .max(256, 'must have at most 256 characters');

const tags = ['Session'];

/** POST /login, POST /logout, GET /me, PUT /me/password. */
export function addSessionRoutes(server: Server, context: RouteContext): void {
  addLogin(server, context);
  const { access, clock } = context;
  server.route({
    method: 'POST',
    url: '/logout',
    config: { access: 'signedIn' },
    schema: {
      tags,
      summary: 'End the session',
      response: { 200: z.object({ loggedOut: z.boolean() }), ...errorAnswers },
    },
    handler: async (request, reply) => {
      const { sessionHash } = principalOf(request);
      if (sessionHash !== null) await access.deleteSession(sessionHash);
      reply.header('set-cookie', cookie('', 0, context.config.secureCookies));
      return { loggedOut: sessionHash !== null };
    },
  });
  server.route({
    method: 'GET',
    url: '/me',
    config: { access: 'signedIn' },
    schema: {
      tags,
      summary: 'Who am I, and what may I do',
      response: {
        200: z.object({
          kind: z.enum(['user', 'api-key']),
          name: z.string(),
          role: z.enum(Object.values(Role)),
          agentId: z.string().nullable(),
          permissions: z.array(z.string()),
        }),
        ...errorAnswers,
      },
    },
    handler: (request) => {
      const { actor, name, role, agentId } = principalOf(request);
      const permissions = Object.keys(rolesByPermission).filter((permission) =>
        (rolesByPermission[permission as Permission] as readonly Role[]).includes(role),
      );
      const kind = actor.kind === 'api-key' ? ('api-key' as const) : ('user' as const);
      return { kind, name, role, agentId, permissions };
    },
  });
  server.route({
    method: 'PUT',
    url: '/me/password',
    config: { access: 'signedIn' },
    schema: {
      tags,
      summary: 'Change my password',
      description: 'Ends every session of the user, this one too.',
      body: z.strictObject({ currentPassword: z.string().max(256), newPassword: newPasswordSchema }),
      response: { 200: z.object({ changed: z.literal(true) }), ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      if (principal.sessionHash === null) throw new HttpError('FORBIDDEN', 'an API key has no password');
      const { currentPassword, newPassword } = request.body;
      const user = await context.accessControl.checkPassword(principal.name, currentPassword);
      if (!user) throw new HttpError('LOGIN_FAILED', 'the current password is wrong');
      const passwordHash = await hashPassword(newPassword);
      await access.updateUser({ ...user, passwordHash, updatedAtMs: clock.nowMs() });
      await access.deleteSessionsOf(user.name);
      return { changed: true as const };
    },
  });
}

function addLogin(server: Server, context: RouteContext): void {
  const { clock, config, log } = context;
  const byAddress = new RateLimiter(clock, config.loginAddressRate);
  const byName = new RateLimiter(clock, config.loginNameRate);
  server.route({
    method: 'POST',
    url: '/login',
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'Log in',
      description:
        'Returns a session token for `Authorization: Bearer`; with `cookie: true` it is set as a ' +
        'cookie instead and not shown.',
      body: z.strictObject({
        name: nameSchema,
        password: z.string().min(1).max(256),
        cookie: z.boolean().default(false),
      }),
      response: {
        200: z.object({
          token: z.string().nullable(),
          expiresAt: z.string(),
          name: z.string(),
          role: z.enum(Object.values(Role)),
          agentId: z.string().nullable(),
        }),
        ...errorAnswers,
      },
    },
    handler: async (request, reply) => {
      const { name, password } = request.body;
      limit(byAddress.take(request.ip));
      limit(byName.take(name));
      const session = await context.accessControl.login(name, password);
      if (!session) {
        log.warn({ user: name, address: request.ip }, 'login refused');
        throw new HttpError('LOGIN_FAILED', 'wrong name or password');
      }
      log.info({ user: name, address: request.ip }, 'logged in');
      if (request.body.cookie) {
        reply.header('set-cookie', cookie(session.token, config.sessionMs, config.secureCookies));
      }
      const { role, agentId } = session.user;
      const token = request.body.cookie ? null : session.token;
      return { token, expiresAt: isoOf(session.expiresAtMs), name, role, agentId };
    },
  });
}

/** RFC 6265 §4.1; SameSite=Strict keeps other sites from using it. */
function cookie(token: string, maxAgeMs: number, secure: boolean): string {
  const parts = [
    `${SESSION_COOKIE}=${token}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${Math.floor(maxAgeMs / 1000)}`,
  ];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}
