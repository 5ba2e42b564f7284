import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Turn } from '../../kernel/turns.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** Entries of an index looked at in one turn: bounds how long it keeps everything else waiting. */
const LOOKED_AT_MAX = 2000;
/** Below no id, and above every one. */
const BEFORE_ALL = '';
const AFTER_ALL = '~';
const AND = sql` and `;

/** Has one of these values. There is an index of the column and the id. */
export interface WantedValue {
  readonly column: string;
  readonly values: readonly string[];
}

/** What to list: rows of a table whose ids follow the clock, newest first. */
export interface IndexedList {
  readonly table: 'audit' | 'notification' | 'recording';
  readonly wanted: readonly WantedValue[];
  /** Asked of each row; no index is used for it. */
  readonly conditions: readonly RawBuilder<unknown>[];
  /** Ids from `lowest`, default all, to before `below`, default all. */
  readonly lowest?: string | undefined;
  readonly below?: string | undefined;
  readonly limit: number;
}

/**
 * One turn at a list: along the index of what is wanted that reaches farthest back with so many entries, the
 * rest asked of each row there.
 */
export async function listTurn<Row>(db: Executor, list: IndexedList): Promise<Turn<Row>> {
  const { table, wanted, conditions, lowest = BEFORE_ALL, below = AFTER_ALL, limit } = list;
  if (wanted.some(({ values }) => values.length === 0)) return { items: [], next: undefined };
  let chosen: WantedValue | undefined;
  let end = wanted.length === 0 ? await endOf(db, list, undefined) : AFTER_ALL;
  for (const one of wanted) {
    const reached = await endOf(db, list, one);
    if (reached < end) [chosen, end] = [one, reached];
    if (end === lowest) break;
  }
  const asked = [
    ...conditions,
    ...wanted
      .filter((one) => one !== chosen)
      .map(({ column, values }) => sql`+${sql.ref(column)} in (${sql.join(values)})`),
  ];
  let ids: string[] = [];
  let from = end;
  for (const value of chosen?.values ?? [undefined]) {
    const where = [...placesOf(chosen?.column, value, from, below), ...asked];
    const { rows } = await sql<{ id: string }>`select "id" from ${sql.table(table)}
      where ${sql.join(where, AND)} order by "id" desc limit ${limit}`.execute(db);
    ids.push(...rows.map(({ id }) => id));
    if (ids.length < limit) continue;
    ids = ids.sort().reverse().slice(0, limit);
    // What is older than these is not looked for in the values that follow.
    from = ids.at(-1) ?? from;
  }
  const items =
    ids.length === 0
      ? []
      : (
          await sql<Row>`select * from ${sql.table(table)}
            where "id" in (select "value" from json_each(${JSON.stringify(ids)})) order by "id" desc`.execute(
            db,
          )
        ).rows;
  return { items, next: end === lowest ? undefined : end };
}

/** The id down to which that many entries are; `lowest` when there are no more. */
async function endOf(
  db: Executor,
  { table, lowest = BEFORE_ALL, below = AFTER_ALL }: IndexedList,
  { column, values }: Partial<WantedValue> = {},
): Promise<string> {
  const lists = values ?? [undefined];
  let end = lowest;
  for (const value of lists) {
    const { rows } = await sql<{ id: string }>`select "id" from ${sql.table(table)}
      where ${sql.join(placesOf(column, value, lowest, below), AND)}
      order by "id" desc limit 1 offset ${Math.floor(LOOKED_AT_MAX / lists.length)}`.execute(db);
    const [found] = rows;
    if (found && found.id > end) end = found.id;
  }
  return end;
}

function placesOf(
  column: string | undefined,
  value: string | undefined,
  lowest: string,
  below: string,
): RawBuilder<unknown>[] {
  const range = [sql`"id" >= ${lowest}`, sql`"id" < ${below}`];
  return column === undefined ? range : [sql`${sql.ref(column)} = ${value}`, ...range];
}
