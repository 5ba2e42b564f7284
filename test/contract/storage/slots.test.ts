import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freeSlots, nearestFree, slotRefusal } from '../../../src/calendar/slot-booking.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import { aCallback, implementations, type TestedStorage } from './implementations.ts';

const MINUTE_MS = 60_000;
const NOON_MS = Date.UTC(2026, 2, 2, 12);
const NOW_MS = NOON_MS - 60 * MINUTE_MS;
const calendar = new SlotCalendar({ slotDurationMin: 15, slotCapacity: 3 }, undefined, undefined);
const queue = { virtualQueue: 'support', calendar, untilMs: NOW_MS + 86_400_000 };

const booked = (desiredAtMs: number, fields: Partial<Callback> = {}): Callback =>
  aCallback({ state: 'SCHEDULED', subState: 'due-later', createdAtMs: NOW_MS - 1, desiredAtMs, ...fields });

describe.each(implementations)('slots in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  const store = (...callbacks: Callback[]): Promise<void> =>
    tested.storage.transact(async (tx) => {
      for (const callback of callbacks) await tx.insertCallback(callback);
    });
  const taken = (fromMs: number, toMs: number, nowMs = NOW_MS, except?: string) =>
    tested.storage.transact((tx) => tx.takenPlaces('support', fromMs, toMs, nowMs, except));
  const hold = (holderId: string, slotStartMs: number, expiresAtMs: number, nowMs = NOW_MS): Promise<void> =>
    tested.storage.transact((tx) =>
      tx.putSlotHold({ holderId, virtualQueue: 'support', slotStartMs, expiresAtMs }, nowMs),
    );
  /** What a booking does: the check and the insert in one transaction. */
  const book = (desiredAtMs: number): Promise<boolean> =>
    tested.storage.transact(async (tx) => {
      const refusal = await slotRefusal(tx, queue, { desiredAtMs, nowMs: NOW_MS });
      if (refusal) return false;
      await tx.insertCallback(booked(desiredAtMs));
      return true;
    });

  it('counts open scheduled callbacks of the queue by their time, in order', async () => {
    await store(
      booked(NOON_MS + 1),
      booked(NOON_MS),
      booked(NOON_MS),
      booked(NOON_MS, { virtualQueue: 'sales' }),
      booked(NOON_MS, { state: 'COMPLETED', subState: null }),
      aCallback({ createdAtMs: NOON_MS, desiredAtMs: NOON_MS }),
      booked(NOON_MS + 15 * MINUTE_MS),
    );
    expect(await taken(NOON_MS, NOON_MS + 15 * MINUTE_MS)).toEqual([
      { atMs: NOON_MS, count: 2 },
      { atMs: NOON_MS + 1, count: 1 },
    ]);
  });

  it('leaves out the callback that asks for itself', async () => {
    const own = booked(NOON_MS);
    await store(own, booked(NOON_MS));
    expect(await taken(NOON_MS, NOON_MS + 1, NOW_MS, own.id)).toEqual([{ atMs: NOON_MS, count: 1 }]);
  });

  it('counts a hold until it expires, one a holder, and gives it up', async () => {
    await hold('call_a', NOON_MS, NOW_MS + 1000);
    await hold('call_b', NOON_MS, NOW_MS + 2000);
    expect(await taken(NOON_MS, NOON_MS + 1)).toEqual([{ atMs: NOON_MS, count: 2 }]);
    expect(await taken(NOON_MS, NOON_MS + 1, NOW_MS, 'call_a')).toEqual([{ atMs: NOON_MS, count: 1 }]);
    expect(await taken(NOON_MS, NOON_MS + 1, NOW_MS + 1000)).toEqual([{ atMs: NOON_MS, count: 1 }]);
    await hold('call_b', NOON_MS + 15 * MINUTE_MS, NOW_MS + 9000);
    expect(await taken(NOON_MS, NOON_MS + 1)).toEqual([{ atMs: NOON_MS, count: 1 }]);
    await tested.storage.transact((tx) => tx.removeSlotHold('call_a'));
    await tested.storage.transact((tx) => tx.removeSlotHold('call_unknown'));
    expect(await taken(NOON_MS, NOON_MS + 1)).toEqual([]);
  });

  it('deletes expired holds when another is made', async () => {
    await hold('call_a', NOON_MS, NOW_MS + 1000);
    await hold('call_b', NOON_MS, NOW_MS + 9000, NOW_MS + 1000);
    // Seen from before its end the first hold would still count if it were there.
    expect(await taken(NOON_MS, NOON_MS + 1, NOW_MS)).toEqual([{ atMs: NOON_MS, count: 1 }]);
  });

  it('keeps bookings and holds over a restart', async () => {
    await store(booked(NOON_MS));
    await hold('call_a', NOON_MS, NOW_MS + 1000);
    await tested.reopen();
    const rows = await taken(NOON_MS, NOON_MS + 1);
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it('never oversells a slot, however many book at the same moment', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, index) => book(NOON_MS + (index % 4) * 5 * MINUTE_MS)),
    );
    // Three places from 12:00 and three from 12:15.
    expect(outcomes.filter(Boolean)).toHaveLength(6);
    const rows = await taken(NOON_MS, NOON_MS + 30 * MINUTE_MS);
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(6);
  });

  it('gives the place that was left to one of two bookings that come together', async () => {
    await store(booked(NOON_MS), booked(NOON_MS));
    expect((await Promise.all([book(NOON_MS), book(NOON_MS)])).sort()).toEqual([false, true]);
  });

  it('proposes the nearest free slots, the later of two equally near first', async () => {
    await store(...[0, 0, 0, 15, 15, 15].map((minutes) => booked(NOON_MS + minutes * MINUTE_MS)));
    const found = await tested.storage.transact((tx) =>
      nearestFree(tx, queue, { desiredAtMs: NOON_MS, nowMs: NOW_MS }, 4),
    );
    expect(found.map(({ startMs }) => (startMs - NOON_MS) / MINUTE_MS)).toEqual([-15, 30, -30, 45]);
    expect(found[0]).toMatchObject({ capacity: 3, freeCount: 3 });
  });

  it('looks for a free slot on later days, and never into the past or beyond the last day', async () => {
    const long = { ...queue, untilMs: NOW_MS + 3 * 86_400_000 };
    const oneADay = new SlotCalendar({ slotDurationMin: 60, slotCapacity: 1 }, undefined, undefined);
    const day = await tested.storage.transact((tx) =>
      freeSlots(
        tx,
        { ...long, calendar: oneADay },
        { fromMs: 0, toMs: NOW_MS + 30 * 3_600_000, nowMs: NOW_MS },
      ),
    );
    await store(...day.map(({ startMs }) => booked(startMs)));
    const found = await tested.storage.transact((tx) =>
      nearestFree(tx, { ...long, calendar: oneADay }, { desiredAtMs: NOW_MS, nowMs: NOW_MS }, 100),
    );
    expect(found).toHaveLength(72 - 30);
    expect(found[0]?.startMs).toBe(NOW_MS + 30 * 3_600_000);
    expect(found.at(-1)?.startMs).toBe(NOW_MS + 71 * 3_600_000);
  });

  it('lists full slots only on request', async () => {
    await store(booked(NOON_MS), booked(NOON_MS + 1), booked(NOON_MS + 2), booked(NOON_MS + 15 * MINUTE_MS));
    const list = (withFull: boolean) =>
      tested.storage.transact(async (tx) => {
        const range = { fromMs: NOON_MS, toMs: NOON_MS + 30 * MINUTE_MS, nowMs: NOW_MS, withFull };
        return (await freeSlots(tx, queue, range)).map(({ freeCount }) => freeCount);
      });
    expect(await list(false)).toEqual([2]);
    expect(await list(true)).toEqual([0, 2]);
  });

  it('says why a time cannot be booked', async () => {
    await store(booked(NOON_MS), booked(NOON_MS), booked(NOON_MS));
    const reason = (desiredAtMs: number) =>
      tested.storage.transact(
        async (tx) => (await slotRefusal(tx, queue, { desiredAtMs, nowMs: NOW_MS }))?.reason,
      );
    expect(await reason(NOON_MS + 14 * MINUTE_MS)).toBe('full');
    expect(await reason(NOON_MS + 15 * MINUTE_MS)).toBeUndefined();
    expect(await reason(queue.untilMs)).toBe('too-far');
  });
});
