import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { SlotDesk } from '../../../src/application/slot-desk.ts';
import type { BookingMode } from '../../../src/application/slot-desk.ts';
import type { ServiceDirectory } from '../../../src/application/service-directory.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';
import { type BookingOutcome, CallbackRunner } from '../../../src/callback/callback-runner.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { type CallbackId, IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { MemoryStore } from '../../../src/simulation/memory-store.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;

/** A desk over a store in memory; time stands still unless a test moves it. */
class Desk {
  readonly clock = new SimulatedClock();
  readonly store = new MemoryStore();
  readonly settings: QueueSettings;
  readonly slots: SlotDesk;
  readonly runner: CallbackRunner;

  constructor(changes: Partial<QueueSettings> = {}) {
    this.settings = aQueue({ slotCapacity: 2, ...changes });
    const { clock, settings, store } = this;
    const directory = {
      queue: (name: string) => (name === 'support' ? settings : undefined),
      slotCalendar: () => new SlotCalendar(settings, undefined, undefined),
      businessHours: () => undefined,
    } as Partial<ServiceDirectory> as ServiceDirectory;
    this.slots = new SlotDesk({ directory, unitOfWork: store, clock });
    this.runner = new CallbackRunner({
      unitOfWork: store,
      clock,
      ids: new IdSource(clock, new SeededRandom(1)),
      log: silentLog,
      settingsOf: () => settings,
      checks: [this.slots.changeCheck()],
      onRecovered: () => undefined,
      onEffect: () => undefined,
      onStored: () => undefined,
    });
  }

  /** The full quarter of an hour that begins `quarters` after the next one. */
  quarter(quarters: number): number {
    return (Math.floor(this.clock.nowMs() / QUARTER_MS) + 1 + quarters) * QUARTER_MS;
  }

  book(desiredAtMs: number, mode: BookingMode = 'strict'): Promise<BookingOutcome> {
    return this.slots.book(this.settings, { mode, desiredAtMs }, (wanted, checks) =>
      this.runner.create(
        {
          virtualQueue: 'support',
          customerNumber: '+12125550123',
          origin: 'api',
          language: 'en',
          ...(wanted !== undefined && { desiredAtMs: wanted }),
        },
        { kind: 'customer' },
        checks,
      ),
    );
  }

  /** Callbacks and unexpired holds of every slot that has any. */
  takenBySlot(): Promise<Map<number, number>> {
    return this.store.transact(async (tx) => {
      const taken = new Map<number, number>();
      for (const { atMs, count } of await tx.takenPlaces('support', 0, Infinity, this.clock.nowMs())) {
        const startMs = atMs - (atMs % QUARTER_MS);
        taken.set(startMs, (taken.get(startMs) ?? 0) + count);
      }
      return taken;
    });
  }

  async takenCount(startMs: number): Promise<number> {
    return (await this.takenBySlot()).get(startMs) ?? 0;
  }
}

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

async function timeOf(outcome: Promise<BookingOutcome>): Promise<number | string> {
  const booked = await outcome;
  return booked.kind === 'refused' ? booked.refusal.kind : booked.callback.desiredAtMs;
}

describe('a strict booking', () => {
  test('takes any time in a slot while there is room, then is refused with the nearest ones', async () => {
    const atMs = desk.quarter(4) + 7 * MINUTE_MS;
    expect(await timeOf(desk.book(atMs))).toBe(atMs);
    expect(await timeOf(desk.book(desk.quarter(4)))).toBe(desk.quarter(4));
    const third = await desk.book(atMs);
    expect(third).toMatchObject({ kind: 'refused', refusal: { kind: 'slot-full', reason: 'full' } });
    const free = third.kind === 'refused' && third.refusal.kind === 'slot-full' ? third.refusal.free : [];
    expect(free.slice(0, 2).map(({ startMs }) => startMs)).toEqual([desk.quarter(5), desk.quarter(3)]);
    expect(desk.store.callbacks.size).toBe(2);
  });

  test('of an immediate callback needs no slot', async () => {
    for (let count = 0; count < 5; count++)
      expect(await timeOf(desk.book(desk.clock.nowMs()))).toBeTypeOf('number');
  });

  test('is refused beyond maxFutureDays', async () => {
    const tooFarMs = desk.clock.nowMs() + 30 * 86_400_000;
    expect(await desk.book(tooFarMs)).toMatchObject({ refusal: { reason: 'too-far' } });
  });
});

describe('a lenient booking', () => {
  test('moves from a full slot to the nearest free one', async () => {
    const fullMs = desk.quarter(4);
    await desk.book(fullMs);
    await desk.book(fullMs);
    expect(await timeOf(desk.book(fullMs, 'lenient'))).toBe(desk.quarter(5));
  });

  test('is taken as asked where nothing is free at all', async () => {
    desk = new Desk({ slotCapacity: 0 });
    expect(await timeOf(desk.book(desk.quarter(4), 'lenient'))).toBe(desk.quarter(4));
  });

  test('is still refused beyond maxFutureDays', async () => {
    const tooFarMs = desk.clock.nowMs() + 31 * 86_400_000;
    expect(await timeOf(desk.book(tooFarMs, 'lenient'))).toBe('slot-full');
  });
});

describe('a proposal', () => {
  const wish = (holderId: string, passed: readonly number[] = []) => ({
    desiredAtMs: desk.quarter(4),
    holderId,
    passed: new Set(passed),
  });

  test('is held for the caller who hears it, and only until it expires', async () => {
    for (const holderId of ['call_a', 'call_b']) await desk.slots.propose('support', wish(holderId));
    expect((await desk.slots.propose('support', wish('call_c')))?.startMs).toBe(desk.quarter(5));
    expect(await timeOf(desk.book(desk.quarter(4)))).toBe('slot-full');
    const freeAgainMs = desk.quarter(4);
    desk.clock.advance(5 * MINUTE_MS);
    expect(await timeOf(desk.book(freeAgainMs))).toBe(freeAgainMs);
  });

  test('is another one each time, and the hold moves with it', async () => {
    const first = await desk.slots.propose('support', wish('call_a'));
    const second = await desk.slots.propose('support', wish('call_a', [first?.startMs ?? 0]));
    expect([first?.startMs, second?.startMs]).toEqual([desk.quarter(4), desk.quarter(5)]);
    expect(await desk.takenCount(desk.quarter(4))).toBe(0);
    expect(await desk.takenCount(desk.quarter(5))).toBe(1);
    await desk.slots.release('call_a');
    expect(await desk.takenCount(desk.quarter(5))).toBe(0);
  });

  test('is booked with the hold used up, not counted twice', async () => {
    desk = new Desk({ slotCapacity: 1 });
    const slot = await desk.slots.propose('support', wish('call_a'));
    const request = {
      virtualQueue: 'support',
      customerNumber: '+12125550123',
      origin: 'ivr',
      language: 'en',
      desiredAtMs: slot?.startMs ?? 0,
    } as const;
    const checks = [desk.slots.check('call_a')];
    expect((await desk.runner.create(request, { kind: 'customer' }, checks)).kind).toBe('booked');
    expect(await desk.takenCount(desk.quarter(4))).toBe(1);
    expect(desk.store.holds.size).toBe(0);
  });
});

describe('another time for a callback', () => {
  const idOf = (outcome: BookingOutcome) =>
    outcome.kind === 'refused' ? 'callback_none' : outcome.callback.id;
  const move = (id: CallbackId, desiredAtMs: number) =>
    desk.runner.reschedule(id, desiredAtMs, { kind: 'user', id: 'anna' });

  test('is refused where it is full, and its own place does not stand in its way', async () => {
    desk = new Desk({ slotCapacity: 1 });
    const one = idOf(await desk.book(desk.quarter(4)));
    const other = idOf(await desk.book(desk.quarter(5)));
    expect(await move(one, desk.quarter(5))).toMatchObject({ kind: 'refused', refusal: { reason: 'full' } });
    expect(await desk.takenCount(desk.quarter(4))).toBe(1);
    expect((await move(one, desk.quarter(4) + MINUTE_MS)).kind).toBe('booked');
    expect((await move(one, desk.quarter(6))).kind).toBe('booked');
    expect(await desk.takenCount(desk.quarter(4))).toBe(0);
    await desk.runner.dispatch(other, { type: 'CANCELLED', by: 'api' }, { kind: 'customer' });
    expect((await move(one, desk.quarter(5))).kind).toBe('booked');
  });

  test('is looked at for a callback that is made again, too', async () => {
    desk = new Desk({ slotCapacity: 1 });
    const id = idOf(await desk.book(desk.quarter(4)));
    await desk.runner.dispatch(id, { type: 'CANCELLED', by: 'api' }, { kind: 'customer' });
    await desk.book(desk.quarter(4));
    const again = (atMs: number) => desk.runner.recreate(id, atMs, { kind: 'user', id: 'anna' });
    expect(await again(desk.quarter(4))).toMatchObject({ kind: 'refused', refusal: { reason: 'full' } });
    expect((await again(desk.quarter(5))).kind).toBe('booked');
  });

  test('is not looked at by a lenient queue', async () => {
    desk = new Desk({ slotCapacity: 0, bookingCheck: 'lenient' });
    const id = idOf(await desk.book(desk.quarter(4), 'lenient'));
    expect((await move(id, desk.quarter(5))).kind).toBe('booked');
  });
});

test('whatever is booked, moved, held and cancelled at the same time, no slot is oversold', async () => {
  const act = fc.record({
    what: fc.constantFrom('book', 'lenient', 'propose', 'release', 'cancel', 'move', 'wait'),
    slot: fc.integer({ min: 0, max: 5 }),
    who: fc.integer({ min: 0, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 }),
      fc.array(fc.array(act, { maxLength: 8 }), { maxLength: 8 }),
      async (slotCapacity, rounds) => {
        const house = new Desk({ slotCapacity, maxFutureDays: 1 });
        for (const round of rounds) {
          await Promise.all(round.map((step) => perform(house, step)));
          // Lenient bookings may be taken as asked only where no slot is free at all.
          const mostTaken = Math.max(0, ...(await house.takenBySlot()).values());
          expect(slotCapacity === 0 || mostTaken <= slotCapacity).toBe(true);
        }
      },
    ),
    { numRuns: 60 },
  );
});

async function perform(house: Desk, step: { what: string; slot: number; who: number }): Promise<void> {
  const atMs = house.quarter(step.slot);
  const holderId = `call_${step.who}`;
  if (step.what === 'book' || step.what === 'lenient') {
    await house.book(atMs, step.what === 'book' ? 'strict' : 'lenient');
  } else if (step.what === 'propose') {
    await house.slots.propose('support', { desiredAtMs: atMs, holderId, passed: new Set() });
  } else if (step.what === 'release') await house.slots.release(holderId);
  else if (step.what === 'wait') house.clock.advance(7 * MINUTE_MS);
  else {
    const open = [...house.store.callbacks.values()].filter(({ state }) => state === 'SCHEDULED');
    const chosen = open[step.slot % Math.max(1, open.length)];
    if (!chosen) return;
    if (step.what === 'move') await house.runner.reschedule(chosen.id, atMs, { kind: 'customer' });
    else await house.runner.dispatch(chosen.id, { type: 'CANCELLED', by: 'api' }, { kind: 'customer' });
  }
}
