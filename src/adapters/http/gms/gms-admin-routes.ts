import { z } from 'zod';
import { type Callback, CallbackState } from '../../../callback/callback.ts';
import { mayReadQueue } from '../access-rules.ts';
import { isoOf } from '../api-views.ts';
import { cancelEach } from '../bulk-cancellation.ts';
import { searchedQueues } from '../ges/ges-pages.ts';
import { refuseUnreadable } from '../ges/ges-callback-routes.ts';
import { instant, rule, serviceName, text } from '../ges/ges-fields.ts';
import { unknownService } from '../ges/ges-slot-routes.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf } from '../request-guard.ts';
import { gmsErrorAnswers, gmsStaffConfig } from './gms-answers.ts';
import { ignoredOptions, tellIgnored } from './gms-options.ts';
import { reasonOf, reasonsOf, reasonWord, recordJson, urlOf } from './gms-records.ts';

const tags = ['Genesys-compatible: GMS administration'];
const RECORDS_MAX = 500;
/** Callbacks cancelled by one request; bounds its work. */
const CANCEL_MAX = 250;
const SERVICES_MAX = 100;
const PROPERTIES_MAX = 50;
const WINDOW_BEFORE_MS = 15 * 60_000;
const WINDOW_AFTER_MS = 24 * 3_600_000;

const states = Object.values(CallbackState);
const namesOf = (names: string): string[] => names.split(',').map((name) => name.trim());
const queuesQuery = z.object({
  target: serviceName.optional().describe('One service; default all that the key may read'),
  start_time: instant.optional().describe('Desired time, inclusive; default 15 minutes ago'),
  end_time: instant.optional().describe('Desired time, inclusive; default in 24 hours'),
  max: z
    .string()
    .regex(/^(?:[1-9]\d?|[1-4]\d\d|500)$/, `must be a whole number from 1 to ${RECORDS_MAX}`)
    .transform(Number)
    .default(RECORDS_MAX),
  states: z
    .string()
    .transform(namesOf)
    .pipe(z.array(z.enum(states, { error: `must be among ${states.join(', ')}` })).max(states.length))
    .optional()
    .describe('Separated by commas; default all'),
});
const entrySchema = z.object({
  _id: z.string(),
  desiredTime: z.string(),
  url: z.string(),
  _customerNumber: z.string(),
  _callbackState: z.enum(states),
});

/** Records by queue, watermarks, bulk cancel and the report of what was cancelled. */
export function addGmsAdminRoutes(server: Server, context: RouteContext): void {
  addQueues(server, context);
  addWatermarks(server, context);
  addBulkCancel(server, context);
  addCancelledReport(server, context);
}

function addQueues(server: Server, { application, clock }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/admin/callback/queues',
    config: gmsStaffConfig,
    schema: {
      tags,
      summary: 'List callbacks by service',
      description: '`x-incomplete: true` says that there may be more.',
      querystring: queuesQuery,
      response: { 200: z.record(z.string(), z.array(entrySchema)), ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { target, max, states: wanted } = request.query;
      const fromMs = request.query.start_time ?? clock.nowMs() - WINDOW_BEFORE_MS;
      const toMs = request.query.end_time ?? clock.nowMs() + WINDOW_AFTER_MS;
      if (target !== undefined) refuseUnreadable(principal, target);
      const virtualQueues = searchedQueues(application, principal, target);
      const page = await application.searchCallbacks({
        ...(virtualQueues && { virtualQueues }),
        ...(wanted !== undefined && { states: wanted }),
        desiredFromMs: fromMs,
        desiredToMs: toMs,
        limit: max,
      });
      if (page.next !== null) reply.header('x-incomplete', 'true');
      const queues = new Set(page.items.map(({ virtualQueue }) => virtualQueue));
      const entriesOf = (queue: string): z.output<typeof entrySchema>[] =>
        page.items.filter(({ virtualQueue }) => virtualQueue === queue).map(entryJson);
      // A queue may be called `constructor`: what every object has is no list of ours.
      return Object.fromEntries([...queues].map((queue) => [queue, entriesOf(queue)]));
    },
  });
}

function entryJson(callback: Callback): z.output<typeof entrySchema> {
  return {
    _id: callback.id,
    desiredTime: isoOf(callback.desiredAtMs),
    url: urlOf(callback),
    _customerNumber: callback.customerNumber,
    _callbackState: callback.state,
  };
}

const watermarkSchema = z.object({
  watermark: z.int().describe('Callbacks in the line or being executed'),
  openCallbacks: z.int().describe('Callbacks that have not ended'),
  waitingCallbacks: z.int(),
  waitingCalls: z.int(),
});

function addWatermarks(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/admin/callback/watermarks',
    config: gmsStaffConfig,
    schema: {
      tags,
      summary: 'Tell how many callbacks each service has',
      querystring: z.object({
        service_name: z
          .union([z.string().transform((name) => [name]), z.array(z.string())])
          .pipe(z.array(serviceName).max(SERVICES_MAX, `must stand at most ${SERVICES_MAX} times`))
          .optional()
          .describe('Repeatable; default all services that the key may read'),
      }),
      response: { 200: z.record(z.string(), watermarkSchema), ...gmsErrorAnswers },
    },
    handler: (request) => {
      const principal = principalOf(request);
      const queues = application.queues().filter(({ name }) => mayReadQueue(principal, name));
      const names = request.query.service_name ?? queues.map(({ name }) => name);
      return Object.fromEntries(
        names.map((name) => {
          const queue = queues.find((known) => known.name === name);
          const waits = queue && application.queueWaits(name);
          if (!queue || !waits) throw unknownService(name);
          const figures = {
            watermark: waits.watermark,
            openCallbacks: queue.openCallbackCount,
            waitingCallbacks: queue.waitingCallbackCount,
            waitingCalls: queue.waitingCallCount,
          };
          return [name, figures];
        }),
      );
    },
  });
}

function addBulkCancel(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/admin/callback/cancel',
    config: { ...gmsStaffConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'Cancel several callbacks',
      description: 'Each by itself; what cannot be cancelled keeps none of the others.',
      body: z.object(
        {
          ids: z
            .array(text(128), { error: rule('must be a list') })
            .min(1, 'must have an entry')
            .max(CANCEL_MAX, `must have at most ${CANCEL_MAX} entries`),
          reason: text(255).optional().describe('Without effect: the history says who cancelled'),
        },
        { error: 'must be an object' },
      ),
      response: {
        200: z.object({
          results: z.array(z.object({ id: z.string(), ok: z.boolean(), reason: z.string().optional() })),
          _ignored_options: ignoredOptions,
        }),
        ...gmsErrorAnswers,
      },
    },
    handler: async (request) => {
      const { reason } = request.body;
      const ids = [...new Set(request.body.ids)];
      const outcomes = await cancelEach(context, request, ids);
      const ignored = reason === undefined ? [] : [{ option: 'reason', reason: 'is not kept' }];
      return {
        results: ids.map((id, index) => {
          const outcome = outcomes[index];
          if (outcome?.ok === true) return { id, ok: true };
          return { id, ok: false, reason: outcome?.refusal.kind ?? 'not-found' };
        }),
        ...tellIgnored(context, request, ignored),
      };
    },
  });
}

function addCancelledReport(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/admin/callback/reportcancelled',
    config: { ...gmsStaffConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'List callbacks that ended for a reason',
      description: `Newest first, at most ${RECORDS_MAX}; \`x-incomplete: true\` tells of more.`,
      body: z
        .object(
          {
            callback_reason: reasonWord.default('CANCELLED').describe('As `_callback_reason` of records'),
            exported_properties: z
              .array(text(128), { error: rule('must be a list') })
              .min(1, 'must have an entry')
              .max(PROPERTIES_MAX, `must have at most ${PROPERTIES_MAX} entries`)
              .optional()
              .describe('Keys of the records; default all'),
          },
          { error: 'must be an object' },
        )
        .nullish(),
      response: { 200: z.array(z.record(z.string(), z.unknown())), ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { callback_reason: reason = 'CANCELLED', exported_properties: keys } = request.body ?? {};
      const virtualQueues = searchedQueues(application, principal, undefined);
      const page = await application.searchCallbacks({
        reasons: reasonsOf(reason),
        ...(virtualQueues && { virtualQueues }),
        limit: RECORDS_MAX,
      });
      const ended = page.items.filter((callback) => reasonOf(callback) === reason);
      if (page.next !== null) reply.header('x-incomplete', 'true');
      return ended.map((callback) => {
        const record = recordJson(callback);
        return keys === undefined
          ? record
          : Object.fromEntries(Object.entries(record).filter(([key]) => keys.includes(key)));
      });
    },
  });
}
