import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Callback } from '../../../src/callback/callback.ts';
import { screeningCheck } from '../../../src/callback/screening-check.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { aQueue } from '../../fakes/queue-settings.ts';
import { aCallback, implementations, testIds, type TestedStorage } from './implementations.ts';

const ADA = '+12125550111';
const BEN = '+12125550122';

describe.each(implementations)('duplicate check and throttles in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  function made(atMs: number, changes: Partial<Callback> = {}): Callback {
    return aCallback({
      id: testIds.next('callback'),
      virtualQueue: 'support',
      customerNumber: ADA,
      createdAtMs: atMs,
      placeAtMs: atMs,
      desiredAtMs: atMs,
      ...changes,
    });
  }

  const store = (...callbacks: Callback[]): Promise<void> =>
    tested.storage.transact(async (tx) => {
      for (const callback of callbacks) await tx.insertCallback(callback);
    });

  /** Checks and stores in one transaction, as the runner does. */
  function ask(settings: QueueSettings, callback: Callback): Promise<string> {
    const check = screeningCheck(() => settings);
    return tested.storage.transact(async (tx) => {
      const refusal = await check(tx, { callback, cause: 'create', nowMs: callback.createdAtMs });
      if (refusal) return refusal.kind;
      await tx.insertCallback(callback);
      return 'made';
    });
  }

  it('counts open callbacks of one number on one queue only', async () => {
    await store(
      made(1),
      made(2, { state: 'SCHEDULED', subState: 'due-later', desiredAtMs: 99 }),
      made(3, { state: 'COMPLETED' }),
      made(4, { customerNumber: BEN }),
      made(5, { virtualQueue: 'sales' }),
    );
    const count = (queue: string, number: string): Promise<number> =>
      tested.storage.transact((tx) => tx.openCountOfNumber(queue, number));
    expect(await count('support', ADA)).toBe(2);
    expect(await count('support', BEN)).toBe(1);
    expect(await count('sales', ADA)).toBe(1);
    expect(await count('sales', BEN)).toBe(0);
  });

  it('finds when the n-th newest was made, of the queue or of a number at once', async () => {
    await store(
      made(10),
      made(20, { customerNumber: BEN }),
      made(30, { desiredAtMs: 5000, state: 'SCHEDULED', subState: 'due-later' }),
      made(40, { state: 'COMPLETED' }),
      made(50, { virtualQueue: 'sales' }),
    );
    const rank = (n: number, immediateOf?: string): Promise<number | undefined> =>
      tested.storage.transact((tx) =>
        tx.createdAtMsOfRank('support', n, immediateOf === undefined ? {} : { immediateOf }),
      );
    expect([await rank(1), await rank(2), await rank(4), await rank(5)]).toEqual([40, 30, 10, undefined]);
    expect([await rank(1, ADA), await rank(2, ADA), await rank(3, ADA)]).toEqual([40, 10, undefined]);
  });

  it.each([
    ['OFF', ['made', 'made', 'made', 'made']],
    ['ALLOW_TWO', ['made', 'made', 'duplicate', 'duplicate']],
    ['STRICT', ['made', 'duplicate', 'duplicate', 'duplicate']],
  ] as const)('lets %s pass of four simultaneous requests', async (duplicateCheck, expected) => {
    const settings = aQueue({ duplicateCheck });
    const asked = [1, 1, 1, 1].map((atMs) => ask(settings, made(atMs)));
    expect((await Promise.all(asked)).sort()).toEqual([...expected].sort());
  });

  it('never makes more than the throttle of a number allows, however many ask at once', async () => {
    const settings = aQueue({ duplicateCheck: 'OFF', throttlePerNumberPerDay: 6 });
    const asked = Array.from({ length: 20 }, (_, at) => ask(settings, made(1000 + at)));
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter((outcome) => outcome === 'made')).toHaveLength(6);
    const later = made(1000, { state: 'SCHEDULED', subState: 'due-later', desiredAtMs: 9000 });
    expect(await ask(settings, later)).toBe('made');
    expect(await ask(settings, made(1000, { customerNumber: BEN }))).toBe('made');
    expect(await ask(settings, made(1000 + 86_400_000))).toBe('made');
  });

  it('never makes more than the throttle of the queue allows', async () => {
    const throttlePerService = [
      { max: 3, windowSec: 10 },
      { max: 5, windowSec: 60 },
    ];
    const settings = aQueue({ duplicateCheck: 'OFF', throttlePerNumberPerDay: 0, throttlePerService });
    const burst = (atMs: number): Promise<string[]> =>
      Promise.all([0, 1, 2, 3].map((at) => ask(settings, made(atMs, { customerNumber: `${BEN}${at}` }))));
    const madeOf = async (atMs: number): Promise<number> =>
      (await burst(atMs)).filter((outcome) => outcome === 'made').length;
    expect(await madeOf(0)).toBe(3);
    expect(await madeOf(9_999)).toBe(0);
    expect(await madeOf(10_000)).toBe(2);
    expect(await madeOf(20_001)).toBe(0);
    expect(await madeOf(60_001)).toBe(3);
  });
});
