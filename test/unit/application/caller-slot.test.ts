import { beforeEach, expect, test } from 'vitest';
import { CallerSlot } from '../../../src/application/caller-slot.ts';
import type { ServiceDirectory } from '../../../src/application/service-directory.ts';
import { SlotDesk } from '../../../src/application/slot-desk.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';
import { AppError } from '../../../src/kernel/errors.ts';
import { type Log, silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { MemoryStore } from '../../../src/simulation/memory-store.ts';
import { aQueue } from '../../fakes/queue-settings.ts';
import { settle } from '../../fakes/fake-telephony.ts';

const settings = aQueue({ slotCapacity: 1, maxFutureDays: 2 });
const directory = {
  queue: () => settings,
  slotCalendar: () => new SlotCalendar(settings, undefined, undefined),
  businessHours: () => undefined,
} as Partial<ServiceDirectory> as ServiceDirectory;

let clock: SimulatedClock;
let store: MemoryStore;
let warnings: string[];
let wishMs: number;
beforeEach(() => {
  clock = new SimulatedClock();
  store = new MemoryStore();
  warnings = [];
  wishMs = Math.ceil(clock.nowMs() / 3_600_000) * 3_600_000 + 3_600_000;
});

function caller(id: string, language = 'en'): CallerSlot {
  const slots = new SlotDesk({ directory, unitOfWork: store, clock });
  const log: Log = { ...silentLog, warn: (_, message) => void warnings.push(message) };
  return new CallerSlot(id, language, { slots, directory, clock, log });
}

const heldBy = (id: string): number | undefined => store.holds.get(id)?.slotStartMs;

test('a caller hears the nearest slot, then the next ones, and holds only the last', async () => {
  const one = caller('call_a');
  const heard: (number | undefined)[] = [];
  for (const next of [false, true, true]) {
    expect(await one.propose('support', { desiredAtMs: wishMs, next })).toEqual({ kind: 'found' });
    heard.push(one.startMs);
  }
  expect(heard.map((startMs) => (Number(startMs) - wishMs) / 60_000)).toEqual([0, 15, -15]);
  expect([...store.holds.keys()]).toEqual(['call_a']);
  expect(heldBy('call_a')).toBe(one.startMs);
});

test('a new wish begins with the nearest again', async () => {
  const one = caller('call_a');
  await one.propose('support', { desiredAtMs: wishMs, next: false });
  await one.propose('support', { desiredAtMs: wishMs, next: true });
  await one.propose('support', { desiredAtMs: wishMs, next: false });
  expect(one.startMs).toBe(wishMs);
});

test('two callers are never proposed the same last place', async () => {
  const [one, other] = [caller('call_a'), caller('call_b')];
  const wish = { desiredAtMs: wishMs, next: false };
  await Promise.all([one.propose('support', wish), other.propose('support', wish)]);
  expect(new Set([one.startMs, other.startMs]).size).toBe(2);
});

test('the end of the call gives the hold up, and only when there may be one', async () => {
  const one = caller('call_a');
  one.release();
  await one.propose('support', { desiredAtMs: wishMs, next: false });
  expect(heldBy('call_a')).toBe(wishMs);
  one.release();
  await settle();
  expect(store.holds.size).toBe(0);
});

test('a hold that cannot be given up is told and left to expire', async () => {
  const one = caller('call_a');
  await one.propose('support', { desiredAtMs: wishMs, next: false });
  store.transact = () => Promise.reject(new AppError('STORAGE_FAILED', 'the disk is full'));
  one.release();
  await settle();
  expect(warnings).toEqual(['a hold on a slot could not be given up']);
});

test.each([
  [true, 'en', { offerAllowed: true, immediateAllowed: true, scheduledAllowed: true, twelveHourClock: true }],
  [true, 'de', { offerAllowed: true, twelveHourClock: false }],
  [false, 'en', { offerAllowed: false, immediateAllowed: false, scheduledAllowed: false }],
])('below the watermark %s, in %s: what may be offered is %j', (below, language, expected) => {
  const facts = caller('call_a', language).facts(settings, 60, below);
  expect(facts).toMatchObject({ ...expected, timeZone: 'UTC' });
  expect(facts.slotAtMs).toBeUndefined();
  expect(Number(facts.bookableUntilMs) - Number(facts.nowMs)).toBe(2 * 86_400_000);
});
