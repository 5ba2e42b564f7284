import { beforeEach, expect, it } from 'vitest';
import { CaseRetention } from '../../../src/disposition/case-retention.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { MemoryCases } from '../../fakes/memory-cases.ts';

const HOUR_MS = 3_600_000;
const KEPT_MS = 14 * 24 * HOUR_MS;

let clock: SimulatedClock;
let kept: MemoryCases;
let retention: CaseRetention;
let failNext: Error | undefined;

beforeEach(() => {
  clock = new SimulatedClock();
  kept = new MemoryCases();
  failNext = undefined;
  retention = new CaseRetention({
    unitOfWork: {
      transact: async (work) => {
        const error = failNext;
        failNext = undefined;
        if (error) throw error;
        return work({ cases: kept });
      },
    },
    clock,
    log: silentLog,
  });
  retention.start();
});

async function cases(count: number, touchedAtMs: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const facts = { kind: 'call', virtualQueue: 'billing', customerNumber: null, customerData: {} } as const;
    const id = `call_${touchedAtMs}_${at}`;
    await kept.putCaseFile({ ...facts, id, openedAtMs: touchedAtMs, touchedAtMs, version: 1 });
  }
}

async function hours(count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    clock.advance(HOUR_MS);
    await settle();
  }
}

it('deletes every case fourteen days after it was last touched, however many, and no other', async () => {
  await cases(450, clock.nowMs() - KEPT_MS);
  await cases(1, clock.nowMs() - KEPT_MS + 2 * HOUR_MS);
  await hours(1);
  expect(kept.files.size).toBe(1);
  await hours(2);
  expect(kept.files.size).toBe(0);
});

it('tries again in an hour when the store fails', async () => {
  await cases(1, clock.nowMs() - KEPT_MS);
  failNext = new Error('the disk is full');
  await hours(1);
  expect(kept.files.size).toBe(1);
  await hours(1);
  expect(kept.files.size).toBe(0);
});

it('leaves no timer behind', () => {
  retention.close();
  expect(clock.pendingCount).toBe(0);
});
