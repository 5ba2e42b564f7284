import { type Kysely, type Migration, sql } from 'kysely';

/** Messages to devices and other systems, written with what they tell of; and devices that are gone. */
export const notify: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('notification')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('callbackId', 'text', (c) => c.notNull())
      .addColumn('virtualQueue', 'text', (c) => c.notNull())
      .addColumn('event', 'text', (c) => c.notNull())
      .addColumn('channel', 'text', (c) => c.notNull())
      .addColumn('target', 'text', (c) => c.notNull())
      .addColumn('language', 'text', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
      .addColumn('expiresAtMs', 'bigint')
      .addColumn('triesMax', 'integer', (c) => c.notNull())
      .addColumn('onceKey', 'text', (c) => c.unique())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('tryCount', 'integer', (c) => c.notNull())
      .addColumn('dueAtMs', 'bigint')
      .addColumn('endedAtMs', 'bigint')
      .addColumn('receipt', 'text')
      .addColumn('fault', 'text')
      .execute();
    await sql`create index "notificationDue" on "notification" ("dueAtMs") where "state" = 'PENDING'`.execute(
      db,
    );
    await db.schema
      .createIndex('notificationByCallback')
      .on('notification')
      .columns(['callbackId', 'id'])
      .execute();
    await db.schema.createIndex('notificationByState').on('notification').columns(['state', 'id']).execute();
    await db.schema
      .createTable('goneDevice')
      .addColumn('target', 'text', (c) => c.primaryKey())
      .addColumn('atMs', 'bigint', (c) => c.notNull())
      .execute();
  },
};
