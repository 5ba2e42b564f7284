import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CallbackRequest, CallbackView } from '../../../application/application.ts';
import { bookingChannels, type BookingDetails } from '../../../callback/booking-details.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import { readableCallback, refuseUnreadable } from '../ges/ges-callback-routes.ts';
import { flag, instantMs, requestExample, rule, text, userData } from '../ges/ges-fields.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { IdempotentCreation, idempotencyKeySchema } from '../idempotent-creation.ts';
import { principalOf, refused } from '../request-guard.ts';
import { gmsConfig, gmsErrorAnswers } from './gms-answers.ts';
import { ignoredBecause, type IgnoredOption, ignoredOptions, tellIgnored } from './gms-options.ts';

const BODY_BYTES_MAX = 96 * 1024;
const tags = ['Genesys-compatible: GMS callbacks'];
const EXAMPLE_ID = 'callback_0006gqn4vmv00example';

/** Text, or a number or truth that stands for it: forms have text only. */
const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: rule('must be text') })
  .transform(String);
const isoTime = scalar
  .refine((value) => instantMs(value, 'utc') !== undefined, 'must be a time in ISO 8601')
  .transform((value) => instantMs(value, 'utc') ?? 0)
  .describe('ISO 8601; UTC where it has no offset');
const short = (max: number) => scalar.pipe(text(max)).optional();

/** What POST /service/callback/{service} knows; what else begins with `_` is an option without effect. */
const startFields = {
  _customer_number: scalar.pipe(
    z.string().trim().min(2, 'must have 2–32 characters').max(32, 'must have 2–32 characters'),
  ),
  _desired_time: isoTime.optional(),
  _urs_vq_priority: scalar
    .pipe(z.string().regex(/^\d{1,4}$/, 'must be a whole number from 0 to 2000'))
    .transform(Number)
    .pipe(z.int().max(2000, 'must be a whole number from 0 to 2000'))
    .optional(),
  _urs_virtual_queue: short(255).describe('Kept as the queue that the customer would have waited in'),
  _originating_interaction_id: short(255),
  _route_point: short(64).describe("A trunk's name, instead of the queue's trunk"),
  _cb_dim_channel: short(64).describe(`${bookingChannels.join(', ')}; anything else counts as UNKNOWN`),
  _media_type: scalar.pipe(z.literal('voice', { error: 'must be voice' })).optional(),
  _callback_state: scalar
    .pipe(z.enum(['SCHEDULED', 'QUEUED'], { error: 'must be SCHEDULED or QUEUED' }))
    .optional()
    .describe('Follows from `_desired_time`, whatever is said here'),
  _device_notification_id: short(4096).describe('FCM registration token'),
  _device_os: short(32).describe('gcm, fcm or android; other devices are not told'),
};
const startBody = z
  .looseObject(startFields, { error: 'must be an object' })
  .describe('Keys without leading underscore travel with the callback')
  .meta(
    requestExample({
      _customer_number: '+12025550123',
      _desired_time: '2026-01-05T09:30:00.000Z',
      orderNumber: 'A-1047',
    }),
  );
type StartBody = z.output<typeof startBody>;

const startAnswer = z
  .object({
    _id: z.string(),
    _dialog_id: z.string(),
    _action: z.literal('ConfirmationDialog'),
    _text: z.string(),
    _okTitle: z.string(),
    _ignored_options: ignoredOptions,
  })
  .meta({
    examples: [
      {
        _id: EXAMPLE_ID,
        _dialog_id: EXAMPLE_ID,
        _action: 'ConfirmationDialog',
        _text: 'You will be called at 2026-01-05T09:30:00.000Z.',
        _okTitle: 'OK',
      },
    ],
  });

const params = z.object({ serviceName: text(255).describe("The virtual queue's name") });
const idParams = z.object({ serviceName: text(255), id: text(128) });

/** Start, update and cancel of one service's callbacks. */
export function addGmsCallbackRoutes(server: Server, context: RouteContext): void {
  addStart(server, context);
  addUpdate(server, context);
  addCancel(server, context);
}

function addStart(server: Server, context: RouteContext): void {
  const creation = new IdempotentCreation(context);
  server.route({
    method: 'POST',
    url: '/service/callback/:serviceName',
    bodyLimit: BODY_BYTES_MAX,
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Start a callback',
      description:
        'Without `_desired_time` as soon as possible. A time without room is refused, with the free slots ' +
        'in `availability`. JSON, urlencoded or multipart with text parts.',
      params,
      headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
      body: startBody,
      response: {
        200: startAnswer,
        ...gmsErrorAnswers,
      },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { serviceName } = request.params;
      refuseUnreadable(principal, serviceName);
      const { wanted, ignored } = wantedOf(serviceName, request.body, context.clock.nowMs());
      const result = await creation.create(wanted, principal, request.headers['idempotency-key']);
      if (!result.outcome.ok) throw refused(result.outcome.refusal);
      if (result.repeated) reply.header('idempotent-replayed', 'true');
      const { id, state, desiredAtMs } = result.outcome.value;
      return {
        _id: id,
        _dialog_id: id,
        _action: 'ConfirmationDialog' as const,
        _text:
          state === 'SCHEDULED'
            ? `You will be called at ${isoOf(desiredAtMs)}.`
            : 'You will be called as soon as it is your turn.',
        _okTitle: 'OK',
        ...tellIgnored(context, request, ignored),
      };
    },
  });
}

function wantedOf(
  virtualQueue: string,
  body: StartBody,
  nowMs: number,
): { wanted: CallbackRequest; ignored: readonly IgnoredOption[] } {
  const { _desired_time: desiredAtMs, _urs_vq_priority: priority } = body;
  const isLater = desiredAtMs !== undefined && desiredAtMs > nowMs;
  const own = dataOf(body);
  const { details, ignored } = detailsOf(body, isLater);
  return {
    wanted: {
      virtualQueue,
      customerNumber: body._customer_number,
      check: 'strict',
      language: 'en-US',
      ...(isLater && { desiredAtMs, alwaysCheckCapacity: true }),
      ...(priority !== undefined && { priority }),
      ...(own.data !== undefined && { userData: own.data }),
      details,
    },
    ignored: [...ignored, ...own.ignored],
  };
}

/** User data and options among the keys that {@link startFields} does not have. */
function dataOf(body: StartBody): {
  data: Record<string, string> | undefined;
  ignored: readonly IgnoredOption[];
} {
  const names = Object.keys(body).filter((name) => !Object.hasOwn(startFields, name));
  const given = Object.fromEntries(
    names.filter((name) => !name.startsWith('_')).map((name) => [name, body[name]]),
  );
  const read = userData.safeParse(given);
  if (!read.success) {
    throw invalidBody(
      'the keys without leading underscore',
      read.error.issues[0]?.message ?? 'are not valid',
    );
  }
  const leftOut = Object.keys(given).filter((name) => !Object.hasOwn(read.data, name));
  return {
    data: Object.keys(read.data).length > 0 ? read.data : undefined,
    ignored: [
      ...ignoredBecause(names.filter((name) => name.startsWith('_'))),
      ...leftOut.map((name) => ({ option: name.slice(0, 64), reason: 'is no name for user data' })),
    ],
  };
}

function detailsOf(
  body: StartBody,
  isLater: boolean,
): { details: BookingDetails; ignored: readonly IgnoredOption[] } {
  const { _urs_virtual_queue: inboundQueue, _originating_interaction_id: originInteractionId } = body;
  const { _route_point: routingPoint, _device_notification_id: device, _device_os: system } = body;
  const told = body._cb_dim_channel?.toUpperCase();
  const isFcm = system === undefined || /^(?:gcm|fcm|android)$/i.test(system);
  const ignored: IgnoredOption[] = [];
  if (device !== undefined && !isFcm) {
    ignored.push({ option: '_device_notification_id', reason: 'only devices reached by FCM are told' });
  }
  return {
    details: {
      channel: bookingChannels.find((known) => known === told) ?? 'UNKNOWN',
      offerType: isLater ? 'SCHEDULED' : 'ASAP',
      ...(inboundQueue !== undefined && { inboundQueue }),
      ...(originInteractionId !== undefined && { originInteractionId }),
      ...(routingPoint !== undefined && { routingPoint }),
      ...(device !== undefined && isFcm && { pushTargets: [{ channel: 'FCM', target: device }] }),
    },
    ignored,
  };
}

const updateFields = {
  _new_desired_time: isoTime.optional().describe('Default: now'),
  _callback_state: scalar
    .pipe(z.enum(['SCHEDULED', 'QUEUED'], { error: 'must be SCHEDULED or QUEUED' }))
    .optional()
    .describe('Follows from `_new_desired_time`, whatever is said here'),
};
const updateBody = z
  .looseObject(updateFields, { error: 'must be an object' })
  .nullish()
  .meta(requestExample({ _new_desired_time: '2026-01-05T10:00:00.000Z' }));

const changeAnswer = z
  .object({ _ignored_options: ignoredOptions })
  .describe('The body is empty unless parts of the request had no effect');

function addUpdate(server: Server, context: RouteContext): void {
  server.route({
    method: 'PUT',
    url: '/service/callback/:serviceName/:id',
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Give a callback another time',
      description: 'In SCHEDULED and QUEUED. A time without room is refused, with free slots.',
      params: idParams,
      body: updateBody,
      response: { 200: changeAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { id } = await callbackOf(context, principal, request.params);
      const body = request.body ?? {};
      const others = Object.keys(body).filter((name) => !Object.hasOwn(updateFields, name));
      const wishedAtMs = body._new_desired_time;
      // A change of other properties alone must not make a promise of tomorrow one of now.
      if (wishedAtMs === undefined && others.length > 0) {
        throw invalidBody('_new_desired_time', 'is what can be changed: other properties cannot');
      }
      const nowMs = context.clock.nowMs();
      const desiredAtMs = wishedAtMs ?? nowMs;
      const change = { desiredAtMs, alwaysCheckCapacity: desiredAtMs > nowMs };
      const outcome = await context.application.rescheduleCallback(id, change, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      return changed(context, request, reply, ignoredBecause(others));
    },
  });
}

function addCancel(server: Server, context: RouteContext): void {
  server.route({
    method: 'DELETE',
    url: '/service/callback/:serviceName/:id',
    config: gmsConfig,
    schema: {
      tags,
      summary: 'Cancel a callback',
      description: 'Refused in PROCESSING and COMPLETED; nothing is changed then.',
      params: idParams,
      querystring: z.object({
        discard_ors_failure: flag.optional().describe('Taken and not needed: no other server can fail here'),
      }),
      response: { 200: changeAnswer, ...gmsErrorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { id } = await callbackOf(context, principal, request.params);
      const outcome = await context.application.cancelCallback(id, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      return changed(context, request, reply, []);
    },
  });
}

function changed(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  ignored: readonly IgnoredOption[],
): { _ignored_options?: IgnoredOption[] } {
  if (ignored.length === 0) reply.serializer(() => '');
  return tellIgnored(context, request, ignored);
}

/** Throws NOT_FOUND unless the callback is of this service. */
async function callbackOf(
  context: RouteContext,
  principal: Principal,
  { serviceName, id }: z.output<typeof idParams>,
): Promise<CallbackView> {
  const found = await readableCallback(context, principal, id);
  if (found.virtualQueue !== serviceName) throw new HttpError('NOT_FOUND', 'there is no such callback');
  return found;
}

function invalidBody(path: string, message: string): HttpError {
  return new HttpError('VALIDATION_FAILED', "the request's body is not valid", {
    faults: [{ path, message }],
  });
}
