import { z } from 'zod';
import { nameSchema } from '../../telephony/directory.ts';
import { Role } from './access-store.ts';
import { may, type Permission, rolesByPermission } from './access-rules.ts';
import { newPasswordSchema } from './access-schemas.ts';
import { addressBlock } from './address-block.ts';
import { errorAnswers } from './api-schemas.ts';
import { isoOf } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { LoginGuard, type LoginTry } from './login-guard.ts';
import { hashPassword } from './password-hash.ts';
import { RateLimiter } from './rate-limiter.ts';
import { limit, principalOf, refuseForeignPage } from './request-guard.ts';
import { isOverTls, sessionCookie } from './session-cookie.ts';

const tags = ['Session'];

/** POST /login, POST /logout, GET /me, PUT /me/password. */
export function addSessionRoutes(server: Server, context: RouteContext): void {
  const guard = new LoginGuard(context.clock, context.config.loginLocks);
  addLogin(server, context, guard);
  addPasswordChange(server, context, guard);
  const { access } = context;
  server.route({
    method: 'POST',
    url: '/logout',
    config: { access: 'signedIn', audit: 'none' },
    schema: {
      tags,
      summary: 'End the session',
      response: { 200: z.object({ loggedOut: z.boolean() }), ...errorAnswers },
    },
    handler: async (request, reply) => {
      const { sessionHash } = principalOf(request);
      if (sessionHash !== null) {
        await access.deleteSession(sessionHash);
        context.accessControl.changed();
        await context.auditLog.record(request, { action: 'logout', target: principalOf(request).key });
      }
      reply.header('set-cookie', sessionCookie('', 0, isOverTls(request, context.config)));
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
          scopes: z.array(z.string()).nullable().describe('Of a key; null for people'),
          accessGroups: z.array(z.string()),
          queues: z
            .array(z.string())
            .nullable()
            .describe('Queues that may be read, or their beginnings with *; null: all'),
          sessionIdleSec: z.number().nullable().describe('An unused session ends after this; null for keys'),
        }),
        ...errorAnswers,
      },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const { actor, name, role, agentId, scopes, accessGroups, queues } = principal;
      const all = Object.keys(rolesByPermission) as Permission[];
      return {
        kind: actor.kind === 'api-key' ? ('api-key' as const) : ('user' as const),
        name,
        role,
        agentId,
        permissions: all.filter((permission) => may(principal, permission)),
        scopes: scopes && [...scopes],
        accessGroups: [...accessGroups],
        queues: queues && [...queues],
        sessionIdleSec: principal.sessionHash === null ? null : context.config.sessionIdleMs / 1000,
      };
    },
  });
}

function addPasswordChange(server: Server, context: RouteContext, guard: LoginGuard): void {
  const { access, accessControl, auditLog, clock } = context;
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
      const { name } = principal;
      // A stolen session must not be a way to guess the password without being counted.
      const user = await guarded(guard, { name, address: addressBlock(request.ip), familiar: true }, () =>
        accessControl.checkPassword(name, currentPassword),
      );
      if (!user) throw new HttpError('LOGIN_FAILED', 'the current password is wrong');
      const passwordHash = await hashPassword(newPassword);
      // Read again: what an administrator changed while the password was hashed must not be undone.
      const now = await access.findUser(name);
      if (now?.enabled !== true || now.passwordHash !== user.passwordHash) {
        throw new HttpError('LOGIN_FAILED', 'the current password is wrong');
      }
      await access.updateUser({ ...now, passwordHash, updatedAtMs: clock.nowMs() });
      await access.deleteSessionsOf(user.name);
      accessControl.changed();
      await auditLog.record(request, { action: 'password.changed', target: `user:${user.name}` });
      return { changed: true as const };
    },
  });
}

function addLogin(server: Server, context: RouteContext, guard: LoginGuard): void {
  const { access, accessControl, auditLog, clock, config, log } = context;
  const byAddress = new RateLimiter(clock, config.loginAddressRate);
  const failures = new RateLimiter(clock, httpLimits.strangersKept);
  server.route({
    method: 'POST',
    url: '/login',
    bodyLimit: httpLimits.loginBodyBytesMax,
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
      // A page of another origin must not log its visitor in as somebody else.
      if (request.body.cookie) refuseForeignPage(request);
      const address = addressBlock(request.ip);
      limit(byAddress.take(address));
      const familiar = await access.isFamiliar(name, address, clock.nowMs() - httpLimits.familiarMs);
      const session = await guarded(guard, { name, address, familiar }, () =>
        accessControl.login(name, password),
      );
      if (!session) {
        const deed = { action: 'login.failed', target: `user:${name}`, name };
        if (failures.take('') === 0) await auditLog.record(request, deed);
        else log.warn({ ...deed, address }, 'a failed log-in is not in the audit log: there are too many');
        throw new HttpError('LOGIN_FAILED', 'wrong name or password');
      }
      await access.putFamiliarAddress(name, address, clock.nowMs());
      await auditLog.record(request, { action: 'login', target: `user:${name}`, name });
      if (request.body.cookie) {
        reply.header(
          'set-cookie',
          sessionCookie(session.token, config.sessionMs, isOverTls(request, config)),
        );
      }
      const { role, agentId } = session.user;
      const token = request.body.cookie ? null : session.token;
      return { token, expiresAt: isoOf(session.expiresAtMs), name, role, agentId };
    },
  });
}

/** Runs a password check that the guard allows, and tells it the result. @throws LOGIN_LOCKED. */
async function guarded<Found>(
  guard: LoginGuard,
  login: LoginTry,
  check: () => Promise<Found | undefined>,
): Promise<Found | undefined> {
  const waitSec = guard.begin(login);
  if (waitSec > 0) {
    throw new HttpError('LOGIN_LOCKED', 'too many failed log-ins: wait', { retryAfterSec: waitSec });
  }
  let found: Found | undefined;
  try {
    found = await check();
  } catch (error) {
    guard.undecided(login);
    throw error;
  }
  if (found !== undefined) guard.succeeded(login);
  return found;
}
