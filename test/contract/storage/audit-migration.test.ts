import BetterSqlite3 from 'better-sqlite3';
import { Kysely } from 'kysely';
import { expect, it } from 'vitest';
import { migrate, migrations } from '../../../src/adapters/storage/migrations/migrations.ts';
import { PreparedSqliteDialect } from '../../../src/adapters/storage/sqlite-dialect.ts';

it('the audit log of an older database loses configuration documents and nothing else', async () => {
  const database = new BetterSqlite3(':memory:');
  const db = new Kysely<never>({ dialect: new PreparedSqliteDialect(database) });
  try {
    await migrate(db, Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0017')));
    const insert = database.prepare(`insert into "audit"
      ("id", "atMs", "actor", "actorName", "address", "correlationId", "action", "target", "before", "after")
      values (?, 1, 'user:ada', 'ada', '127.0.0.1', 'corr_1', ?, ?, ?, ?)`);
    insert.run('audit_1', 'POST /api/v1/config', '/api/v1/config', null, '"agents: [{password: secret}]"');
    insert.run('audit_2', 'user.changed', 'user:bob', '{"role":"Agent"}', '{"role":"Supervisor"}');
    await migrate(db);
    expect(
      database.prepare('select "id", "action", "before", "after" from "audit" order by "id"').all(),
    ).toEqual([
      { id: 'audit_1', action: 'POST /api/v1/config', before: null, after: null },
      { id: 'audit_2', action: 'user.changed', before: '{"role":"Agent"}', after: '{"role":"Supervisor"}' },
    ]);
  } finally {
    await db.destroy();
  }
});
