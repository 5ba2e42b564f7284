import { z } from 'zod';
import type { CallbackFilter } from '../../../callback/callback-store.ts';
import { type Callback, CallbackState } from '../../../callback/callback.ts';
import { mayReadQueue } from '../access-rules.ts';
import { scanCallbacks } from '../ges/callback-scan.ts';
import { readableCallback, refuseUnreadable } from '../ges/ges-callback-routes.ts';
import { rule, text } from '../ges/ges-fields.ts';
import { international } from '../ges/ges-query-routes.ts';
import { unknownService } from '../ges/ges-slot-routes.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf } from '../request-guard.ts';
import { gmsConfig, gmsErrorAnswers } from './gms-answers.ts';
import { reasonOf, recordJson, recordSchema } from './gms-records.ts';

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
    _callback_reason: text(64).optional(),
    _customer_number: text(32).optional(),
    _id: text(128).optional(),
    _vq: text(255).optional().describe('The virtual queue'),
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

function addQuery(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/service/callback/:serviceName',
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Find callbacks of a service by their properties',
      description:
        `Newest first, at most ${ANSWER_MAX}; \`x-incomplete: true\` says that there may be more. ` +
        'Without a property: all.',
      params: z.object({ serviceName: text(255) }),
      querystring: propertiesQuery,
      response: { 200: z.array(recordSchema), ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const { serviceName } = request.params;
      refuseUnreadable(principalOf(request), serviceName);
      if (application.openFor(serviceName) === undefined) throw unknownService(serviceName);
      const filter = { virtualQueue: serviceName, ...indexed(request.query) };
      const page = await scanCallbacks(application, filter, ANSWER_MAX, (callback) =>
        isWanted(callback, request.query),
      );
      if (page.nextCursor !== null) reply.header('x-incomplete', 'true');
      return page.items.map(recordJson);
    },
  });
}

/** What the store can look for by itself; with OR nothing, since another property may hold. */
function indexed({ operand, ...wanted }: Properties): Pick<CallbackFilter, 'states' | 'customerNumber'> {
  if (operand === 'OR') return {};
  const { _callback_state: asked, _customer_number: number } = wanted;
  return {
    ...(asked !== undefined && { states: [asked] }),
    ...(number !== undefined && { customerNumber: international(number) }),
  };
}

function isWanted(callback: Callback, { operand, _: _againstCaches, ...wanted }: Properties): boolean {
  const asked = Object.entries(wanted).filter(([, value]) => value !== undefined);
  const holds = ([key, value]: [string, string | undefined]): boolean =>
    valueOf(callback, key) === (key === '_customer_number' ? international(value ?? '') : value);
  return asked.length === 0 || (operand === 'AND' ? asked.every(holds) : asked.some(holds));
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
