import { type Kysely, sql } from 'kysely';
import type { RecordingId } from '../../kernel/ids.ts';
import type { Turn } from '../../kernel/turns.ts';
import type { RecordingFilter, RecordingRecord } from '../../recording/recording-store.ts';
import { listTurn, type WantedValue } from './indexed-list.ts';
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

/** Recordings, newest first: one turn at what may be a million. */
export async function listRecordings(db: Executor, filter: RecordingFilter): Promise<Turn<RecordingRecord>> {
  const { kind, virtualQueues, ownAgentId, afterId, limit } = filter;
  const wanted: WantedValue[] = [];
  for (const column of ['callId', 'callbackId', 'agentId', 'virtualQueue'] as const) {
    const value = filter[column];
    if (value !== undefined) wanted.push({ column, values: [value] });
  }
  if (ownAgentId !== undefined) wanted.push({ column: 'agentId', values: [ownAgentId] });
  if (virtualQueues !== undefined) wanted.push({ column: 'virtualQueue', values: virtualQueues });
  return listTurn(db, {
    table: 'recording',
    wanted,
    conditions: kind === undefined ? [] : [sql`+"kind" = ${kind}`],
    below: afterId,
    limit: Math.min(Math.max(1, limit), LIST_ROWS_MAX),
  });
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
