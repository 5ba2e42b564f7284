import { describe, expect, test } from 'vitest';
import { ApplicationService } from '../../../src/application/application-service.ts';
import { deskWithoutGroups } from '../../../src/application/call-in-desk.ts';
import type { NumberGate } from '../../../src/application/number-gate.ts';
import type { Refusal } from '../../../src/application/application.ts';
import type { ServiceDirectory } from '../../../src/application/service-directory.ts';
import { BusinessHours, businessHoursSchema } from '../../../src/calendar/business-hours.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { aQueue } from '../../fakes/queue-settings.ts';
import { House } from '../../fakes/house.ts';

const HOUR_MS = 3_600_000;

/** Open every day from 09:00 to 17:00 UTC, offers from 10:00. */
function hoursNamed(name: string): BusinessHours {
  const from = name === 'offers' ? '10:00' : '09:00';
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  const weekly = Object.fromEntries(days.map((day) => [day, [{ from, to: '17:00' }]]));
  return new BusinessHours(businessHoursSchema.parse({ name, timeZone: 'UTC', weekly }));
}

/** The application over rooms with one queue; it is `hour` o'clock of the first day. */
function counter(hour: number, changes: Partial<QueueSettings> = {}, numberGate?: NumberGate) {
  const settings = aQueue({ businessHours: 'office', slotCapacity: 1, ...changes });
  const directory: ServiceDirectory = {
    agents: () => [],
    agent: () => undefined,
    did: () => undefined,
    queues: () => [settings],
    queue: (name: string) => (name === 'support' ? settings : undefined),
    agentsOf: () => [],
    businessHours: hoursNamed,
    slotCalendar: () => new SlotCalendar(settings, hoursNamed('office'), undefined),
    numberRule: () => undefined,
    isOpen: (_: string, atMs: number) => hoursNamed('office').isOpen(atMs),
  };
  const house = new House({}, directory);
  house.open();
  const { clock, engine, store, telephony } = house;
  const dayMs = 24 * HOUR_MS;
  const midnightMs = Math.ceil(clock.nowMs() / dayMs) * dayMs;
  clock.advance(midnightMs + hour * HOUR_MS - clock.nowMs());
  const application = new ApplicationService({
    callIn: deskWithoutGroups,
    ...(numberGate && { numberGate }),
    ...engine,
    unitOfWork: store,
    directory,
    telephony,
    nowMs: () => clock.nowMs(),
    openCallbackCount: () => 0,
    loads: () => ({ inboundCallCount: 0, customerCallCount: 0, openCallbacks: [] }),
    health: () => [],
    ready: () => true,
  });
  return {
    application,
    /** An hour of the same day. */
    at: (other: number): number => midnightMs + other * HOUR_MS,
    ask: async (desiredAtMs?: number, customerNumber = '+12125550147'): Promise<Callback | Refusal> => {
      const outcome = await application.createCallback(
        {
          virtualQueue: 'support',
          customerNumber,
          ...(desiredAtMs !== undefined && { desiredAtMs }),
        },
        { kind: 'api-key', id: 'key_1' },
      );
      return outcome.ok ? outcome.value : outcome.refusal;
    },
  };
}

const refusedFor = (what: string, reason: string) => ({ kind: 'not-bookable', what, reason });

describe('a callback at once', () => {
  test.each([
    ['in hours', 12, {}, { state: 'QUEUED' }],
    ['before opening', 8, {}, refusedFor('immediate', 'closed')],
    ['before opening, on a lenient queue', 8, { bookingCheck: 'lenient' }, { state: 'QUEUED' }],
    ['in the blackout', 16.5, { immediateBlackoutMin: 30 }, refusedFor('immediate', 'blackout')],
    [
      'before the offer hours',
      9.5,
      { immediateOfferHours: 'offers' },
      refusedFor('immediate', 'outside-offer-hours'),
    ],
    ['switched off', 12, { immediateEnabled: false }, refusedFor('immediate', 'disabled')],
  ] as const)('%s', async (_, hour, changes, expected) => {
    expect(await counter(hour, changes).ask()).toMatchObject(expected);
  });
});

describe('a callback for a time', () => {
  test.each([
    ['that is free, asked for while closed', 8, 11, {}, { state: 'SCHEDULED' }],
    ['before opening', 12, 8 + 24, {}, { kind: 'slot-full', reason: 'closed' }],
    ['of no capacity', 8, 11, { slotCapacity: 0 }, { kind: 'slot-full', reason: 'no-capacity', free: [] }],
    ['beyond the last day', 8, 11 + 72, { maxFutureDays: 3 }, { kind: 'slot-full', reason: 'too-far' }],
    ['switched off', 8, 11, { scheduledEnabled: false }, refusedFor('scheduled', 'disabled')],
    [
      'switched off, on a lenient queue',
      8,
      11,
      { scheduledEnabled: false, bookingCheck: 'lenient' },
      { state: 'SCHEDULED' },
    ],
    ['before opening, on a lenient queue', 12, 8 + 24, { bookingCheck: 'lenient' }, { state: 'SCHEDULED' }],
    [
      'before opening, on a lenient queue that rejects it',
      12,
      8 + 24,
      { bookingCheck: 'lenient', rejectOutsideHours: true },
      { reason: 'closed' },
    ],
  ] as const)('%s', async (_, hour, wish, changes, expected) => {
    const { ask, at } = counter(hour, changes);
    expect(await ask(at(wish))).toMatchObject(expected);
  });

  test('before opening is told the first slots of the day', async () => {
    const { ask, at } = counter(12);
    const refusal = await ask(at(8 + 24));
    const free = 'free' in refusal ? refusal.free.slice(0, 2).map(({ startMs }) => startMs) : [];
    expect(free).toEqual([at(9 + 24), at(9.25 + 24)]);
  });

  test('that was free a moment ago is refused to the second who asks', async () => {
    const { ask, at } = counter(8);
    const outcomes = await Promise.all([ask(at(11)), ask(at(11))]);
    expect(outcomes.map((outcome) => ('state' in outcome ? outcome.state : '')).sort()).toEqual([
      '',
      'SCHEDULED',
    ]);
  });
});

describe('availability and open-for', () => {
  test('list what can be booked, and not what is not', async () => {
    const { application, ask, at } = counter(15.5);
    await ask(at(16));
    const range = { fromMs: at(0), toMs: at(24), max: 10 };
    const found = await application.availability('support', range);
    expect(found?.slots.map(({ startMs }) => startMs)).toEqual(
      [15.5, 15.75, 16.25, 16.5, 16.75].map((hour) => at(hour)),
    );
    expect(await application.availability('none', range)).toBeUndefined();
    const near = await application.availability('support', { aroundMs: at(16), max: 1 });
    expect(near?.slots).toMatchObject([{ startMs: at(16.25), freeCount: 1 }]);
  });

  test('tell until when the queue is open', () => {
    const { application, at } = counter(16, { immediateBlackoutMin: 60 });
    expect(application.openFor('support')).toMatchObject({
      open: true,
      openForSec: 3600,
      immediate: { allowed: false, reason: 'blackout' },
    });
    expect(application.openFor('support', at(12))).toMatchObject({
      openForSec: 18_000,
      immediate: { allowed: true },
    });
    expect(application.openFor('none')).toBeUndefined();
  });
});

describe('a number asked for too often', () => {
  test('is refused with the time to wait, however it is written, and others are not', async () => {
    const counts = new Map<string, number>();
    const gate: NumberGate = {
      max: 1,
      windowMs: HOUR_MS,
      take: (e164) => {
        const count = (counts.get(e164) ?? 0) + 1;
        counts.set(e164, count);
        return count > 1 ? 1800 : 0;
      },
    };
    const { ask } = counter(12, {}, gate);
    expect(await ask(undefined, '+12125550147')).toMatchObject({ state: 'QUEUED' });
    const refusal = { kind: 'throttled', max: 1, windowMs: HOUR_MS, retryAfterSec: 1800 };
    expect(await ask(undefined, '(212) 555-0147')).toEqual(refusal);
    expect(await ask(undefined, '+12125550148')).toMatchObject({ state: 'QUEUED' });
  });
});
