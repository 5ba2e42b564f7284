import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallIn } from '../../../src/callin/call-in.ts';
import type { CallInFilter } from '../../../src/callin/call-in-store.ts';
import { aCallIn, NOW_MS } from '../../unit/callin/a-call-in.ts';
import { implementations, type TestedStorage } from './implementations.ts';

describe.each(implementations)('call-in requests in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  const store = (...callIns: CallIn[]): Promise<void> =>
    tested.storage.transact(async (tx) => {
      for (const callIn of callIns) await tx.callIns.insertCallIn(callIn);
    });
  const listed = async (filter: Partial<CallInFilter>): Promise<string[]> => {
    const found = await tested.storage.transact((tx) =>
      tx.callIns.listCallIns({ nowMs: NOW_MS, limit: 10, ...filter }),
    );
    return found.map(({ id }) => id);
  };

  it('come back as they were stored', async () => {
    const callIn = aCallIn({
      accessCode: '481905',
      fromNumber: '+493012345678',
      userData: { plan: 'gold' },
      matchedBy: ['code', 'ani'],
    });
    await store(callIn);
    expect(await tested.storage.transact((tx) => tx.callIns.findCallIn(callIn.id))).toEqual(callIn);
  });

  it('change their state once: whoever comes second changes nothing', async () => {
    const callIn = aCallIn();
    await store(callIn);
    const take = (callId: string): Promise<boolean> =>
      tested.storage.transact((tx) =>
        tx.callIns.updateCallIn({ ...callIn, state: 'MATCHED', callId }, 'WAITING'),
      );
    expect(await take('call_1')).toBe(true);
    expect(await take('call_2')).toBe(false);
    const found = await tested.storage.transact((tx) => tx.callIns.findCallIn(callIn.id));
    expect(found).toMatchObject({ state: 'MATCHED', callId: 'call_1' });
  });

  it('are found by code, number called from and number dialled, those that are over left out', async () => {
    await store(
      aCallIn({ id: 'callin_1', accessCode: '481905', toNumber: '+11' }),
      aCallIn({ id: 'callin_2', fromNumber: '+493012345678', toNumber: '+12' }),
      aCallIn({ id: 'callin_3', toNumber: '+493099990001' }),
      aCallIn({ id: 'callin_4', toNumber: '+493099990001', state: 'MATCHED' }),
      aCallIn({ id: 'callin_5', toNumber: '+493099990001', expiresAtMs: NOW_MS - 700_000 }),
      aCallIn({ id: 'callin_6', toNumber: '+493099990002' }),
    );
    const found = await tested.storage.transact((tx) =>
      tx.callIns.callInCandidates({
        code: '481905',
        ani: '+493012345678',
        dialled: '493099990001',
        expiredAfterMs: NOW_MS - 600_000,
      }),
    );
    expect(found.map(({ id }) => id).toSorted()).toEqual(['callin_1', 'callin_2', 'callin_3']);
  });

  it('tell which numbers and codes of a group are in use', async () => {
    await store(
      aCallIn({ id: 'callin_1', accessCode: '1111', expiresAtMs: NOW_MS + 2 }),
      aCallIn({ id: 'callin_2', accessCode: '2222', expiresAtMs: NOW_MS + 1 }),
      aCallIn({ id: 'callin_3', accessCode: '3333', expiresAtMs: NOW_MS }),
      aCallIn({ id: 'callin_4', accessCode: '4444', groupName: 'other' }),
    );
    await tested.storage.transact(async ({ callIns }) => {
      expect(await callIns.countWaiting('app', NOW_MS, 10)).toBe(2);
      expect(await callIns.countWaiting('app', NOW_MS, 1)).toBe(1);
      expect(await callIns.countWaiting('nobody', NOW_MS, 10)).toBe(0);
      expect(await callIns.nextExpiryMs('app', NOW_MS)).toBe(NOW_MS + 1);
      expect(await callIns.nextExpiryMs('nobody', NOW_MS)).toBeUndefined();
      expect(await callIns.waitingNumbers('app', NOW_MS)).toEqual(['493099990001', '493099990001']);
      expect(await callIns.isNumberWaiting('493099990001', NOW_MS)).toBe(true);
      expect(await callIns.isNumberWaiting('+493099990002', NOW_MS)).toBe(false);
      expect(await callIns.isCodeWaiting('4444', NOW_MS)).toBe(true);
      expect(await callIns.isCodeWaiting('3333', NOW_MS)).toBe(false);
    });
  });

  it('are listed newest first, by every filter, a page after the other', async () => {
    await store(
      aCallIn({ id: 'callin_1', fromNumber: '+493012345678', createdAtMs: NOW_MS - 5000 }),
      aCallIn({ id: 'callin_2', groupName: 'other', callbackId: 'callback_1', createdAtMs: NOW_MS - 4000 }),
      aCallIn({ id: 'callin_3', expiresAtMs: NOW_MS - 1, createdAtMs: NOW_MS - 3000 }),
      aCallIn({
        id: 'callin_4',
        state: 'COMPLETED',
        toNumber: '+4411',
        createdAtMs: NOW_MS - 2000,
        createdBy: { kind: 'api-key', id: 'key_other' },
      }),
    );
    expect(await listed({ groupNames: ['other'], limit: 1 })).toEqual(['callin_2']);
    expect(await listed({ groupNames: [] })).toEqual([]);
    expect(await listed({ createdBy: { kind: 'api-key', id: 'key_other' } })).toEqual(['callin_4']);
    expect(await listed({ createdBy: { kind: 'customer' } })).toEqual([]);
    expect(await listed({})).toEqual(['callin_4', 'callin_3', 'callin_2', 'callin_1']);
    expect(await listed({ limit: 2, beforeId: 'callin_3' })).toEqual(['callin_2', 'callin_1']);
    expect(await listed({ groupName: 'other' })).toEqual(['callin_2']);
    expect(await listed({ callbackId: 'callback_1' })).toEqual(['callin_2']);
    expect(await listed({ state: 'WAITING' })).toEqual(['callin_2', 'callin_1']);
    expect(await listed({ state: 'EXPIRED' })).toEqual(['callin_3']);
    expect(await listed({ state: 'COMPLETED' })).toEqual(['callin_4']);
    expect(await listed({ number: '+493012345678' })).toEqual(['callin_1']);
    expect(await listed({ number: '4411' })).toEqual(['callin_4']);
    expect(await listed({ fromMs: NOW_MS - 4000, toMs: NOW_MS - 2000 })).toEqual(['callin_3', 'callin_2']);
  });

  it('keep the newest when trimmed, and tell whose callers were on the line', async () => {
    await store(
      aCallIn({ id: 'callin_1', state: 'COMPLETED' }),
      aCallIn({ id: 'callin_2', state: 'MATCHED' }),
      aCallIn({ id: 'callin_3' }),
    );
    expect(await tested.storage.transact((tx) => tx.callIns.trimCallIns(2, NOW_MS))).toBe(1);
    expect(await listed({})).toEqual(['callin_3', 'callin_2']);
    const matched = await tested.storage.transact((tx) => tx.callIns.matchedCallIns(10));
    expect(matched.map(({ id }) => id)).toEqual(['callin_2']);
  });

  it('keep whose callers may still come, or are on the line, however many newer ones there are', async () => {
    await store(
      aCallIn({ id: 'callin_1', expiresAtMs: NOW_MS - 1 }),
      aCallIn({ id: 'callin_2', expiresAtMs: NOW_MS + 1 }),
      aCallIn({ id: 'callin_3', state: 'MATCHED' }),
      aCallIn({ id: 'callin_4', state: 'FAILED' }),
      aCallIn({ id: 'callin_5' }),
    );
    expect(await tested.storage.transact((tx) => tx.callIns.trimCallIns(1, NOW_MS))).toBe(2);
    expect(await listed({})).toEqual(['callin_5', 'callin_3', 'callin_2']);
  });
});
