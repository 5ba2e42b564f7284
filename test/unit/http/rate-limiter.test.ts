import { afterEach, expect, test, vi } from 'vitest';
import { numberGate } from '../../../src/adapters/http/number-gate.ts';
import { RateLimiter } from '../../../src/adapters/http/rate-limiter.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { newFixture, closeFixtures } from './http-fixture.ts';

closeFixtures();
afterEach(() => vi.restoreAllMocks());

test('a take walks along no keys, however many have been seen, and remembers so many of them', () => {
  const limiter = new RateLimiter(new SimulatedClock(), { perMinuteMax: 60, burstMax: 2 });
  let walkCount = 0;
  for (const walk of ['keys', 'values', 'entries', 'forEach', Symbol.iterator] as const) {
    vi.spyOn(Map.prototype, walk as 'keys').mockImplementation(() => {
      walkCount++;
      return [][Symbol.iterator]() as never;
    });
  }
  let refusedCount = 0;
  for (let key = 0; key < 50_000; key++) refusedCount += limiter.take(`192.0.2.${key}`);
  vi.restoreAllMocks();
  expect([walkCount, refusedCount]).toEqual([0, 0]);
  expect(limiter.keyCount).toBeGreaterThanOrEqual(10_000);
  expect(limiter.keyCount).toBeLessThanOrEqual(20_000);
});

test('a key that is used again is not forgotten in a flood of others', () => {
  const limiter = new RateLimiter(new SimulatedClock(), { perMinuteMax: 60, burstMax: 2 });
  limiter.take('busy');
  limiter.take('busy');
  const waits: number[] = [];
  for (let key = 0; key < 60_000; key++) {
    limiter.take(`other-${key}`);
    if (key % 5000 === 0) waits.push(limiter.take('busy'));
  }
  expect(waits).toEqual(waits.map(() => 1));
  limiter.take('quiet');
  limiter.take('quiet');
  for (let key = 0; key < 20_000; key++) limiter.take(`another-${key}`);
  expect(limiter.take('quiet')).toBe(0);
});

test('a limit that is changed counts from the next take', () => {
  const clock = new SimulatedClock();
  let limit = { perMinuteMax: 60, burstMax: 5 };
  const limiter = new RateLimiter(clock, () => limit);
  for (let count = 0; count < 5; count++) expect(limiter.take('a')).toBe(0);
  expect(limiter.take('a')).toBe(1);
  limit = { perMinuteMax: 6000, burstMax: 100 };
  clock.advance(1000);
  for (let count = 0; count < 100; count++) expect(limiter.take('a')).toBe(0);
  expect(limiter.take('a')).toBe(1);
});

test('callbacks for one number are bounded by the hour, as the limit is at that time', () => {
  const clock = new SimulatedClock();
  let perHourMax = 2;
  const gate = numberGate(clock, () => ({ number: { perHourMax } }), { callbacksPerNumberPerHourMax: 7 });
  expect(numberGate(clock, () => ({}), { callbacksPerNumberPerHourMax: 7 }).max).toBe(7);
  const takes = (count: number): number[] => Array.from({ length: count }, () => gate.take('+12025550123'));
  expect(takes(3)).toEqual([0, 0, 1800]);
  expect(gate.take('+12025550124')).toBe(0);
  clock.advance(1_800_000);
  expect(takes(2)).toEqual([0, 1800]);
  perHourMax = 60;
  expect([gate.max, gate.windowMs]).toEqual([60, 3_600_000]);
  clock.advance(60_000);
  expect(takes(2)).toEqual([0, 60]);
});

test('what the configuration says counts, for addresses and for keys, and the rest stays as installed', async () => {
  let limits = {};
  const rates = {
    addressRate: { perMinuteMax: 6000, burstMax: 100 },
    principalRate: { perMinuteMax: 6000, burstMax: 100 },
  };
  const { ask } = await newFixture(rates, { limits: () => limits });
  const statuses = async (count: number, address: string): Promise<number[]> => {
    const answers: number[] = [];
    for (let at = 0; at < count; at++) {
      answers.push((await ask('GET', '/api/v1/me', { role: 'Monitor', address })).statusCode);
    }
    return [...new Set(answers)];
  };
  expect(await statuses(30, '192.0.2.1')).toEqual([200]);
  limits = { address: { burstMax: 20 } };
  expect(await statuses(21, '192.0.2.2')).toEqual([200, 429]);
  limits = { key: { burstMax: 20 } };
  expect(await statuses(21, '192.0.2.3')).toEqual([200, 429]);
  limits = {};
  expect(await statuses(1, '192.0.2.4')).toEqual([429]);
});
