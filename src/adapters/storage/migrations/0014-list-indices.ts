import { type Kysely, type Migration, sql } from 'kysely';

/** Every filter of the lists finds its callbacks by an index, however many there are. */
export const listIndices: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index "callbackByQueueState" on "callback" ("virtualQueue", "state", "id")`.execute(db);
    await sql`create index "callbackByCreation" on "callback" ("createdAtMs", "id")`.execute(db);
    // The one above has it in its beginning.
    await sql`drop index "callbackOpenOfQueue"`.execute(db);
    // With the columns that are looked at beside the key: ten thousand bookings are counted in the index.
    await sql`drop index "callbackBySlot"`.execute(db);
    await sql`create index "callbackBySlot" on "callback"
      ("virtualQueue", "desiredAtMs", "id", "createdAtMs", "state")
      where "state" <> 'COMPLETED' and "desiredAtMs" > "createdAtMs"`.execute(db);
  },
};
