import BetterSqlite3, { type Database } from 'better-sqlite3';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EndableTx, GroupCommitter } from '../../../src/adapters/storage/group-committer.ts';
import { CHECKPOINT_ROWS, WriteAheadLog } from '../../../src/adapters/storage/write-ahead-log.ts';
import { spawnWorker } from '../../../src/embedded/worker-supervisor.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import type { AppError } from '../../../src/kernel/errors.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { MetricName } from '../../../src/kernel/metrics.ts';

interface Tx extends EndableTx {
  put(value: number): void;
}

/** Waits for the disk that only the test lets go on. */
class HeldDisk {
  readonly #waiting: { resolve: (hasWaited: boolean) => void; reject: (error: Error) => void }[] = [];

  readonly sync = (): Promise<boolean> =>
    new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });

  get waitingCount(): number {
    return this.#waiting.length;
  }

  letGo(): void {
    this.#waiting.shift()?.resolve(true);
  }

  refuse(): void {
    this.#waiting.shift()?.reject(new Error('EIO: i/o error, fdatasync'));
  }
}

describe('what is committed and not yet on disk', () => {
  let database: Database;
  let disk: HeldDisk;
  let lost: AppError[];
  let observed: string[];
  let committer: GroupCommitter<Tx>;
  const stored = (): number => database.prepare<[], number>('select count(*) from "t"').pluck().get() ?? -1;
  const put = (value: number): Promise<number> =>
    committer.transact(async (tx) => {
      tx.put(value);
      return value;
    });

  beforeEach(() => {
    database = new BetterSqlite3(':memory:');
    database.exec('create table "t" ("value" integer)');
    const insert = database.prepare('insert into "t" values (?)');
    disk = new HeldDisk();
    lost = [];
    observed = [];
    committer = new GroupCommitter({
      database,
      clock: new SystemClock(),
      makeTx: (): Tx => ({ end: () => undefined, put: (value) => void insert.run(value) }),
      sync: disk.sync,
      onLost: (error) => lost.push(error),
      metrics: { observe: (name, _seconds, { turn = '' } = {}) => observed.push(`${name} ${turn}`) },
    });
  });
  afterEach(() => database.close());

  it('is not answered, and what comes meanwhile waits for the next commit', async () => {
    const answered: number[] = [];
    const first = put(1).then((value) => answered.push(value));
    await vi.waitFor(() => expect(disk.waitingCount).toBe(1));
    const second = put(2).then((value) => answered.push(value));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answered).toEqual([]);
    expect(stored()).toBe(1);
    expect(committer.diskWaitMs).toBeGreaterThan(10);
    disk.letGo();
    await first;
    await vi.waitFor(() => expect(disk.waitingCount).toBe(1));
    expect(answered).toEqual([1]);
    disk.letGo();
    await second;
    expect([answered, stored(), committer.groupCount]).toEqual([[1, 2], 2, 2]);
    expect(committer.diskWaitMs).toBe(0);
    const each = [`${MetricName.diskWaitSeconds} `, `${MetricName.transactionSeconds} prompt`];
    expect(observed).toEqual([...each, ...each]);
  });

  it('is waited for when the database is closed', async () => {
    const first = put(1);
    const closed = committer.close();
    await vi.waitFor(() => expect(disk.waitingCount).toBe(1));
    disk.letGo();
    await closed;
    await expect(first).resolves.toBe(1);
  });

  it('is lost with all that waits when the disk refuses, and nothing is taken any more', async () => {
    const first = put(1);
    await vi.waitFor(() => expect(disk.waitingCount).toBe(1));
    const second = put(2);
    disk.refuse();
    await expect(first).rejects.toMatchObject({ code: 'STORAGE_LOST' });
    await expect(second).rejects.toMatchObject({ code: 'STORAGE_LOST' });
    await expect(put(3)).rejects.toMatchObject({
      code: 'STORAGE_LOST',
      message: 'the disk did not keep what was stored: EIO: i/o error, fdatasync',
    });
    expect(lost).toHaveLength(1);
    expect(disk.waitingCount).toBe(0);
    await committer.close();
  });
});

describe('the write-ahead log', () => {
  let folder: string;
  let database: Database;
  let threads: Worker[];
  let warnings: string[];
  let log: WriteAheadLog;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'turnkeeper-log-'));
    database = new BetterSqlite3(join(folder, 'test.db'));
    database.pragma('journal_mode = wal');
    database.exec('create table "t" ("text" text)');
    database.pragma('wal_checkpoint(truncate)');
    threads = [];
    warnings = [];
    log = new WriteAheadLog(database, {
      spawn: (...how) => {
        const thread = spawnWorker(...how);
        threads.push(thread);
        return thread;
      },
      log: { ...silentLog, warn: (_fields, message) => warnings.push(message) },
    });
  });
  afterEach(async () => {
    await log.close();
    await log.close();
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = async (rows: number): Promise<void> => {
    const insert = database.prepare('insert into "t" values (?)');
    database.transaction(() => {
      for (let row = 0; row < rows; row++) insert.run('x'.repeat(1000));
    })();
    expect([await log.sync(), await log.sync()]).toEqual([true, false]);
  };
  const databaseBytes = (): number => statSync(database.name).size;
  const ownPages = (): unknown => database.pragma('wal_autocheckpoint', { simple: true });

  it('is brought into the database by a thread when many rows were changed', async () => {
    const bytes = databaseBytes();
    await write(CHECKPOINT_ROWS - 1);
    expect([threads.length, databaseBytes()]).toEqual([0, bytes]);
    await write(1);
    expect(threads).toHaveLength(1);
    await vi.waitFor(() => expect(databaseBytes()).toBeGreaterThan(CHECKPOINT_ROWS * 1000), {
      timeout: 20_000,
    });
    // When all of it is in the database the log starts anew: it is written from its beginning, not made longer.
    const logBytes = (): number => statSync(`${database.name}-wal`).size;
    const isLongerAfter = async (): Promise<boolean> => {
      const before = logBytes();
      await write(10);
      return logBytes() > before;
    };
    await vi.waitFor(async () => expect(await isLongerAfter()).toBe(false), { timeout: 20_000 });
    await write(CHECKPOINT_ROWS);
    await vi.waitFor(() => expect(databaseBytes()).toBeGreaterThan(2 * CHECKPOINT_ROWS * 1000), {
      timeout: 20_000,
    });
    expect([threads.length, warnings]).toEqual([1, []]);
  });

  it("is SQLite's own affair when the thread is lost", async () => {
    await write(CHECKPOINT_ROWS);
    expect(ownPages()).toBe(16_384);
    await threads[0]?.terminate();
    await vi.waitFor(() => expect(warnings).toEqual(['checkpoints hold up calls from now on']));
    expect(ownPages()).toBe(1000);
    await write(10 * CHECKPOINT_ROWS);
    expect(threads).toHaveLength(1);
    expect(databaseBytes()).toBeGreaterThan(CHECKPOINT_ROWS * 1000);
  });
});
