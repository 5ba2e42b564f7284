import { hash } from 'node:crypto';
import { type InsertResult, type Kysely, sql } from 'kysely';
import { type CallbackProperty, propertiesOf, SEARCHABLE_MAX } from '../../callback/callback-search.ts';
import type { Callback } from '../../callback/callback.ts';
import { FixedQuery } from './fixed-query.ts';
import type { CallbackPropertyRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const DIGEST_HEX_DIGITS = 12;
/** Properties of new callbacks that wait for their place in the index; beyond it they are entered. */
export const NEW_PROPERTIES_MAX = 1500;

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

const inserts = new Map<number, FixedQuery<Readonly<Record<string, number | string>>, InsertResult>>();

/**
 * Keeps what a callback is found by, one statement whatever their number. It waits in the order of its
 * coming: at its own place in the index it would cost a page of its own in every commit. Whoever searches
 * calls {@link enterNewProperties} first.
 */
export async function insertProperties(
  db: Executor,
  { id, ...callback }: Pick<Callback, 'id' | 'userData' | 'details'>,
): Promise<void> {
  const keys = keysOf(callback);
  if (keys.length === 0) return;
  const values = Object.fromEntries(keys.map((key, at) => [`key${at}`, key]));
  const { insertId = 0n } = await insertFor(keys.length).run(db, { ...values, id });
  // Rows are numbered from one again when none is left.
  if (insertId >= NEW_PROPERTIES_MAX) await enterNewProperties(db);
}

/** Puts what waits at its place in the index, many at once in its order. Costs nothing when nothing waits. */
export async function enterNewProperties(db: Executor): Promise<void> {
  if ((await findNewRow.run(db, {})).rows.length === 0) return;
  await sql`insert or ignore into "callbackProperty" select "key", "callbackId" from "newCallbackProperty"
    order by "key", "callbackId"`.execute(db);
  await sql`delete from "newCallbackProperty"`.execute(db);
}

const findNewRow = new FixedQuery((db) => db.selectFrom('newCallbackProperty').select('callbackId').limit(1));

function insertFor(count: number): FixedQuery<Readonly<Record<string, number | string>>, InsertResult> {
  let query = inserts.get(count);
  if (!query) {
    query = new FixedQuery((db, places) => {
      const rows = Array.from({ length: count }, (_, at) => ({
        key: places[`key${at}`] as number,
        callbackId: places['id'] as string,
      }));
      return db.insertInto('newCallbackProperty').values(rows);
    });
    inserts.set(count, query);
  }
  return query;
}

const deleteRow = new FixedQuery((db, { key, callbackId }: CallbackPropertyRow) =>
  db.deleteFrom('callbackProperty').where('key', '=', key).where('callbackId', '=', callbackId),
);

/** Takes a callback out of the index; `callback` as it was inserted. */
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
