import { type Kysely, sql } from 'kysely';

async function createCallbackTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('callback')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('virtualQueue', 'text', (c) => c.notNull())
    .addColumn('customerNumber', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('subState', 'text')
    .addColumn('reason', 'text')
    .addColumn('origin', 'text', (c) => c.notNull())
    .addColumn('originCallId', 'text')
    .addColumn('dialledNumber', 'text')
    .addColumn('language', 'text', (c) => c.notNull())
    .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
    .addColumn('placeAtMs', 'bigint', (c) => c.notNull())
    .addColumn('priority', 'integer', (c) => c.notNull())
    .addColumn('desiredAtMs', 'bigint', (c) => c.notNull())
    .addColumn('attemptCount', 'integer', (c) => c.notNull())
    .addColumn('agentOfferCount', 'integer', (c) => c.notNull())
    .addColumn('agentId', 'text')
    .addColumn('attemptId', 'text')
    .addColumn('dueAtMs', 'bigint')
    .addColumn('completedAtMs', 'bigint')
    .addColumn('userData', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .execute();
  // Partial indexes: only open callbacks are ever asked for by place or due time, and closed ones are the
  // many.
  await sql`create index "callbackOpen" on "callback" ("priority" desc, "placeAtMs", "id")
    where "state" <> 'COMPLETED'`.execute(db);
  await sql`create index "callbackOpenOfQueue" on "callback" ("virtualQueue") where "state" <> 'COMPLETED'`.execute(
    db,
  );
  await sql`create index "callbackDue" on "callback" ("dueAtMs", "id") where "dueAtMs" is not null`.execute(
    db,
  );
  await index(db, 'callbackByQueue', 'callback', ['virtualQueue', 'id']);
  await index(db, 'callbackByNumber', 'callback', ['customerNumber', 'id']);
  await index(db, 'callbackByState', 'callback', ['state', 'id']);

  await db.schema
    .createTable('attempt')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('callbackId', 'text', (c) => c.notNull().references('callback.id').onDelete('cascade'))
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('startedAtMs', 'bigint', (c) => c.notNull())
    .addColumn('answeredAtMs', 'bigint')
    .addColumn('endedAtMs', 'bigint')
    .addColumn('result', 'text')
    .addColumn('termination', 'text')
    .addColumn('confirmed', 'integer', (c) => c.notNull())
    // The same attempt can never be written twice under another id (rule 1: nobody is rung twice).
    .addUniqueConstraint('attemptOnce', ['callbackId', 'number'])
    .execute();
}

async function createEventTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('event')
    .addColumn('sequence', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('subjectKind', 'text', (c) => c.notNull())
    .addColumn('subjectId', 'text', (c) => c.notNull())
    .addColumn('atMs', 'bigint', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('state', 'text')
    .addColumn('subState', 'text')
    .addColumn('data', 'text', (c) => c.notNull())
    .execute();
  await index(db, 'eventOfSubject', 'event', ['subjectKind', 'subjectId', 'sequence']);
  await index(db, 'eventByTime', 'event', ['atMs', 'sequence']);

  await db.schema
    .createTable('eventRetention')
    .addColumn('id', 'integer', (c) => c.primaryKey().check(sql`"id" = 1`))
    .addColumn('beforeMs', 'bigint', (c) => c.notNull())
    .execute();
  await sql`insert into "eventRetention" ("id", "beforeMs") values (1, 0)`.execute(db);
  await sql`create trigger "eventNeverChanges" before update on "event"
    begin select raise(abort, 'events are append-only'); end`.execute(db);
  await sql`create trigger "eventKept" before delete on "event"
    when old."atMs" >= (select "beforeMs" from "eventRetention" where "id" = 1)
    begin select raise(abort, 'events are append-only'); end`.execute(db);
}

async function createAgentAndCallTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('agentStatus')
    .addColumn('agentId', 'text', (c) => c.primaryKey())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('notReadyReason', 'text')
    .addColumn('sinceMs', 'bigint', (c) => c.notNull())
    .addColumn('idleSinceMs', 'bigint', (c) => c.notNull())
    .addColumn('subjectId', 'text')
    .addColumn('dueAtMs', 'bigint')
    .addColumn('afterWork', 'text')
    .execute();

  await db.schema
    .createTable('registration')
    .addColumn('agentId', 'text', (c) => c.notNull())
    .addColumn('contactUri', 'text', (c) => c.notNull())
    .addColumn('expiresAtMs', 'bigint', (c) => c.notNull())
    .addColumn('data', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('registrationKey', ['agentId', 'contactUri'])
    .execute();

  await db.schema
    .createTable('callRecord')
    .addColumn('callId', 'text', (c) => c.primaryKey())
    .addColumn('dialled', 'text', (c) => c.notNull())
    .addColumn('callerNumber', 'text')
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('virtualQueue', 'text')
    .addColumn('startedAtMs', 'bigint', (c) => c.notNull())
    .addColumn('answeredAtMs', 'bigint')
    .addColumn('endedAtMs', 'bigint')
    .addColumn('outcome', 'text')
    .addColumn('agentId', 'text')
    .addColumn('callbackId', 'text')
    .execute();
  await index(db, 'callRecordByTime', 'callRecord', ['startedAtMs', 'callId']);
  await sql`create index "callRecordUnfinished" on "callRecord" ("callId") where "endedAtMs" is null`.execute(
    db,
  );

  await db.schema
    .createTable('configuration')
    .addColumn('version', 'integer', (c) => c.primaryKey())
    .addColumn('appliedAtMs', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('fileName', 'text', (c) => c.notNull())
    .addColumn('document', 'text', (c) => c.notNull())
    .addColumn('diff', 'text', (c) => c.notNull())
    .execute();
}

async function createAccessTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('userAccount')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('passwordHash', 'text', (c) => c.notNull())
    .addColumn('agentId', 'text')
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
    .addColumn('updatedAtMs', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('apiKey')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('keyHash', 'text', (c) => c.notNull().unique())
    .addColumn('createdBy', 'text', (c) => c.notNull())
    .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
    .addColumn('expiresAtMs', 'bigint')
    .addColumn('lastUsedAtMs', 'bigint')
    .execute();
  await db.schema
    .createTable('session')
    .addColumn('tokenHash', 'text', (c) => c.primaryKey())
    .addColumn('userName', 'text', (c) => c.notNull().references('userAccount.name').onDelete('cascade'))
    .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
    .addColumn('expiresAtMs', 'bigint', (c) => c.notNull())
    .execute();
  await index(db, 'sessionOfUser', 'session', ['userName']);
  await index(db, 'sessionByExpiry', 'session', ['expiresAtMs']);

  await db.schema
    .createTable('errorRecord')
    .addColumn('correlationId', 'text', (c) => c.primaryKey())
    .addColumn('atMs', 'bigint', (c) => c.notNull())
    .addColumn('status', 'integer', (c) => c.notNull())
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('message', 'text', (c) => c.notNull())
    .addColumn('method', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('actor', 'text')
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await index(db, 'errorRecordByTime', 'errorRecord', ['atMs', 'correlationId']);

  await db.schema
    .createTable('idempotency')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('requestHash', 'text', (c) => c.notNull())
    .addColumn('callbackId', 'text', (c) => c.notNull())
    .addColumn('createdAtMs', 'bigint', (c) => c.notNull())
    .addColumn('expiresAtMs', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('idempotencyKey', ['scope', 'key'])
    .execute();
  await index(db, 'idempotencyByExpiry', 'idempotency', ['expiresAtMs']);
}

async function index(db: Kysely<unknown>, name: string, table: string, columns: string[]): Promise<void> {
  await db.schema.createIndex(name).on(table).columns(columns).execute();
}

/** Every table of the first release. */
export const firstSchema = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createCallbackTables(db);
    await createEventTables(db);
    await createAgentAndCallTables(db);
    await createAccessTables(db);
  },
};
