import { z } from 'zod';
import { isoOf } from '../api-views.ts';
import { refuseUnreadable } from '../ges/ges-callback-routes.ts';
import { flag, serviceName as service, text, withoutEmptyParameters, zoneName } from '../ges/ges-fields.ts';
import { localTime, rangeOf, SLOTS_MAX, unknownService, upTo } from '../ges/ges-slot-routes.ts';
import type { Availability } from '../../../application/slot-desk.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf } from '../request-guard.ts';
import { gmsConfig, gmsErrorAnswers } from './gms-answers.ts';

const tags = ['Genesys-compatible: GMS callbacks'];
const params = z.object({ serviceName: service });

const time = text(40).describe('ISO 8601; without an offset in `timezone`');
const epochMs = z
  .string({ error: 'must be milliseconds since 1970' })
  .regex(/^\d{1,15}$/, 'must be milliseconds since 1970')
  .transform(Number);
const count = (digits: number) => {
  const range = `must be a whole number from 1, of at most ${digits} digits`;
  return z
    .string({ error: range })
    .regex(new RegExp(`^[1-9]\\d{0,${digits - 1}}$`), range)
    .transform(Number)
    .optional();
};

const querySchema = z.object({
  start: time.optional().describe('Default: now'),
  end: time.optional().describe('Inclusive; without any end: a day'),
  'number-of-days': count(4),
  'max-time-slots': count(6).describe('Slots with a free place at most'),
});
const query2Schema = querySchema.extend({
  'start-ms': epochMs.optional(),
  'end-ms': epochMs.optional(),
  timezone: zoneName.describe('IANA name, of the times given and of `localTime`'),
  'report-busy': flag.optional().describe('Also slots without a free place'),
});
type Query = Omit<z.output<typeof query2Schema>, 'timezone'> & { readonly timezone?: string };

/** GET /service/callback/{service}/availability of `/genesys/1`. */
export function addGmsSlotRoutes(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/service/callback/:serviceName/availability',
    config: gmsConfig,
    preValidation: withoutEmptyParameters,
    schema: {
      tags,
      summary: 'List free slots, start → free places',
      description: 'A stretch of more than 62 days is cut.',
      params,
      querystring: querySchema,
      response: { 200: z.record(z.string(), z.int()), ...gmsErrorAnswers },
    },
    handler: async (request) => {
      const { serviceName } = request.params;
      refuseUnreadable(principalOf(request), serviceName);
      const { slots } = await slotsOf(context, serviceName, request.query);
      return Object.fromEntries(slots.map(({ startMs, freeCount }) => [isoOf(startMs), freeCount]));
    },
  });
}

/** GET /service/callback/{service}/availability of `/genesys/2`. */
export function addGmsSlotRoutes2(server: Server, context: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/service/callback/:serviceName/availability',
    config: gmsConfig,
    preValidation: withoutEmptyParameters,
    schema: {
      tags,
      summary: 'List the slots that callbacks can be booked in',
      description: 'A stretch of more than 62 days is cut.',
      params,
      querystring: query2Schema,
      response: {
        200: z.object({
          durationMin: z.int(),
          timezone: z.string(),
          slots: z.array(
            z.object({
              utcTime: z.string(),
              localTime: z.string().describe('With the offset of `timezone`'),
              capacity: z.int().describe('Free places'),
              total: z.int().describe('Places configured'),
            }),
          ),
        }),
        ...gmsErrorAnswers,
      },
    },
    handler: async (request) => {
      const { serviceName } = request.params;
      refuseUnreadable(principalOf(request), serviceName);
      const { timezone } = request.query;
      const { slots, slotDurationMin } = await slotsOf(context, serviceName, request.query);
      return {
        durationMin: slotDurationMin,
        timezone,
        slots: slots.map(({ startMs, freeCount, capacity }) => ({
          utcTime: isoOf(startMs),
          localTime: localTime(startMs, timezone),
          capacity: freeCount,
          total: capacity,
        })),
      };
    },
  });
}

async function slotsOf(
  { application, clock }: RouteContext,
  serviceName: string,
  query: Query,
): Promise<Availability> {
  const { start, end, 'start-ms': startMS, 'end-ms': endMS, 'number-of-days': days } = query;
  const hasEnd = end !== undefined || endMS !== undefined;
  const range = rangeOf(
    {
      start,
      end,
      startMS,
      endMS,
      numberOfDays: days ?? (hasEnd ? undefined : 1),
      timezone: query.timezone ?? 'UTC',
    },
    clock.nowMs(),
  );
  const withFull = query['report-busy'] === true;
  const found = await application.availability(serviceName, { ...range, max: SLOTS_MAX, withFull });
  if (!found) throw unknownService(serviceName);
  return { ...found, slots: upTo(found.slots, query['max-time-slots'] ?? SLOTS_MAX) };
}
