import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Attempt, Callback, CallbackEvent } from '../../../src/callback/callback.ts';
import { aCallback, implementations, testIds, type TestedStorage } from './implementations.ts';

describe.each(implementations)('callbacks in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  const store = (...callbacks: Callback[]): Promise<void> =>
    tested.storage.transact(async (tx) => {
      for (const callback of callbacks) await tx.insertCallback(callback);
    });
  const find = (id: string): Promise<Callback | undefined> =>
    tested.storage.transact((tx) => tx.findCallback(id));

  it('gives back after a restart exactly what was stored', async () => {
    const plain = aCallback();
    const full = aCallback({
      state: 'COMPLETED',
      subState: 'connected',
      reason: 'COMPLETED_BY_AGENT',
      originCallId: testIds.next('call'),
      agentId: '1001',
      attemptId: testIds.next('attempt'),
      dueAtMs: 5,
      completedAtMs: 9_007_199_254_740_991,
      userData: { 'with "quotes"': "O'Hara; drop table callback; --", empty: '', emoji: '☎️' },
      details: { channel: 'WEB', pushTargets: [{ channel: 'FCM', target: 'token "1"' }] },
    });
    await store(plain, full);
    await tested.reopen();
    expect(await find(plain.id)).toEqual(plain);
    expect(await find(full.id)).toEqual(full);
    expect(await find('callback_unknown')).toBeUndefined();
  });

  it('stores a change of the version before only', async () => {
    const first = aCallback();
    await store(first);
    const second: Callback = { ...first, state: 'ROUTING', subState: 'dialing', version: 2 };
    await tested.storage.transact((tx) => tx.updateCallback(second));
    expect(await find(first.id)).toEqual(second);
    const late = tested.storage.transact((tx) => tx.updateCallback({ ...first, version: 2 }));
    await expect(late).rejects.toMatchObject({ code: 'CALLBACK_CHANGED', retryable: true });
    const unknown = tested.storage.transact((tx) => tx.updateCallback(aCallback({ version: 2 })));
    await expect(unknown).rejects.toMatchObject({ code: 'CALLBACK_CHANGED' });
    expect(await find(first.id)).toEqual(second);
  });

  it('lists the open ones by priority, place and id', async () => {
    const older = aCallback({ placeAtMs: 100 });
    const younger = aCallback({ placeAtMs: 200 });
    const twin = aCallback({ placeAtMs: 200 });
    const important = aCallback({ placeAtMs: 300, priority: 5 });
    const done = aCallback({ state: 'COMPLETED', priority: 9 });
    await store(twin, done, younger, important, older);
    const open = await tested.storage.transact((tx) => tx.openCallbacks());
    const sameAge = [younger.id, twin.id].sort();
    expect(open.map(({ id }) => id)).toEqual([important.id, older.id, ...sameAge]);
    const counts = await tested.storage.transact((tx) => tx.openCallbackCounts());
    expect([...counts]).toEqual([['support', 4]]);
  });

  it('finds what is due, earliest first, and the next due time', async () => {
    const late = aCallback({ dueAtMs: 300 });
    const early = aCallback({ dueAtMs: 100 });
    const exact = aCallback({ dueAtMs: 200 });
    await store(late, early, exact, aCallback(), aCallback({ dueAtMs: 1, state: 'COMPLETED' }));
    const due = (nowMs: number, limit: number): Promise<string[]> =>
      tested.storage.transact(async (tx) => (await tx.dueCallbacks(nowMs, limit)).map(({ id }) => id));
    expect(await due(200, 10)).toEqual([early.id, exact.id]);
    expect(await due(300, 2)).toEqual([early.id, exact.id]);
    expect(await due(99, 10)).toEqual([]);
    expect(await tested.storage.transact((tx) => tx.nextDueAtMs())).toBe(100);
  });

  it('finds what is to be purged: in the line or between attempts, earliest first', async () => {
    const inLine = aCallback({ purgeAtMs: 200 });
    const retry = { state: 'SCHEDULED', subState: 'retry-wait' } as const;
    const between = aCallback({ ...retry, purgeAtMs: 100 });
    const never = aCallback();
    const talking = aCallback({ state: 'PROCESSING', subState: 'connected', purgeAtMs: 1 });
    const later = aCallback({ state: 'SCHEDULED', subState: 'due-later', purgeAtMs: 1 });
    const done = aCallback({ state: 'COMPLETED', reason: 'NO_AGENT', purgeAtMs: 1 });
    await store(inLine, between, never, talking, later, done);
    const old = (nowMs: number, limit: number): Promise<string[]> =>
      tested.storage.transact(async (tx) => (await tx.purgeableCallbacks(nowMs, limit)).map(({ id }) => id));
    expect(await old(200, 10)).toEqual([between.id, inLine.id]);
    expect(await old(200, 1)).toEqual([between.id]);
    expect(await old(99, 10)).toEqual([]);
    expect(await tested.storage.transact((tx) => tx.nextPurgeAtMs())).toBe(100);
  });

  it('deletes ended callbacks by desired time with their attempts, never an open one, and keeps the events', async () => {
    const ended = { state: 'COMPLETED', reason: 'NO_AGENT' } as const;
    const first = aCallback({ ...ended, desiredAtMs: 10 });
    const second = aCallback({ ...ended, desiredAtMs: 20 });
    const young = aCallback({ ...ended, desiredAtMs: 30 });
    const open = aCallback({ desiredAtMs: 5 });
    await store(first, second, young, open);
    await tested.storage.transact(async (tx) => {
      await tx.insertAttempt({
        id: testIds.next('attempt'),
        callbackId: first.id,
        number: 1,
        startedAtMs: 10,
        answeredAtMs: null,
        endedAtMs: null,
        result: null,
        termination: null,
        confirmed: false,
      });
      const { state, subState } = first;
      const actor = { kind: 'customer' } as const;
      await tx.appendEvent({
        callbackId: first.id,
        atMs: 10,
        kind: 'CREATED',
        actor,
        state,
        subState,
        data: {},
      });
    });
    const remove = (limit: number): Promise<number> =>
      tested.storage.transact((tx) => tx.deleteEndedCallbacks(30, limit));
    expect(await remove(1)).toBe(1);
    expect(await tested.storage.transact((tx) => tx.findCallback(first.id))).toBeUndefined();
    expect(await tested.storage.transact((tx) => tx.attemptsOf(first.id))).toEqual([]);
    expect(await tested.storage.transact((tx) => tx.eventsOf(first.id, 10))).toHaveLength(1);
    expect(await remove(10)).toBe(1);
    expect(await remove(10)).toBe(0);
    const left = await tested.storage.transact((tx) => tx.listCallbacks({ limit: 10 }));
    expect(left.map(({ id }) => id).sort()).toEqual([young.id, open.id].sort());
  });

  it('has no next due time when nothing is due', async () => {
    await store(aCallback());
    expect(await tested.storage.transact((tx) => tx.nextDueAtMs())).toBeUndefined();
  });

  it('lists by every filter, newest first, in pages', async () => {
    const a = aCallback({ createdAtMs: 1, virtualQueue: 'sales' });
    const b = aCallback({ createdAtMs: 2, customerNumber: '+12025550199' });
    const c = aCallback({ createdAtMs: 3, state: 'COMPLETED' });
    await store(a, b, c);
    const list = (filter: object): Promise<string[]> =>
      tested.storage.transact(async (tx) =>
        (await tx.listCallbacks({ limit: 10, ...filter })).map(({ id }) => id),
      );
    expect(await list({})).toEqual([c.id, b.id, a.id]);
    expect(await list({ limit: 2 })).toEqual([c.id, b.id]);
    expect(await list({ limit: 2, afterId: b.id })).toEqual([a.id]);
    expect(await list({ virtualQueue: 'sales' })).toEqual([a.id]);
    expect(await list({ customerNumber: '+12025550199' })).toEqual([b.id]);
    expect(await list({ states: ['COMPLETED', 'ROUTING'] })).toEqual([c.id]);
    expect(await list({ states: [] })).toEqual([]);
    expect(await list({ createdFromMs: 2, createdToMs: 2 })).toEqual([b.id]);
  });

  it('keeps attempts and refuses the same attempt a second time', async () => {
    const callback = aCallback();
    const attempt: Attempt = {
      id: testIds.next('attempt'),
      callbackId: callback.id,
      number: 1,
      startedAtMs: 10,
      answeredAtMs: null,
      endedAtMs: null,
      result: null,
      termination: null,
      confirmed: false,
    };
    await store(callback);
    await tested.storage.transact((tx) => tx.insertAttempt(attempt));
    const ended: Attempt = {
      ...attempt,
      endedAtMs: 20,
      result: 'BUSY',
      termination: { bucket: 'unreachable', reason: 'busy', sipStatus: 486 },
      confirmed: true,
    };
    await tested.storage.transact((tx) => tx.updateAttempt(ended));
    const twice = tested.storage.transact((tx) =>
      tx.insertAttempt({ ...attempt, id: testIds.next('attempt') }),
    );
    await expect(twice).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await tested.storage.transact((tx) => tx.attemptsOf(callback.id))).toEqual([ended]);
    expect(await tested.storage.transact((tx) => tx.findAttempt(attempt.id))).toEqual(ended);
    const unknown = tested.storage.transact((tx) => tx.updateAttempt({ ...ended, id: 'attempt_x' }));
    await expect(unknown).rejects.toMatchObject({ code: 'ATTEMPT_UNKNOWN' });
  });

  it('keeps the history in order and shows its newest part', async () => {
    const callback = aCallback();
    const event = (kind: string): CallbackEvent => ({
      callbackId: callback.id,
      atMs: 10,
      kind,
      actor: { kind: 'agent', id: '1001' },
      state: 'QUEUED',
      subState: null,
      data: { why: kind, nested: { list: [1, null] } },
    });
    await tested.storage.transact(async (tx) => {
      await tx.insertCallback(callback);
      for (const kind of ['A', 'B', 'C']) await tx.appendEvent(event(kind));
      await tx.appendAgentEvent({ agentId: callback.id, atMs: 1, kind: 'X', actor: 'agent', data: {} });
    });
    const events = (limit: number): Promise<CallbackEvent[]> =>
      tested.storage.transact((tx) => tx.eventsOf(callback.id, limit));
    expect(await events(10)).toEqual([event('A'), event('B'), event('C')]);
    expect((await events(2)).map(({ kind }) => kind)).toEqual(['B', 'C']);
  });
});
