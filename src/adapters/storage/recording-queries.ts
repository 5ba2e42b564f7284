import type { Kysely } from 'kysely';
import type { RecordingId } from '../../kernel/ids.ts';
import type { RecordingFilter, RecordingRecord } from '../../recording/recording-store.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const LIST_ROWS_MAX = 1000;

/** Inserts or replaces a recording's record. */
export async function putRecording(db: Executor, record: RecordingRecord): Promise<void> {
  const { id, ...fields } = record;
  await db
    .insertInto('recording')
    .values({ id, ...fields })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
    .execute();
}

/** One recording by id. */
export async function findRecording(db: Executor, id: RecordingId): Promise<RecordingRecord | undefined> {
  const row = await db.selectFrom('recording').selectAll().where('id', '=', id).executeTakeFirst();
  return row as RecordingRecord | undefined;
}

/** Recordings, newest first. */
export async function listRecordings(db: Executor, filter: RecordingFilter): Promise<RecordingRecord[]> {
  let query = db.selectFrom('recording').selectAll();
  for (const column of ['callId', 'callbackId', 'agentId', 'virtualQueue', 'kind'] as const) {
    const wanted = filter[column];
    if (wanted !== undefined) query = query.where(column, '=', wanted);
  }
  if (filter.virtualQueues !== undefined) query = query.where('virtualQueue', 'in', filter.virtualQueues);
  if (filter.ownAgentId !== undefined) query = query.where('agentId', '=', filter.ownAgentId);
  if (filter.afterId !== undefined) query = query.where('id', '<', filter.afterId);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX))
    .execute();
  return rows as RecordingRecord[];
}

/** Recordings in progress, oldest first. */
export async function unfinishedRecordings(db: Executor, limit: number): Promise<RecordingRecord[]> {
  const rows = await db
    .selectFrom('recording')
    .selectAll()
    .where('state', '=', 'recording')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows as RecordingRecord[];
}

/** Recordings that need not be kept any longer, those that ended their time first. */
export async function expiredRecordings(
  db: Executor,
  nowMs: number,
  limit: number,
): Promise<RecordingRecord[]> {
  const rows = await db
    .selectFrom('recording')
    .selectAll()
    .where('expiresAtMs', '<=', nowMs)
    .orderBy('expiresAtMs')
    .limit(limit)
    .execute();
  return rows as RecordingRecord[];
}

/** Deletes a recording's record. */
export async function deleteRecording(db: Executor, id: RecordingId): Promise<void> {
  await db.deleteFrom('recording').where('id', '=', id).execute();
}

/** Bytes of all complete recordings. */
export async function recordedBytes(db: Executor): Promise<number> {
  const row = await db
    .selectFrom('recording')
    .select((eb) => eb.fn.sum<number | null>('bytes').as('bytes'))
    .executeTakeFirst();
  return row?.bytes ?? 0;
}
