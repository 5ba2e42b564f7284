import { type Kysely, type RawBuilder, sql } from 'kysely';
import {
  type CallbackSearch,
  isByDesiredTime,
  type SearchPlace,
  searchOrder,
} from '../../callback/callback-search.ts';
import { type Bounds, boundsOf, listRows } from './callback-list.ts';
import { enterNewProperties, propertyKey } from './callback-properties.ts';
import type { CallbackRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** The most rows one search returns, whatever was asked for. */
const FOUND_ROWS_MAX = 500;
/** Entries of an index looked at for one search: bounds how long it keeps everything else waiting. */
const LOOKED_AT_MAX = 2000;
/** Lists that one of the things searched for may be in; with more it is asked of the rows. */
const LISTS_MAX = 25;
const AFTER_ALL = '~';

/** Ids of callbacks in order, as an index has them: those with a property, or with these values. */
type IdList =
  | { readonly key: number }
  | Partial<Pick<CallbackRow, 'reason' | 'state' | 'virtualQueue' | 'customerNumber'>>;

type Window = Pick<CallbackSearch, 'createdFromMs' | 'createdToMs'>;
type IdRange = Pick<Bounds, 'lowest' | 'below'>;

interface Found {
  readonly rows: CallbackRow[];
  readonly next: SearchPlace | null;
}

/**
 * What the search looks for, in its order. The least of what is searched for is read in the order of its
 * index, and the rest is asked of each callback there. Where that is much, no more than {@link LOOKED_AT_MAX}
 * entries are looked at: `next` says where to go on.
 */
export async function searchRows(db: Executor, search: CallbackSearch): Promise<Found> {
  const limit = Math.min(Math.max(1, search.limit), FOUND_ROWS_MAX);
  const { virtualQueues: queues, states: asked, reasons: ended } = search;
  if ([queues, asked, ended].some((wanted) => wanted?.length === 0)) return { rows: [], next: null };
  const { states, virtualQueues, customerNumber, after, properties = [], reasons } = search;
  if (properties.length > 0) await enterNewProperties(db);
  if (isByDesiredTime(search)) return byDesiredTime(db, search, limit);
  if (properties.length > 0 || reasons !== undefined) return byId(db, search, limit);
  const rows = await listRows(db, {
    limit: limit + 1,
    ...(states && { states }),
    ...(virtualQueues && { virtualQueues }),
    ...(customerNumber !== undefined && { customerNumber }),
    ...windowOf(search),
    ...(after && { afterId: after.id }),
  });
  return page(rows, limit, null);
}

/** The first `limit`; where to go on: behind them, else at `rest`. */
function page(rows: CallbackRow[], limit: number, rest: SearchPlace | null): Found {
  if (rows.length <= limit) return { rows, next: rest };
  const shown = rows.slice(0, limit);
  return { rows: shown, next: placeOf(shown.at(-1)) };
}

function placeOf(row: Pick<CallbackRow, 'id' | 'desiredAtMs'> | undefined): SearchPlace | null {
  return row ? { id: row.id, desiredAtMs: row.desiredAtMs } : null;
}

/**
 * The newest first: along the lists of the one thing searched for that few have, or else of the one whose
 * lists, with so many entries looked at, reach back farthest.
 */
async function byId(db: Executor, search: CallbackSearch, limit: number): Promise<Found> {
  const range = await boundsOf(db, {
    ...windowOf(search),
    ...(search.after && { afterId: search.after.id }),
  });
  if (range === undefined) return { rows: [], next: null };
  const { below } = range;
  let chosen: Reach | undefined;
  for (const lists of listsOf(search)) {
    const reach = await reachOf(db, lists, range);
    if (chosen === undefined || reach.complete < chosen.complete) chosen = reach;
    if (reach.complete === range.lowest) break;
  }
  // Nobody searches by id for nothing.
  if (chosen === undefined) return { rows: [], next: null };
  const { lists, complete } = chosen;
  const rest = complete === range.lowest ? null : placeOf({ id: complete, desiredAtMs: 0 });
  const order = sql`"callback"."id" desc`;
  let lowest = complete;
  let ids: string[] = [];
  for (const list of lists) {
    const { id } = sourceOf(list);
    const bounds = [sql`${id} < ${below}`, sql`${id} >= ${lowest}`];
    const asked = { list, search, bounds, order: sql`${id} desc`, limit: limit + 1 };
    if (lists.length === 1) return page(await readOf<CallbackRow>(db, WHOLE, asked), limit, rest);
    ids.push(...(await readOf<{ id: string }>(db, ID, asked)).map((found) => found.id));
    if (ids.length <= limit) continue;
    ids = ids
      .sort()
      .reverse()
      .slice(0, limit + 1);
    // What is older than the page so far is not looked for in the lists that follow.
    lowest = ids.at(-1) ?? lowest;
  }
  return page(await rowsWithIds(db, ids, order), limit, rest);
}

/** Ids down to `complete`, of which {@link LOOKED_AT_MAX} entries at most are in the lists. */
interface Reach {
  readonly lists: readonly IdList[];
  readonly complete: string;
}

async function reachOf(db: Executor, lists: readonly IdList[], { lowest, below }: IdRange): Promise<Reach> {
  const share = Math.floor(LOOKED_AT_MAX / lists.length);
  let complete = lowest;
  for (const list of lists) {
    const end = (await endOf(db, list, below, share)) ?? lowest;
    if (end > complete) complete = end;
  }
  return { lists, complete };
}

/** The latest desired time first: of what few have, or else along the times. */
async function byDesiredTime(db: Executor, search: CallbackSearch, limit: number): Promise<Found> {
  const { after, desiredFromMs = Number.MIN_SAFE_INTEGER, desiredToMs = Number.MAX_SAFE_INTEGER } = search;
  const behind = after ?? { desiredAtMs: desiredToMs, id: AFTER_ALL };
  for (const lists of listsOf(search)) {
    if (!(await areShort(db, lists))) continue;
    const places: SearchPlace[] = [];
    // These are few, and sorted.
    const order = sql`${TIME} desc, "callback"."id" desc`;
    const place = sql`(${TIME}, "callback"."id")`;
    const bounds = [sql`${TIME} >= ${desiredFromMs}`, sql`${place} < (${behind.desiredAtMs}, ${behind.id})`];
    for (const list of lists) {
      const asked = { list, search, bounds, order, limit: limit + 1 };
      places.push(...(await readOf<SearchPlace>(db, PLACE, asked)));
    }
    const ids = places
      .sort(searchOrder(search))
      .slice(0, limit + 1)
      .map(({ id }) => id);
    return page(await rowsWithIds(db, ids, order), limit, null);
  }
  const before = sql`("callback"."desiredAtMs", "callback"."id") < (${behind.desiredAtMs}, ${behind.id})`;
  const from = (atMs: number): RawBuilder<unknown> => sql`"callback"."desiredAtMs" >= ${atMs}`;
  const order = sql`"callback"."desiredAtMs" desc, "callback"."id" desc`;
  const { rows: ends } = await sql<Pick<CallbackRow, 'id' | 'desiredAtMs'>>`
    select "id", "desiredAtMs" from "callback" where ${from(desiredFromMs)} and ${before} order by ${order}
    limit 1 offset ${LOOKED_AT_MAX}`.execute(db);
  const [end] = ends;
  // Of several lower bounds the index has use for one; with that of the range it would be read to its end.
  const bounds = end
    ? [from(end.desiredAtMs), before, sql`(${TIME}, "callback"."id") >= (${end.desiredAtMs}, ${end.id})`]
    : [from(desiredFromMs), before];
  const asked = { list: {}, search, bounds, order, limit: limit + 1 };
  const rows = await readOf<CallbackRow>(db, WHOLE, asked);
  return page(rows, limit, placeOf(end));
}

function windowOf({ createdFromMs, createdToMs }: CallbackSearch): Window {
  return {
    ...(createdFromMs !== undefined && { createdFromMs }),
    ...(createdToMs !== undefined && { createdToMs }),
  };
}

/** For each thing searched for the lists that together have all callbacks with it; rare things first. */
function listsOf(search: CallbackSearch): IdList[][] {
  const { states, virtualQueues, customerNumber, reasons, properties = [] } = search;
  const groups: IdList[][] = customerNumber === undefined ? [] : [[{ customerNumber }]];
  for (const property of properties) groups.push([{ key: propertyKey(property) }]);
  if (reasons) groups.push([...new Set(reasons)].map((reason) => ({ reason })));
  const ofStates = states && [...new Set(states)].map((state) => ({ state }));
  const ofQueues = virtualQueues && [...new Set(virtualQueues)].map((virtualQueue) => ({ virtualQueue }));
  const ofBoth = ofQueues && ofStates?.flatMap((one) => ofQueues.map((other) => ({ ...one, ...other })));
  const parts = [ofBoth, ofStates, ofQueues].find((lists) => lists && lists.length <= LISTS_MAX);
  if (parts) groups.push(parts);
  return groups;
}

/** True when all of them together have {@link LOOKED_AT_MAX} entries at most. */
async function areShort(db: Executor, lists: readonly IdList[]): Promise<boolean> {
  let left = LOOKED_AT_MAX;
  for (const list of lists) {
    const { from, id, where } = idsOf(list);
    const { rows } = await sql<{ count: number }>`select count(*) as "count" from (select ${id} from ${from}
      where ${sql.join(where, AND)} limit ${left + 1})`.execute(db);
    left -= rows[0]?.count ?? 0;
    if (left < 0) return false;
  }
  return true;
}

/** The id at which so many entries of a list have been looked at; undefined: it ends before. */
async function endOf(
  db: Executor,
  list: IdList,
  below: string,
  entryCount: number,
): Promise<string | undefined> {
  const { from, id, where } = idsOf(list);
  const conditions = [...where, sql`${id} < ${below}`];
  const { rows } = await sql<{ id: string }>`select ${id} as "id" from ${from}
    where ${sql.join(conditions, AND)} order by ${id} desc limit 1 offset ${entryCount}`.execute(db);
  return rows[0]?.id;
}

interface Asked {
  readonly list: IdList;
  readonly search: CallbackSearch;
  readonly bounds: readonly RawBuilder<unknown>[];
  readonly order: RawBuilder<unknown>;
  readonly limit: number;
}

/** What is read of the callbacks of a list, within bounds, of which everything else searched for holds. */
async function readOf<Row>(db: Executor, columns: RawBuilder<unknown>, asked: Asked): Promise<Row[]> {
  const { list, search, bounds, order, limit } = asked;
  const { from, where } = sourceOf(list);
  const conditions = [...where, ...bounds, ...conditionsOf(search, list)];
  const { rows } = await sql<Row>`select ${columns} from ${from}
    where ${sql.join(conditions, AND)} order by ${order} limit ${limit}`.execute(db);
  return rows;
}

/** Whole rows are read of those only that are shown. */
async function rowsWithIds(
  db: Executor,
  ids: readonly string[],
  order: RawBuilder<unknown>,
): Promise<CallbackRow[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<CallbackRow>`select "callback".* from "callback"
    where "id" in (select "value" from json_each(${JSON.stringify(ids)})) order by ${order}`.execute(db);
  return rows;
}

/** With the plus the index of the desired time is left alone. */
const TIME = sql`+"callback"."desiredAtMs"`;
const WHOLE = sql`"callback".*`;
const ID = sql`"callback"."id"`;
const PLACE = sql`"callback"."id", "callback"."desiredAtMs"`;
const AND = sql` and `;
const FOUND = sql`"callbackProperty" as "found"`;

interface Source {
  readonly from: RawBuilder<unknown>;
  readonly id: RawBuilder<unknown>;
  readonly where: readonly RawBuilder<unknown>[];
}

/** Where the ids of a list are read. */
function idsOf(list: IdList): Source {
  if ('key' in list) {
    return { from: FOUND, id: sql`"found"."callbackId"`, where: [sql`"found"."key" = ${list.key}`] };
  }
  const where = Object.entries(list).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  return { from: sql`"callback"`, id: sql`"callback"."id"`, where };
}

/** Where the callbacks of a list are read. */
function sourceOf(list: IdList): Source {
  const ids = idsOf(list);
  if (!('key' in list)) return ids;
  // Crossed: SQLite then reads the list first, and in its order.
  const from = sql`${FOUND} cross join "callback"`;
  return { ...ids, from, where: [...ids.where, sql`"callback"."id" = "found"."callbackId"`] };
}

/** What is asked of each callback. With the plus the planner leaves the indexes of these columns alone. */
function conditionsOf(search: CallbackSearch, list: IdList): RawBuilder<unknown>[] {
  const { states, virtualQueues, customerNumber, reasons, properties = [], desiredToMs } = search;
  const { createdFromMs, createdToMs } = search;
  const conditions: RawBuilder<unknown>[] = [];
  const lists = { state: states, virtualQueue: virtualQueues, reason: reasons };
  for (const [column, values] of Object.entries(lists)) {
    if (values && !(column in list)) conditions.push(sql`+${sql.ref(column)} in (${sql.join(values)})`);
  }
  if (customerNumber !== undefined && !('customerNumber' in list)) {
    conditions.push(sql`+"customerNumber" = ${customerNumber}`);
  }
  if (desiredToMs !== undefined) conditions.push(sql`+"callback"."desiredAtMs" <= ${desiredToMs}`);
  if (createdFromMs !== undefined) conditions.push(sql`+"callback"."createdAtMs" >= ${createdFromMs}`);
  if (createdToMs !== undefined) conditions.push(sql`+"callback"."createdAtMs" <= ${createdToMs}`);
  for (const key of properties.map(propertyKey)) {
    if ('key' in list && list.key === key) continue;
    conditions.push(sql`exists (select 1 from "callbackProperty" as "has"
      where "has"."key" = ${key} and "has"."callbackId" = "callback"."id")`);
  }
  return conditions;
}
