import { type Kysely, sql } from 'kysely';
import type { Callback } from '../../callback/callback.ts';
import { deleteProperties } from './callback-properties.ts';
import { FixedQuery } from './fixed-query.ts';
import type { Schema } from './schema.ts';

const deleteRow = new FixedQuery((db, { id }: { id: string }) =>
  db.deleteFrom('callback').where('id', '=', id),
);

/**
 * Deletes ended callbacks that were wanted before `desiredBeforeMs`, with their attempts and what they are
 * found by, oldest first. Their events stay.
 * @returns how many were deleted; call again while it is `limit`.
 */
export async function deleteEndedCallbacks(
  db: Kysely<Schema>,
  desiredBeforeMs: number,
  limit: number,
): Promise<number> {
  const rows = await db
    .selectFrom('callback')
    .select(['id', 'userData', 'details'])
    .where(sql<boolean>`"state" = 'COMPLETED'`)
    .where('desiredAtMs', '<', desiredBeforeMs)
    .orderBy('desiredAtMs')
    .limit(limit)
    .execute();
  for (const { id, userData, details } of rows) {
    await deleteProperties(db, {
      id,
      userData: JSON.parse(userData) as Callback['userData'],
      details: JSON.parse(details) as Callback['details'],
    });
    await deleteRow.run(db, { id });
  }
  return rows.length;
}
