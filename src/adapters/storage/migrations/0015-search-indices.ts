import { type Kysely, type Migration, sql } from 'kysely';
import type { Callback } from '../../../callback/callback.ts';
import { propertiesOf } from '../../../callback/callback-search.ts';
import { propertyKey } from '../callback-properties.ts';

/** Rows read, and entries written, by one statement while a database with callbacks is changed. */
const CALLBACKS_READ = 2000;
const ENTRIES_WRITTEN = 200;

/** Searches by customer data, by desired time and by reason, and who made which callback. */
export const searchIndices: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // Beside the callbacks, because one has any number of properties; the key alone is the table. No
    // reference: it would want an index by callback, half of the cost, for what retention knows anyway.
    await sql`create table "callbackProperty" (
      "key" bigint not null,
      "callbackId" text not null,
      primary key ("key", "callbackId")
    ) without rowid`.execute(db);
    await fillCallbackProperties(db);
    await sql`create index "callbackByDesiredTime" on "callback" ("desiredAtMs", "id")`.execute(db);
    await sql`create index "callbackByReason" on "callback" ("reason", "id")
      where "reason" is not null`.execute(db);
    await sql`create index "eventCreated" on "event" ("actor", "atMs", "sequence")
      where "subjectKind" = 'callback' and "kind" = 'CREATED'`.execute(db);
  },
};

interface StoredData {
  readonly id: string;
  readonly userData: string;
  readonly details: string;
}

/**
 * Enters the callbacks that are there. By way of a table without order: sorted once, a million are entered in
 * seconds; each at its own place would take minutes.
 */
export async function fillCallbackProperties(db: Kysely<unknown>): Promise<void> {
  await sql`create temporary table "propertyFound" ("key" bigint, "callbackId" text)`.execute(db);
  for (let last = ''; ;) {
    const { rows } = await sql<StoredData>`select "id", "userData", "details" from "callback"
      where "id" > ${last} order by "id" limit ${CALLBACKS_READ}`.execute(db);
    const entries = rows.flatMap(entriesOf);
    for (let at = 0; at < entries.length; at += ENTRIES_WRITTEN) {
      const values = entries.slice(at, at + ENTRIES_WRITTEN).map(([key, id]) => sql`(${key}, ${id})`);
      await sql`insert into "propertyFound" values ${sql.join(values)}`.execute(db);
    }
    last = rows.at(-1)?.id ?? '';
    if (rows.length < CALLBACKS_READ) break;
  }
  await sql`insert into "callbackProperty" select distinct "key", "callbackId" from "propertyFound"
    order by "key", "callbackId"`.execute(db);
  await sql`drop table "propertyFound"`.execute(db);
}

function entriesOf({ id, userData, details }: StoredData): (readonly [key: number, id: string])[] {
  const callback = { userData: JSON.parse(userData), details: JSON.parse(details) } as Callback;
  return propertiesOf(callback).map((property) => [propertyKey(property), id] as const);
}
