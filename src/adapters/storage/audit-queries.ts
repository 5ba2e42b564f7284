import { type Kysely, sql } from 'kysely';
import type { AuditEntry, AuditFilter, Creation, CreationFilter } from '../http/audit-store.ts';
import { actorOf, actorText } from '../../callback/actor-text.ts';
import type { Actor } from '../../callback/callback.ts';
import type { Turn } from '../../kernel/turns.ts';
import { listTurn, type WantedValue } from './indexed-list.ts';
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

/**
 * Entries at either end of a window of time whose ids are looked at: ids follow the clock, but for
 * neighbours.
 */
const WINDOW_PROBED_MAX = 100;
/** Different actions that begin alike. There are some fifty in all. */
const ACTIONS_MAX = 200;

/**
 * Entries, newest first: one turn at the log, which may have millions. A page that asks for what is rare
 * takes many.
 */
export async function listAuditTurn(db: Executor, filter: AuditFilter): Promise<Turn<AuditEntry>> {
  const { actor, target, action, fromMs, toMs, afterId } = filter;
  const window = await windowOf(db, filter);
  if (!window) return { items: [], next: undefined };
  const wanted: WantedValue[] = [];
  if (target !== undefined) wanted.push({ column: 'target', values: [target] });
  if (action !== undefined) wanted.push({ column: 'action', values: await actionsOf(db, action) });
  if (actor !== undefined) wanted.push({ column: 'actor', values: [actor] });
  return listTurn(db, {
    table: 'audit',
    wanted,
    // The bounds have made use of this column's index.
    conditions: [
      ...(fromMs === undefined ? [] : [sql`+"atMs" >= ${fromMs}`]),
      ...(toMs === undefined ? [] : [sql`+"atMs" <= ${toMs}`]),
    ],
    lowest: window.lowest,
    below: [afterId, window.below].filter((id) => id !== undefined).sort()[0],
    limit: Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX),
  });
}

/** `session.*` is every action that begins so: each by itself, as an index has their entries in order. */
async function actionsOf(db: Executor, action: string): Promise<string[]> {
  if (!action.endsWith('*')) return [action];
  const beginning = action.slice(0, -1);
  // A range instead of `like`: it takes the index, and the beginning needs no escaping.
  const end = `${beginning}\u{10ffff}`;
  const { rows } = await sql<{ action: string }>`with recursive "known" ("action") as (
      select min("action") from "audit" where "action" >= ${beginning} and "action" < ${end}
      union all
      select (select min("action") from "audit" where "action" > "known"."action" and "action" < ${end})
        from "known" where "known"."action" is not null
    ) select "action" from "known" where "action" is not null limit ${ACTIONS_MAX}`.execute(db);
  return rows.map((row) => row.action);
}

/** Bounds of the ids of a window of time; undefined: nothing is in it. */
async function windowOf(
  db: Executor,
  { fromMs, toMs }: AuditFilter,
): Promise<{ lowest?: string; below?: string } | undefined> {
  if (fromMs === undefined && toMs === undefined) return {};
  const idsAtEnd = async (order: 'asc' | 'desc'): Promise<string[]> => {
    const rows = await db
      .selectFrom('audit')
      .select('id')
      .where('atMs', '>=', fromMs ?? Number.MIN_SAFE_INTEGER)
      .where('atMs', '<=', toMs ?? Number.MAX_SAFE_INTEGER)
      .orderBy('atMs', order)
      .limit(WINDOW_PROBED_MAX)
      .execute();
    return rows.map(({ id }) => id).sort();
  };
  const lowest = (await idsAtEnd('asc'))[0];
  const highest = (await idsAtEnd('desc')).at(-1);
  if (lowest === undefined || highest === undefined) return undefined;
  // Nothing lies between an id and the same with a character more.
  return { lowest, below: `${highest}~` };
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
