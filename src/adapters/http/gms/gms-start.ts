import { z } from 'zod';
import type { CallbackRequest } from '../../../application/application.ts';
import { bookingChannels, type BookingDetails } from '../../../callback/booking-details.ts';
import { instantMs, maybeText, requestExample, rule, textUpTo, userData } from '../ges/ges-fields.ts';
import { HttpError } from '../http-errors.ts';
import { ignoredBecause, type IgnoredOption } from './gms-options.ts';

/** Text, or a number or truth that stands for it: forms have text only. */
export const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: rule('must be text') })
  .transform(String);
/** ISO 8601 as epoch ms; UTC where it has no offset. */
export const isoTime = scalar
  .refine((value) => instantMs(value, 'utc') !== undefined, 'must be a time in ISO 8601')
  .transform((value) => instantMs(value, 'utc') ?? 0)
  .describe('ISO 8601; UTC where it has no offset');
const short = (max: number) => maybeText(scalar.pipe(textUpTo(max)));

/** What POST /service/callback/{service} knows; what else begins with `_` is an option without effect. */
const startFields = {
  _customer_number: scalar.pipe(
    z.string().trim().min(2, 'must have 2–32 characters').max(32, 'must have 2–32 characters'),
  ),
  _desired_time: maybeText(isoTime),
  _urs_vq_priority: maybeText(
    scalar
      .pipe(z.string().regex(/^\d{1,4}$/, 'must be a whole number from 0 to 2000'))
      .transform(Number)
      .pipe(z.int().max(2000, 'must be a whole number from 0 to 2000')),
  ),
  _urs_virtual_queue: short(255).describe('Kept as the queue that the customer would have waited in'),
  _originating_interaction_id: short(255),
  _route_point: short(64).describe("A trunk's name, instead of the queue's trunk"),
  _cb_dim_channel: short(64).describe(`${bookingChannels.join(', ')}; anything else counts as UNKNOWN`),
  _media_type: maybeText(scalar.pipe(z.literal('voice', { error: 'must be voice' }))),
  _callback_state: maybeText(
    scalar.pipe(z.enum(['SCHEDULED', 'QUEUED'], { error: 'must be SCHEDULED or QUEUED' })),
  ).describe('Follows from `_desired_time`, whatever is said here'),
  _device_notification_id: short(4096).describe('FCM registration token'),
  _device_os: short(32).describe('gcm, fcm or android; other devices are not told'),
};
export const startBody = z
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

/**
 * The request for a callback that a body means, and what of it has no effect.
 * @param gmsUser what the header `gms_user` says; null: nothing.
 */
export function wantedOf(
  virtualQueue: string,
  body: StartBody,
  { nowMs, gmsUser }: { readonly nowMs: number; readonly gmsUser: string | null },
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
      details: { ...details, ...(gmsUser !== null && { endUser: gmsUser }) },
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

/** VALIDATION_FAILED of a body. */
export function invalidBody(path: string, message: string): HttpError {
  return new HttpError('VALIDATION_FAILED', "the request's body is not valid", {
    faults: [{ path, message }],
  });
}
