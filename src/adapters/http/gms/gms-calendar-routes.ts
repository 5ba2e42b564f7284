import { z } from 'zod';
import type { CallbackView } from '../../../application/application.ts';
import { mayReadQueue } from '../access-rules.ts';
import type { Principal } from '../access.ts';
import { isoOf } from '../api-views.ts';
import { serviceName, text, withoutEmptyParameters, zoneName } from '../ges/ges-fields.ts';
import { rangeOf, SLOTS_MAX, unknownService } from '../ges/ges-slot-routes.ts';
import type { RouteContext, Server } from '../http-dependencies.ts';
import { principalOf } from '../request-guard.ts';
import { gmsConfig, gmsErrorAnswers } from './gms-answers.ts';
import { recordJson, recordSchema } from './gms-records.ts';

const MINUTE_MS = 60_000;
/** Longest stretch looked through, minute by minute while closed: some 20 000 steps. */
const RANGE_MS_MAX = 14 * 86_400_000;

const periodSchema = z.object({
  start: z.string(),
  end: z.string(),
  capacity: z.int().optional().describe('Capacity only: places configured'),
});
type Period = z.output<typeof periodSchema>;

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** GET /service/{name}: office hours of a virtual queue, a capacity rule, or a callback by its id. */
export function addGmsCalendarRoutes(server: Server, context: RouteContext): void {
  const { application, clock, provisioning } = context;
  server.route({
    method: 'GET',
    url: '/service/:serviceName',
    config: gmsConfig,
    preValidation: withoutEmptyParameters,
    schema: {
      tags: ['Genesys-compatible: GMS queues'],
      summary: 'List when a virtual queue is open, or what a capacity rule gives; or show a callback',
      description:
        "A virtual queue's name: periods in which it is open; none: closed. A capacity rule's name: its " +
        "slots with their capacity. A stretch of more than 14 days is cut. A callback's id: its record.",
      params: z.object({ serviceName }),
      querystring: z.object({
        start: text(40).optional().describe('ISO 8601; default now'),
        end: text(40).optional().describe('Inclusive; without any end: a day'),
        'number-of-days': z
          .string()
          .regex(/^[1-9]\d{0,3}$/, 'must be a whole number from 1 to 9999')
          .transform(Number)
          .optional(),
        timezone: zoneName.describe('Of times without an offset'),
      }),
      response: {
        200: z.union([z.object({ periods: z.array(periodSchema), error: z.null() }), recordSchema]),
        ...gmsErrorAnswers,
      },
    },
    handler: async (request) => {
      const principal = principalOf(request);
      const { serviceName: wanted } = request.params;
      const { start, end, timezone, 'number-of-days': days } = request.query;
      const numberOfDays = days ?? (end === undefined ? 1 : undefined);
      const asked = { start, end, startMS: undefined, endMS: undefined, numberOfDays, timezone };
      const range = rangeOf(asked, clock.nowMs());
      const stretch = { ...range, toMs: Math.min(range.toMs, range.fromMs + RANGE_MS_MAX) };
      const isQueue = mayReadQueue(principal, wanted) && application.openFor(wanted) !== undefined;
      if (isQueue) return { periods: openPeriods(context, wanted, stretch), error: null };
      const rule = provisioning.capacityRules().find(({ name }) => name === wanted);
      const queue = rule?.queues.find((name) => mayReadQueue(principal, name));
      if (queue === undefined) return recordJson(await callbackNamed(context, principal, wanted));
      return { periods: await capacityPeriods(context, queue, stretch), error: null };
    },
  });
}

/** Throws UNKNOWN_QUEUE: of names of services and ids of callbacks the first are meant as a rule. */
async function callbackNamed(
  { application }: RouteContext,
  principal: Principal,
  id: string,
): Promise<CallbackView> {
  const found = await application.findCallback(id);
  if (!found || !mayReadQueue(principal, found.virtualQueue)) throw unknownService(id);
  return found;
}

function openPeriods({ application }: RouteContext, queue: string, { fromMs, toMs }: Stretch): Period[] {
  const periods: Period[] = [];
  let atMs = fromMs;
  while (atMs < toMs) {
    const found = application.openFor(queue, atMs);
    if (!found?.open) {
      // Calendars open and close at full minutes.
      atMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
      continue;
    }
    const endMs = found.openForSec === null ? toMs : Math.min(toMs, atMs + found.openForSec * 1000);
    const untilMs = Math.max(endMs, atMs + 1000);
    periods.push({ start: isoOf(atMs), end: isoOf(untilMs) });
    atMs = untilMs;
  }
  return periods;
}

async function capacityPeriods(
  { application }: RouteContext,
  queue: string,
  stretch: Stretch,
): Promise<Period[]> {
  const found = await application.availability(queue, { ...stretch, max: SLOTS_MAX, withFull: true });
  const lengthMs = (found?.slotDurationMin ?? 0) * MINUTE_MS;
  return (found?.slots ?? []).map(({ startMs, capacity }) => ({
    start: isoOf(startMs),
    end: isoOf(startMs + lengthMs),
    capacity,
  }));
}
