import type { Kysely, Migration } from 'kysely';

/** What was told about the offer when a callback was booked: one JSON object, read with the record only. */
export const ges: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('callback')
      .addColumn('details', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute();
  },
};
