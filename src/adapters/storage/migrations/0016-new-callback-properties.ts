import { type Kysely, type Migration, sql } from 'kysely';

/** What new callbacks are found by, until it is entered with that of others. */
export const newCallbackProperties: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table "newCallbackProperties" (
      "callbackId" text not null,
      "keys" text not null
    )`.execute(db);
  },
};
