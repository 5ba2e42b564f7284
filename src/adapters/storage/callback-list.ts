import { type Kysely, sql } from 'kysely';
import type { CallbackFilter } from '../../callback/callback-store.ts';
import { FixedQuery } from './fixed-query.ts';
import type { CallbackRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** The most rows one list returns, whatever was asked for. */
const LIST_ROWS_MAX = 1000;
/** Callbacks at either end of a window of creation whose ids are looked at. */
const WINDOW_PROBED_MAX = 2000;
const BEFORE_ALL = '';
const AFTER_ALL = '~';

/** Of which queue and state; with neither: all callbacks. An index has the ids of each such part in order. */
interface Part {
  readonly virtualQueue?: string;
  readonly state?: string;
}

type Asked = Pick<CallbackFilter, 'createdFromMs' | 'createdToMs' | 'afterId'>;

/** Ids from `lowest` to before `below`; when they were made, where that was asked for (inclusive). */
export interface Bounds {
  readonly lowest: string;
  readonly below: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/**
 * What the filter selects, newest first. Each part (every queue with every state asked for) is read in the
 * order of its own index, no farther than the page needs, and the newest of all parts are the page: it costs
 * the same wherever it is and however many callbacks there are.
 */
export async function listRows(db: Executor, filter: CallbackFilter): Promise<CallbackRow[]> {
  const bounds = await boundsOf(db, filter);
  if (!bounds) return [];
  const limit = Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX);
  if (filter.customerNumber !== undefined) return rowsOfNumber(db, filter, bounds, limit);
  const parts = partsOf(filter);
  const [only] = parts;
  if (only && parts.length === 1)
    return rowsIn(db, { ...only, ...bounds })
      .limit(limit)
      .selectAll()
      .execute();
  const ids = await newestIds(db, parts, bounds, limit);
  if (ids.length === 0) return [];
  return db.selectFrom('callback').selectAll().where('id', 'in', ids).orderBy('id', 'desc').execute();
}

/** A number has few callbacks: the rest is asked of each. */
async function rowsOfNumber(
  db: Executor,
  { customerNumber = '', states, virtualQueue, virtualQueues }: CallbackFilter,
  bounds: Bounds,
  limit: number,
): Promise<CallbackRow[]> {
  let query = rowsIn(db, bounds).where('customerNumber', '=', customerNumber);
  // With the plus the planner leaves the indexes of these columns alone.
  if (states) query = query.where(sql`+"state"`, 'in', states);
  if (virtualQueue !== undefined) query = query.where(sql`+"virtualQueue"`, '=', virtualQueue);
  if (virtualQueues) query = query.where(sql`+"virtualQueue"`, 'in', virtualQueues);
  return query.limit(limit).selectAll().execute();
}

function partsOf({ states, virtualQueue, virtualQueues }: CallbackFilter): Part[] {
  const isWanted = (name: string): boolean => virtualQueue === undefined || name === virtualQueue;
  const names = virtualQueues?.filter(isWanted) ?? (virtualQueue === undefined ? undefined : [virtualQueue]);
  const ofQueues: Part[] = names ? [...new Set(names)].map((name) => ({ virtualQueue: name })) : [{}];
  if (!states) return ofQueues;
  return ofQueues.flatMap((part) => [...new Set(states)].map((state) => ({ ...part, state })));
}

type IdQuestion = Part & Bounds & { readonly limit: number };
const idQueries = new Map<string, FixedQuery<IdQuestion, { id: string }>>();

/** The newest ids of all parts together, `limit` at most. */
async function newestIds(
  db: Executor,
  parts: readonly Part[],
  bounds: Bounds,
  limit: number,
): Promise<string[]> {
  let ids: string[] = [];
  let { lowest } = bounds;
  for (const part of parts) {
    const question = { ...part, ...bounds, lowest, limit };
    const { rows } = await idQueryFor(question).run(db, question);
    ids.push(...rows.map(({ id }) => id));
    if (ids.length < limit) continue;
    ids = ids.sort().reverse().slice(0, limit);
    // What is older than the page so far is not looked for in the parts that follow.
    lowest = ids.at(-1) ?? lowest;
  }
  return ids;
}

/** One text for each combination of what is asked for: at most eight. */
function idQueryFor(question: IdQuestion): FixedQuery<IdQuestion, { id: string }> {
  const shape = Object.keys(question).join();
  let query = idQueries.get(shape);
  if (!query) {
    query = new FixedQuery((db, { limit, ...places }) => rowsIn(db, places).limit(limit).select('id'));
    idQueries.set(shape, query);
  }
  return query;
}

function rowsIn(db: Executor, { virtualQueue, state, lowest, below, fromMs, toMs }: Part & Bounds) {
  let query = db.selectFrom('callback').where('id', '>=', lowest).where('id', '<', below);
  if (virtualQueue !== undefined) query = query.where('virtualQueue', '=', virtualQueue);
  if (state !== undefined) query = query.where('state', '=', state);
  // The bounds have made use of this column's index.
  if (fromMs !== undefined) query = query.where(sql<number>`+"createdAtMs"`, '>=', fromMs);
  if (toMs !== undefined) query = query.where(sql<number>`+"createdAtMs"`, '<=', toMs);
  return query.orderBy('id', 'desc');
}

interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The lowest and highest id among the first, or the last, that were made in a window. */
const idsAtEnd = { first: endQuery('asc'), last: endQuery('desc') };

function endQuery(order: 'asc' | 'desc') {
  return new FixedQuery((db, { fromMs, toMs }: Window) =>
    db
      .selectFrom((from) =>
        from
          .selectFrom('callback')
          .select('id')
          .where('createdAtMs', '>=', fromMs)
          .where('createdAtMs', '<=', toMs)
          .orderBy('createdAtMs', order)
          .limit(WINDOW_PROBED_MAX)
          .as('end'),
      )
      .select((eb) => [eb.fn.min('id').as('lowest'), eb.fn.max('id').as('highest')]),
  );
}

/**
 * Ids follow the clock, as creation does: the ids at both ends of a window of creation bound it. They may
 * differ by little (an id is chosen just before, or kept for a request that is repeated): hence the lowest
 * and highest of many at each end. Undefined: the window is empty.
 */
export async function boundsOf(db: Executor, asked: Asked): Promise<Bounds | undefined> {
  const { createdFromMs, createdToMs, afterId = AFTER_ALL } = asked;
  if (createdFromMs === undefined && createdToMs === undefined) {
    return { lowest: BEFORE_ALL, below: afterId };
  }
  const window = {
    fromMs: createdFromMs ?? Number.MIN_SAFE_INTEGER,
    toMs: createdToMs ?? Number.MAX_SAFE_INTEGER,
  };
  const [first] = (await idsAtEnd.first.run(db, window)).rows;
  const [last] = (await idsAtEnd.last.run(db, window)).rows;
  if (!first?.lowest || !last?.highest) return undefined;
  // Nothing lies between an id and the same with a character more.
  const afterNewest = `${last.highest}${AFTER_ALL}`;
  return { lowest: first.lowest, below: afterId < afterNewest ? afterId : afterNewest, ...window };
}
