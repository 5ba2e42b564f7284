import { type Kysely, sql } from 'kysely';
import type { AuditEntry, AuditFilter, Creation, CreationFilter } from '../http/audit-store.ts';
import { actorOf, actorText } from '../../callback/actor-text.ts';
import type { Actor } from '../../callback/callback.ts';
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

// Literals, not parameters: the partial index over creations applies only when the planner sees them.
const IS_CREATION = sql<boolean>`"subjectKind" = 'callback' and "kind" = 'CREATED'`;

/** The first lines of callbacks' histories, newest first. */
export async function listCreations(db: Executor, filter: CreationFilter): Promise<Creation[]> {
  const { actor, callbackId, fromMs, toMs, after } = filter;
  let query = db
    .selectFrom('event')
    .select(['subjectId as callbackId', 'atMs', 'sequence', 'actor', 'data'])
    .where(IS_CREATION);
  if (actor !== undefined) query = query.where('actor', '=', JSON.stringify(actorOf(actor)));
  if (callbackId !== undefined) query = query.where('subjectId', '=', callbackId);
  if (fromMs !== undefined) query = query.where('atMs', '>=', fromMs);
  if (toMs !== undefined) query = query.where('atMs', '<=', toMs);
  if (after) query = query.where(sql`("atMs", "sequence")`, '<', sql`(${after.atMs}, ${after.sequence})`);
  const rows = await query
    .orderBy('atMs', 'desc')
    .orderBy('sequence', 'desc')
    .limit(Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX))
    .execute();
  return rows.map((row) => ({
    ...row,
    actor: actorText(JSON.parse(row.actor) as Actor),
    data: JSON.parse(row.data) as Creation['data'],
  }));
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
