import { type Compilable, CompiledQuery, type Kysely, type QueryResult } from 'kysely';
import { assert } from '../../kernel/errors.ts';
import type { Schema } from './schema.ts';

/** Stands in a query where a value of each call comes. */
class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

interface Compiled {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly valueCount: number;
}

/**
 * A query whose text never changes, built once, at its first use: for what is asked with every creation and
 * every step, where making the text with Kysely took several times as long as SQLite took to run it.
 */
export class FixedQuery<Values extends object, Row> {
  readonly #build: (db: Kysely<Schema>, places: Values) => Compilable<Row>;
  #compiled: Compiled | undefined;

  /**
   * @param build makes the query. `places` has a place for each value of a call; it may be used only where a
   * value for the database can stand.
   */
  constructor(build: (db: Kysely<Schema>, places: Values) => Compilable<Row>) {
    this.#build = build;
  }

  /** Runs it with these values; every call must bring those of the first. */
  run(db: Kysely<Schema>, values: Values): Promise<QueryResult<Row>> {
    const { sql, parameters, valueCount } = (this.#compiled ??= this.#compile(db, values));
    const given = values as Readonly<Record<string, unknown>>;
    assert(Object.keys(given).length === valueCount, 'a fixed query is always given the same values');
    const filled = parameters.map((one) => (one instanceof Place ? given[one.name] : one));
    return db.executeQuery<Row>(CompiledQuery.raw(sql, filled));
  }

  #compile(db: Kysely<Schema>, values: Values): Compiled {
    const names = Object.keys(values);
    const places = Object.fromEntries(names.map((name) => [name, new Place(name)])) as Values;
    const { sql, parameters } = this.#build(db, places).compile();
    return { sql, parameters, valueCount: names.length };
  }
}
