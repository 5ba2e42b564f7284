import type { Kysely } from 'kysely';
import type { AuditEntry, AuditFilter } from '../http/audit-store.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** A page and the one row that tells whether another follows. */
const LIST_ROWS_MAX = 201;
/** Rows deleted by one call at most, so that housekeeping never holds the database for long. */
const TRIM_ROWS_MAX = 1000;

/** Adds one entry. */
export async function putAudit(db: Executor, entry: AuditEntry): Promise<void> {
  await db.insertInto('audit').values(entry).execute();
}

/** Entries, newest first. */
export async function listAudit(db: Executor, filter: AuditFilter): Promise<AuditEntry[]> {
  let query = db.selectFrom('audit').selectAll();
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  if (filter.target !== undefined) query = query.where('target', '=', filter.target);
  if (filter.action?.endsWith('*')) {
    const beginning = filter.action.slice(0, -1);
    // A range instead of `like`: it takes the index, and the beginning needs no escaping.
    query = query.where('action', '>=', beginning).where('action', '<', `${beginning}\u{10ffff}`);
  } else if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  if (filter.fromMs !== undefined) query = query.where('atMs', '>=', filter.fromMs);
  if (filter.toMs !== undefined) query = query.where('atMs', '<=', filter.toMs);
  if (filter.afterId !== undefined) query = query.where('id', '<', filter.afterId);
  const limit = Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX);
  return await query.orderBy('id', 'desc').limit(limit).execute();
}

/** Deletes the oldest entries before `beforeMs`. */
export async function trimAudit(db: Executor, beforeMs: number): Promise<number> {
  const result = await db
    .deleteFrom('audit')
    .where('id', 'in', (eb) =>
      eb.selectFrom('audit').select('id').where('atMs', '<', beforeMs).orderBy('atMs').limit(TRIM_ROWS_MAX),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
