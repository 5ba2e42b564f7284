import { type Kysely, type Migration, sql } from 'kysely';

/** Scopes, origins and rotation of API keys; access groups; idle sessions; identities; the audit log. */
export const access: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await extendKeysAndUsers(db);
    await createGroups(db);
    await createAudit(db);
  },
};

async function extendKeysAndUsers(db: Kysely<unknown>): Promise<void> {
  for (const table of ['userAccount', 'apiKey']) {
    await db.schema
      .alterTable(table)
      .addColumn('accessGroups', 'text', (c) => c.notNull().defaultTo('[]'))
      .execute();
  }
  const key = db.schema.alterTable('apiKey');
  // Keys made before there were scopes opened the native API and nothing else.
  await key.addColumn('scopes', 'text', (c) => c.notNull().defaultTo('["native"]')).execute();
  await key.addColumn('origins', 'text', (c) => c.notNull().defaultTo('[]')).execute();
  await key.addColumn('previousHash', 'text').execute();
  await key.addColumn('previousUntilMs', 'bigint').execute();
  await sql`create unique index "apiKeyByPreviousHash" on "apiKey" ("previousHash")
    where "previousHash" is not null`.execute(db);
  await db.schema
    .alterTable('session')
    .addColumn('lastUsedAtMs', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await sql`update "session" set "lastUsedAtMs" = "createdAtMs"`.execute(db);
  await db.schema.alterTable('errorRecord').addColumn('virtualQueue', 'text').execute();
  await db.schema.alterTable('errorRecord').addColumn('cause', 'text').execute();
  await db.schema.createIndex('errorRecordByCode').on('errorRecord').columns(['code', 'atMs']).execute();
}

async function createGroups(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('accessGroup')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('queues', 'text', (c) => c.notNull())
    .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
    .addColumn('updatedAtMs', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('familiarAddress')
    .addColumn('userName', 'text', (c) => c.notNull().references('userAccount.name').onDelete('cascade'))
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('atMs', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('familiarAddressKey', ['userName', 'address'])
    .execute();
  await db.schema
    .createTable('identity')
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('userName', 'text', (c) => c.notNull().references('userAccount.name').onDelete('cascade'))
    .addColumn('linkedAtMs', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('identityKey', ['issuer', 'subject'])
    .execute();
}

async function createAudit(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('atMs', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('actorName', 'text', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('correlationId', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('target', 'text', (c) => c.notNull())
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .execute();
  for (const column of ['actor', 'action', 'target']) {
    await db.schema.createIndex(`audit_${column}`).on('audit').columns([column, 'id']).execute();
  }
  await db.schema.createIndex('auditByTime').on('audit').column('atMs').execute();
}
