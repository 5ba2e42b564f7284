import { type Kysely, type Migration, sql } from 'kysely';

/** The whole lifecycle of a callback: strategy, ages, limits and links to other callbacks. */
export const lifecycle: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const column of ['strategy', 'purgeCause', 'recreatedFrom', 'recreatedTo']) await text(db, column);
    for (const column of ['rescheduledFrom', 'rescheduledTo']) await text(db, column);
    for (const column of ['queuedAtMs', 'purgeAtMs', 'pushedAtMs', 'queueMissingSinceMs']) {
      await db.schema.alterTable('callback').addColumn(column, 'bigint').execute();
    }
    for (const column of ['expiredPassCount', 'snoozeCount', 'pushCount']) {
      await db.schema
        .alterTable('callback')
        .addColumn(column, 'integer', (c) => c.notNull().defaultTo(0))
        .execute();
    }
    // Who has a place has been queued since then; a purge time is given when the line is entered again.
    await sql`update "callback" set "queuedAtMs" = "placeAtMs"
      where "state" <> 'COMPLETED' and "subState" is not 'due-later'`.execute(db);
    await sql`create index "callbackPurge" on "callback" ("purgeAtMs", "id")
      where "state" <> 'COMPLETED' and "purgeAtMs" is not null`.execute(db);
    // Retention asks for ended callbacks by desired time; with `state` first the planner takes this index.
    await sql`create index "callbackEnded" on "callback" ("state", "desiredAtMs", "id")
      where "state" = 'COMPLETED'`.execute(db);
  },
};

async function text(db: Kysely<unknown>, column: string): Promise<void> {
  await db.schema.alterTable('callback').addColumn(column, 'text').execute();
}
