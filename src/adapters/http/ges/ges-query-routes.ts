import { z } from 'zod';
import {
  type CallbackSearch,
  type FoundCallbacks,
  isByDesiredTime,
  type SearchPlace,
} from '../../../callback/callback-search.ts';
import { CallbackState } from '../../../callback/callback.ts';
import type { CallbackId } from '../../../kernel/ids.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import { cancelEach } from '../bulk-cancellation.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf, refused } from '../request-guard.ts';
import { searchedNumber } from '../searched-number.ts';
import { gesAnswerSchema, gesErrorAnswers, gesStaffConfig, successful } from './ges-answers.ts';
import { refuseUnreadable } from './ges-callback-routes.ts';
import { cursor, cursorOf, searchedQueues } from './ges-pages.ts';
import { unknownService } from './ges-slot-routes.ts';
import {
  bodyOf,
  callbackId,
  captchaToken,
  instant,
  maybe,
  numberBetween,
  requestExample,
  rule,
  serviceName,
  text,
  userData,
} from './ges-fields.ts';

/** A page of the field's own screens. */
const PAGE_MAX = 250;
/** Callbacks cancelled by one request; bounds its work. */
const CANCEL_MAX = 250;
const QUEUES_MAX = 100;
/** Pages that a cancellation by time looks through for one that is not empty; each is of 20 000 callbacks. */
const LOOKS_MAX = 50;
/** Keys of the data that one query may name; each is looked for by itself. */
const KEYS_MAX = 20;
const tags = ['Genesys-compatible: callbacks'];
const EXAMPLE_ID = 'callback_0006gqn4vmv00example';
const OPEN_STATES = Object.values(CallbackState).filter((state) => state !== 'COMPLETED');

const state = z.enum(Object.values(CallbackState), {
  error: rule(`must be one of ${Object.values(CallbackState).join(', ')}`),
});
const itemSchema = z.object({
  id: z.string(),
  serviceName: z.string(),
  phoneNumber: z.string(),
  createdTime: z.string(),
  desiredTime: z.string(),
  callbackState: state,
  callbackReason: z.string().optional().describe('In COMPLETED only'),
});
const searchedData = userData.refine(
  (data) => Object.keys(data).length <= KEYS_MAX,
  `must name at most ${KEYS_MAX} keys`,
);
const pageSchema = gesAnswerSchema(
  z.object({
    items: z.array(itemSchema).describe('Newest first; with `from` or `to` the latest desired time first'),
    nextCursor: z.string().nullable().describe('Null: nothing is left; a short page may have a cursor'),
  }),
  {
    items: [
      {
        id: EXAMPLE_ID,
        serviceName: 'support',
        phoneNumber: '+12025550123',
        createdTime: '2026-01-05T08:58:12.000Z',
        desiredTime: '2026-01-05T09:30:00.000Z',
        callbackState: 'SCHEDULED',
      },
    ],
    nextCursor: null,
  },
);

/** POST /callbacks/query, GET /callbacks/queues/{queue}, POST /callbacks/bulk-cancel. */
export function addGesQueryRoutes(server: Server, context: RouteContext): void {
  addQuery(server, context);
  addQueueList(server, context);
  addBulkCancel(server, context);
}

function addQuery(server: Server, context: RouteContext): void {
  const { application } = context;
  server.route({
    method: 'POST',
    url: '/callbacks/query',
    config: { ...gesStaffConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'Find callbacks by what is known of them',
      body: bodyOf({
        phoneNumber: maybe(text(32)).describe(
          'International, with or without +; with `serviceName` also national, as at the creation',
        ),
        serviceName: maybe(serviceName),
        states: maybe(
          z
            .array(state, { error: 'must be a list' })
            .min(1, 'must name a state')
            .max(5, 'must name at most 5 states'),
        ),
        from: maybe(instant).describe('Desired time, inclusive'),
        to: maybe(instant).describe('Desired time, inclusive'),
        userData: maybe(searchedData).describe('Every key given must have this value'),
        limit: maybe(numberBetween(1, PAGE_MAX)).describe(`Default 50, at most ${PAGE_MAX}`),
        cursor: maybe(cursor),
        captchaToken,
      }).meta(requestExample({ phoneNumber: '+12025550123', states: ['SCHEDULED', 'QUEUED'] })),
      response: { 200: pageSchema, ...gesErrorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { serviceName: queue, phoneNumber, userData: data = {}, ...body } = request.body;
      if (queue !== undefined) refuseUnreadable(principal, queue);
      const virtualQueues = searchedQueues(application, principal, queue);
      const search: CallbackSearch = {
        ...(virtualQueues && { virtualQueues }),
        ...(phoneNumber !== undefined && { customerNumber: searchedNumber(context, phoneNumber, queue) }),
        properties: Object.entries(data).map(([name, value]) => ({ kind: 'data', name, value })),
        ...wantedOf(body),
        limit: body.limit ?? 50,
      };
      return successful(request, pageJson(search, await application.searchCallbacks(search)));
    },
  });
}

/**
 * What both lists are asked for. Throws VALIDATION_FAILED for a cursor of a list in another order, and for a
 * range that ends before it begins.
 */
function wantedOf({
  states,
  from,
  to,
  cursor: after,
}: {
  readonly states?: CallbackSearch['states'];
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly cursor?: (SearchPlace & { readonly hasTime: boolean }) | undefined;
}): Omit<CallbackSearch, 'limit'> {
  checkRange(from, to);
  const search = {
    ...(states !== undefined && { states }),
    ...(from !== undefined && { desiredFromMs: from }),
    ...(to !== undefined && { desiredToMs: to }),
    ...(after !== undefined && { after }),
  };
  if (after && isByDesiredTime({ ...search, limit: 1 }) && !after.hasTime) {
    throw new HttpError('VALIDATION_FAILED', 'the cursor is not one of this list', {
      faults: [{ path: 'cursor', message: 'must be the nextCursor of the page before' }],
    });
  }
  return search;
}

function checkRange(from: number | undefined, to: number | undefined): void {
  if (from === undefined || to === undefined || from <= to) return;
  throw new HttpError('VALIDATION_FAILED', 'the time range is not valid', {
    faults: [{ path: 'to', message: `${isoOf(to)} must not be before from ${isoOf(from)}` }],
  });
}

function pageJson(
  search: CallbackSearch,
  { items, next }: FoundCallbacks,
): { items: z.output<typeof itemSchema>[]; nextCursor: string | null } {
  const views = items.map((callback) => ({
    id: callback.id,
    serviceName: callback.virtualQueue,
    phoneNumber: callback.customerNumber,
    createdTime: isoOf(callback.createdAtMs),
    desiredTime: isoOf(callback.desiredAtMs),
    callbackState: callback.state,
    ...(callback.reason !== null && { callbackReason: callback.reason }),
  }));
  return { items: views, nextCursor: cursorOf(search, next) };
}

const listQuery = z.object({
  states: z
    .string({ error: 'must be names separated by commas' })
    .transform((names) => names.split(','))
    .pipe(z.array(state).max(5, 'must name at most 5 states'))
    .optional()
    .describe('Separated by commas; default all'),
  from: instant.optional().describe('Desired time, inclusive'),
  to: instant.optional().describe('Desired time, inclusive'),
  limit: z
    .string({ error: `must be a whole number from 1 to ${PAGE_MAX}` })
    .regex(/^(?:[1-9]\d?|1\d\d|2[0-4]\d|250)$/, `must be a whole number from 1 to ${PAGE_MAX}`)
    .transform(Number)
    .default(PAGE_MAX),
  cursor: cursor.optional(),
  captchaToken: text(8192).optional().describe('Needed where the installation asks for a CAPTCHA'),
});

function addQueueList(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/callbacks/queues/:queueName',
    config: gesStaffConfig,
    schema: {
      tags,
      summary: 'List the callbacks of a queue',
      params: z.object({ queueName: serviceName }),
      querystring: listQuery,
      response: { 200: pageSchema, ...gesErrorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { queueName } = request.params;
      refuseUnreadable(principal, queueName);
      if (application.openFor(queueName) === undefined) throw unknownService(queueName);
      const { limit } = request.query;
      const search = { virtualQueues: [queueName], ...wantedOf(request.query), limit };
      return successful(request, pageJson(search, await application.searchCallbacks(search)));
    },
  });
}

const bulkBody = bodyOf({
  ids: maybe(
    z
      .array(callbackId, { error: 'must be a list' })
      .min(1, `must have 1–${CANCEL_MAX} entries`)
      .max(CANCEL_MAX, `must have 1–${CANCEL_MAX} entries`),
  ),
  from: maybe(instant).describe('Desired time, inclusive; with `to` instead of `ids`'),
  to: maybe(instant).describe('Desired time, inclusive'),
  queues: maybe(
    z
      .array(serviceName, { error: 'must be a list' })
      .min(1, 'must name a queue')
      .max(QUEUES_MAX, `must name at most ${QUEUES_MAX} queues`),
  ).describe('With `from` and `to`; absent: every queue that the key may read'),
  captchaToken,
})
  .refine(
    ({ ids, from, to }) =>
      ids === undefined ? from !== undefined && to !== undefined : from === undefined && to === undefined,
    {
      message: 'must have either ids or from and to',
    },
  )
  .refine(({ ids, queues }) => ids === undefined || queues === undefined, {
    path: ['queues'],
    message: 'goes with from and to',
  })
  .meta(requestExample({ ids: [EXAMPLE_ID] }));

function addBulkCancel(server: Server, context: RouteContext): void {
  const { application } = context;
  server.route({
    method: 'POST',
    url: '/callbacks/bulk-cancel',
    config: { ...gesStaffConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'Cancel several callbacks',
      description:
        `Each by itself, ${CANCEL_MAX} at most: by their ids, or all open ones wanted in a time range. ` +
        'Those in PROCESSING are skipped. Where `more` is true the range has more: ask again.',
      body: bulkBody,
      response: {
        200: gesAnswerSchema(
          z.object({
            results: z.array(
              z.object({
                id: z.string(),
                ok: z.boolean(),
                reason: z.string().optional().describe('Why not'),
              }),
            ),
            more: z.boolean(),
          }),
          { results: [{ id: EXAMPLE_ID, ok: true }], more: false },
        ),
        ...gesErrorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { ids, more } = await idsOf(application, request.body, principal);
      const outcomes = await cancelEach(context, request, ids);
      const results = ids.map((id, index) => {
        const outcome = outcomes[index];
        if (!outcome) return { id, ok: false, reason: 'there is no such callback' };
        return outcome.ok ? { id, ok: true } : { id, ok: false, reason: refused(outcome.refusal).message };
      });
      return successful(request, { results, more });
    },
  });
}

/** What is to be cancelled; of a range only what can be. */
async function idsOf(
  application: RouteContext['application'],
  { ids, from, to, queues }: z.output<typeof bulkBody>,
  principal: Principal,
): Promise<{ ids: readonly CallbackId[]; more: boolean }> {
  if (ids !== undefined) return { ids: [...new Set(ids)], more: false };
  checkRange(from, to);
  for (const queue of queues ?? []) {
    refuseUnreadable(principal, queue);
    // Nothing is open on a queue that is not configured: it is a misspelt one.
    if (application.openFor(queue) === undefined) throw unknownService(queue, 'queues');
  }
  const virtualQueues = queues ?? searchedQueues(application, principal, undefined);
  const search: CallbackSearch = {
    states: OPEN_STATES.filter((open) => open !== 'PROCESSING'),
    ...(virtualQueues && { virtualQueues }),
    ...(from !== undefined && { desiredFromMs: from }),
    ...(to !== undefined && { desiredToMs: to }),
    limit: CANCEL_MAX,
  };
  let found = await application.searchCallbacks(search);
  // An empty page may have others behind it, which asking again from the beginning would never reach.
  for (let look = 1; look < LOOKS_MAX && found.items.length === 0 && found.next !== null; look++) {
    found = await application.searchCallbacks({ ...search, after: found.next });
  }
  return { ids: found.items.map(({ id }) => id), more: found.next !== null };
}
