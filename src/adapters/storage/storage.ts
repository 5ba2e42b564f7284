import { Kysely } from 'kysely';
import BetterSqlite3, { type Database } from 'better-sqlite3';
import type { TransactionTurn, UnitOfWork } from '../../callback/callback-store.ts';
import type { Clock } from '../../kernel/clock.ts';
import { AppError, messageOf } from '../../kernel/errors.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { GroupCommitter } from './group-committer.ts';
import { migrate } from './migrations/migrations.ts';
import type { Schema } from './schema.ts';
import { PreparedSqliteDialect } from './sqlite-dialect.ts';
import { StorageTx } from './storage-tx.ts';
import { WriteAheadLog, type WriteAheadLogOptions } from './write-ahead-log.ts';
import {
  StoredAccess,
  StoredAreas,
  StoredAudit,
  StoredErrors,
  StoredIdempotency,
  StoredOpenLegs,
  StoredRegistrations,
} from './stores.ts';

/** A reader from outside (a backup, a report) may hold the file this long before we give up. */
const BUSY_TIMEOUT_MS = 2000;

/** What to open. */
export interface StorageOptions {
  /** Path of the database file, or `:memory:`. Its folder must exist. */
  readonly path: string;
  readonly clock: Clock;
  /** Change the schema when it is old. Default true. */
  readonly migrate?: boolean;
  /** Default: nothing is counted. */
  readonly metrics?: Pick<Metrics, 'observe'>;
  /**
   * Wait for the disk beside the event loop. Default: each commit holds it until the disk has it. Not for
   * `:memory:`.
   */
  readonly beside?: WriteAheadLogOptions & {
    /** The disk did not keep what was stored; the process has to end, and starts again from what is there. */
    readonly onLost: (error: AppError) => void;
  };
}

/** Everything that is kept: one SQLite file owned by one process. */
export class Storage implements UnitOfWork<StorageTx> {
  readonly registrations: StoredRegistrations;
  readonly openLegs: StoredOpenLegs;
  readonly access: StoredAccess;
  readonly audit: StoredAudit;
  readonly errors: StoredErrors;
  readonly idempotency: StoredIdempotency;
  readonly areas: StoredAreas;
  /** Names of the migrations that opening has run. */
  readonly migrated: readonly string[];
  readonly #db: Kysely<Schema>;
  readonly #ownership: Database | undefined;
  readonly #committer: GroupCommitter<StorageTx>;
  readonly #writeAheadLog: WriteAheadLog | undefined;

  private constructor(
    { clock, beside, metrics }: StorageOptions,
    database: Database,
    db: Kysely<Schema>,
    ownership: Database | undefined,
    migrated: readonly string[],
  ) {
    this.#db = db;
    this.#ownership = ownership;
    this.migrated = migrated;
    const makeTx = (): StorageTx => new StorageTx(db);
    const log = beside && new WriteAheadLog(database, beside);
    const late = beside && log && { sync: () => log.sync(), onLost: beside.onLost };
    this.#committer = new GroupCommitter({ database, clock, makeTx, ...late, ...(metrics && { metrics }) });
    this.#writeAheadLog = log;
    this.registrations = new StoredRegistrations(this);
    this.openLegs = new StoredOpenLegs(this);
    this.access = new StoredAccess(this);
    this.audit = new StoredAudit(this);
    this.errors = new StoredErrors(this);
    this.idempotency = new StoredIdempotency(this);
    this.areas = new StoredAreas(this);
  }

  /**
   * Opens, takes ownership and migrates.
   * @throws AppError DATABASE_IN_USE, SCHEMA_NEWER, MIGRATION_FAILED or STORAGE_OPEN_FAILED; nothing stays
   * open then.
   */
  static async open(options: StorageOptions): Promise<Storage> {
    const inMemory = options.path === ':memory:';
    const ownership = inMemory ? undefined : takeOwnership(options.path);
    let database: Database | undefined;
    try {
      database = openDatabase(options.path);
      const db = new Kysely<Schema>({ dialect: new PreparedSqliteDialect(database) });
      const migrated = options.migrate === false ? [] : await migrate(db as unknown as Kysely<never>);
      // Every work's savepoint has a journal of the pages that it changes, some 90 kB for a new callback: in
      // files, each group of works would make one and delete it. Migrations sort whole tables: in files.
      database.pragma('temp_store = memory');
      return new Storage(options, database, db, ownership, migrated);
    } catch (error) {
      database?.close();
      ownership?.close();
      if (error instanceof AppError) throw error;
      const message = `the database ${options.path} cannot be opened: ${messageOf(error)}`;
      throw new AppError('STORAGE_OPEN_FAILED', message, { cause: error });
    }
  }

  transact<Result>(work: (tx: StorageTx) => Promise<Result>, turn?: TransactionTurn): Promise<Result> {
    return this.#committer.transact(work, turn);
  }

  /** Commits made so far; less than the number of transactions when commits were shared. */
  get commitCount(): number {
    return this.#committer.groupCount;
  }

  /** How long the commit that is on its way to the disk has waited, ms; 0: none is. */
  get diskWaitMs(): number {
    return this.#committer.diskWaitMs;
  }

  /** Waits for running transactions, refuses new ones, gives the file up. Idempotent. */
  async close(): Promise<void> {
    await this.#committer.close();
    await this.#writeAheadLog?.close();
    await this.#db.destroy();
    this.#ownership?.close();
  }
}

/**
 * Ownership is an exclusive SQLite transaction held open on a file beside the database: the operating system
 * drops it with the process, so a crash leaves nothing stale, while the database itself stays readable for
 * backups and reports.
 */
function takeOwnership(path: string): Database {
  const file = `${path}.owner`;
  let lock: Database | undefined;
  try {
    lock = new BetterSqlite3(file, { timeout: 0 });
    // A rollback journal of nothing: the transaction exists only for its lock.
    lock.pragma('journal_mode = memory');
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock?.close();
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) {
      const message = `the database ${path} is in use by another Turnkeeper process; stop it or work through its API`;
      throw new AppError('DATABASE_IN_USE', message, { cause: error, retryable: true });
    }
    const message = `the database ${path} cannot be locked: ${messageOf(error)}`;
    throw new AppError('STORAGE_OPEN_FAILED', message, { cause: error });
  }
}

function openDatabase(path: string): Database {
  const database = new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS });
  database.pragma('journal_mode = wal');
  // FULL: a commit is on disk when it returns, also after a power cut.
  database.pragma('synchronous = full');
  database.pragma('foreign_keys = on');
  database.pragma('cache_size = -65536');
  return database;
}
