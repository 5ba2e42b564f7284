import type { Kysely, Migration } from 'kysely';

/** Values that clients of the GMS-compatible API keep for a time, and what they take up. */
export const gms: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('storageArea')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('owner', 'text', (c) => c.notNull())
      .addColumn('gmsUser', 'text')
      .addColumn('expiresAtMs', 'bigint', (c) => c.notNull())
      .addColumn('byteCount', 'bigint', (c) => c.notNull())
      .execute();
    // Limits are counted from this index alone.
    await db.schema
      .createIndex('storageAreaByOwner')
      .on('storageArea')
      .columns(['owner', 'expiresAtMs', 'byteCount'])
      .execute();
    await db.schema
      .createIndex('storageAreaExpiry')
      .on('storageArea')
      .columns(['expiresAtMs', 'byteCount'])
      .execute();
    await db.schema
      .createTable('storageValue')
      .addColumn('areaId', 'text', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('contentType', 'text')
      .addColumn('fileName', 'text')
      .addColumn('byteCount', 'bigint', (c) => c.notNull())
      .addColumn('value', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('storageValueKey', ['areaId', 'key'])
      .execute();
  },
};
