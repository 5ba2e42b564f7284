import { z } from 'zod';
import type { CallbackFilter } from '../../callback/callback-store.ts';
import { type Callback, CallbackState } from '../../callback/callback.ts';
import { dialledNumberSchema } from '../../telephony/directory.ts';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import type { Principal } from './access.ts';
import { may, mayReadQueue } from './access-rules.ts';
import {
  callbackDetailSchema,
  callbackIdSchema,
  callbackRequestSchema,
  callbackSchema,
  errorAnswers,
} from './api-schemas.ts';
import { callbackDetailJson, callbackJson } from './api-views.ts';
import type { CallbackRequest } from '../../application/application.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { IdempotentCreation, idempotencyKeySchema } from './idempotent-creation.ts';
import { checkNamedQueue, queueBound } from './queue-access.ts';
import { principalOf, refused } from './request-guard.ts';
import { gatherSearchedData, searchedDataSchema } from './searched-data.ts';

const instantSchema = z.iso.datetime({ offset: true });
const tags = ['Callbacks'];

const listQuerySchema = z.strictObject({
  state: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(Object.values(CallbackState))).max(5))
    .optional()
    .describe('One or more states, separated by commas'),
  queue: askedQueueSchema.optional(),
  number: dialledNumberSchema
    .optional()
    .describe("The customer's number, E.164; needs a role that sees numbers"),
  userData: searchedDataSchema.optional(),
  createdFrom: instantSchema.optional(),
  createdTo: instantSchema.optional(),
  limit: z.coerce.number().int().min(1).max(httpLimits.pageMax).default(50),
  cursor: callbackIdSchema.optional().describe('`nextCursor` of the page before'),
});

/** POST/GET /callbacks, GET /callbacks/{id}. */
export function addCallbackRoutes(server: Server, context: RouteContext): void {
  const { application } = context;
  addCreate(server, context);
  server.route({
    method: 'GET',
    url: '/callbacks',
    config: { access: 'readCallbacks' },
    preValidation: gatherSearchedData,
    schema: {
      tags,
      summary: 'List callbacks',
      description:
        'Newest first. Further pages: pass `nextCursor` as `cursor` until it is null. With `userData` that many ' +
        'callbacks have a page may be short, or empty, and yet have a `nextCursor`.',
      querystring: listQuerySchema,
      response: {
        200: z.object({ items: z.array(callbackSchema), nextCursor: z.string().nullable() }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const bound = queueBound(application, principal, request.query.queue);
      const filter = {
        ...filterOf(request.query, principal),
        ...(bound === undefined ? {} : { virtualQueues: bound }),
      };
      const { userData = {} } = request.query;
      const page = Object.keys(userData).length > 0 ? searchedPage : listedPage;
      const { items, nextCursor } = await page(application, filter, userData);
      const nowMs = context.clock.nowMs();
      return { items: items.map((callback) => callbackJson(callback, principal, nowMs)), nextCursor };
    },
  });
  addOne(server, context);
}

interface Page {
  readonly items: readonly Callback[];
  readonly nextCursor: string | null;
}

type Callbacks = Pick<RouteContext['application'], 'listCallbacks' | 'searchCallbacks'>;

async function listedPage(callbacks: Callbacks, filter: CallbackFilter): Promise<Page> {
  // One more than the page tells whether another page follows.
  const found = await callbacks.listCallbacks({ ...filter, limit: filter.limit + 1 });
  const items = found.slice(0, filter.limit);
  return { items, nextCursor: found.length > filter.limit ? (items.at(-1)?.id ?? null) : null };
}

async function searchedPage(
  callbacks: Callbacks,
  { virtualQueue, afterId, ...filter }: CallbackFilter,
  userData: Readonly<Record<string, string>>,
): Promise<Page> {
  const { items, next } = await callbacks.searchCallbacks({
    ...(virtualQueue !== undefined && { virtualQueues: [virtualQueue] }),
    ...filter,
    ...(afterId !== undefined && { after: { id: afterId, desiredAtMs: 0 } }),
    properties: Object.entries(userData).map(([name, value]) => ({ kind: 'data', name, value })),
  });
  return { items, nextCursor: next?.id ?? null };
}

function addOne(server: Server, { application, clock }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/callbacks/:id',
    config: { access: 'readOwnCallback' },
    schema: {
      tags,
      summary: 'Show a callback with its attempts, history and place in line',
      params: z.strictObject({ id: callbackIdSchema }),
      response: { 200: callbackDetailSchema, ...errorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const found = await application.findCallback(request.params.id);
      const own = principal.agentId !== null && found?.agentId === principal.agentId;
      const readable =
        found && may(principal, 'readCallbacks') && mayReadQueue(principal, found.virtualQueue);
      // To an agent, somebody else's callback does not exist: the answer must not tell.
      if (!found || !(own || readable)) {
        throw new HttpError('NOT_FOUND', 'there is no such callback');
      }
      return callbackDetailJson(found, principal, clock.nowMs());
    },
  });
}

function filterOf(query: z.infer<typeof listQuerySchema>, principal: Principal): CallbackFilter {
  if (query.number !== undefined && !may(principal, 'seeNumbers')) {
    // Otherwise a hidden number could be found by trying.
    throw new HttpError('FORBIDDEN', 'this role may not search by number');
  }
  if (query.userData !== undefined && !may(principal, 'seeNumbers')) {
    // Numbers in them are hidden, too.
    throw new HttpError('FORBIDDEN', 'this role may not search by customer data');
  }
  return {
    ...(query.state === undefined ? {} : { states: query.state }),
    ...(query.queue === undefined ? {} : { virtualQueue: query.queue }),
    ...(query.number === undefined ? {} : { customerNumber: query.number }),
    ...(query.createdFrom === undefined ? {} : { createdFromMs: Date.parse(query.createdFrom) }),
    ...(query.createdTo === undefined ? {} : { createdToMs: Date.parse(query.createdTo) }),
    ...(query.cursor === undefined ? {} : { afterId: query.cursor }),
    limit: query.limit,
  };
}

function addCreate(server: Server, context: RouteContext): void {
  const creation = new IdempotentCreation(context, 'native');
  server.route({
    method: 'POST',
    url: '/callbacks',
    bodyLimit: httpLimits.callbackBodyBytesMax,
    config: { access: 'createCallbacks', audit: 'none' },
    schema: {
      tags,
      summary: 'Ask for a callback',
      description:
        'With an Idempotency-Key the request may be repeated safely: the same callback is returned (200) and ' +
        'nobody is called twice. The same key with another body is refused (422).',
      headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
      body: callbackRequestSchema,
      response: { 200: callbackSchema, 201: callbackSchema, ...errorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      checkNamedQueue(principal, request.body.virtualQueue, 'virtualQueue');
      const { desiredAt, pushTargets, ...rest } = request.body;
      const wanted = withoutUndefined({
        ...rest,
        ...(desiredAt === undefined ? {} : { desiredAtMs: Date.parse(desiredAt) }),
        ...(pushTargets === undefined ? {} : { details: { pushTargets } }),
      });
      const result = await creation.create(wanted, principal, request.headers['idempotency-key']);
      if (!result.outcome.ok) throw refused(result.outcome.refusal);
      const callback = result.outcome.value;
      reply.header('location', `/api/v1/callbacks/${callback.id}`);
      if (result.repeated) reply.header('idempotent-replayed', 'true');
      return await reply
        .code(result.repeated ? 200 : 201)
        .send(callbackJson(callback, principal, context.clock.nowMs()));
    },
  });
}

function withoutUndefined(request: object): CallbackRequest {
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined),
  ) as unknown as CallbackRequest;
}
