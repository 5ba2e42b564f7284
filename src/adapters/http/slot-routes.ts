import { z } from 'zod';
import { askedQueueSchema } from '../../telephony/queue-name.ts';
import type { AvailabilityQuestion } from '../../application/slot-desk.ts';
import { errorAnswers, openForSchema, slotSchema } from './api-schemas.ts';
import { slotJson } from './api-views.ts';
import type { RouteContext, Server } from './http-dependencies.ts';
import { HttpError } from './http-errors.ts';
import { checkQueue } from './queue-access.ts';
import { principalOf } from './request-guard.ts';

const tags = ['Queues'];
const DAY_MS = 86_400_000;
/** Longest stretch of time looked through for one answer. */
const RANGE_DAYS_MAX = 31;
/** Slots listed in one answer. */
const SLOTS_MAX = 1000;

const nameParams = z.strictObject({ name: askedQueueSchema });
const instantSchema = z.iso.datetime({ offset: true });
const availabilityQuery = z
  .strictObject({
    from: instantSchema.optional().describe('Default: now. Slots that have begun are left out'),
    to: instantSchema
      .optional()
      .describe(`Exclusive; default a day after \`from\`, at most ${RANGE_DAYS_MAX} days after it`),
    around: instantSchema
      .optional()
      .describe('Instead of `from` and `to`: the slots nearest to this time, nearest first'),
    max: z.coerce.number().int().min(1).max(SLOTS_MAX).default(100).describe('Slots at most'),
    full: z
      .enum(['true', 'false'])
      .default('false')
      .describe('Also list slots without a free place; not with `around`'),
  })
  .refine(({ around, from, to }) => around === undefined || (from === undefined && to === undefined), {
    path: ['around'],
    message: 'stands instead of from and to',
  });

/** GET /queues/{name}/availability, GET /queues/{name}/open-for. */
export function addSlotRoutes(server: Server, { application, clock }: RouteContext): void {
  server.route({
    method: 'GET',
    url: '/queues/:name/availability',
    config: { access: 'readQueues' },
    schema: {
      tags,
      summary: 'List free slots for scheduled callbacks',
      description:
        "Slots begin at the full hour of the queue's time zone and every slot duration after it. Business " +
        'hours and capacity rules are looked at for the beginning of a slot only.',
      params: nameParams,
      querystring: availabilityQuery,
      response: {
        200: z.object({
          timeZone: z.string(),
          slotDurationMin: z.int(),
          slots: z.array(slotSchema),
        }),
        ...errorAnswers,
      },
    },
    handler: async (request) => {
      checkQueue(principalOf(request), request.params.name);
      const question = questionOf(request.query, clock.nowMs());
      const found = await application.availability(request.params.name, question);
      if (!found) throw new HttpError('NOT_FOUND', 'there is no such queue');
      return { ...found, slots: found.slots.map(slotJson) };
    },
  });
  server.route({
    method: 'GET',
    url: '/queues/:name/open-for',
    config: { access: 'readQueues' },
    schema: {
      tags,
      summary: 'Tell whether and until when a queue is open, and what it offers',
      params: nameParams,
      querystring: z.strictObject({
        at: instantSchema.optional().describe('Default: now. For another time the wait is not looked at'),
      }),
      response: { 200: openForSchema, ...errorAnswers },
    },
    handler: (request) => {
      checkQueue(principalOf(request), request.params.name);
      const { at } = request.query;
      const found = application.openFor(request.params.name, at === undefined ? undefined : Date.parse(at));
      if (!found) throw new HttpError('NOT_FOUND', 'there is no such queue');
      const { immediate, scheduled, ...rest } = found;
      return { ...rest, immediate: offerJson(immediate), scheduled: offerJson(scheduled) };
    },
  });
}

function questionOf(query: z.infer<typeof availabilityQuery>, nowMs: number): AvailabilityQuestion {
  const { around, from, to, max, full } = query;
  if (around !== undefined) return { aroundMs: Date.parse(around), max };
  const fromMs = from === undefined ? nowMs : Date.parse(from);
  const toMs = to === undefined ? fromMs + DAY_MS : Date.parse(to);
  if (toMs - fromMs > RANGE_DAYS_MAX * DAY_MS) {
    throw new HttpError('VALIDATION_FAILED', 'the range is too long', {
      faults: [{ path: 'to', message: `must be at most ${RANGE_DAYS_MAX} days after from` }],
    });
  }
  return { fromMs, toMs, max, withFull: full === 'true' };
}

function offerJson(offer: { readonly allowed: boolean; readonly reason?: string }): {
  allowed: boolean;
  reason: string | null;
} {
  return { allowed: offer.allowed, reason: offer.reason ?? null };
}
