import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/kernel/errors.ts';
import type { StorageTx } from '../../../src/adapters/storage/storage-tx.ts';
import { aCallback, implementations, type TestedStorage } from './implementations.ts';

describe.each(implementations)('transactions in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  const openCount = async (): Promise<number> =>
    (await tested.storage.transact((tx) => tx.openCallbacks())).length;

  it('shares one commit among works that come together', async () => {
    const before = tested.storage.commitCount;
    const works = Array.from({ length: 40 }, () =>
      tested.storage.transact((tx) => tx.insertCallback(aCallback())),
    );
    await Promise.all(works);
    expect(tested.storage.commitCount - before).toBeLessThan(40);
    expect(await openCount()).toBe(40);
  });

  it('rolls back a failed work and nothing of its neighbours', async () => {
    const works = Array.from({ length: 30 }, (_, index) =>
      tested.storage.transact(async (tx) => {
        await tx.insertCallback(aCallback());
        if (index % 3 === 0) throw new AppError('TEST_REFUSED', 'no');
        return index;
      }),
    );
    const outcomes = await Promise.allSettled(works);
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed).toHaveLength(10);
    expect(failed[0]).toMatchObject({ reason: { code: 'TEST_REFUSED' } });
    expect(outcomes[1]).toEqual({ status: 'fulfilled', value: 1 });
    expect(await openCount()).toBe(20);
  });

  it('runs works one after another, so that none sees half of another', async () => {
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 10 }, () =>
        tested.storage.transact(async (tx) => {
          await tx.insertCallback(aCallback());
          seen.push((await tx.openCallbacks()).length);
          await tx.insertCallback(aCallback());
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => index * 2 + 1));
  });

  it('lets prompt works go before patient ones that came earlier, each kind in its order', async () => {
    const seen: string[] = [];
    const work = (name: string, turn?: 'prompt' | 'patient'): Promise<void> =>
      tested.storage.transact(async (tx) => {
        await tx.insertCallback(aCallback());
        seen.push(name);
      }, turn);
    await Promise.all([work('a', 'patient'), work('b', 'patient'), work('c'), work('d', 'prompt')]);
    expect(seen).toEqual(['c', 'd', 'a', 'b']);
  });

  it('gives a later work what an earlier one stored', async () => {
    const callback = aCallback();
    const [, found] = await Promise.all([
      tested.storage.transact((tx) => tx.insertCallback(callback)),
      tested.storage.transact((tx) => tx.findCallback(callback.id)),
    ]);
    expect(found).toEqual(callback);
  });

  it('refuses the use of a transaction after its end', async () => {
    let kept: StorageTx | undefined;
    await tested.storage.transact(async (tx) => {
      kept = tx;
    });
    await expect(kept?.openCallbacks()).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
  });

  it('rolls back a work that waits for another transaction instead of waiting for ever', async () => {
    const stalled = tested.storage.transact(async (tx) => {
      await tx.insertCallback(aCallback());
      await tested.storage.transact((inner) => inner.openCallbacks());
    });
    await expect(stalled).rejects.toMatchObject({ code: 'TRANSACTION_STALLED' });
    expect(await openCount()).toBe(0);
  });

  it('refuses works beyond the limit at once and finishes the others', async () => {
    const works = Array.from({ length: 10_010 }, () => tested.storage.transact(async () => 1));
    const outcomes = await Promise.allSettled(works);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: { code: 'STORAGE_OVERLOADED', retryable: true } });
  });

  it('finishes what was asked before the close and refuses what comes after', async () => {
    const { storage } = tested;
    const work = storage.transact((tx) => tx.insertCallback(aCallback()));
    await storage.close();
    await work;
    await expect(storage.transact(async () => 1)).rejects.toMatchObject({ code: 'STORAGE_CLOSED' });
    await tested.reopen();
    expect(await openCount()).toBe(1);
  });

  it('forbids changing and deleting events, except old ones by retention', async () => {
    const { storage } = tested;
    await storage.transact(async (tx) => {
      for (const atMs of [10, 20, 30]) {
        await tx.appendAgentEvent({ agentId: '1001', atMs, kind: 'READY', actor: 'agent', data: {} });
      }
    });
    const statement = (text: string): Promise<unknown> =>
      storage.transact((tx) => sql.raw(text).execute(tx.executor));
    await expect(statement(`update "event" set "kind" = 'X'`)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    await expect(statement('delete from "event"')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await storage.transact((tx) => tx.deleteEventsBefore(20))).toBe(1);
    expect(await storage.transact((tx) => tx.deleteEventsBefore(20))).toBe(0);
    await expect(statement('delete from "event"')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});
