import { z } from 'zod';
import {
  deletedSchema,
  memberGroupsSchema,
  originsSchema,
  roleSchema,
  scopesSchema,
} from './access-schemas.ts';
import type { ApiKey } from './access-store.ts';
import { isValidNow, type Principal } from './access.ts';
import { apiKeySchema, errorAnswers } from './api-schemas.ts';
import { apiKeyJson, isoOf } from './api-views.ts';
import { credentialPattern, newApiKey, rotatedKey, secretDigest } from './credential.ts';
import { httpLimits } from './http-config.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { checkGrant, maySeeKey } from './key-grant.ts';
import { checkGroups } from './member-groups.ts';
import { principalOf } from './request-guard.ts';

const tags = ['API keys'];
const access = 'manageApiKeys';
const params = z.strictObject({ id: z.string().regex(/^key_[0-9a-z]{8,40}$/, 'must be a key id, key_…') });
const shownKeySchema = apiKeySchema.extend({ key: z.string().describe('Shown once') });
const nameSchema = z.string().trim().min(1).max(128);
const instantSchema = z.iso.datetime({ offset: true });
const GRACE_DEFAULT_SEC = 24 * 3600;

/** GET/POST /api-keys, GET/PATCH/DELETE /api-keys/{id}, POST /api-keys/{id}/rotate, /api-keys/validate. */
export function addApiKeyRoutes(server: Server, context: RouteContext): void {
  addReading(server, context);
  addCreation(server, context);
  addChange(server, context);
  addRotation(server, context);
  addDeletion(server, context);
  addValidation(server, context);
}

function addReading(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/api-keys',
    config: { access },
    schema: {
      tags,
      summary: 'List API keys',
      response: { 200: z.object({ items: z.array(apiKeySchema) }), ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const keys = await context.access.listApiKeys();
      return { items: keys.filter((key) => maySeeKey(principal, key)).map(apiKeyJson) };
    },
  });
  server.route({
    method: 'GET',
    url: '/api-keys/:id',
    config: { access },
    schema: { tags, summary: 'Show an API key', params, response: { 200: apiKeySchema, ...errorAnswers } },
    handler: async (request) => apiKeyJson(await keyOf(context, principalOf(request), request.params.id)),
  });
  server.route({
    method: 'GET',
    url: '/cors-origins',
    config: { access },
    schema: {
      tags,
      summary: 'List the origins whose pages may use some API key',
      response: {
        200: z.object({ items: z.array(z.object({ origin: z.string(), keys: z.array(z.string()) })) }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const keysByOrigin = new Map<string, string[]>();
      for (const key of await context.access.listApiKeys()) {
        if (!maySeeKey(principal, key)) continue;
        for (const origin of key.origins) {
          keysByOrigin.set(origin, [...(keysByOrigin.get(origin) ?? []), key.id]);
        }
      }
      const items = [...keysByOrigin].map(([origin, keys]) => ({ origin, keys }));
      return { items: items.sort((a, b) => (a.origin < b.origin ? -1 : 1)) };
    },
  });
}

function addCreation(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/api-keys',
    config: { access },
    schema: {
      tags,
      summary: 'Make an API key',
      description:
        'The key is shown once, in this answer, and cannot be read again. Nobody gives more than they have: ' +
        'role, scopes, access groups, and a key that ends its own end.',
      body: z.strictObject({
        name: nameSchema,
        role: roleSchema,
        scopes: scopesSchema.default(['native']),
        origins: originsSchema.default([]),
        accessGroups: memberGroupsSchema.optional(),
        expiresAt: instantSchema.optional(),
      }),
      response: { 201: shownKeySchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { expiresAt, accessGroups = principal.accessGroups, ...wanted } = request.body;
      const expiresAtMs = expiresAt === undefined ? principal.keyExpiresAtMs : Date.parse(expiresAt);
      checkGrant(principal, { ...wanted, accessGroups, expiresAtMs });
      await checkGroups(context.access, accessGroups);
      if ((await context.access.listApiKeys()).length >= httpLimits.apiKeysMax) {
        throw new HttpError('LIMIT_REACHED', `there are ${httpLimits.apiKeysMax} API keys already`);
      }
      const { secret, key } = newApiKey(context.ids, context.clock, {
        ...wanted,
        accessGroups,
        createdBy: principal.key,
        expiresAtMs,
      });
      await context.access.insertApiKey(key);
      context.originBook.changed();
      await context.auditLog.record(request, deed('made', key, { after: apiKeyJson(key) }));
      return await reply.code(201).send({ ...apiKeyJson(key), key: secret });
    },
  });
}

function addChange(server: Server, context: RouteContext): void {
  server.route({
    method: 'PATCH',
    url: '/api-keys/:id',
    config: { access },
    schema: {
      tags,
      summary: 'Change an API key',
      description: 'Takes effect with the next request made with it. `expiresAt: null` lets it live.',
      params,
      body: z.strictObject({
        name: nameSchema.optional(),
        role: roleSchema.optional(),
        scopes: scopesSchema.optional(),
        origins: originsSchema.optional(),
        accessGroups: memberGroupsSchema.optional(),
        expiresAt: instantSchema.nullable().optional(),
      }),
      response: { 200: apiKeySchema, ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const key = await grantedKeyOf(context, principal, request.params.id);
      const { name, role, scopes, origins, accessGroups, expiresAt } = request.body;
      const changed: ApiKey = {
        ...key,
        name: name ?? key.name,
        role: role ?? key.role,
        scopes: scopes ?? key.scopes,
        origins: origins ?? key.origins,
        accessGroups: accessGroups ?? key.accessGroups,
        expiresAtMs: expiresAt === undefined ? key.expiresAtMs : instantOrNull(expiresAt),
      };
      checkGrant(principal, changed);
      if (accessGroups !== undefined) await checkGroups(context.access, accessGroups);
      await store(context, changed);
      const after = apiKeyJson(changed);
      await context.auditLog.record(request, deed('changed', key, { before: apiKeyJson(key), after }));
      return after;
    },
  });
}

function addRotation(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/api-keys/:id/rotate',
    config: { access },
    schema: {
      tags,
      summary: 'Give an API key a new secret',
      description:
        'The new key is shown once. The one before works until `graceSec` is over; one before that does not ' +
        'work any more.',
      params,
      body: z
        .strictObject({
          graceSec: z
            .int()
            .min(0)
            .max(httpLimits.rotationGraceMs / 1000)
            .default(GRACE_DEFAULT_SEC),
        })
        .nullish(),
      response: { 200: shownKeySchema, ...errorAnswers },
    },
    handler: async (request) => {
      const before = await grantedKeyOf(context, principalOf(request), request.params.id);
      const graceSec = request.body?.graceSec ?? GRACE_DEFAULT_SEC;
      const { secret, key } = rotatedKey(before, context.clock.nowMs() + graceSec * 1000);
      await store(context, key);
      const after = { previousValidUntil: isoOf(key.previousUntilMs ?? 0) };
      await context.auditLog.record(request, deed('rotated', key, { after }));
      return { ...apiKeyJson(key), key: secret };
    },
  });
}

function addDeletion(server: Server, context: RouteContext): void {
  server.route({
    method: 'DELETE',
    url: '/api-keys/:id',
    config: { access },
    schema: {
      tags,
      summary: 'Delete an API key',
      params,
      response: { 200: deletedSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const key = await grantedKeyOf(context, principalOf(request), request.params.id);
      await context.access.deleteApiKey(key.id);
      changed(context);
      await context.auditLog.record(request, deed('deleted', key, { before: apiKeyJson(key) }));
      return { deleted: true as const };
    },
  });
}

function addValidation(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/api-keys/validate',
    config: { access, audit: 'none' },
    schema: {
      tags,
      summary: 'Tell whether a text is an API key that works now',
      body: z.strictObject({ apiKey: z.string().min(1).max(256) }),
      response: { 200: z.object({ valid: z.boolean(), key: apiKeySchema.nullable() }), ...errorAnswers },
    },
    handler: async (request) => {
      const { apiKey } = request.body;
      const digest = secretDigest(apiKey);
      const key = credentialPattern.test(apiKey) ? await context.access.findApiKeyByHash(digest) : undefined;
      const valid = key !== undefined && isValidNow(key, digest, context.clock.nowMs());
      return { valid, key: valid && maySeeKey(principalOf(request), key) ? apiKeyJson(key) : null };
    },
  });
}

async function store(context: RouteContext, key: ApiKey): Promise<void> {
  if (!(await context.access.updateApiKey(key))) throw unknownKey();
  changed(context);
}

function changed({ accessControl, originBook }: RouteContext): void {
  accessControl.changed();
  originBook.changed();
}

async function keyOf({ access: keys }: RouteContext, principal: Principal, id: string): Promise<ApiKey> {
  const key = (await keys.listApiKeys()).find((candidate) => candidate.id === id);
  if (!key || !maySeeKey(principal, key)) throw unknownKey();
  return key;
}

/** The key, when the principal could have made it. */
async function grantedKeyOf(context: RouteContext, principal: Principal, id: string): Promise<ApiKey> {
  const key = await keyOf(context, principal, id);
  checkGrant(principal, key);
  return key;
}

function instantOrNull(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

function unknownKey(): HttpError {
  return new HttpError('NOT_FOUND', 'there is no such API key');
}

function deed(
  what: string,
  key: ApiKey,
  values: { readonly before?: unknown; readonly after?: unknown },
): { action: string; target: string; before?: unknown; after?: unknown } {
  return { action: `api-key.${what}`, target: `api-key:${key.id}`, ...values };
}
