import { z } from 'zod';
import { nameSchema } from '../../telephony/directory.ts';
import { Role } from './access-store.ts';
import type { User } from './access-store.ts';
import { newApiKey } from './access.ts';
import { grantableRoles } from './access-rules.ts';
import { apiKeySchema, errorAnswers, userSchema } from './api-schemas.ts';
import { apiKeyJson, userJson } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { hashPassword } from './password-hash.ts';
import { principalOf } from './request-guard.ts';
import { newPasswordSchema } from './session-routes.ts';

const roleSchema = z.enum(Object.values(Role));
const deletedSchema = z.object({ deleted: z.literal(true) });

/** GET/POST /api-keys, DELETE /api-keys/{id}. */
export function addApiKeyRoutes(server: Server, context: RouteContext): void {
  const { access, clock, ids } = context;
  const tags = ['API keys'];
  server.route({
    method: 'GET',
    url: '/api-keys',
    config: { access: 'manageApiKeys' },
    schema: {
      tags,
      summary: 'List API keys',
      response: { 200: z.object({ items: z.array(apiKeySchema) }), ...errorAnswers },
    },
    handler: async () => ({ items: (await access.listApiKeys()).map(apiKeyJson) }),
  });
  server.route({
    method: 'POST',
    url: '/api-keys',
    config: { access: 'manageApiKeys' },
    schema: {
      tags,
      summary: 'Make an API key',
      description:
        'The key is shown once, in this answer, and cannot be read again. No role gives more than it has.',
      body: z.strictObject({
        name: z.string().trim().min(1).max(128),
        role: roleSchema,
        expiresAt: z.iso.datetime({ offset: true }).optional(),
      }),
      response: { 201: apiKeySchema.extend({ key: z.string().describe('Shown once') }), ...errorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { name, role, expiresAt } = request.body;
      if (!grantableRoles(principal.role).includes(role)) {
        throw new HttpError(
          'FORBIDDEN',
          `the role ${principal.role} may not make a key with the role ${role}`,
        );
      }
      if ((await access.listApiKeys()).length >= httpLimits.apiKeysMax) {
        throw new HttpError('LIMIT_REACHED', `there are ${httpLimits.apiKeysMax} API keys already`);
      }
      const expiresAtMs = expiresAt === undefined ? null : Date.parse(expiresAt);
      const { secret, key } = newApiKey(ids, clock, { name, role, createdBy: principal.key, expiresAtMs });
      await access.insertApiKey(key);
      context.log.info({ apiKeyId: key.id, by: principal.key, role }, 'API key made');
      return await reply.code(201).send({ ...apiKeyJson(key), key: secret });
    },
  });
  addApiKeyDeletion(server, context, tags);
}

function addApiKeyDeletion(server: Server, { access, log }: RouteContext, tags: string[]): void {
  server.route({
    method: 'DELETE',
    url: '/api-keys/:id',
    config: { access: 'manageApiKeys' },
    schema: {
      tags,
      summary: 'Delete an API key',
      params: z.strictObject({ id: z.string().regex(/^key_[0-9a-z]{8,40}$/, 'must be a key id, key_…') }),
      response: { 200: deletedSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const key = (await access.listApiKeys()).find((candidate) => candidate.id === request.params.id);
      if (!key) throw new HttpError('NOT_FOUND', 'there is no such API key');
      if (!grantableRoles(principal.role).includes(key.role)) {
        throw new HttpError('FORBIDDEN', `the role ${principal.role} may not delete this key`);
      }
      await access.deleteApiKey(key.id);
      log.info({ apiKeyId: key.id, by: principal.key }, 'API key deleted');
      return { deleted: true as const };
    },
  });
}

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
      }),
      response: { 201: userSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const { name, role, password, agentId = null } = request.body;
      if ((await access.userCount()) >= httpLimits.usersMax) {
        throw new HttpError('LIMIT_REACHED', `there are ${httpLimits.usersMax} users already`);
      }
      const nowMs = clock.nowMs();
      const passwordHash = await hashPassword(password);
      const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
      const user: User = { name, role, passwordHash, agentId, enabled: true, ...times };
      if (!(await access.insertUser(user))) throw new HttpError('ALREADY_EXISTS', 'this name is taken');
      context.log.info({ user: name, by: principalOf(request).key, role }, 'user added');
      return await reply.code(201).send(userJson(user));
    },
  });
  addUserChanges(server, context, tags);
}

function addUserChanges(server: Server, { access, clock, log }: RouteContext, tags: string[]): void {
  const params = z.strictObject({ name: nameSchema });
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
      }),
      response: { 200: userSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const { name } = request.params;
      const { role, password, agentId, enabled } = request.body;
      const user = await access.findUser(name);
      if (!user) throw new HttpError('NOT_FOUND', 'there is no such user');
      if (role !== undefined || enabled !== undefined) notOneself(principalOf(request).name, name);
      const changed: User = {
        ...user,
        role: role ?? user.role,
        enabled: enabled ?? user.enabled,
        agentId: agentId === undefined ? user.agentId : agentId,
        passwordHash: password === undefined ? user.passwordHash : await hashPassword(password),
        updatedAtMs: clock.nowMs(),
      };
      if (!(await access.updateUser(changed))) throw new HttpError('NOT_FOUND', 'there is no such user');
      if (password !== undefined || role !== undefined || enabled === false) {
        await access.deleteSessionsOf(name);
      }
      log.info({ user: name, by: principalOf(request).key }, 'user changed');
      return userJson(changed);
    },
  });
  server.route({
    method: 'DELETE',
    url: '/users/:name',
    config: { access: 'manageUsers' },
    schema: { tags, summary: 'Delete a user', params, response: { 200: deletedSchema, ...errorAnswers } },
    handler: async (request) => {
      const { name } = request.params;
      notOneself(principalOf(request).name, name);
      if (!(await access.deleteUser(name))) throw new HttpError('NOT_FOUND', 'there is no such user');
      log.info({ user: name, by: principalOf(request).key }, 'user deleted');
      return { deleted: true as const };
    },
  });
}

/** Nobody takes their own rights away: so there is always an administrator left. */
function notOneself(caller: string, name: string): void {
  if (caller === name) throw new HttpError('FORBIDDEN', 'not to yourself: ask another administrator');
}
