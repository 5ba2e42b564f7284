import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** Callbacks of the number on the queue that are not COMPLETED. */
export async function openCountOfNumber(
  db: Executor,
  virtualQueue: string,
  customerNumber: string,
): Promise<number> {
  const row = await db
    .selectFrom('callback')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('customerNumber', '=', customerNumber)
    .where('virtualQueue', '=', virtualQueue)
    // A literal: the partial index over open callbacks applies only when the planner sees it.
    .where(sql<boolean>`"state" <> 'COMPLETED'`)
    .executeTakeFirst();
  return row?.count ?? 0;
}

/**
 * When the `rank`-th newest callback of the queue was made, or of the number's immediate ones on it. Ids are
 * time-ordered, so the indexes that end in the id give the newest first.
 */
export async function createdAtMsOfRank(
  db: Executor,
  virtualQueue: string,
  rank: number,
  { immediateOf }: { readonly immediateOf?: string } = {},
): Promise<number | undefined> {
  let query = db.selectFrom('callback').select('createdAtMs').where('virtualQueue', '=', virtualQueue);
  if (immediateOf !== undefined) {
    query = query.where('customerNumber', '=', immediateOf).whereRef('desiredAtMs', '<=', 'createdAtMs');
  }
  const row = await query
    .orderBy('id', 'desc')
    .limit(1)
    .offset(rank - 1)
    .executeTakeFirst();
  return row?.createdAtMs;
}
