import type { Kysely, Migration } from 'kysely';

/**
 * Customers whom agents gave to queues, until they are served: who is lost with a call is called back. And
 * how often a case was rejected by agents who looked at it.
 */
export const transfers: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('callback')
      .addColumn('previewRejectCount', 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
    await db.schema
      .createTable('transferredCustomer')
      .addColumn('callId', 'text', (c) => c.primaryKey())
      .addColumn('callbackId', 'text', (c) => c.notNull())
      .addColumn('promisedBy', 'text', (c) => c.notNull())
      .addColumn('virtualQueue', 'text', (c) => c.notNull())
      .addColumn('customerNumber', 'text', (c) => c.notNull())
      .addColumn('language', 'text', (c) => c.notNull())
      .addColumn('dialledNumber', 'text')
      .addColumn('placeAtMs', 'bigint', (c) => c.notNull())
      .addColumn('priority', 'integer', (c) => c.notNull())
      .execute();
  },
};
