import { hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type CallbackProperty, propertiesOf, SEARCHABLE_MAX } from '../../callback/callback-search.ts';
import type { Callback } from '../../callback/callback.ts';
import { FixedQuery } from './fixed-query.ts';
import type { CallbackPropertyRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const DIGEST_HEX_DIGITS = 12;
/** So many new callbacks wait for their places in the index; beyond it they are entered. */
const NEW_CALLBACKS_MAX = 256;

/**
 * What stands for a property in the index: 48 bits of a digest. A row has the same small size whatever the
 * value is, and the customer's data are in one place only. Two properties may share a number: what is found
 * by it is looked at once more.
 */
export function propertyKey(property: CallbackProperty): number {
  const { kind, value } = property;
  const text = JSON.stringify(kind === 'data' ? [property.name, value] : { [kind]: value });
  return Number.parseInt(hash('sha1', text).slice(0, DIGEST_HEX_DIGITS), 16);
}

/** About how many callbacks wait: by the database's own count at first, and not put right by a rollback. */
const newCounts = new WeakMap<Executor, number>();

/**
 * To be called for every new callback. Its properties wait: each at its own place would cost a page of its
 * own in the commit. Whoever searches calls {@link enterNewProperties} first.
 */
export async function countNewCallback(db: Executor): Promise<void> {
  const before = newCounts.get(db);
  const count = before === undefined ? await newCountOf(db) : before + 1;
  newCounts.set(db, count);
  if (count >= NEW_CALLBACKS_MAX) await enterNewProperties(db);
}

async function newCountOf(db: Executor): Promise<number> {
  const query = db.selectFrom('newCallback').select((eb) => eb.fn.countAll<number>().as('count'));
  return (await query.executeTakeFirst())?.count ?? 0;
}

const findNew = new FixedQuery((db, { limit }: { limit: number }) =>
  db
    .selectFrom('newCallback as new')
    .leftJoin('callback', 'callback.id', 'new.callbackId')
    .select(['new.at', 'new.callbackId as id', 'callback.userData', 'callback.details'])
    .orderBy('new.at')
    .limit(limit),
);
const deleteNew = new FixedQuery((db, { at }: { at: number }) =>
  db.deleteFrom('newCallback').where('at', '<=', at),
);

/** Puts the properties of the callbacks that wait at their places in the index, many at once in its order. */
export async function enterNewProperties(db: Executor): Promise<void> {
  for (;;) {
    const { rows } = await findNew.run(db, { limit: NEW_CALLBACKS_MAX });
    const last = rows.at(-1);
    if (last) {
      await insertEntries(db, rows.flatMap(entriesOf));
      await deleteNew.run(db, { at: last.at });
    }
    if (rows.length < NEW_CALLBACKS_MAX) break;
  }
  newCounts.set(db, 0);
}

type Entry = readonly [key: number, callbackId: string];

/** Of a callback that has gone meanwhile: none. */
function entriesOf(row: { id: string; userData: string | null; details: string | null }): Entry[] {
  const { id, userData, details } = row;
  if (userData === null || details === null) return [];
  const callback = { userData: JSON.parse(userData), details: JSON.parse(details) } as Callback;
  return keysOf(callback).map((key) => [key, id] as const);
}

async function insertEntries(db: Executor, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql`insert or ignore into "callbackProperty" ("key", "callbackId")
    select "value" ->> 0, "value" ->> 1 from json_each(${JSON.stringify(entries)}) order by 1, 2`.execute(db);
}

/** Enters a callback whose data have changed, at once. */
export async function insertProperties(
  db: Executor,
  { id, ...callback }: Pick<Callback, 'id' | 'userData' | 'details'>,
): Promise<void> {
  await insertEntries(
    db,
    keysOf(callback).map((key) => [key, id] as const),
  );
}

const deleteRow = new FixedQuery((db, { key, callbackId }: CallbackPropertyRow) =>
  db.deleteFrom('callbackProperty').where('key', '=', key).where('callbackId', '=', callbackId),
);

/** Takes a callback out of the index; `callback` as it was before. */
export async function deleteProperties(
  db: Executor,
  { id: callbackId, ...callback }: Pick<Callback, 'id' | 'userData' | 'details'>,
): Promise<void> {
  await enterNewProperties(db);
  for (const key of keysOf(callback)) await deleteRow.run(db, { key, callbackId });
}

/** Different numbers, {@link SEARCHABLE_MAX} at most. */
function keysOf(callback: Pick<Callback, 'userData' | 'details'>): number[] {
  return [...new Set(propertiesOf(callback).map(propertyKey))].slice(0, SEARCHABLE_MAX);
}
