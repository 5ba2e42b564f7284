import type { Kysely } from 'kysely';
import type { OpenLeg } from '../../telephony/open-leg.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** Rows of one statement; SQLite takes 32 766 values in one. */
const ROWS_MAX = 500;

/** Everything that was up, oldest first. */
export async function openLegs(db: Executor): Promise<OpenLeg[]> {
  return (await db.selectFrom('openLeg').selectAll().orderBy('openedAtMs').execute()) as OpenLeg[];
}

/** Inserts or replaces what was opened, deletes what was closed; harmless when that is not there. */
export async function changeOpenLegs(
  db: Executor,
  opened: readonly OpenLeg[],
  closed: readonly string[],
): Promise<void> {
  for (const { reference, ...fields } of opened) {
    await db
      .insertInto('openLeg')
      .values({ reference, ...fields })
      .onConflict((conflict) => conflict.column('reference').doUpdateSet(fields))
      .execute();
  }
  for (let i = 0; i < closed.length; i += ROWS_MAX) {
    await db
      .deleteFrom('openLeg')
      .where('reference', 'in', closed.slice(i, i + ROWS_MAX))
      .execute();
  }
}
