import { hash } from 'node:crypto';
import type { InsertResult, Kysely } from 'kysely';
import { type CallbackProperty, propertiesOf, SEARCHABLE_MAX } from '../../callback/callback-search.ts';
import type { Callback } from '../../callback/callback.ts';
import { FixedQuery } from './fixed-query.ts';
import type { CallbackPropertyRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const DIGEST_HEX_DIGITS = 12;

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

/** Enters a callback under what it is found by, one statement whatever their number. */
export async function insertProperties(
  db: Executor,
  { id, ...callback }: Pick<Callback, 'id' | 'userData' | 'details'>,
): Promise<void> {
  const keys = keysOf(callback);
  if (keys.length === 0) return;
  const values = Object.fromEntries(keys.map((key, at) => [`key${at}`, key]));
  await insertFor(keys.length).run(db, { ...values, id });
}

function insertFor(count: number): FixedQuery<Readonly<Record<string, number | string>>, InsertResult> {
  let query = inserts.get(count);
  if (!query) {
    query = new FixedQuery((db, places) => {
      const rows = Array.from({ length: count }, (_, at) => ({
        key: places[`key${at}`] as number,
        callbackId: places['id'] as string,
      }));
      return db.insertInto('callbackProperty').values(rows);
    });
    inserts.set(count, query);
  }
  return query;
}

const deleteRow = new FixedQuery((db, { key, callbackId }: CallbackPropertyRow) =>
  db.deleteFrom('callbackProperty').where('key', '=', key).where('callbackId', '=', callbackId),
);

/** Takes a callback out of the index; `callback` as it was entered. */
export async function deleteProperties(
  db: Executor,
  { id: callbackId, ...callback }: Pick<Callback, 'id' | 'userData' | 'details'>,
): Promise<void> {
  for (const key of keysOf(callback)) await deleteRow.run(db, { key, callbackId });
}

/** Different numbers, {@link SEARCHABLE_MAX} at most. */
function keysOf(callback: Pick<Callback, 'userData' | 'details'>): number[] {
  return [...new Set(propertiesOf(callback).map(propertyKey))].slice(0, SEARCHABLE_MAX);
}
