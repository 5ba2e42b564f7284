import type { Kysely, Migration } from 'kysely';

/** What agents write down of callbacks and calls: the shared file, each agent's part, notes. */
export const cases: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('caseFile')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('virtualQueue', 'text', (c) => c.notNull())
      .addColumn('customerNumber', 'text')
      .addColumn('customerData', 'text', (c) => c.notNull())
      .addColumn('openedAtMs', 'bigint', (c) => c.notNull())
      .addColumn('touchedAtMs', 'bigint', (c) => c.notNull())
      .addColumn('version', 'integer', (c) => c.notNull())
      .execute();
    await db.schema.createIndex('caseFileByTouch').on('caseFile').column('touchedAtMs').execute();
    await db.schema
      .createTable('caseWork')
      .addColumn('subjectId', 'text', (c) => c.notNull())
      .addColumn('agentId', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('disposition', 'text')
      .addColumn('openedAtMs', 'bigint', (c) => c.notNull())
      .addColumn('contactEndedAtMs', 'bigint')
      .addColumn('doneAtMs', 'bigint')
      .addPrimaryKeyConstraint('caseWorkKey', ['subjectId', 'agentId'])
      .execute();
    await db.schema
      .createIndex('caseWorkOfAgent')
      .on('caseWork')
      .columns(['agentId', 'state', 'openedAtMs'])
      .execute();
    await db.schema.createIndex('caseWorkByState').on('caseWork').column('state').execute();
    await db.schema
      .createTable('caseNote')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('subjectId', 'text', (c) => c.notNull())
      .addColumn('author', 'text', (c) => c.notNull())
      .addColumn('atMs', 'bigint', (c) => c.notNull())
      .addColumn('text', 'text', (c) => c.notNull())
      .execute();
    await db.schema.createIndex('caseNoteOfCase').on('caseNote').columns(['subjectId', 'atMs']).execute();
  },
};
