import { type Kysely, type Migration, sql } from 'kysely';

/** Requests to call in. Numbers are looked up by their digits: trunks send them with and without the plus. */
export const callIns: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('callIn')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('groupName', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('toNumber', 'text', (c) => c.notNull())
      .addColumn('toDigits', 'text', (c) => c.notNull())
      .addColumn('fromNumber', 'text')
      .addColumn('accessCode', 'text')
      .addColumn('userData', 'text', (c) => c.notNull())
      .addColumn('callbackId', 'text')
      .addColumn('createdBy', 'text', (c) => c.notNull())
      .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
      .addColumn('expiresAtMs', 'bigint', (c) => c.notNull())
      .addColumn('matchedAtMs', 'bigint')
      .addColumn('matchedBy', 'text', (c) => c.notNull())
      .addColumn('callId', 'text')
      .addColumn('endedAtMs', 'bigint')
      .execute();
    // Only waiting requests are searched by what a caller shows, and they are few.
    for (const column of ['toDigits', 'fromNumber', 'accessCode', 'groupName'] as const) {
      const name = `callInWaitingBy${column.charAt(0).toUpperCase()}${column.slice(1)}`;
      await sql`create index ${sql.ref(name)} on "callIn" (${sql.ref(column)}, "expiresAtMs")
        where "state" = 'WAITING'`.execute(db);
    }
    await sql`create index "callInMatched" on "callIn" ("id") where "state" = 'MATCHED'`.execute(db);
    await db.schema.createIndex('callInByCallback').on('callIn').columns(['callbackId', 'id']).execute();
  },
};
