import { z } from 'zod';
import type { CallbackFilter } from '../../../callback/callback-store.ts';
import { type Callback, CallbackState } from '../../../callback/callback.ts';
import type { CallbackId } from '../../../kernel/ids.ts';
import { mayReadQueue } from '../access-rules.ts';
import { auditCallback } from '../callback-audit.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf, refused } from '../request-guard.ts';
import { type CallbackPage, scanCallbacks } from './callback-scan.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { refuseUnreadable } from './ges-callback-routes.ts';
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
const pageSchema = gesAnswerSchema(
  z.object({
    items: z.array(itemSchema).describe('Newest first'),
    nextCursor: z.string().nullable().describe('Null: nothing is left; a short page may have a cursor'),
  }),
  {
    items: [
      {
        id: EXAMPLE_ID,
        serviceName: 'billing',
        phoneNumber: '+12025550123',
        createdTime: '2026-01-05T08:58:12.000Z',
        desiredTime: '2026-01-05T09:30:00.000Z',
        callbackState: 'SCHEDULED',
      },
    ],
    nextCursor: null,
  },
);

/** What is looked for, beside what the store has an index for. */
interface Wanted {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly userData?: Readonly<Record<string, string>> | undefined;
}

/** POST /callbacks/query, GET /callbacks/queues/{queue}, POST /callbacks/bulk-cancel. */
export function addGesQueryRoutes(server: Server, context: RouteContext): void {
  addQuery(server, context);
  addQueueList(server, context);
  addBulkCancel(server, context);
}

const cursor = callbackId.describe('`nextCursor` of the page before');

function addQuery(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/callbacks/query',
    config: { ...gesConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'Find callbacks by what is known of them',
      body: bodyOf({
        phoneNumber: maybe(text(32)).describe('International, with or without +'),
        serviceName: maybe(serviceName),
        states: maybe(
          z
            .array(state, { error: 'must be a list' })
            .min(1, 'must name a state')
            .max(5, 'must name at most 5 states'),
        ),
        from: maybe(instant).describe('Desired time, inclusive'),
        to: maybe(instant).describe('Desired time, inclusive'),
        userData: maybe(userData).describe('Every key given must have this value'),
        limit: maybe(numberBetween(1, PAGE_MAX)).describe(`Default 50, at most ${PAGE_MAX}`),
        cursor: maybe(cursor),
        captchaToken,
      }).meta(requestExample({ phoneNumber: '+12025550123', states: ['SCHEDULED', 'QUEUED'] })),
      response: { 200: pageSchema, ...gesErrorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { body } = request;
      if (body.serviceName !== undefined) refuseUnreadable(principal, body.serviceName);
      const filter: Omit<CallbackFilter, 'limit'> = {
        ...(body.serviceName !== undefined && { virtualQueue: body.serviceName }),
        ...(body.phoneNumber !== undefined && { customerNumber: international(body.phoneNumber) }),
        ...(body.states !== undefined && { states: body.states }),
        ...(body.cursor !== undefined && { afterId: body.cursor }),
      };
      const wanted = { fromMs: body.from, toMs: body.to, userData: body.userData };
      const page = await scanCallbacks(application, filter, body.limit ?? 50, (callback) =>
        isWanted(callback, wanted, principal),
      );
      return successful(request, pageJson(page));
    },
  });
}

/** As numbers are stored: `+` and digits; an extension stays as it is. */
export function international(number: string): string {
  const digits = number.replaceAll(/[\s().\-/]/g, '');
  return /^\d{8,15}$/.test(digits) ? `+${digits}` : digits;
}

function isWanted(
  callback: Callback,
  { fromMs, toMs, userData: data }: Wanted,
  principal: Principal,
): boolean {
  const { desiredAtMs, virtualQueue } = callback;
  if (desiredAtMs < (fromMs ?? -Infinity) || desiredAtMs > (toMs ?? Infinity)) return false;
  if (!mayReadQueue(principal, virtualQueue)) return false;
  return Object.entries(data ?? {}).every(
    ([key, value]) => Object.hasOwn(callback.userData, key) && callback.userData[key] === value,
  );
}

function pageJson({ items, nextCursor }: CallbackPage): {
  items: z.output<typeof itemSchema>[];
  nextCursor: string | null;
} {
  const views = items.map((callback) => ({
    id: callback.id,
    serviceName: callback.virtualQueue,
    phoneNumber: callback.customerNumber,
    createdTime: isoOf(callback.createdAtMs),
    desiredTime: isoOf(callback.desiredAtMs),
    callbackState: callback.state,
    ...(callback.reason !== null && { callbackReason: callback.reason }),
  }));
  return { items: views, nextCursor };
}

const listQuery = z.object({
  states: z
    .string()
    .transform((names) => names.split(','))
    .pipe(z.array(state).max(5, 'must name at most 5 states'))
    .optional()
    .describe('Separated by commas; default all'),
  from: instant.optional().describe('Desired time, inclusive'),
  to: instant.optional().describe('Desired time, inclusive'),
  limit: z
    .string()
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
    config: gesConfig,
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
      const { states, from, to, limit, cursor: after } = request.query;
      const filter = {
        virtualQueue: queueName,
        ...(states !== undefined && { states }),
        ...(after !== undefined && { afterId: after }),
      };
      const wanted = { fromMs: from, toMs: to };
      const page = await scanCallbacks(application, filter, limit, (callback) =>
        isWanted(callback, wanted, principal),
      );
      return successful(request, pageJson(page));
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
    config: { ...gesConfig, audit: 'none' },
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
      const results = [];
      for (const id of ids) {
        const found = await application.findCallback(id);
        if (!found || !mayReadQueue(principal, found.virtualQueue)) {
          results.push({ id, ok: false, reason: 'there is no such callback' });
          continue;
        }
        const outcome = await application.cancelCallback(id, principal.actor);
        if (outcome.ok) {
          await auditCallback(context, request, 'cancelled', { before: found, after: outcome.value });
          results.push({ id, ok: true });
        } else results.push({ id, ok: false, reason: refused(outcome.refusal).message });
      }
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
  for (const queue of queues ?? []) refuseUnreadable(principal, queue);
  const wanted = { fromMs: from, toMs: to };
  const states = OPEN_STATES.filter((open) => open !== 'PROCESSING');
  const found: CallbackId[] = [];
  let more = false;
  for (const queue of queues ?? [undefined]) {
    const filter = { states, ...(queue !== undefined && { virtualQueue: queue }) };
    const room = CANCEL_MAX - found.length;
    if (room === 0) return { ids: found, more: true };
    const page = await scanCallbacks(application, filter, room, (callback) =>
      isWanted(callback, wanted, principal),
    );
    found.push(...page.items.map(({ id }) => id));
    more ||= page.nextCursor !== null;
  }
  return { ids: found, more };
}
