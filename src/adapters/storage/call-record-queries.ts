import type { Kysely } from 'kysely';
import type { CallId } from '../../kernel/ids.ts';
import type { CallRecord, CallRecordTx } from '../../telephony/call-record.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const LIST_ROWS_MAX = 1000;

/** Inserts or replaces the record of one inbound call. */
export async function putCallRecord(db: Executor, record: CallRecord): Promise<void> {
  const { callId, ...fields } = record;
  await db
    .insertInto('callRecord')
    .values({ callId, ...fields })
    .onConflict((conflict) => conflict.column('callId').doUpdateSet(fields))
    .execute();
}

/** One inbound call by id. */
export async function findCallRecord(db: Executor, callId: CallId): Promise<CallRecord | undefined> {
  const row = await db.selectFrom('callRecord').selectAll().where('callId', '=', callId).executeTakeFirst();
  return row as CallRecord | undefined;
}

/** Inbound calls, newest first. */
export async function listCallRecords(
  db: Executor,
  filter: Parameters<CallRecordTx['listCallRecords']>[0],
): Promise<CallRecord[]> {
  let query = db.selectFrom('callRecord').selectAll();
  if (filter.beforeMs !== undefined) query = query.where('startedAtMs', '<', filter.beforeMs);
  if (filter.virtualQueue !== undefined) query = query.where('virtualQueue', '=', filter.virtualQueue);
  const rows = await query
    .orderBy('startedAtMs', 'desc')
    .orderBy('callId', 'desc')
    .limit(Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX))
    .execute();
  return rows as CallRecord[];
}

/** Marks calls without an end as lost at the restart. */
export async function endUnfinishedCalls(db: Executor, nowMs: number): Promise<number> {
  const result = await db
    .updateTable('callRecord')
    .set({ endedAtMs: nowMs, outcome: 'lost-at-restart' })
    .where('endedAtMs', 'is', null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}
