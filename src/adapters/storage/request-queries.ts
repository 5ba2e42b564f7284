import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { ErrorFilter, ErrorRecord } from '../http/error-store.ts';
import type { IdempotencyClaim } from '../http/idempotency-store.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** A page and the one row that tells whether another follows. */
const LIST_ROWS_MAX = 201;
/** Rows deleted for one reason by one call at most: housekeeping never holds the database for long. */
const TRIM_ROWS_MAX = 1000;

/** Keeps one error answer. */
export async function putError(db: Executor, record: ErrorRecord): Promise<void> {
  await db
    .insertInto('errorRecord')
    .values(record)
    .onConflict((conflict) => conflict.column('correlationId').doNothing())
    .execute();
}

/** The error answer with this correlation id. */
export async function findError(db: Executor, correlationId: string): Promise<ErrorRecord | undefined> {
  return db
    .selectFrom('errorRecord')
    .selectAll()
    .where('correlationId', '=', correlationId)
    .executeTakeFirst();
}

/** Error answers, newest first. */
export async function listErrors(db: Executor, filter: ErrorFilter): Promise<ErrorRecord[]> {
  let query = db.selectFrom('errorRecord').selectAll();
  if (filter.code !== undefined) query = query.where('code', '=', filter.code);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  if (filter.fromMs !== undefined) query = query.where('atMs', '>=', filter.fromMs);
  if (filter.toMs !== undefined) query = query.where('atMs', '<=', filter.toMs);
  const { after, readableBy } = filter;
  if (after) {
    query = query.where(sql`("atMs", "correlationId")`, '<', sql`(${after.atMs}, ${after.correlationId})`);
  }
  if (readableBy) {
    const { actor, queues } = readableBy;
    const names = queues.filter((pattern) => !pattern.endsWith('*'));
    const beginnings = queues
      .filter((pattern) => pattern.endsWith('*'))
      .map((pattern) => pattern.slice(0, -1));
    query = query.where((eb) =>
      eb.or([
        eb('actor', '=', actor),
        ...(names.length > 0 ? [eb('virtualQueue', 'in', names)] : []),
        // A range instead of `like`: the beginning needs no escaping.
        ...beginnings.map((beginning) =>
          eb.and([eb('virtualQueue', '>=', beginning), eb('virtualQueue', '<', `${beginning}\u{10ffff}`)]),
        ),
      ]),
    );
  }
  return query
    .orderBy('atMs', 'desc')
    .orderBy('correlationId', 'desc')
    .limit(Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX))
    .execute();
}

/** Deletes the oldest beyond the newest `keepMax`, and those before `beforeMs`; so many of each at most. */
export async function trimErrors(db: Executor, beforeMs: number, keepMax: number): Promise<number> {
  const old = await deleteOldest(db, sql<boolean>`"atMs" < ${beforeMs}`);
  const first = await db
    .selectFrom('errorRecord')
    .select(['atMs', 'correlationId'])
    .orderBy('atMs', 'desc')
    .orderBy('correlationId', 'desc')
    .offset(keepMax)
    .limit(1)
    .executeTakeFirst();
  if (!first) return old;
  const { atMs, correlationId } = first;
  return (
    old + (await deleteOldest(db, sql<boolean>`("atMs", "correlationId") <= (${atMs}, ${correlationId})`))
  );
}

async function deleteOldest(db: Executor, isMeant: RawBuilder<boolean>): Promise<number> {
  const result = await db
    .deleteFrom('errorRecord')
    .where('correlationId', 'in', (eb) =>
      eb
        .selectFrom('errorRecord')
        .select('correlationId')
        .where(isMeant)
        .orderBy('atMs')
        .orderBy('correlationId')
        .limit(TRIM_ROWS_MAX),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Stores the claim unless an unexpired one of the same scope and key is there; returns the one in force. */
export async function claim(db: Executor, wanted: IdempotencyClaim): Promise<IdempotencyClaim> {
  const stored = await db
    .selectFrom('idempotency')
    .selectAll()
    .where('scope', '=', wanted.scope)
    .where('key', '=', wanted.key)
    .executeTakeFirst();
  if (stored && stored.expiresAtMs > wanted.createdAtMs) {
    return stored;
  }
  const { scope, key, ...fields } = wanted;
  await db
    .insertInto('idempotency')
    .values({ scope, key, ...fields })
    .onConflict((conflict) => conflict.columns(['scope', 'key']).doUpdateSet(fields))
    .execute();
  return wanted;
}

/** Forgets a claim. */
export async function release(db: Executor, scope: string, key: string): Promise<void> {
  await db.deleteFrom('idempotency').where('scope', '=', scope).where('key', '=', key).execute();
}

/** Deletes at most `limit` expired claims, oldest first. */
export async function deleteExpiredClaims(db: Executor, nowMs: number, limit: number): Promise<number> {
  const expired = await db
    .selectFrom('idempotency')
    .select(['scope', 'key'])
    .where('expiresAtMs', '<=', nowMs)
    .orderBy('expiresAtMs')
    .limit(limit)
    .execute();
  for (const { scope, key } of expired) await release(db, scope, key);
  return expired.length;
}
