import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database, Statement } from 'better-sqlite3';

/** Distinct query texts kept prepared; bounds memory when filters vary. */
const STATEMENTS_MAX = 500;

/**
 * Kysely over one better-sqlite3 connection whose statements stay prepared. Kysely's own SQLite driver
 * prepares every statement anew and queues users behind a mutex that deadlocks when the outer database is
 * used in a transaction; here the order of transactions is kept by {@link GroupCommitter}, so neither is
 * needed.
 */
export class PreparedSqliteDialect implements Dialect {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  createDriver(): Driver {
    return new PreparedSqliteDriver(this.#database);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

/** SQLite does roll back DDL; with it, all pending migrations happen or none. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class PreparedSqliteDriver implements Driver {
  readonly #database: Database;
  readonly #connection: PreparedSqliteConnection;

  constructor(database: Database) {
    this.#database = database;
    this.#connection = new PreparedSqliteConnection(database);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(): Promise<void> {
    this.#database.exec('begin immediate');
  }

  async commitTransaction(): Promise<void> {
    this.#database.exec('commit');
  }

  async rollbackTransaction(): Promise<void> {
    this.#database.exec('rollback');
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#database.close();
  }
}

type Cells = readonly unknown[];
type RowObject = Record<string, unknown>;

/**
 * A statement that reads. The driver's own row objects are hash tables, one made for each row: of 37 columns
 * they took 30 µs a row, and every later look at them took longer. Its arrays, copied into objects of one
 * shape, take half of that.
 */
class Reading {
  readonly #statement: Statement<unknown[], Cells>;
  #names: readonly string[] = [];
  #shape: RowObject = {};

  constructor(statement: Statement) {
    this.#statement = statement.raw(true) as Statement<unknown[], Cells>;
    this.#learn();
  }

  rows(parameters: readonly unknown[]): RowObject[] {
    const found = this.#statement.all(parameters);
    const [first] = found;
    // SQLite prepares anew after a change of the schema, and `*` then is other columns.
    if (first && first.length !== this.#names.length) this.#learn();
    return found.map((cells) => this.#object(cells));
  }

  #learn(): void {
    this.#names = this.#statement.columns().map(({ name }) => name);
    // Parsed, an object has its whole shape at once; made key by key it would become a hash table too.
    this.#shape = JSON.parse(JSON.stringify(Object.fromEntries(this.#names.map((name) => [name, null]))));
  }

  #object(cells: Cells): RowObject {
    const row = { ...this.#shape };
    const names = this.#names;
    for (let at = 0; at < names.length; at++) row[names[at] as string] = cells[at];
    return row;
  }
}

class PreparedSqliteConnection implements DatabaseConnection {
  readonly #database: Database;
  readonly #statements = new Map<string, Reading | Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.#prepare(query.sql);
    if (statement instanceof Reading) {
      return Promise.resolve({ rows: statement.rows(query.parameters) as Row[] });
    }
    const { changes, lastInsertRowid } = statement.run(query.parameters);
    return Promise.resolve({
      numAffectedRows: BigInt(changes),
      insertId: BigInt(lastInsertRowid),
      rows: [],
    });
  }

  // oxlint-disable-next-line require-yield -- the interface asks for a generator
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not offered: every query here has a limit');
  }

  #prepare(text: string): Reading | Statement {
    const known = this.#statements.get(text);
    if (known) return known;
    const prepared = this.#database.prepare(text);
    const statement = prepared.reader ? new Reading(prepared) : prepared;
    if (this.#statements.size >= STATEMENTS_MAX) {
      const oldest = this.#statements.keys().next().value;
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(text, statement);
    return statement;
  }
}
