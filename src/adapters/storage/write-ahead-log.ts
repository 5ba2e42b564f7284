import type { Database, Statement } from 'better-sqlite3';
import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { threadEntry } from '../../kernel/thread-entry.ts';
import type { SpawnThread } from '../spawn-thread.ts';
import type { CheckpointOf } from './checkpoint-worker.ts';

/** Rows changed before a checkpoint is asked for; their pages are 2 to 8 MiB of the log. */
export const CHECKPOINT_ROWS = 500;
/** SQLite's own default: about 4 MiB. */
const PAGES_WITHOUT_THREAD = 1000;
/**
 * With so many in the log, 64 MiB, SQLite makes a checkpoint by itself, in the thread that commits: under a
 * load that leaves no pause the log can start anew in no other way.
 */
const PAGES_MAX = 16_384;
const HEAP_MIB_MAX = 32;

const synced = promisify(fdatasync);

export interface WriteAheadLogOptions {
  readonly spawn: SpawnThread<CheckpointOf>;
  readonly log: Log;
}

/**
 * Brings the commits of one database to the disk without holding the event loop. SQLite writes them to its
 * log and does not wait for the disk; {@link WriteAheadLog.sync} does, beside everything else, and a thread
 * brings the log's pages into the database. However slow the disk is, only those wait who have to know.
 */
export class WriteAheadLog {
  readonly #database: Database;
  readonly #options: WriteAheadLogOptions;
  readonly #changes: Statement<[], number>;
  readonly #file: number;
  #syncedRows: number;
  #checkpointedRows: number;
  #thread: Worker | undefined;
  #isCheckpointing = false;
  #isThreadLost = false;
  #isClosed = false;

  /** @param database open in WAL mode, outside a transaction. */
  constructor(database: Database, options: WriteAheadLogOptions) {
    this.#database = database;
    this.#options = options;
    // The log's own order needs no waiting: after a power cut it ends with a whole commit.
    database.pragma('synchronous = normal');
    database.pragma(`wal_autocheckpoint = ${PAGES_MAX}`);
    this.#changes = database.prepare<[], number>('select total_changes()').pluck();
    this.#syncedRows = this.#changes.get() ?? 0;
    this.#checkpointedRows = this.#syncedRows;
    // There since the database was opened, until it is closed; no locks are kept on it.
    this.#file = openSync(`${database.name}-wal`, 'r+');
  }

  /**
   * Resolves when all that has been committed is on disk; false: it was already. Rejects when the disk
   * refuses: what of it is there is then unknown, and nothing that comes later can be relied on.
   */
  async sync(): Promise<boolean> {
    const rows = this.#changes.get() ?? 0;
    if (rows === this.#syncedRows) return false;
    await synced(this.#file);
    this.#syncedRows = rows;
    if (rows - this.#checkpointedRows >= CHECKPOINT_ROWS) this.#checkpoint(rows);
    return true;
  }

  /** To be called before the database is closed. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#thread?.terminate();
    closeSync(this.#file);
  }

  /** Begins one unless one goes on: the next commit asks again. */
  #checkpoint(rows: number): void {
    if (this.#isCheckpointing || this.#isThreadLost) return;
    this.#checkpointedRows = rows;
    this.#isCheckpointing = true;
    this.#thread ??= this.#start();
    this.#thread.postMessage('begin', []);
  }

  #start(): Worker {
    const { spawn } = this.#options;
    const entry = threadEntry('./checkpoint-worker', import.meta.url);
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MIB_MAX };
    const thread = spawn(entry, 'checkpoints', { path: this.#database.name }, { resourceLimits });
    thread.on('message', () => {
      this.#isCheckpointing = false;
    });
    thread.once('error', (error) => this.#lost(error));
    thread.once('exit', (code) => this.#lost(new Error(`the thread ended with ${code}`)));
    thread.unref();
    return thread;
  }

  /** SQLite makes its checkpoints by itself from now on. */
  #lost(cause: Error): void {
    if (this.#isThreadLost || this.#isClosed) return;
    this.#isThreadLost = true;
    this.#database.pragma(`wal_autocheckpoint = ${PAGES_WITHOUT_THREAD}`);
    this.#options.log.warn({ cause: messageOf(cause) }, 'checkpoints hold up calls from now on');
  }
}
