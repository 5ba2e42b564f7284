import { type Kysely, type Migration, sql } from 'kysely';

/** The duplicate check asks for a number's open callbacks on a queue with every creation. */
export const openCallbacksOfNumber: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index "callbackOpenOfNumber" on "callback" ("customerNumber", "virtualQueue")
      where "state" <> 'COMPLETED'`.execute(db);
  },
};
