import type { Database, Statement } from 'better-sqlite3';
import type { TransactionTurn } from '../../callback/callback-store.ts';
import { AppError, messageOf } from '../../kernel/errors.ts';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { MetricName, type Metrics } from '../../kernel/metrics.ts';

/** Works that share one commit at most; bounds how long the first waits for the last. */
export const GROUP_WORKS_MAX = 256;
/** A group takes no further work after this; bounds how long the event loop is held before the commit. */
export const GROUP_DURATION_MAX_MS = 4;
/** Works waiting for a group; beyond it callers are refused at once instead of growing memory without end. */
export const WAITING_WORKS_MAX = 10_000;
/** A work that has not ended by then waits for something outside the database and is rolled back. */
export const WORK_DURATION_MAX_MS = 5000;

/** One transaction handed to a work; `end` makes every later use of it throw. */
export interface EndableTx {
  end(): void;
}

interface Waiting<Tx> {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly turn: TransactionTurn;
  readonly askedAtMs: number;
}

interface Done<Tx> {
  readonly waiting: Waiting<Tx>;
  readonly value: unknown;
}

/** What {@link GroupCommitter} works with. */
export interface GroupCommitterOptions<Tx> {
  readonly database: Database;
  readonly clock: Clock;
  readonly makeTx: () => Tx;
  /**
   * Resolves when what was committed is on disk; false: nothing had been written. Default: it is there when
   * the commit returns.
   */
  readonly sync?: () => Promise<boolean>;
  /** The disk did not keep what was committed. The process has to end: nothing is taken any more. */
  readonly onLost?: (error: AppError) => void;
  readonly metrics?: Pick<Metrics, 'observe'>;
}

/**
 * Runs works one after another inside one SQLite transaction, a savepoint each, then commits once and waits
 * for the disk once. A failed work rolls back to its savepoint only. Nothing resolves before it is on disk;
 * when the commit fails nothing of the group is stored and every work of it rejects with STORAGE_FAILED
 * (retryable); when the disk does not keep it every work of it, and every later one, rejects with
 * STORAGE_LOST.
 */
export class GroupCommitter<Tx extends EndableTx> {
  readonly #options: GroupCommitterOptions<Tx>;
  readonly #database: Database;
  readonly #prompt: Waiting<Tx>[] = [];
  readonly #patient: Waiting<Tx>[] = [];
  readonly #statements: Record<'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'undo', Statement>;
  #scheduled = false;
  #running: Promise<void> | undefined;
  #closed = false;
  #lost: AppError | undefined;
  #groupCount = 0;
  #syncingSinceMs: number | undefined;

  constructor(options: GroupCommitterOptions<Tx>) {
    this.#options = options;
    this.#database = options.database;
    const { database } = options;
    this.#statements = {
      begin: database.prepare('begin immediate'),
      commit: database.prepare('commit'),
      rollback: database.prepare('rollback'),
      savepoint: database.prepare('savepoint "work"'),
      release: database.prepare('release "work"'),
      undo: database.prepare('rollback to "work"'),
    };
  }

  get #waitingCount(): number {
    return this.#prompt.length + this.#patient.length;
  }

  /** Groups committed so far; works divided by groups tells how well commits are shared. */
  get groupCount(): number {
    return this.#groupCount;
  }

  /** How long the commit that is on its way to the disk has waited, ms; 0: none is. */
  get diskWaitMs(): number {
    const sinceMs = this.#syncingSinceMs;
    return sinceMs === undefined ? 0 : this.#options.clock.monotonicMs() - sinceMs;
  }

  /**
   * Resolves with the work's result once it is on disk. Rejects with what `work` threw, or with AppError
   * STORAGE_FAILED, STORAGE_LOST, STORAGE_OVERLOADED, STORAGE_CLOSED or TRANSACTION_STALLED.
   * @param turn default `prompt`; each kind keeps its own order.
   */
  transact<Result>(work: (tx: Tx) => Promise<Result>, turn: TransactionTurn = 'prompt'): Promise<Result> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (this.#closed) return Promise.reject(new AppError('STORAGE_CLOSED', 'the database is closed'));
    if (this.#waitingCount >= WAITING_WORKS_MAX) {
      const message = `more than ${WAITING_WORKS_MAX} transactions wait for the disk`;
      return Promise.reject(new AppError('STORAGE_OVERLOADED', message, { retryable: true }));
    }
    return new Promise<Result>((resolve, reject) => {
      const line = turn === 'patient' ? this.#patient : this.#prompt;
      const askedAtMs = this.#options.clock.monotonicMs();
      line.push({ work, resolve: resolve as (value: unknown) => void, reject, turn, askedAtMs });
      this.#schedule();
    });
  }

  /** Runs what waits, then refuses. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running || this.#waitingCount > 0) {
      if (this.#running) await this.#running;
      else await this.#runGroup();
    }
  }

  // The rest of this turn of the event loop may bring more work for the same commit.
  #schedule(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#running || this.#waitingCount === 0) return;
      void this.#runGroup();
    });
  }

  #runGroup(): Promise<void> {
    this.#running = this.#group().finally(() => {
      this.#running = undefined;
      if (this.#waitingCount > 0) this.#schedule();
    });
    return this.#running;
  }

  async #group(): Promise<void> {
    const done: Done<Tx>[] = [];
    const startedAtMs = this.#options.clock.monotonicMs();
    try {
      this.#statements.begin.run();
    } catch (error) {
      const waiting = [...this.#prompt.splice(0), ...this.#patient.splice(0)];
      for (const { reject } of waiting) reject(storageFailure(error));
      return;
    }
    for (let count = 0; count < GROUP_WORKS_MAX; count++) {
      const waiting = this.#prompt.shift() ?? this.#patient.shift();
      if (!waiting) break;
      if (!(await this.#runWork(waiting, done))) return;
      if (this.#options.clock.monotonicMs() - startedAtMs > GROUP_DURATION_MAX_MS) break;
    }
    this.#groupCount++;
    try {
      this.#statements.commit.run();
    } catch (error) {
      if (this.#database.inTransaction) this.#statements.rollback.run();
      for (const { waiting } of done) waiting.reject(storageFailure(error));
      return;
    }
    try {
      await this.#sync();
    } catch (error) {
      this.#lose(done, error);
      return;
    }
    const { clock, metrics } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const { waiting, value } of done) {
      const { turn, askedAtMs } = waiting;
      metrics?.observe(MetricName.transactionSeconds, (nowMs - askedAtMs) / 1000, { turn });
      waiting.resolve(value);
    }
  }

  async #sync(): Promise<void> {
    const { sync, clock, metrics } = this.#options;
    if (!sync) return;
    this.#syncingSinceMs = clock.monotonicMs();
    try {
      if (await sync()) metrics?.observe(MetricName.diskWaitSeconds, this.diskWaitMs / 1000);
    } finally {
      this.#syncingSinceMs = undefined;
    }
  }

  // SQLite goes on from what it has written; the disk may have a hole there, and would lose what comes after.
  #lose(done: readonly Done<Tx>[], cause: unknown): void {
    const message = `the disk did not keep what was stored: ${messageOf(cause)}`;
    const lost = new AppError('STORAGE_LOST', message, { cause });
    this.#lost = lost;
    const rest = [...this.#prompt.splice(0), ...this.#patient.splice(0)];
    for (const waiting of [...done.map((entry) => entry.waiting), ...rest]) waiting.reject(lost);
    this.#options.onLost?.(lost);
  }

  /** False when the whole group is lost: SQLite itself has rolled back. */
  async #runWork(waiting: Waiting<Tx>, done: Done<Tx>[]): Promise<boolean> {
    this.#statements.savepoint.run();
    const tx = this.#options.makeTx();
    try {
      const value = await this.#bounded(waiting.work, tx);
      tx.end();
      this.#statements.release.run();
      done.push({ waiting, value });
      return true;
    } catch (error) {
      tx.end();
      if (this.#database.inTransaction) {
        this.#statements.undo.run();
        this.#statements.release.run();
        waiting.reject(asOperatingError(error));
        return true;
      }
      // A full disk or an I/O error ends the transaction, and the works before this one with it.
      for (const lost of [...done.map((entry) => entry.waiting), waiting]) lost.reject(storageFailure(error));
      return false;
    }
  }

  #bounded(work: (tx: Tx) => Promise<unknown>, tx: Tx): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let timer: TimerHandle | undefined = this.#options.clock.setTimer(WORK_DURATION_MAX_MS, () => {
        timer = undefined;
        const message = `a transaction did not end within ${WORK_DURATION_MAX_MS} ms; it may only wait for the database`;
        reject(new AppError('TRANSACTION_STALLED', message));
      });
      const settle = (): void => {
        if (timer) this.#options.clock.clearTimer(timer);
      };
      Promise.resolve()
        .then(() => work(tx))
        .then(resolve, reject)
        .finally(settle)
        .catch(() => undefined);
    });
  }
}

function storageFailure(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError('STORAGE_FAILED', `the database failed: ${messageOf(cause)}`, {
    cause,
    retryable: true,
  });
}

function asOperatingError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('SQLITE_') ? storageFailure(error) : error;
}
