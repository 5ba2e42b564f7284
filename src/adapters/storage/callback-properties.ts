import { hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type CallbackProperty, propertiesOf, SEARCHABLE_MAX } from '../../callback/callback-search.ts';
import type { Callback } from '../../callback/callback.ts';
import { FixedQuery } from './fixed-query.ts';
import type { CallbackPropertyRow, NewCallbackPropertiesRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const DIGEST_HEX_DIGITS = 12;
/**
 * About so many properties of new callbacks wait for their place in the index; beyond it they are entered.
 */
const NEW_PROPERTIES_MAX = 1500;

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

const insertRow = new FixedQuery((db, row: NewCallbackPropertiesRow) =>
  db.insertInto('newCallbackProperties').values(row),
);
const findAnyRow = new FixedQuery((db) =>
  db.selectFrom('newCallbackProperties').select('callbackId').limit(1),
);

/**
 * Keeps what a callback is found by. It waits in the order of its coming: at their own places in the index
 * its properties would cost pages of their own in every commit. Whoever searches calls {@link
 * enterNewProperties} first.
 */
export async function insertProperties(
  db: Executor,
  { id: callbackId, ...callback }: Pick<Callback, 'id' | 'userData' | 'details'>,
): Promise<void> {
  const keys = keysOf(callback);
  if (keys.length === 0) return;
  const { insertId = 0n } = await insertRow.run(db, { callbackId, keys: `[${keys.join()}]` });
  // Rows are numbered from one again when none is left.
  if (Number(insertId) * keys.length >= NEW_PROPERTIES_MAX) await enterNewProperties(db);
}

/** Puts what waits at its place in the index, many at once in its order. */
export async function enterNewProperties(db: Executor): Promise<void> {
  if ((await findAnyRow.run(db, {})).rows.length === 0) return;
  await sql`insert or ignore into "callbackProperty" select "key"."value", "new"."callbackId"
    from "newCallbackProperties" as "new", json_each("new"."keys") as "key" order by 1, 2`.execute(db);
  await sql`delete from "newCallbackProperties"`.execute(db);
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
