import { z } from 'zod';
import type { CallInService } from '../../application/call-in-service.ts';
import { type CallInGroup, callInGroupSchema } from '../../callin/call-in-group.ts';
import { CSV_BYTES_MAX, readPoolCsv } from '../../callin/csv-import.ts';
import { type CallIn, CallInState, stateAt } from '../../callin/call-in.ts';
import type { Fault } from '../../kernel/errors.ts';
import { criteria } from '../../telephony/call-in-criterion.ts';
import { deletedSchema } from './access-schemas.ts';
import { may, mayReadQueue, type Rights } from './access-rules.ts';
import { callbackIdSchema, errorAnswers, named } from './api-schemas.ts';
import { isoOf } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import type { ApplyOutcome } from './provisioning.ts';
import { principalOf } from './request-guard.ts';

/** What the routes need of the call-in service. */
export type CallInList = Pick<CallInService, 'find' | 'list'>;

const PAGE_MAX = 500;
const { name: groupName, ...groupFields } = callInGroupSchema.shape;
const params = z.strictObject({ name: groupName });
const groupSchema = named('CallInGroup', z.object({ ...callInGroupSchema.shape, numbers: z.unknown() }));
const callInIdSchema = z.string().regex(/^callin_[0-9a-z]{8,40}$/, 'must be a call-in id, callin_…');
const instant = z.iso.datetime({ offset: true });
const dryRun = z.enum(['true', 'false']).transform((text) => text === 'true');
const applied = z.object({ version: z.int(), dryRun: z.boolean(), numberCount: z.int() });

const callInSchema = named(
  'CallIn',
  z.object({
    id: callInIdSchema,
    groupName: z.string(),
    state: z.enum(Object.values(CallInState)),
    toNumber: z.string(),
    fromNumber: z.string().nullable().describe('Masked for roles that may not see numbers'),
    hasAccessCode: z.boolean().describe('The code itself is told once, to whoever asked for it'),
    callbackId: z.string().nullable(),
    callId: z.string().nullable(),
    matchedBy: z.array(z.enum(criteria)),
    createdAt: z.string(),
    expiresAt: z.string(),
    matchedAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    userData: z.record(z.string(), z.string()),
  }),
);

const tags = ['Call-in'];

/** GET /call-in-groups, GET/PUT/DELETE /call-in-groups/{name}, POST /call-in-groups/{name}/numbers. */
export function addCallInGroupRoutes(server: Server, { provisioning }: RouteContext): void {
  const find = (wanted: string): CallInGroup => {
    const group = provisioning.callInGroups().find(({ name }) => name === wanted);
    if (!group) throw new HttpError('NOT_FOUND', 'there is no such call-in group');
    return group;
  };
  server.route({
    method: 'GET',
    url: '/call-in-groups',
    config: { access: 'readCallInGroups' },
    schema: {
      tags,
      summary: 'List Click-To-Call-In groups',
      response: { 200: z.object({ items: z.array(groupSchema) }), ...errorAnswers },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const groups = provisioning.callInGroups().filter(({ queue }) => mayReadQueue(principal, queue));
      return { items: groups.map((group) => ({ ...group })) };
    },
  });
  server.route({
    method: 'GET',
    url: '/call-in-groups/:name',
    config: { access: 'readCallInGroups' },
    schema: {
      tags,
      summary: 'Get a Click-To-Call-In group',
      params,
      response: { 200: groupSchema, ...errorAnswers },
    },
    handler: (request) => {
      const group = find(request.params.name);
      if (mayReadQueue(principalOf(request), group.queue)) return { ...group };
      throw new HttpError('NOT_FOUND', 'there is no such call-in group');
    },
  });
  addGroupChanges(server, { provisioning, find });
  addPoolImport(server, { provisioning, find });
}

interface GroupRoutes extends Pick<RouteContext, 'provisioning'> {
  readonly find: (name: string) => CallInGroup;
}

function addGroupChanges(server: Server, { provisioning, find }: GroupRoutes): void {
  server.route({
    method: 'PUT',
    url: '/call-in-groups/:name',
    bodyLimit: CSV_BYTES_MAX,
    config: { access: 'configure' },
    schema: {
      tags,
      summary: 'Make or replace a Click-To-Call-In group',
      description: 'The name is fixed once the group is there. The same as applying the document with it.',
      params,
      querystring: z.strictObject({ dryRun: dryRun.optional() }),
      body: z.strictObject(groupFields),
      response: { 200: applied, ...errorAnswers },
    },
    handler: async (request) => {
      const { name } = request.params;
      const { dryRun: isDryRun = false } = request.query;
      const { actor } = principalOf(request);
      const group: CallInGroup = { name, ...request.body };
      const outcome = await provisioning.edit('callInGroups', name, group, actor, { dryRun: isDryRun });
      return { version: versionOf(outcome), dryRun: isDryRun, numberCount: group.numbers.length };
    },
  });
  server.route({
    method: 'DELETE',
    url: '/call-in-groups/:name',
    config: { access: 'configure' },
    schema: {
      tags,
      summary: 'Delete a Click-To-Call-In group',
      description: 'Requests that wait find no group any more: their numbers lead nowhere.',
      params,
      response: { 200: deletedSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const { name } = find(request.params.name);
      const { actor } = principalOf(request);
      versionOf(await provisioning.edit('callInGroups', name, undefined, actor, { dryRun: false }));
      return { deleted: true as const };
    },
  });
}

function addPoolImport(server: Server, { provisioning, find }: GroupRoutes): void {
  server.addContentTypeParser(
    'text/csv',
    { parseAs: 'string', bodyLimit: CSV_BYTES_MAX },
    (_request, body, done) => {
      done(null, body);
    },
  );
  server.route({
    method: 'POST',
    url: '/call-in-groups/:name/numbers',
    bodyLimit: CSV_BYTES_MAX,
    config: { access: 'configure' },
    schema: {
      tags,
      summary: 'Replace the pool of a group from a CSV file',
      description:
        'Lines `number,description` in E.164; all or nothing: every fault is told with its line, and then nothing is changed.',
      consumes: ['text/csv'],
      params,
      querystring: z.strictObject({ dryRun: dryRun.optional() }),
      body: z
        .string()
        .min(1)
        .meta({ examples: ['+493012345601,Website\n+493012345602,App\n'] }),
      response: { 200: applied, ...errorAnswers },
    },
    handler: async (request) => {
      const group = find(request.params.name);
      const { dryRun: isDryRun = false } = request.query;
      const { actor } = principalOf(request);
      const pool = readPoolCsv(request.body);
      if (pool.kind === 'refused') throw refused(pool.faults);
      const changed = { ...group, numbers: pool.numbers };
      const outcome = await provisioning.edit('callInGroups', group.name, changed, actor, {
        dryRun: isDryRun,
      });
      return { version: versionOf(outcome), dryRun: isDryRun, numberCount: pool.numbers.length };
    },
  });
}

const listQuerySchema = z.strictObject({
  group: groupName.optional(),
  state: z.enum(Object.values(CallInState)).optional(),
  callbackId: callbackIdSchema.optional(),
  number: z
    .string()
    .regex(/^\+?[0-9]{3,15}$/, 'must be 3–15 digits with an optional plus')
    .optional()
    .describe('Called from, or dialled'),
  from: instant.optional(),
  to: instant.optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX),
  cursor: callInIdSchema.optional().describe('`nextCursor` of the page before'),
});

/** GET /call-ins, GET /call-ins/{id}. */
export function addCallInRoutes(server: Server, { callIns, clock, provisioning }: RouteContext): void {
  const mayRead = (rights: Rights, wanted: string): boolean => {
    const group = provisioning.callInGroups().find(({ name }) => name === wanted);
    return rights.queues === null || (group !== undefined && mayReadQueue(rights, group.queue));
  };
  const view = (callIn: CallIn, seesNumbers: boolean): z.output<typeof callInSchema> =>
    callInJson(callIn, clock.nowMs(), seesNumbers);
  server.route({
    method: 'GET',
    url: '/call-ins',
    config: { access: 'readCallIns' },
    schema: {
      tags,
      summary: 'List requests to call in, newest first',
      querystring: listQuerySchema,
      response: {
        200: z.object({ items: z.array(callInSchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const { group, state, callbackId, number, from, to, limit, cursor } = request.query;
      const seesNumbers = may(principalOf(request), 'seeNumbers');
      const found = await callIns.list({
        ...(group !== undefined && { groupName: group }),
        ...(state !== undefined && { state }),
        ...(callbackId !== undefined && { callbackId }),
        ...(number !== undefined && { number }),
        ...(from !== undefined && { fromMs: Date.parse(from) }),
        ...(to !== undefined && { toMs: Date.parse(to) }),
        ...(cursor !== undefined && { beforeId: cursor }),
        limit,
      });
      const principal = principalOf(request);
      const items = found
        .filter(({ groupName: of }) => mayRead(principal, of))
        .map((callIn) => view(callIn, seesNumbers));
      return { items, nextCursor: found.length === limit ? (found.at(-1)?.id ?? null) : null };
    },
  });
  server.route({
    method: 'GET',
    url: '/call-ins/:id',
    config: { access: 'readCallIns' },
    schema: {
      tags,
      summary: 'Get a request to call in',
      params: z.strictObject({ id: callInIdSchema }),
      response: { 200: callInSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const found = await callIns.find(request.params.id);
      if (!found || !mayRead(principalOf(request), found.groupName)) {
        throw new HttpError('NOT_FOUND', 'there is no such request to call in');
      }
      return view(found, may(principalOf(request), 'seeNumbers'));
    },
  });
}

function callInJson(callIn: CallIn, nowMs: number, seesNumbers: boolean): z.output<typeof callInSchema> {
  const {
    id,
    groupName: group,
    toNumber,
    fromNumber,
    accessCode,
    callbackId,
    callId,
    matchedBy,
    userData,
  } = callIn;
  return {
    id,
    groupName: group,
    state: stateAt(callIn, nowMs),
    toNumber,
    fromNumber: fromNumber !== null && !seesNumbers ? `…${fromNumber.slice(-4)}` : fromNumber,
    hasAccessCode: accessCode !== null,
    callbackId,
    callId,
    matchedBy: [...matchedBy],
    createdAt: isoOf(callIn.createdAtMs),
    expiresAt: isoOf(callIn.expiresAtMs),
    matchedAt: callIn.matchedAtMs === null ? null : isoOf(callIn.matchedAtMs),
    endedAt: callIn.endedAtMs === null ? null : isoOf(callIn.endedAtMs),
    userData: seesNumbers ? userData : {},
  };
}

/** The version in force afterwards. Faults lose the place in a document that the client never saw. */
function versionOf(outcome: ApplyOutcome): number {
  if (outcome.kind === 'applied') return outcome.version;
  throw refused(
    outcome.faults.map(({ line: _line, ...fault }) => ({
      ...fault,
      path: fault.path.replace(/^callInGroups\[\d+\]\.?/, ''),
    })),
  );
}

function refused(faults: readonly Fault[]): HttpError {
  return new HttpError('CONFIG_REFUSED', 'the group has faults; nothing was changed', { faults });
}
