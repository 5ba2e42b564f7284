import { type Kysely, sql } from 'kysely';
import type { SlotHold, SlotTx, TakenPlaces } from '../../calendar/slot-store.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/**
 * A scheduled callback is one that is wanted later than it was made. A literal, not a parameter: the partial
 * index applies only when the planner sees it.
 */
const IS_SCHEDULED = sql<boolean>`"state" <> 'COMPLETED' and "desiredAtMs" > "createdAtMs"`;

/** Open scheduled callbacks by the time they are wanted, and unexpired holds; in order of time. */
export async function takenPlaces(
  db: Executor,
  ...[virtualQueue, fromMs, toMs, nowMs, except = '']: Parameters<SlotTx['takenPlaces']>
): Promise<TakenPlaces[]> {
  const booked = await db
    .selectFrom('callback')
    .select(['desiredAtMs as atMs', (eb) => eb.fn.countAll<number>().as('count')])
    .where('virtualQueue', '=', virtualQueue)
    .where('desiredAtMs', '>=', fromMs)
    .where('desiredAtMs', '<', toMs)
    .where('id', '<>', except)
    .where(IS_SCHEDULED)
    .groupBy('desiredAtMs')
    .execute();
  const held = await db
    .selectFrom('slotHold')
    .select(['slotStartMs as atMs', (eb) => eb.fn.countAll<number>().as('count')])
    .where('virtualQueue', '=', virtualQueue)
    .where('slotStartMs', '>=', fromMs)
    .where('slotStartMs', '<', toMs)
    .where('expiresAtMs', '>', nowMs)
    .where('holderId', '<>', except)
    .groupBy('slotStartMs')
    .execute();
  return [...booked, ...held].sort((a, b) => a.atMs - b.atMs);
}

/** Replaces the holder's hold and deletes those of everybody that have expired. */
export async function putSlotHold(db: Executor, hold: SlotHold, nowMs: number): Promise<void> {
  await db.deleteFrom('slotHold').where('expiresAtMs', '<=', nowMs).execute();
  const { holderId, ...changes } = hold;
  await db
    .insertInto('slotHold')
    .values({ holderId, ...changes })
    .onConflict((oc) => oc.column('holderId').doUpdateSet(changes))
    .execute();
}

/** Gives a hold up. */
export async function removeSlotHold(db: Executor, holderId: string): Promise<void> {
  await db.deleteFrom('slotHold').where('holderId', '=', holderId).execute();
}
