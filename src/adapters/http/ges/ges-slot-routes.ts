import { DateTime } from 'luxon';
import { z } from 'zod';
import { ZoneClock } from '../../../calendar/local-time.ts';
import type { FreeSlot } from '../../../calendar/slot-booking.ts';
import { isoOf } from '../api-views.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { HttpError } from '../http-errors.ts';
import { principalOf } from '../request-guard.ts';
import { gesAnswerSchema, gesConfig, gesErrorAnswers, successful } from './ges-answers.ts';
import { refuseUnreadable } from './ges-callback-routes.ts';
import { flag, instantMs, serviceName, text, withoutEmptyParameters, zoneName } from './ges-fields.ts';

const DAY_MS = 86_400_000;
/** Longest stretch looked through for one answer; what is asked beyond it is left out. */
const RANGE_DAYS_MAX = 62;
/** Slots in one answer: 31 days of five minutes each fit. */
export const SLOTS_MAX = 10_000;
/** A queue that never closes is told to be open for this long. */
const NEVER_CLOSES_SEC = 7 * 86_400;
const tags = ['Genesys-compatible: callbacks'];

const time = text(40).describe('ISO 8601; without an offset in `timezone`');
const epochMs = z
  .string({ error: 'must be milliseconds since 1970' })
  .regex(/^\d{1,15}$/, 'must be milliseconds since 1970')
  .transform(Number)
  .describe('UTC epoch milliseconds');
const token = text(8192).optional().describe('Needed where the installation asks for a CAPTCHA');

// Unknown parameters are ignored: a public client adds one against caches.
const availabilityQuery = z.object({
  start: time.optional().describe('Default: now'),
  startMS: epochMs.optional().describe('Instead of `start`'),
  end: time.optional().describe('Inclusive; without any end: `start`'),
  endMS: epochMs.optional(),
  numberOfDays: z
    .string({ error: 'must be a whole number from 1 to 9999' })
    .regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1 to 9999')
    .transform(Number)
    .optional(),
  timezone: zoneName.describe('IANA name, of the times given and of `localTime`'),
  maxTimeSlots: z
    .string({ error: 'must be a whole number from 1 to 999999' })
    .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1 to 999999')
    .transform(Number)
    .optional()
    .describe('Slots with a free place at most'),
  reportBusy: flag.optional().describe('Also slots without a free place'),
  captchaToken: token,
});

/** A stretch of time as a client asks for it. */
type RangeQuestion = Pick<
  z.output<typeof availabilityQuery>,
  'start' | 'startMS' | 'end' | 'endMS' | 'numberOfDays' | 'timezone'
>;

const serviceParams = z.object({ serviceName });

/** GET /callbacks/availability, /callbacks/open-for and /callbacks/queue-status. */
export function addGesSlotRoutes(server: Server, context: RouteContext): void {
  addAvailability(server, context);
  addOpenFor(server, context);
  addQueueStatus(server, context);
}

function addAvailability(server: Server, { application, clock }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/callbacks/availability/:serviceName',
    config: gesConfig,
    preValidation: withoutEmptyParameters,
    schema: {
      tags,
      summary: 'List the slots that callbacks can be booked in',
      description:
        `A stretch of more than ${RANGE_DAYS_MAX} days is cut. ` +
        "Conditions are tested at a slot's beginning.",
      params: serviceParams,
      querystring: availabilityQuery,
      response: {
        200: gesAnswerSchema(
          z.object({
            slots: z.array(
              z.object({
                utcTime: z.string(),
                localTime: z.string().describe('With the offset of `timezone`'),
                capacity: z.int().describe('Free places'),
                total: z.int().describe('Places configured'),
              }),
            ),
            durationMin: z.int(),
            timezone: z.string(),
          }),
          {
            slots: [
              {
                utcTime: '2026-01-05T08:00:00.000Z',
                localTime: '2026-01-05T09:00:00.000+01:00',
                capacity: 3,
                total: 5,
              },
            ],
            durationMin: 15,
            timezone: 'Europe/Berlin',
          },
        ),
        ...gesErrorAnswers,
      },
    },
    handler: async (request) => {
      const { params, query } = request;
      refuseUnreadable(principalOf(request), params.serviceName);
      const { fromMs, toMs } = rangeOf(query, clock.nowMs());
      const withFull = query.reportBusy === true;
      const found = await application.availability(params.serviceName, {
        fromMs,
        toMs,
        max: SLOTS_MAX,
        withFull,
      });
      if (!found) throw unknownService(params.serviceName);
      return successful(request, {
        slots: upTo(found.slots, query.maxTimeSlots ?? SLOTS_MAX).map(({ startMs, freeCount, capacity }) => ({
          utcTime: isoOf(startMs),
          localTime: localTime(startMs, query.timezone),
          capacity: freeCount,
          total: capacity,
        })),
        durationMin: found.slotDurationMin,
        timezone: query.timezone,
      });
    },
  });
}

/** The slots until so many of them have had a free place. */
export function upTo(slots: readonly FreeSlot[], freeMax: number): readonly FreeSlot[] {
  let freeSeen = 0;
  const end = slots.findIndex(({ freeCount }) => freeCount > 0 && ++freeSeen > freeMax);
  return end < 0 ? slots : slots.slice(0, end);
}

const zoneClocks = new Map<string, ZoneClock>();
/** Zones whose offsets are kept; there are some four hundred. */
const ZONES_KEPT_MAX = 50;

/** ISO 8601 with the offset that the zone has then; `Z` in UTC itself. */
export function localTime(atMs: number, zone: string): string {
  if (zone === 'UTC') return isoOf(atMs);
  let clock = zoneClocks.get(zone);
  if (!clock) {
    if (zoneClocks.size >= ZONES_KEPT_MAX) zoneClocks.clear();
    clock = new ZoneClock(zone);
    zoneClocks.set(zone, clock);
  }
  return clock.iso(atMs);
}

/** From the first to the last moment at which a slot may begin; the latter exclusive. */
export function rangeOf(query: RangeQuestion, nowMs: number): { fromMs: number; toMs: number } {
  const { start, startMS, end, endMS, numberOfDays, timezone } = query;
  if (start !== undefined && startMS !== undefined)
    throw invalid('startMS', 'must not come together with start');
  const ends = [end, endMS, numberOfDays].filter((given) => given !== undefined);
  if (ends.length > 1) throw invalid('end', 'must be the only one of end, endMS and numberOfDays');
  const fromMs = startMS ?? (start === undefined ? nowMs : timeOf('start', start, timezone));
  const lastMs = endMS ?? (end === undefined ? undefined : timeOf('end', end, timezone));
  if (lastMs !== undefined && lastMs < fromMs)
    throw invalid(end === undefined ? 'endMS' : 'end', 'must not be before start', end);
  const untilMs =
    numberOfDays === undefined
      ? (lastMs ?? fromMs) + 1
      : DateTime.fromMillis(fromMs, { zone: timezone })
          .plus({ days: Math.min(numberOfDays, RANGE_DAYS_MAX) })
          .toMillis();
  // Slots that have begun are left out anyway: the stretch that counts begins now.
  const beginMs = Math.max(fromMs, nowMs);
  return { fromMs: beginMs, toMs: Math.min(untilMs, beginMs + RANGE_DAYS_MAX * DAY_MS) };
}

function timeOf(name: string, value: string, zone: string): number {
  const ms = instantMs(value, zone);
  if (ms === undefined) {
    throw invalid(name, 'must be a time in ISO 8601, like 2026-01-05T09:00:00.000Z', value);
  }
  return ms;
}

function invalid(path: string, message: string, value?: string): HttpError {
  return new HttpError('VALIDATION_FAILED', "the request's query is not valid", {
    faults: [{ path, message, ...(value !== undefined && { value }) }],
  });
}

/** UNKNOWN_QUEUE for a name in the path, or in a field of the body. */
export function unknownService(name: string, path = 'virtualQueue'): HttpError {
  return new HttpError('UNKNOWN_QUEUE', 'there is no such service', {
    faults: [{ path, message: 'is not configured', value: name }],
  });
}

const openForQuery = z.object({
  start: time.optional().describe('Default: now. With a start the estimated wait is not looked at'),
  timezone: zoneName.describe('Of a `start` without an offset'),
  queryImmediateOfferHours: flag.optional(),
  returnWithinImmediateOfferTime: flag.optional(),
  returnWithinImmediateOffertime: flag.optional().describe('Another spelling of the same'),
  checkImmediateEnabled: flag.optional(),
  captchaToken: token,
});

function addOpenFor(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/callbacks/open-for/:serviceName',
    config: gesConfig,
    preValidation: withoutEmptyParameters,
    schema: {
      tags,
      summary: 'Tell for how long a service is open, and whether immediate callbacks fit',
      params: serviceParams,
      querystring: openForQuery,
      response: {
        200: gesAnswerSchema(
          z.object({
            openFor: z.int().describe(`Seconds; 0 when closed, ${NEVER_CLOSES_SEC} when it never closes`),
            immediateOfferHoursOpenFor: z
              .int()
              .optional()
              .describe('-1: no offer hours; 0: outside them; else seconds left'),
            isWithinImmediateOfferTime: z.boolean().optional(),
            isImmediateEnabled: z.boolean().optional(),
          }),
          { openFor: 14_220 },
        ),
        ...gesErrorAnswers,
      },
    },
    handler: (request) => {
      const { params, query } = request;
      refuseUnreadable(principalOf(request), params.serviceName);
      const { start, timezone } = query;
      const atMs = start === undefined ? undefined : timeOf('start', start, timezone);
      const found = application.openFor(params.serviceName, atMs);
      if (!found) throw unknownService(params.serviceName);
      const within = query.returnWithinImmediateOfferTime ?? query.returnWithinImmediateOffertime;
      return successful(request, {
        openFor: found.openForSec ?? NEVER_CLOSES_SEC,
        ...(query.queryImmediateOfferHours === true && {
          immediateOfferHoursOpenFor: found.immediateOfferHoursOpenForSec ?? NEVER_CLOSES_SEC,
        }),
        ...(within === true && { isWithinImmediateOfferTime: found.withinImmediateHours }),
        ...(query.checkImmediateEnabled === true && { isImmediateEnabled: found.immediateEnabled }),
      });
    },
  });
}

function addQueueStatus(server: Server, { application }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/callbacks/queue-status/:queueName',
    config: gesConfig,
    preValidation: withoutEmptyParameters,
    schema: {
      tags,
      summary: 'Tell the estimated wait and what may be offered now',
      params: z.object({ queueName: serviceName }),
      querystring: z.object({ captchaToken: token }),
      response: {
        200: gesAnswerSchema(
          z.object({
            ewt: z
              .number()
              .describe(
                'Seconds; -1 with `offerImmediateCallback` true: no traffic yet, with false: no agent',
              ),
            offerImmediateCallback: z.boolean(),
            offerScheduledCallback: z.boolean(),
          }),
          { ewt: 95, offerImmediateCallback: true, offerScheduledCallback: true },
        ),
        ...gesErrorAnswers,
      },
    },
    handler: (request) => {
      const { queueName } = request.params;
      refuseUnreadable(principalOf(request), queueName);
      const offers = application.openFor(queueName);
      const wait = application.estimateWait(queueName);
      if (!offers || !wait) throw unknownService(queueName);
      return successful(request, {
        ewt: wait.sec,
        offerImmediateCallback: offers.immediate.allowed && wait.unknown !== 'no-agent-serving',
        offerScheduledCallback: offers.scheduled.allowed,
      });
    },
  });
}
