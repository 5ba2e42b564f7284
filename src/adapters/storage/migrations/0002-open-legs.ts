import type { Kysely, Migration } from 'kysely';

/** What is up at the servers, so that a start after a crash can end it; see docs/decisions/0004. */
export const openLegs: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('openLeg')
      .addColumn('reference', 'text', (c) => c.primaryKey())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('dialogId', 'text')
      .addColumn('callId', 'text', (c) => c.notNull())
      .addColumn('openedAtMs', 'bigint', (c) => c.notNull())
      .execute();
  },
};
