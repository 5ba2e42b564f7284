import { type Kysely, type Migration, sql } from 'kysely';

/** Slots are booked by the callbacks themselves: only holds need rows of their own. */
export const slots: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // Partial: only open scheduled callbacks take a place, and they are few.
    await sql`create index "callbackBySlot" on "callback" ("virtualQueue", "desiredAtMs")
      where "state" <> 'COMPLETED' and "desiredAtMs" > "createdAtMs"`.execute(db);
    await db.schema
      .createTable('slotHold')
      .addColumn('holderId', 'text', (c) => c.primaryKey())
      .addColumn('virtualQueue', 'text', (c) => c.notNull())
      .addColumn('slotStartMs', 'bigint', (c) => c.notNull())
      .addColumn('expiresAtMs', 'bigint', (c) => c.notNull())
      .execute();
    await db.schema
      .createIndex('slotHoldBySlot')
      .on('slotHold')
      .columns(['virtualQueue', 'slotStartMs'])
      .execute();
    await db.schema.createIndex('slotHoldByExpiry').on('slotHold').column('expiresAtMs').execute();
  },
};
