import { z } from 'zod';
import { nameSchema } from '../../telephony/directory.ts';
import { deletedSchema, memberGroupsSchema, newPasswordSchema, roleSchema } from './access-schemas.ts';
import { type AccessStore, Role, type User } from './access-store.ts';
import type { Principal } from './access.ts';
import { errorAnswers, userSchema } from './api-schemas.ts';
import { userJson } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { checkGroups } from './member-groups.ts';
import { hashPassword } from './password-hash.ts';
import { principalOf } from './request-guard.ts';

/** GET/POST /users, PATCH/DELETE /users/{name}. */
export function addUserRoutes(server: Server, context: RouteContext): void {
  const { access, clock } = context;
  const tags = ['Users'];
  server.route({
    method: 'GET',
    url: '/users',
    config: { access: 'manageUsers' },
    schema: {
      tags,
      summary: 'List users',
      response: { 200: z.object({ items: z.array(userSchema) }), ...errorAnswers },
    },
    handler: async () => ({ items: (await access.listUsers()).map(userJson) }),
  });
  server.route({
    method: 'POST',
    url: '/users',
    config: { access: 'manageUsers' },
    schema: {
      tags,
      summary: 'Add a user',
      body: z.strictObject({
        name: nameSchema,
        role: roleSchema,
        password: newPasswordSchema,
        agentId: nameSchema.optional().describe('The configured agent this person is'),
        accessGroups: memberGroupsSchema.default([]),
      }),
      response: { 201: userSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const { name, role, password, agentId = null, accessGroups } = request.body;
      await checkGroups(access, accessGroups);
      if ((await access.userCount()) >= httpLimits.usersMax) {
        throw new HttpError('LIMIT_REACHED', `there are ${httpLimits.usersMax} users already`);
      }
      const nowMs = clock.nowMs();
      const passwordHash = await hashPassword(password);
      const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
      const user: User = { name, role, passwordHash, agentId, enabled: true, accessGroups, ...times };
      if (!(await access.insertUser(user))) throw new HttpError('ALREADY_EXISTS', 'this name is taken');
      const after = userJson(user);
      await context.auditLog.record(request, { action: 'user.added', target: `user:${name}`, after });
      return await reply.code(201).send(after);
    },
  });
  addUserChanges(server, context, tags);
  addUserDeletion(server, context, tags);
}

const params = z.strictObject({ name: nameSchema });

function addUserChanges(server: Server, context: RouteContext, tags: string[]): void {
  const { access, accessControl, auditLog, clock } = context;
  server.route({
    method: 'PATCH',
    url: '/users/:name',
    config: { access: 'manageUsers' },
    schema: {
      tags,
      summary: 'Change a user',
      description: 'A new password, a new role or `enabled: false` ends the sessions of the user.',
      params,
      body: z.strictObject({
        role: roleSchema.optional(),
        password: newPasswordSchema.optional(),
        agentId: nameSchema.nullable().optional(),
        enabled: z.boolean().optional(),
        accessGroups: memberGroupsSchema.optional(),
      }),
      response: { 200: userSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const { name } = request.params;
      const { role, password, agentId, enabled, accessGroups } = request.body;
      // Hashed before the user is read: what somebody else changes meanwhile must not be undone.
      const newHash = password === undefined ? undefined : await hashPassword(password);
      const user = await access.findUser(name);
      if (!user) throw noSuchUser();
      if (role !== undefined || enabled !== undefined) notOneself(principalOf(request), name);
      // A session that somebody left open must not become an account that is theirs.
      if (password !== undefined && isOneself(principalOf(request), name)) {
        throw new HttpError(
          'FORBIDDEN',
          'your own password is changed with the current one: PUT /me/password',
        );
      }
      if (accessGroups !== undefined) await checkGroups(access, accessGroups);
      const changed: User = {
        ...user,
        accessGroups: accessGroups ?? user.accessGroups,
        role: role ?? user.role,
        enabled: enabled ?? user.enabled,
        agentId: agentId === undefined ? user.agentId : agentId,
        passwordHash: newHash ?? user.passwordHash,
        updatedAtMs: clock.nowMs(),
      };
      if (!isAdministrator(changed)) await notTheLast(access, user);
      if (!(await access.updateUser(changed))) throw noSuchUser();
      if (password !== undefined || role !== undefined || enabled === false) {
        await access.deleteSessionsOf(name);
      }
      accessControl.changed();
      await auditLog.record(request, {
        action: 'user.changed',
        target: `user:${name}`,
        before: userJson(user),
        after: { ...userJson(changed), ...(password === undefined ? {} : { password }) },
      });
      return userJson(changed);
    },
  });
}

function addUserDeletion(
  server: Server,
  { access, accessControl, auditLog }: RouteContext,
  tags: string[],
): void {
  server.route({
    method: 'DELETE',
    url: '/users/:name',
    config: { access: 'manageUsers' },
    schema: { tags, summary: 'Delete a user', params, response: { 200: deletedSchema, ...errorAnswers } },
    handler: async (request) => {
      const { name } = request.params;
      notOneself(principalOf(request), name);
      const user = await access.findUser(name);
      if (user) await notTheLast(access, user);
      if (!user || !(await access.deleteUser(name))) throw noSuchUser();
      accessControl.changed();
      const before = userJson(user);
      await auditLog.record(request, { action: 'user.deleted', target: `user:${name}`, before });
      return { deleted: true as const };
    },
  });
}

function noSuchUser(): HttpError {
  return new HttpError('NOT_FOUND', 'there is no such user');
}

/** Nobody takes their own rights away by a slip. */
function notOneself(principal: Principal, name: string): void {
  if (isOneself(principal, name)) {
    throw new HttpError('FORBIDDEN', 'not to yourself: ask another administrator');
  }
}

/** A key may have any name, also that of a user. */
function isOneself({ key }: Principal, name: string): boolean {
  return key === `user:${name}`;
}

/** Throws IN_USE for the only administrator: nobody could make another one. Keys may manage users, too. */
async function notTheLast(access: AccessStore, user: User): Promise<void> {
  if (!isAdministrator(user)) return;
  const others = (await access.listUsers()).filter(
    (other) => other.name !== user.name && isAdministrator(other),
  );
  if (others.length === 0) throw new HttpError('IN_USE', 'this is the last administrator');
}

function isAdministrator({ role, enabled }: User): boolean {
  return enabled && role === Role.administrator;
}
