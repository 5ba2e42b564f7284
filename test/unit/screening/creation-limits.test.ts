import { describe, expect, it } from 'vitest';
import { checkLimits, type CreationLimits } from '../../../src/screening/creation-limits.ts';
import type { ScreeningTx } from '../../../src/screening/screening-store.ts';

const none: CreationLimits = { duplicateCheck: 'OFF', throttlePerNumberPerDay: 0, throttlePerService: [] };
const creation = { virtualQueue: 'support', customerNumber: '+12125550111', isImmediate: true };
const HOUR_MS = 3_600_000;

/** `at`: instants of earlier callbacks, newest first; all of the same number. */
function history(openCount: number, at: readonly number[]): ScreeningTx & { asked: number } {
  return {
    asked: 0,
    openCountOfNumber() {
      this.asked++;
      return Promise.resolve(openCount);
    },
    createdAtMsOfRank(_queue, rank) {
      this.asked++;
      return Promise.resolve(at[rank - 1]);
    },
  };
}

describe('checkLimits', () => {
  it.each([
    ['OFF', 99, undefined],
    ['ALLOW_TWO', 1, undefined],
    ['ALLOW_TWO', 2, { kind: 'duplicate', openCount: 2, max: 2 }],
    ['STRICT', 0, undefined],
    ['STRICT', 1, { kind: 'duplicate', openCount: 1, max: 1 }],
  ] as const)('%s with %i open gives %o', async (duplicateCheck, openCount, expected) => {
    const limits = { ...none, duplicateCheck };
    expect(await checkLimits(history(openCount, []), limits, creation, 0)).toEqual(expected);
  });

  it('says when there is room again', async () => {
    const limits = { ...none, throttlePerNumberPerDay: 2 };
    const nowMs = 30 * HOUR_MS;
    const full = history(0, [nowMs - 1, nowMs - HOUR_MS]);
    expect(await checkLimits(full, limits, creation, nowMs)).toEqual({
      kind: 'throttled',
      max: 2,
      windowMs: 24 * HOUR_MS,
      retryAfterSec: 23 * 3600,
    });
    const past = history(0, [nowMs - 1, nowMs - 24 * HOUR_MS]);
    expect(await checkLimits(past, limits, creation, nowMs)).toBeUndefined();
  });

  it('looks at the number only for immediate callbacks', async () => {
    const limits = { ...none, throttlePerNumberPerDay: 1 };
    const scheduled = { ...creation, isImmediate: false };
    expect(await checkLimits(history(0, [0]), limits, scheduled, 1)).toBeUndefined();
  });

  it('asks nothing of the store where nothing is limited', async () => {
    const tx = history(9, [0]);
    expect(await checkLimits(tx, none, creation, 1)).toBeUndefined();
    expect(tx.asked).toBe(0);
  });
});
