import BetterSqlite3 from 'better-sqlite3';
import { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry, AuditFilter } from '../../../src/adapters/http/audit-store.ts';
import { listAuditTurn, putAudit } from '../../../src/adapters/storage/audit-queries.ts';
import { migrate } from '../../../src/adapters/storage/migrations/migrations.ts';
import type { Schema } from '../../../src/adapters/storage/schema.ts';
import { PreparedSqliteDialect } from '../../../src/adapters/storage/sqlite-dialect.ts';
import { inTurns } from '../../../src/kernel/turns.ts';

/** More than one turn looks at. */
const COUNT = 4600;

let database: BetterSqlite3.Database;
let db: Kysely<Schema>;
let asked: { sql: string; parameters: readonly unknown[] }[] = [];
const made: AuditEntry[] = [];

beforeAll(async () => {
  database = new BetterSqlite3(':memory:');
  db = new Kysely<Schema>({
    dialect: new PreparedSqliteDialect(database),
    log: ({ query }) => {
      asked.push(query);
    },
  });
  await migrate(db as unknown as Kysely<never>);
  database.exec('begin');
  for (let at = 0; at < COUNT; at++) {
    const entry: AuditEntry = {
      id: `audit_${String(at).padStart(6, '0')}`,
      // Neighbours change places now and then.
      atMs: 1_000_000 + (at % 10 === 0 ? at + 1 : at) * 1000,
      actor: at % 3 === 0 ? 'user:ada' : 'key:shop',
      actorName: '',
      address: '127.0.0.1',
      correlationId: `corr_${at}`,
      action:
        at % 500 === 0 ? 'config.applied' : at % 7 === 0 ? 'callback.rescheduled' : 'callback.cancelled',
      target: `callback:${at % 900}`,
      before: null,
      after: null,
    };
    made.push(entry);
    await putAudit(db, entry);
  }
  database.exec('commit');
});
afterAll(() => db.destroy());

type Asked = Omit<AuditFilter, 'limit' | 'afterId'>;

const filters: readonly (readonly [string, Asked])[] = [
  ['nothing', {}],
  ['an actor', { actor: 'user:ada' }],
  ['an action', { action: 'callback.cancelled' }],
  ['actions that begin alike', { action: 'callback.*' }],
  ['every action', { action: '*' }],
  ['an action that is not there', { action: 'session.*' }],
  ['a target', { target: 'callback:7' }],
  ['an actor and a rare action', { actor: 'user:ada', action: 'config.*' }],
  ['all three', { actor: 'key:shop', action: 'callback.*', target: 'callback:8' }],
  ['nobody', { actor: 'user:nobody' }],
];
const windows: readonly Asked[] = [
  {},
  { fromMs: 1_100_000, toMs: 4_000_000 },
  { toMs: 1_020_000 },
  { fromMs: 5_590_000 },
  { fromMs: 5, toMs: 6 },
];

function isSelected(
  entry: AuditEntry,
  { actor, action, target, fromMs = 0, toMs = Infinity }: Asked,
): boolean {
  const begins = action?.endsWith('*') === true && entry.action.startsWith(action.slice(0, -1));
  return (
    entry.actor === (actor ?? entry.actor) &&
    entry.target === (target ?? entry.target) &&
    (action === undefined || begins || entry.action === action) &&
    entry.atMs >= fromMs &&
    entry.atMs <= toMs
  );
}

describe('the audit log', () => {
  it.each(filters)(
    'by %s is listed in pages, newest first, whatever the window of time',
    async (_, filter) => {
      for (const window of windows) {
        const wanted = { ...filter, ...window };
        const listed: string[] = [];
        for (;;) {
          const afterId = listed.at(-1);
          const page = await inTurns(180, (limit, below = afterId) =>
            listAuditTurn(db, { ...wanted, limit, ...(below !== undefined && { afterId: below }) }),
          );
          listed.push(...page.map(({ id }) => id));
          if (page.length < 180) break;
        }
        const selected = made.filter((entry) => isSelected(entry, wanted)).map(({ id }) => id);
        expect({ window, listed }).toEqual({ window, listed: selected.reverse() });
      }
    },
  );

  it.each(filters)('by %s is read in the order of an index, never sorted', async (_, filter) => {
    asked = [];
    const range = { fromMs: 1_100_000, toMs: 4_000_000, afterId: 'audit_003000' };
    for (const window of [{}, range]) await listAuditTurn(db, { ...filter, ...window, limit: 50 });
    const steps = asked.flatMap(({ sql, parameters }) => {
      const plan = database.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[];
      return plan.map(({ detail }) => detail);
    });
    expect(steps.filter((step) => /SCAN audit|TEMP B-TREE/.test(step))).toEqual([]);
  });

  it('is looked at so much and no more in one turn', async () => {
    const rare = { actor: 'user:ada', action: 'callback.cancelled', toMs: 1_050_000 };
    const all = await listAuditTurn(db, { limit: 201 });
    expect([all.items.length, all.next]).toEqual([201, 'audit_002599']);
    expect((await listAuditTurn(db, { ...rare, limit: 50 })).next).toBeUndefined();
  });
});
