import type { Kysely, Migration } from 'kysely';

/** Who recorded what, and until when it is kept. */
export const recordings: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('recording')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('callId', 'text')
      .addColumn('callbackId', 'text')
      .addColumn('agentId', 'text')
      .addColumn('virtualQueue', 'text')
      .addColumn('path', 'text', (c) => c.notNull())
      .addColumn('startedAtMs', 'bigint', (c) => c.notNull())
      .addColumn('endedAtMs', 'bigint')
      .addColumn('durationMs', 'bigint')
      .addColumn('bytes', 'bigint')
      .addColumn('expiresAtMs', 'bigint', (c) => c.notNull())
      .execute();
    // Lists are by id, which is by time: each index ends in it.
    for (const column of ['callId', 'callbackId', 'agentId', 'virtualQueue', 'state'] as const) {
      await db.schema
        .createIndex(`recordingBy${column.charAt(0).toUpperCase()}${column.slice(1)}`)
        .on('recording')
        .columns([column, 'id'])
        .execute();
    }
    await db.schema.createIndex('recordingByExpiry').on('recording').column('expiresAtMs').execute();
  },
};
