import { z } from 'zod';
import type { CallbackRequest, CallbackView } from '../../../application/application.ts';
import {
  type BookingChannel,
  bookingChannels,
  type BookingDetails,
  type OfferType,
  offerTypes,
} from '../../../callback/booking-details.ts';
import { mayReadQueue } from '../access-rules.ts';
import { auditCallback } from '../callback-audit.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { pushTargetsSchema } from '../push-target-schema.ts';
import { IdempotentCreation, idempotencyKeySchema } from '../idempotent-creation.ts';
import { callbackOf } from '../queue-access.ts';
import { principalOf, refused } from '../request-guard.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import {
  bodyOf,
  callbackId,
  captchaToken,
  instant,
  maybe,
  maybeText,
  numberBetween,
  requestExample,
  rule,
  serviceName,
  textUpTo,
  userData,
} from './ges-fields.ts';

/** Room for ten devices' tokens, a CAPTCHA token and 8 KiB of user data. */
const CREATE_BODY_BYTES_MAX = 96 * 1024;
const tags = ['Genesys-compatible: callbacks'];
const EXAMPLE_ID = 'callback_0006gqn4vmv00example';

const SECONDS_RULE = 'must be a number from 0 to 86400';
/** For reports: fractions are rounded. */
const seconds = z
  .number({ error: rule(SECONDS_RULE) })
  .min(0, SECONDS_RULE)
  .max(86_400, SECONDS_RULE)
  .transform(Math.round);

/** What POST /callbacks/create takes. */
const createBody = bodyOf({
  serviceName,
  phoneNumber: z
    .string({ error: rule('must be text') })
    .trim()
    .min(2, 'must have 2–32 characters')
    .max(32, 'must have 2–32 characters')
    .describe('National or international, as typed'),
  desiredTime: maybeText(instant).describe('ISO 8601; absent: as soon as possible'),
  // A public client sends a sentence here when the page sets nothing.
  cbOfferType: maybeText(textUpTo(1024)).describe(`${offerTypes.join(', ')}; anything else counts as absent`),
  language: maybeText(
    z
      .string({ error: 'must be text' })
      .regex(/^(?:[A-Za-z]{2}(?:[-_][A-Za-z]{2})?)?$/, 'must be a language like en-US')
      .transform((tag) => `${tag.slice(0, 2).toLowerCase()}${tag.slice(2).replace('_', '-').toUpperCase()}`),
  ).describe('Of the prompts; en-US when absent'),
  inboundVQ: maybeText(textUpTo(255)),
  offerThreshold: maybe(seconds).describe('Seconds'),
  channel: maybeText(textUpTo(64)).describe(`${bookingChannels.join(', ')}; anything else counts as UNKNOWN`),
  offerTiming: maybeText(textUpTo(64)).describe('ON-HOURS or OFF-HOURS; anything else counts as absent'),
  cbOriginationIxnId: maybeText(textUpTo(255)),
  surveyRP: maybeText(textUpTo(255)),
  priority: maybe(numberBetween(0, 2000)),
  routePoint: maybeText(textUpTo(64)).describe("A trunk's name, instead of the queue's trunk"),
  userData: maybe(userData),
  captchaToken,
  pushTargets: maybe(pushTargetsSchema).describe('Needed where the customer dials in'),
  alwaysCheckCapacity: maybe(z.boolean({ error: 'must be true or false' })).describe(
    'Refuse with 429 rather than move the callback to another slot',
  ),
}).meta(
  requestExample({
    serviceName: 'support',
    phoneNumber: '+12025550123',
    desiredTime: '2026-01-05T09:30:00.000Z',
    channel: 'WEB',
    userData: { orderNumber: 'A-1047' },
  }),
);

const idData = z.object({ id: z.string() });

/** POST /callbacks/create, /callbacks/retrieve and /callbacks/cancel. */
export function addGesCallbackRoutes(server: Server, context: RouteContext): void {
  addCreate(server, context);
  addRetrieve(server, context);
  addCancel(server, context);
}

function addCreate(server: Server, context: RouteContext): void {
  const creation = new IdempotentCreation(context, 'ges');
  server.route({
    method: 'POST',
    url: '/callbacks/create',
    bodyLimit: CREATE_BODY_BYTES_MAX,
    config: { ...gesConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'Ask for a callback',
      description:
        'Without `desiredTime` as soon as possible. Hours and enablement are not enforced, and a full slot ' +
        'is exchanged for the nearest free one, unless `alwaysCheckCapacity` is true or the queue is ' +
        'strict: then the answer is 429 with free slots.',
      headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
      body: createBody,
      response: { 200: gesAnswerSchema(idData, { id: EXAMPLE_ID }), ...gesErrorAnswers },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const wanted = requestOf(request.body);
      refuseUnreadable(principal, wanted.virtualQueue);
      const result = await creation.create(wanted, principal, request.headers['idempotency-key']);
      if (!result.outcome.ok) throw refused(result.outcome.refusal);
      if (result.repeated) reply.header('idempotent-replayed', 'true');
      return successful(request, { id: result.outcome.value.id });
    },
  });
}

/** Throws UNKNOWN_QUEUE for a queue outside the key's line of business: it does not exist for it. */
export function refuseUnreadable(principal: Principal, virtualQueue: string): void {
  if (!mayReadQueue(principal, virtualQueue)) throw refused({ kind: 'unknown-queue', virtualQueue });
}

function requestOf(body: z.output<typeof createBody>): CallbackRequest {
  const { desiredTime, priority, alwaysCheckCapacity } = body;
  return {
    virtualQueue: body.serviceName,
    customerNumber: body.phoneNumber,
    check: 'lenient',
    language: body.language ?? 'en-US',
    ...(desiredTime !== undefined && { desiredAtMs: desiredTime }),
    ...(priority !== undefined && { priority }),
    ...(body.userData !== undefined && { userData: body.userData }),
    ...(alwaysCheckCapacity !== undefined && { alwaysCheckCapacity }),
    details: detailsOf(body),
  };
}

/** What is told for reports is taken as it comes: a slip in it refuses nobody a callback. */
function detailsOf(body: z.output<typeof createBody>): BookingDetails {
  const { channel, offerTiming, inboundVQ, offerThreshold, cbOriginationIxnId } = body;
  const { surveyRP, routePoint, pushTargets } = body;
  const channelTold = bookingChannels.find((known) => known === channel?.toUpperCase());
  const timing = (['ON-HOURS', 'OFF-HOURS'] as const).find((known) => known === offerTiming?.toUpperCase());
  return {
    channel: channelTold ?? ('UNKNOWN' satisfies BookingChannel),
    offerType: offerTypeOf(body),
    ...(timing !== undefined && { offerTiming: timing }),
    ...(inboundVQ !== undefined && { inboundQueue: inboundVQ }),
    ...(offerThreshold !== undefined && { offerThresholdSec: offerThreshold }),
    ...(cbOriginationIxnId !== undefined && { originInteractionId: cbOriginationIxnId }),
    ...(surveyRP !== undefined && { surveyRoutingPoint: surveyRP }),
    ...(routePoint !== undefined && { routingPoint: routePoint }),
    ...(pushTargets !== undefined && { pushTargets }),
  };
}

function offerTypeOf({ cbOfferType, desiredTime }: z.output<typeof createBody>): OfferType {
  const told = offerTypes.find((known) => known === cbOfferType);
  return told ?? (desiredTime === undefined ? 'ASAP' : 'SCHEDULED');
}

const callbackData = z.object({
  id: z.string(),
  desiredTime: z.string().describe('ISO 8601, UTC'),
  callbackState: z.enum(['SCHEDULED', 'QUEUED', 'ROUTING', 'PROCESSING', 'COMPLETED']),
  callbackReason: z.string().optional().describe('In COMPLETED only'),
  phoneNumber: z.string(),
  positionInQueue: z.int().optional().describe('In QUEUED, ROUTING and PROCESSING only; 0: out of the line'),
  estimatedWaitTime: z
    .number()
    .optional()
    .describe('Seconds; in QUEUED, ROUTING and PROCESSING only; -1 when nothing can be known'),
});

function addRetrieve(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/callbacks/retrieve',
    config: { ...gesConfig, audit: 'none' },
    schema: {
      tags,
      summary: 'Show a callback',
      body: bodyOf({ id: callbackId, captchaToken }).meta(requestExample({ id: EXAMPLE_ID })),
      response: {
        200: gesAnswerSchema(callbackData, {
          id: EXAMPLE_ID,
          desiredTime: '2026-01-05T09:30:00.000Z',
          callbackState: 'QUEUED',
          phoneNumber: '+12025550123',
          positionInQueue: 3,
          estimatedWaitTime: 95,
        }),
        ...gesErrorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const found = await readableCallback(context, principal, request.body.id);
      const { id, desiredAtMs, state, reason, customerNumber } = found;
      return successful(request, {
        id,
        desiredTime: isoOf(desiredAtMs),
        callbackState: state,
        ...(reason !== null && { callbackReason: reason }),
        phoneNumber: customerNumber,
        ...placeOf(context, found),
      });
    },
  });
}

/** Place and wait where the state has them; who is being served is out of the line and waits no more. */
function placeOf(
  { application }: RouteContext,
  { state, position, virtualQueue }: CallbackView,
): { positionInQueue?: number; estimatedWaitTime?: number } {
  if (state === 'SCHEDULED' || state === 'COMPLETED') return {};
  if (position === null) return { positionInQueue: 0, estimatedWaitTime: 0 };
  const wait = application.estimateWait(virtualQueue, { position });
  return { positionInQueue: position, estimatedWaitTime: wait?.sec ?? -1 };
}

function addCancel(server: Server, context: RouteContext): void {
  server.route({
    method: 'POST',
    url: '/callbacks/cancel',
    config: gesConfig,
    schema: {
      tags,
      summary: 'Cancel a callback',
      description: 'Refused (40004) in PROCESSING and COMPLETED; nothing is changed then.',
      body: bodyOf({ id: callbackId, captchaToken }).meta(requestExample({ id: EXAMPLE_ID })),
      response: { 200: gesAnswerSchema(idData, { id: EXAMPLE_ID }), ...gesErrorAnswers },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const before = await readableCallback(context, principal, request.body.id);
      const { id } = before;
      const outcome = await context.application.cancelCallback(id, principal.actor);
      if (!outcome.ok) throw refused(outcome.refusal);
      await auditCallback(context, request, 'cancelled', { before, after: outcome.value });
      return successful(request, { id });
    },
  });
}

/** Throws NOT_FOUND when there is none, or none that this key may know of. */
export function readableCallback(
  { application }: RouteContext,
  principal: Principal,
  id: string,
): Promise<CallbackView> {
  return callbackOf(application, principal, id);
}
