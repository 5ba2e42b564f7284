import { z } from 'zod';
import { nameSchema } from '../../telephony/directory.ts';
import { deletedSchema, groupQueuesSchema } from './access-schemas.ts';
import type { AccessGroup } from './access-store.ts';
import { errorAnswers, named } from './api-schemas.ts';
import { isoOf } from './api-views.ts';
import type { AuditEntry, AuditFilter } from './audit-store.ts';
import { httpLimits } from './http-config.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { membersByGroup } from './member-groups.ts';

const access = 'manageUsers';
const params = z.strictObject({ name: nameSchema });

const instant = z.string().describe('ISO 8601, UTC');

/** A line of business. */
const accessGroupSchema = named(
  'AccessGroup',
  z.object({
    name: z.string(),
    queues: z.array(z.string()),
    members: z.array(z.string()).describe('`user:<name>` and `api-key:<id>`'),
    createdAt: instant,
    updatedAt: instant,
  }),
);

/** One line of the audit log. */
const auditEntrySchema = named(
  'AuditEntry',
  z.object({
    id: z.string(),
    at: instant,
    actor: z.string(),
    actorName: z.string(),
    address: z.string(),
    correlationId: z.string(),
    action: z.string(),
    target: z.string(),
    before: z.unknown().describe('Secrets removed, numbers masked; null: did not exist'),
    after: z.unknown().describe('Null: does not exist any more, or nothing is known'),
  }),
);

/** GET/POST /access-groups, PUT/DELETE /access-groups/{name}. */
export function addAccessGroupRoutes(server: Server, context: RouteContext): void {
  const tags = ['Access groups'];
  server.route({
    method: 'GET',
    url: '/access-groups',
    config: { access },
    schema: {
      tags,
      summary: 'List access groups with their queues and members',
      response: { 200: z.object({ items: z.array(accessGroupSchema) }), ...errorAnswers },
    },
    handler: async () => {
      const members = await membersByGroup(context.access);
      const groups = await context.access.listAccessGroups();
      return { items: groups.map((group) => groupJson(group, members.get(group.name) ?? [])) };
    },
  });
  server.route({
    method: 'POST',
    url: '/access-groups',
    config: { access },
    schema: {
      tags,
      summary: 'Add an access group',
      description: 'Members of groups read the queues of their groups and nothing of any other queue.',
      body: z.strictObject({ name: nameSchema, queues: groupQueuesSchema }),
      response: { 201: accessGroupSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const nowMs = context.clock.nowMs();
      if ((await context.access.listAccessGroups()).length >= httpLimits.accessGroupsMax) {
        throw new HttpError('LIMIT_REACHED', `there are ${httpLimits.accessGroupsMax} access groups already`);
      }
      const group: AccessGroup = { ...request.body, createdAtMs: nowMs, updatedAtMs: nowMs };
      if (!(await context.access.insertAccessGroup(group))) {
        throw new HttpError('ALREADY_EXISTS', 'this name is taken');
      }
      context.accessControl.changed();
      const target = `access-group:${group.name}`;
      await context.auditLog.record(request, { action: 'access-group.added', target, after: request.body });
      return await reply.code(201).send(groupJson(group, []));
    },
  });
  addGroupChanges(server, context, tags);
}

function addGroupChanges(server: Server, context: RouteContext, tags: string[]): void {
  server.route({
    method: 'PUT',
    url: '/access-groups/:name',
    config: { access },
    schema: {
      tags,
      summary: 'Change the queues of an access group',
      params,
      body: z.strictObject({ queues: groupQueuesSchema }),
      response: { 200: accessGroupSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const before = await groupOf(context, request.params.name);
      const group = { ...before, queues: request.body.queues, updatedAtMs: context.clock.nowMs() };
      if (!(await context.access.updateAccessGroup(group))) throw unknownGroup();
      context.accessControl.changed();
      await context.auditLog.record(request, {
        action: 'access-group.changed',
        target: `access-group:${group.name}`,
        before: { queues: before.queues },
        after: request.body,
      });
      return groupJson(group, (await membersByGroup(context.access)).get(group.name) ?? []);
    },
  });
  server.route({
    method: 'DELETE',
    url: '/access-groups/:name',
    config: { access },
    schema: {
      tags,
      summary: 'Delete an access group',
      description: 'Refused while it has members: without a group they would read every queue.',
      params,
      response: { 200: deletedSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const group = await groupOf(context, request.params.name);
      const members = (await membersByGroup(context.access)).get(group.name) ?? [];
      if (members.length > 0) {
        throw new HttpError('IN_USE', 'the access group has members', { extra: { members } });
      }
      await context.access.deleteAccessGroup(group.name);
      context.accessControl.changed();
      await context.auditLog.record(request, {
        action: 'access-group.deleted',
        target: `access-group:${group.name}`,
        before: { queues: group.queues },
      });
      return { deleted: true as const };
    },
  });
}

async function groupOf(context: RouteContext, name: string): Promise<AccessGroup> {
  const group = (await context.access.listAccessGroups()).find((candidate) => candidate.name === name);
  if (!group) throw unknownGroup();
  return group;
}

function unknownGroup(): HttpError {
  return new HttpError('NOT_FOUND', 'there is no such access group');
}

function groupJson(group: AccessGroup, members: readonly string[]): z.infer<typeof accessGroupSchema> {
  return {
    name: group.name,
    queues: [...group.queues],
    members: [...members],
    createdAt: isoOf(group.createdAtMs),
    updatedAt: isoOf(group.updatedAtMs),
  };
}

const instantSchema = z.iso.datetime({ offset: true });
const wordSchema = z.string().min(1).max(256);
const auditQuerySchema = z.strictObject({
  actor: wordSchema.optional().describe('`user:<name>` or `api-key:<id>`'),
  action: wordSchema.optional().describe('Such as `api-key.rotated`; `login.*` for all that begin so'),
  target: wordSchema.optional(),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
  limit: z.coerce.number().int().min(1).max(httpLimits.pageMax).default(50),
  cursor: z
    .string()
    .regex(/^audit_[0-9a-z]{8,40}$/, 'must be a cursor of the page before')
    .optional(),
});

/** GET /audit. */
export function addAuditRoutes(server: Server, { audit }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/audit',
    config: { access: 'readAudit' },
    schema: {
      tags: ['Audit'],
      summary: 'List who did what, when, and what it was before and after',
      description: 'Newest first. Further pages: pass `nextCursor` as `cursor` until it is null.',
      querystring: auditQuerySchema,
      response: {
        200: z.object({ items: z.array(auditEntrySchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { limit } = request.query;
      const found = await audit.listAudit({ ...auditFilterOf(request.query), limit: limit + 1 });
      const items = found.slice(0, limit);
      const nextCursor = found.length > limit ? (items.at(-1)?.id ?? null) : null;
      return { items: items.map(auditJson), nextCursor };
    },
  });
}

function auditFilterOf(query: z.infer<typeof auditQuerySchema>): Omit<AuditFilter, 'limit'> {
  const { actor, action, target, from, to, cursor } = query;
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(target === undefined ? {} : { target }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
    ...(cursor === undefined ? {} : { afterId: cursor }),
  };
}

function auditJson({ atMs, before, after, ...entry }: AuditEntry): z.infer<typeof auditEntrySchema> {
  return {
    ...entry,
    at: isoOf(atMs),
    before: before === null ? null : (JSON.parse(before) as unknown),
    after: after === null ? null : (JSON.parse(after) as unknown),
  };
}
