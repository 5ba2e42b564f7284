import { type Kysely, sql } from 'kysely';
import { FixedQuery } from './fixed-query.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

interface OfNumber {
  readonly virtualQueue: string;
  readonly customerNumber: string;
}

const countOpen = new FixedQuery((db, { virtualQueue, customerNumber }: OfNumber) =>
  db
    .selectFrom('callback')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('customerNumber', '=', customerNumber)
    .where('virtualQueue', '=', virtualQueue)
    // A literal: the partial index over open callbacks applies only when the planner sees it.
    .where(sql<boolean>`"state" <> 'COMPLETED'`),
);

// Ids are time-ordered, so the indexes that end in the id give the newest first. SQLite plans a query anew
// whenever the value of a bare parameter of `limit` or `offset` is given; not so with a plus.
const FIRST = sql<number>`+1`;
const madeByQueue = new FixedQuery((db, { virtualQueue, skip }: { virtualQueue: string; skip: number }) =>
  db
    .selectFrom('callback')
    .select('createdAtMs')
    .where('virtualQueue', '=', virtualQueue)
    .orderBy('id', 'desc')
    .limit(FIRST)
    .offset(sql<number>`+${skip}`),
);
const immediateOfNumber = new FixedQuery(
  (db, { virtualQueue, customerNumber, skip }: OfNumber & { skip: number }) =>
    db
      .selectFrom('callback')
      .select('createdAtMs')
      .where('virtualQueue', '=', virtualQueue)
      .where('customerNumber', '=', customerNumber)
      .whereRef('desiredAtMs', '<=', 'createdAtMs')
      .orderBy('id', 'desc')
      .limit(FIRST)
      .offset(sql<number>`+${skip}`),
);

/** Callbacks of the number on the queue that are not COMPLETED. */
export async function openCountOfNumber(
  db: Executor,
  virtualQueue: string,
  customerNumber: string,
): Promise<number> {
  const [row] = (await countOpen.run(db, { virtualQueue, customerNumber })).rows;
  return row?.count ?? 0;
}

/** When the `rank`-th newest callback of the queue was made, or of the number's immediate ones on it. */
export async function createdAtMsOfRank(
  db: Executor,
  virtualQueue: string,
  rank: number,
  { immediateOf }: { readonly immediateOf?: string } = {},
): Promise<number | undefined> {
  const skip = rank - 1;
  const { rows } =
    immediateOf === undefined
      ? await madeByQueue.run(db, { virtualQueue, skip })
      : await immediateOfNumber.run(db, { virtualQueue, customerNumber: immediateOf, skip });
  return rows[0]?.createdAtMs;
}
