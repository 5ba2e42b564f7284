import { z } from 'zod';
import type { CallbackSearch } from '../../../callback/callback-search.ts';
import { type Callback, CallbackState } from '../../../callback/callback.ts';
import { mayReadQueue } from '../access-rules.ts';
import { readableCallback, refuseUnreadable } from '../ges/ges-callback-routes.ts';
import { rule, serviceName as service, text } from '../ges/ges-fields.ts';
import { unknownService } from '../ges/ges-slot-routes.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf } from '../request-guard.ts';
import { searchedNumber } from '../searched-number.ts';
import { gmsConfig, gmsErrorAnswers, gmsStaffConfig } from './gms-answers.ts';
import { reasonOf, reasonsOf, reasonWord, recordJson, recordSchema } from './gms-records.ts';

/** Records in one answer. */
const ANSWER_MAX = 250;
/** Keys in one question. */
const KEYS_MAX = 20;
const tags = ['Genesys-compatible: GMS callbacks'];

/** Properties with an underscore that callbacks are found by; other names are those of their data. */
const FOUND_BY = [
  '_id',
  '_callback_state',
  '_callback_reason',
  '_customer_number',
  '_vq',
  '_urs_virtual_queue',
  '_',
];
const KNOWN = FOUND_BY.filter((name) => name !== '_').join(', ');

const state = z.enum(Object.values(CallbackState), {
  error: rule(`must be one of ${Object.values(CallbackState).join(', ')}`),
});
const propertiesQuery = z
  .object({
    operand: z
      .string()
      .toUpperCase()
      .pipe(z.enum(['AND', 'OR'], { error: 'must be AND or OR' }))
      .default('AND'),
    _callback_state: state.optional(),
    _callback_reason: reasonWord.optional(),
    _customer_number: text(32).optional(),
    _id: text(128).optional(),
    _vq: service.optional(),
    _urs_virtual_queue: text(255).optional().describe('The queue named at the start'),
    _: z.string().optional().describe('Against caches: without effect'),
  })
  .catchall(z.string({ error: 'must stand once' }).max(1024, 'must have at most 1024 characters'))
  .refine((query) => Object.keys(query).length <= KEYS_MAX, `has more than ${KEYS_MAX} keys`)
  .superRefine((query, context) => {
    const isUnknown = (name: string): boolean => name.startsWith('_') && !FOUND_BY.includes(name);
    for (const key of Object.keys(query).filter(isUnknown)) {
      const message = `is nothing that callbacks are found by; of the names with an underscore ${KNOWN} are`;
      context.addIssue({ code: 'custom', path: [key], message });
    }
  })
  .describe('Any other key is one of the data given at the start');
type Properties = z.output<typeof propertiesQuery>;

/** Queries by properties on one service, and by id across services. */
export function addGmsQueryRoutes(server: Server, context: RouteContext): void {
  addQuery(server, context);
  addQueryById(server, context);
}

function addQuery(server: Server, context: RouteContext): void {
  const { application } = context;
  server.route({
    method: 'GET',
    url: '/service/callback/:serviceName',
    config: gmsStaffConfig,
    schema: {
      tags,
      summary: 'Find callbacks of a service by their properties',
      description:
        `Newest first, at most ${ANSWER_MAX}; \`x-incomplete: true\` says that there may be more. ` +
        'Without a property: all.',
      params: z.object({ serviceName: service }),
      querystring: propertiesQuery,
      response: { 200: z.array(recordSchema), ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { serviceName } = request.params;
      refuseUnreadable(principalOf(request), serviceName);
      if (application.openFor(serviceName) === undefined) throw unknownService(serviceName);
      const wanted: Properties = { ...request.query };
      const number = wanted._customer_number;
      if (number !== undefined) wanted._customer_number = searchedNumber(context, number, serviceName);
      const { items, isComplete } = await found(application, serviceName, wanted);
      if (!isComplete) reply.header('x-incomplete', 'true');
      return items.map(recordJson);
    },
  });
}

/** The callbacks of a service that the properties tell of; `isComplete` false: there may be more. */
async function found(
  application: RouteContext['application'],
  service: string,
  query: Properties,
): Promise<{ items: readonly Callback[]; isComplete: boolean }> {
  const base = { virtualQueues: [service], limit: ANSWER_MAX };
  const conditions = askedOf(query).map(([name, value]) => conditionOf(name, value, service));
  const searches: readonly CallbackSearch[] =
    query.operand === 'OR' && conditions.length > 0
      ? conditions.map((condition) => ({ ...base, ...condition }))
      : [{ ...base, ...allOf(conditions) }];
  const byId = new Map<string, Callback>();
  let isComplete = true;
  for (const search of searches) {
    const page = await application.searchCallbacks(search);
    if (page.next !== null) isComplete = false;
    for (const callback of page.items) if (isWanted(callback, query)) byId.set(callback.id, callback);
  }
  const named = query._id === undefined ? undefined : await application.findCallback(query._id);
  if (named?.virtualQueue === service && isWanted(named, query)) byId.set(named.id, named);
  const newest = [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  return { items: newest.slice(0, ANSWER_MAX), isComplete: isComplete && newest.length <= ANSWER_MAX };
}

type Condition = Partial<Omit<CallbackSearch, 'limit' | 'after'>>;
/** Nobody is of no queue. */
const NOTHING: Condition = { virtualQueues: [] };

/** How the store looks for one property. */
function conditionOf(name: string, value: string, service: string): Condition {
  switch (name) {
    case '_id':
      // Looked for by itself.
      return NOTHING;
    case '_callback_state':
      return { states: [value as CallbackState] };
    case '_callback_reason':
      return { reasons: reasonsOf(value) };
    case '_customer_number':
      return { customerNumber: value };
    case '_vq':
      return value === service ? {} : NOTHING;
    case '_urs_virtual_queue':
      return { properties: [{ kind: 'inboundQueue', value }] };
    case 'gms_user':
      return { properties: [{ kind: 'endUser', value }] };
    default:
      return { properties: [{ kind: 'data', name, value }] };
  }
}

function allOf(conditions: readonly Condition[]): Condition {
  const properties = conditions.flatMap((condition) => condition.properties ?? []);
  return { ...Object.assign({}, ...conditions), properties };
}

function askedOf({ operand: _operand, _: _againstCaches, ...wanted }: Properties): [string, string][] {
  return Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function isWanted(callback: Callback, query: Properties): boolean {
  const asked = askedOf(query);
  const holds = ([key, value]: [string, string]): boolean => valueOf(callback, key) === value;
  return asked.length === 0 || (query.operand === 'AND' ? asked.every(holds) : asked.some(holds));
}

function valueOf(callback: Callback, key: string): string | undefined {
  switch (key) {
    case '_id':
      return callback.id;
    case '_callback_state':
      return callback.state;
    case '_callback_reason':
      return reasonOf(callback);
    case '_customer_number':
      return callback.customerNumber;
    case 'gms_user':
      return callback.details.endUser;
    case '_vq':
      return callback.virtualQueue;
    case '_urs_virtual_queue':
      return callback.details.inboundQueue;
    default:
      return Object.hasOwn(callback.userData, key) ? callback.userData[key] : undefined;
  }
}

function addQueryById(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/service/callback',
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Find a callback by its id, whatever its service',
      querystring: z.object({ _id: text(128) }),
      response: { 200: z.array(recordSchema), ...gmsErrorAnswers },
    },
    handler: async (request) => [
      recordJson(await readableCallback(context, principalOf(request), request.query._id)),
    ],
  });
}

const positionSchema = z.object({
  _id: z.string(),
  _position: z.int().describe('1 is next; 0: out of the line'),
  _eta: z.number().describe('Seconds; -1 when nothing can be known'),
  _total_waiting: z.int().describe('Calls and callbacks in the line'),
  _agent_ready_threshold_passed: z.boolean().describe('The customer is being called or told to dial'),
});

/** GET and POST /service/{id}/check-queue-position. */
export function addGmsPositionRoutes(server: Server, context: RouteContext): void {
  const { application } = context;
  for (const method of ['GET', 'POST'] as const) {
    server.route({
      method,
      url: '/service/:id/check-queue-position',
      config: { ...gmsConfig, audit: 'none' },
      schema: {
        tags,
        summary: 'Tell the place in line',
        params: z.object({ id: text(128) }),
        response: { 200: positionSchema, ...gmsErrorAnswers },
      },
      handler: async (request) => {
        const principal = principalOf(request);
        const { id, virtualQueue, position, ...found } = await readableCallback(
          context,
          principal,
          request.params.id,
        );
        const queue = application.queues().find(({ name }) => name === virtualQueue);
        const wait = position === null ? undefined : application.estimateWait(virtualQueue, { position });
        return {
          _id: id,
          _position: position ?? 0,
          _eta: position === null ? 0 : (wait?.sec ?? -1),
          _total_waiting:
            queue && mayReadQueue(principal, virtualQueue)
              ? queue.waitingCallCount + queue.waitingCallbackCount
              : 0,
          _agent_ready_threshold_passed: found.state === 'ROUTING' || found.state === 'PROCESSING',
        };
      },
    });
  }
}
