import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, migrations } from '../../../src/adapters/storage/migrations/migrations.ts';
import { PreparedSqliteDialect } from '../../../src/adapters/storage/sqlite-dialect.ts';
import { Storage } from '../../../src/adapters/storage/storage.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { aCallback } from './implementations.ts';

const OWNER = `
  import { Storage } from ${JSON.stringify(new URL('../../../src/adapters/storage/storage.ts', import.meta.url).href)};
  import { SystemClock } from ${JSON.stringify(new URL('../../../src/kernel/clock.ts', import.meta.url).href)};
  await Storage.open({ path: process.argv.at(-1), clock: new SystemClock() });
  process.stdout.write('open');
  setInterval(() => undefined, 1000);
`;

describe('the SQLite file', () => {
  const clock = new SystemClock();
  let folder: string;
  let path: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'turnkeeper-owner-'));
    path = join(folder, 'test.db');
  });
  afterEach(async () => {
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    child = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  it('belongs to one process, and to nobody as soon as that one is killed', async () => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', OWNER, path];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const { stdout } = child;
    if (!stdout) throw new Error('the child has no output');
    await once(stdout, 'data');
    await expect(Storage.open({ path, clock })).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const storage = await Storage.open({ path, clock });
    expect(await storage.transact((tx) => tx.openCallbacks())).toEqual([]);
    await storage.close();
  });

  it('cannot be opened twice, and again after a close', async () => {
    const first = await Storage.open({ path, clock });
    await expect(Storage.open({ path, clock })).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
    await first.transact((tx) => tx.insertCallback(aCallback()));
    await first.close();
    await first.close();
    const second = await Storage.open({ path, clock });
    expect(second.migrated).toEqual([]);
    expect(await second.transact((tx) => tx.openCallbacks())).toHaveLength(1);
    await second.close();
  });

  it('is refused when a newer version has written it', async () => {
    const first = await Storage.open({ path, clock });
    expect(first.migrated).toEqual(Object.keys(migrations));
    await first.close();
    const raw = new BetterSqlite3(path);
    raw.prepare(`insert into kysely_migration values ('9999-of-tomorrow', '2030-01-01')`).run();
    raw.close();
    await expect(Storage.open({ path, clock })).rejects.toMatchObject({ code: 'SCHEMA_NEWER' });
  });

  it('of an earlier release is opened, its callbacks with the defaults of what they did not have', async () => {
    await writeOldDatabase(path);
    const storage = await Storage.open({ path, clock });
    expect(storage.migrated[0]).toBe('0003-lifecycle');
    const [queued, scheduled] = await storage.transact((tx) => tx.openCallbacks());
    const defaults = {
      strategy: null,
      purgeAtMs: null,
      purgeCause: null,
      snoozeCount: 0,
      previewRejectCount: 0,
      expiredPassCount: 0,
      pushCount: 0,
      pushedAtMs: null,
      queueMissingSinceMs: null,
      recreatedFrom: null,
      recreatedTo: null,
      rescheduledFrom: null,
      rescheduledTo: null,
      details: {},
    };
    expect(queued).toMatchObject({ ...defaults, id: 'callback_old1', placeAtMs: 70, queuedAtMs: 70 });
    expect(scheduled).toMatchObject({ ...defaults, id: 'callback_old2', queuedAtMs: null });
    const next = { ...queued!, strategy: 'paced', purgeAtMs: 99, version: 2 } as const;
    await storage.transact((tx) => tx.updateCallback(next));
    expect(await storage.transact((tx) => tx.findCallback(next.id))).toEqual(next);
    await storage.close();
  });

  it('is refused when it is not a database, and left alone', async () => {
    const { writeFileSync, readFileSync } = await import('node:fs');
    writeFileSync(path, 'this is a letter to my grandmother, not a database '.repeat(100));
    const before = readFileSync(path, 'utf8');
    await expect(Storage.open({ path, clock })).rejects.toMatchObject({ code: 'STORAGE_OPEN_FAILED' });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('keeps nothing of a failed migration', async () => {
    const raw = new BetterSqlite3(path);
    const db = new Kysely<never>({ dialect: new PreparedSqliteDialect(raw) });
    const broken = {
      '0001-good': {
        up: (db: Kysely<unknown>) => db.schema.createTable('good').addColumn('a', 'text').execute(),
      },
      '0002-bad': { up: () => Promise.reject(new Error('no')) },
    };
    await expect(migrate(db, broken)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(raw.prepare(`select name from sqlite_master where name = 'good'`).all()).toEqual([]);
    raw.close();
  });

  it.each([
    [
      'open callbacks',
      `select * from "callback" where "state" <> 'COMPLETED' order by "priority" desc, "placeAtMs", "id"`,
    ],
    [
      'due callbacks',
      `select * from "callback" where "dueAtMs" <= 1 and "state" <> 'COMPLETED' order by "dueAtMs", "id" limit 5`,
    ],
    [
      'callbacks to be purged',
      `select * from "callback" where "purgeAtMs" <= 1 and "state" <> 'COMPLETED'
        and ("state" = 'QUEUED' or "subState" = 'retry-wait') order by "purgeAtMs", "id" limit 5`,
    ],
    [
      'ended callbacks to be deleted',
      `select "id" from "callback" where "state" = 'COMPLETED' and "desiredAtMs" < 9
        order by "desiredAtMs" limit 5`,
    ],
    [
      'callbacks of a number',
      `select * from "callback" where "customerNumber" = 'x' order by "id" desc limit 5`,
    ],
    [
      'callbacks of a queue',
      `select * from "callback" where "virtualQueue" = 'x' order by "id" desc limit 5`,
    ],
    [
      'events of a callback',
      `select * from "event" where "subjectKind" = 'callback' and "subjectId" = 'x' order by "sequence" desc limit 5`,
    ],
    ['attempts of a callback', `select * from "attempt" where "callbackId" = 'x' order by "number"`],
    ['recent calls', `select * from "callRecord" order by "startedAtMs" desc, "callId" desc limit 5`],
    ['unfinished calls', `select * from "callRecord" where "endedAtMs" is null`],
  ])('has an index for %s, without sorting', async (_, query) => {
    const storage = await Storage.open({ path, clock });
    const raw = new BetterSqlite3(path, { readonly: true });
    const plan = raw.prepare(`explain query plan ${query}`).all() as { detail: string }[];
    raw.close();
    await storage.close();
    const details = plan.map(({ detail }) => detail).join('; ');
    expect(details).toMatch(/USING (COVERING )?INDEX/);
    expect(details).not.toMatch(/TEMP B-TREE/);
  });
});

/** A file as release 0.1 left it: two migrations, one callback in the line, one for later. */
async function writeOldDatabase(path: string): Promise<void> {
  const raw = new BetterSqlite3(path);
  const db = new Kysely<never>({ dialect: new PreparedSqliteDialect(raw) });
  const ofThen = Object.entries(migrations).filter(([name]) => name < '0003');
  await migrate(db, Object.fromEntries(ofThen));
  const insert =
    raw.prepare(`insert into "callback" ("id", "virtualQueue", "customerNumber", "state", "subState",
    "origin", "language", "createdAtMs", "placeAtMs", "priority", "desiredAtMs", "attemptCount",
    "agentOfferCount", "dueAtMs", "userData", "version")
    values (?, 'support', '+12025550100', ?, ?, 'ivr', 'en', 50, ?, 0, ?, 0, 0, ?, '{}', 1)`);
  insert.run('callback_old1', 'QUEUED', null, 70, 70, null);
  insert.run('callback_old2', 'SCHEDULED', 'due-later', 900, 900, 900);
  raw.close();
}
