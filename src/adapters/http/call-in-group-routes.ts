import { z } from 'zod';
import { type CallInGroup, callInGroupSchema } from '../../callin/call-in-group.ts';
import { CSV_BYTES_MAX, readPoolCsv } from '../../callin/csv-import.ts';
import type { Fault } from '../../kernel/errors.ts';
import { deletedSchema } from './access-schemas.ts';
import { mayReadQueue } from './access-rules.ts';
import { errorAnswers, named } from './api-schemas.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import type { ApplyOutcome } from './provisioning.ts';
import { principalOf } from './request-guard.ts';

const { name: groupName, ...groupFields } = callInGroupSchema.shape;
const params = z.strictObject({ name: groupName });
const groupSchema = named('CallInGroup', z.object({ ...callInGroupSchema.shape, numbers: z.unknown() }));
const dryRun = z.enum(['true', 'false']).transform((text) => text === 'true');
const applied = z.object({ version: z.int(), dryRun: z.boolean(), numberCount: z.int() });
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
