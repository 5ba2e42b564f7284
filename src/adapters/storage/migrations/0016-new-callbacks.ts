import { type Kysely, type Migration, sql } from 'kysely';

/** Callbacks whose properties have not been entered in the index yet: a trigger forgets none. */
export const newCallbacks: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table "newCallback" ("at" integer primary key, "callbackId" text not null)`.execute(db);
    await sql`create trigger "callbackIsNew" after insert on "callback"
      when new."userData" <> '{}' or new."details" <> '{}'
      begin insert into "newCallback" ("callbackId") values (new."id"); end`.execute(db);
  },
};
