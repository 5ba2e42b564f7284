import BetterSqlite3 from 'better-sqlite3';
import { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  insertCallback,
  searchCallbacks,
  updateCallback,
} from '../../../src/adapters/storage/callback-queries.ts';
import { deleteEndedCallbacks } from '../../../src/adapters/storage/retention-queries.ts';
import { migrate, migrations } from '../../../src/adapters/storage/migrations/migrations.ts';
import type { Schema } from '../../../src/adapters/storage/schema.ts';
import { PreparedSqliteDialect } from '../../../src/adapters/storage/sqlite-dialect.ts';
import {
  type CallbackProperty,
  type CallbackSearch,
  isFound,
  SEARCHABLE_MAX,
  searchOrder,
} from '../../../src/callback/callback-search.ts';
import type { Callback, CallbackReason, CallbackState } from '../../../src/callback/callback.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { aCallback } from './implementations.ts';

type Wanted = Omit<CallbackSearch, 'limit' | 'after'>;

const STATES: readonly CallbackState[] = ['SCHEDULED', 'QUEUED', 'COMPLETED'];
const QUEUES = ['sales', 'support', 'billing'];
const REASONS: readonly CallbackReason[] = ['NO_AGENT', 'ERROR', 'CANCELLED_BY_API'];
/** More than one search looks at in one index. */
const COUNT = 4400;

let database: BetterSqlite3.Database;
let db: Kysely<Schema>;
let asked: { sql: string; parameters: readonly unknown[] }[];

/** Filled once: nothing in it is changed. */
let full: { readonly db: Kysely<Schema>; readonly made: readonly Callback[] };
const askedOfFull: { sql: string; parameters: readonly unknown[] }[] = [];

beforeAll(async () => {
  const filled = new BetterSqlite3(':memory:');
  const filledDb = new Kysely<Schema>({
    dialect: new PreparedSqliteDialect(filled),
    log: ({ query }) => {
      askedOfFull.push(query);
    },
  });
  full = { db: filledDb, made: someCallbacks() };
  await migrate(full.db as unknown as Kysely<never>);
  filled.exec('begin');
  for (const callback of full.made) await insertCallback(full.db, callback);
  filled.exec('commit');
});
afterAll(() => full.db.destroy());

beforeEach(async () => {
  database = new BetterSqlite3(':memory:');
  asked = [];
  db = new Kysely<Schema>({
    dialect: new PreparedSqliteDialect(database),
    log: ({ query }) => {
      asked.push(query);
    },
  });
  await migrate(db as unknown as Kysely<never>);
});
afterEach(() => db.destroy());

const data = (name: string, value: string): CallbackProperty => ({ kind: 'data', name, value });

const searches: readonly (readonly [string, Wanted])[] = [
  ['nothing', {}],
  ['states and queues', { states: ['QUEUED'], virtualQueues: ['sales', 'billing'] }],
  ['a number', { customerNumber: '+4930111' }],
  ['a value that one has', { properties: [data('order', 'A-17')] }],
  ['a value that most have', { properties: [data('segment', 'gold')] }],
  [
    'a value that most have, in one queue',
    { properties: [data('segment', 'gold')], virtualQueues: ['sales'] },
  ],
  ['a value that nobody has', { properties: [data('segment', 'tin')] }],
  ['a value under another name', { properties: [data('order', 'gold')] }],
  ['a common and a rare value', { properties: [data('segment', 'gold'), data('order', 'A-18')] }],
  ['two common values', { properties: [data('segment', 'gold'), data('half', '1')] }],
  ['two values that nobody has both', { properties: [data('half', '0'), data('other', '1')] }],
  ['an end user', { properties: [{ kind: 'endUser', value: 'user-3' }] }],
  ['a queue of origin', { properties: [{ kind: 'inboundQueue', value: 'front' }], states: ['COMPLETED'] }],
  ['a reason', { reasons: ['NO_AGENT'] }],
  ['reasons', { reasons: ['NO_AGENT', 'ERROR', 'NO_AGENT'] }],
  ['reasons in a queue', { reasons: ['NO_AGENT', 'ERROR'], virtualQueues: ['sales'] }],
  ['a reason and a value', { reasons: ['ERROR'], properties: [data('segment', 'gold')] }],
  ['a reason that none has', { reasons: ['PUSH_EXPIRED'] }],
  [
    'a value that most have, of callbacks made in an hour',
    { properties: [data('segment', 'gold')], createdFromMs: 1_900_000, createdToMs: 5_500_000 },
  ],
  ['a reason, of callbacks made since', { reasons: ['ERROR'], createdFromMs: 5_000_000 }],
  ['a value, of callbacks made never', { properties: [data('half', '1')], createdToMs: 5 }],
  ['states, of callbacks made before', { states: ['QUEUED', 'COMPLETED'], createdToMs: 1_100_000 }],
  ['no queue', { virtualQueues: [] }],
  ['no reason', { reasons: [] }],
];
const times: readonly (readonly [string, Wanted])[] = [
  ['', {}],
  [', at a time', { desiredFromMs: 2_000_000, desiredToMs: 2_060_000 }],
  [', for hours', { desiredFromMs: 1_500_000, desiredToMs: 8_000_000 }],
  [', from a time on', { desiredFromMs: 5_000_000 }],
  [', up to a time', { desiredToMs: 1_700_000 }],
];

/** One a second from 1 000 000 ms on, desired up to an hour later, many at the same time. */
function someCallbacks(): Callback[] {
  const random = new SeededRandom(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  return Array.from({ length: COUNT }, (_, at) => {
    const state = pick(STATES);
    const createdAtMs = 1_000_000 + at * 1000;
    return aCallback({
      createdAtMs,
      desiredAtMs:
        at % 3 === 0 ? createdAtMs : Math.ceil((createdAtMs + random.next() * 3_600_000) / 60_000) * 60_000,
      virtualQueue: pick(QUEUES),
      customerNumber: pick(['+4930111', '+4930222', `+49309${at}`]),
      state,
      reason: state === 'COMPLETED' ? pick(REASONS) : null,
      userData: {
        order: `A-${at}`,
        segment: random.next() < 0.8 ? 'gold' : 'silver',
        half: String(at % 2),
        ...(at % 2 === 1 && { other: '1' }),
      },
      details: {
        ...(at % 50 === 3 && { endUser: 'user-3' }),
        ...(at % 4 === 0 && { inboundQueue: 'front' }),
      },
    });
  });
}

/** Page after page, with how many pages it took. */
async function all(wanted: Wanted, limit: number, store = db): Promise<{ ids: string[]; pageCount: number }> {
  const ids: string[] = [];
  let after: CallbackSearch['after'];
  for (let pageCount = 1; ; pageCount++) {
    const { items, next } = await searchCallbacks(store, { ...wanted, limit, ...(after && { after }) });
    expect(items.length).toBeLessThanOrEqual(limit);
    ids.push(...items.map(({ id }) => id));
    if (!next) return { ids, pageCount };
    after = next;
  }
}

describe('searches of callbacks', () => {
  it('hold in pages, in their order, exactly what is searched for', async () => {
    for (const [what, wanted] of searches) {
      for (const [when, range] of times) {
        const search = { ...wanted, ...range, limit: 1 };
        const expected = full.made.filter((one) => isFound(one, search)).sort(searchOrder(search));
        const { ids } = await all({ ...wanted, ...range }, 450, full.db);
        expect(ids, `${what}${when}`).toEqual(expected.map(({ id }) => id));
      }
    }
  });

  it('of what few have take one page, whatever else is asked, and of what is common few pages', async () => {
    const pages = async (wanted: Wanted): Promise<number> => (await all(wanted, 50, full.db)).pageCount;
    const range = { desiredFromMs: 0, desiredToMs: 9_000_000_000 };
    expect(await pages({ properties: [data('segment', 'gold'), data('order', 'A-4')] })).toBe(1);
    expect(await pages({ properties: [data('order', 'A-4')], ...range, states: ['QUEUED'] })).toBeLessThan(2);
    expect(await pages({ desiredFromMs: 2_000_000, desiredToMs: 2_000_000 })).toBe(1);
    expect(await pages({ properties: [data('other', '1'), data('half', '0')] })).toBe(2);
    // Of the two the states are few.
    const open = { properties: [data('other', '1'), data('half', '0')], states: ['QUEUED'] } as const;
    expect(await pages(open)).toBe(1);
  });

  it.each(searches)('for %s never look through the whole table', async (_what, wanted) => {
    for (const [, range] of times) {
      asked = [];
      const after = { id: 'callback_~', desiredAtMs: 4_000_000 } as const;
      await searchCallbacks(db, { ...wanted, ...range, after, limit: 50 });
      const steps = asked.flatMap(({ sql, parameters }) => {
        const plan = database.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[];
        return plan.map(({ detail }) => detail);
      });
      expect(steps.filter((step) => /^SCAN (?:callback|found|has)/.test(step)).join('\n')).toBe('');
    }
  });

  it('along the times read no farther than one turn looks, whatever the range', async () => {
    const nobody = {
      properties: [data('half', '0'), data('other', '1')],
      desiredFromMs: 1,
      desiredToMs: 9e9,
    };
    const { items, next } = await searchCallbacks(full.db, { ...nobody, limit: 50 });
    expect(items).toEqual([]);
    // The lower end of what is read of the index is where the next turn begins.
    const { sql, parameters } = askedOfFull.at(-1)!;
    expect(sql).toContain('where "callback"."desiredAtMs" >= ?');
    expect(parameters[0]).toBe(next?.desiredAtMs);
    const farther = full.made.filter(({ desiredAtMs }) => desiredAtMs < (next?.desiredAtMs ?? 0));
    expect(farther.length).toBeGreaterThan(2000);
  });

  it('see data as they were changed, and forget callbacks that are deleted', async () => {
    const before = aCallback({ userData: { order: 'A-1' }, state: 'COMPLETED', desiredAtMs: 5 });
    await insertCallback(db, before);
    const after: Callback = { ...before, userData: { order: 'A-2' }, version: 2 };
    await updateCallback(db, after, before.userData);
    const found = async (order: string): Promise<string[]> =>
      (await all({ properties: [data('order', order)] }, 10)).ids;
    expect([await found('A-1'), await found('A-2')]).toEqual([[], [before.id]]);
    expect(await deleteEndedCallbacks(db, 6, 10)).toBe(1);
    expect(database.prepare('select count(*) from "callbackProperty"').pluck().get()).toBe(0);
  });

  it('know callbacks however many have come since the last search, and keep few waiting for it', async () => {
    const made = Array.from({ length: 1001 }, (_, at) =>
      aCallback({ userData: { order: `B-${at}`, colour: 'red', size: '7' } }),
    );
    const waiting = (): unknown => database.prepare('select count(*) from "newCallback"').pluck().get();
    for (const callback of made) await insertCallback(db, callback);
    expect(waiting()).toBe(1001 % 256);
    const found = await all({ properties: [data('size', '7'), data('colour', 'red')] }, 500);
    expect(found.ids).toEqual(made.map(({ id }) => id).sort((a, b) => (a < b ? 1 : -1)));
    expect(waiting()).toBe(0);
  });

  it('know so many of a callback and no more', async () => {
    const names = Array.from({ length: SEARCHABLE_MAX + 1 }, (_, at) => `key${at}`);
    const callback = aCallback({ userData: Object.fromEntries(names.map((name) => [name, 'x'])) });
    await insertCallback(db, callback);
    const found = async (name: string): Promise<number> =>
      (await all({ properties: [data(name, 'x')] }, 10)).ids.length;
    expect(await found(`key${SEARCHABLE_MAX - 1}`)).toBe(1);
    expect(await found(`key${SEARCHABLE_MAX}`)).toBe(0);
  });
});

it('callbacks of an older database are found after the change of its schema', async () => {
  const old = new BetterSqlite3(':memory:');
  const olddb = new Kysely<Schema>({ dialect: new PreparedSqliteDialect(old) });
  try {
    const before = Object.entries(migrations).filter(([name]) => name < '0015');
    await migrate(olddb as unknown as Kysely<never>, Object.fromEntries(before));
    const made = Array.from({ length: 2500 }, (_, at) =>
      aCallback({ userData: { order: `A-${at}`, segment: 'gold' }, details: { endUser: 'ada' } }),
    );
    const columns = Object.keys(made[0] ?? {});
    const insert = old.prepare(
      `insert into "callback" (${columns.map((name) => `"${name}"`).join()}) values (${columns.map(() => '?').join()})`,
    );
    for (const one of made) {
      insert.run(
        Object.values(one).map((value) =>
          typeof value === 'object' && value ? JSON.stringify(value) : value,
        ),
      );
    }
    await migrate(olddb as unknown as Kysely<never>);
    const ids = async (...properties: CallbackProperty[]): Promise<string[]> =>
      (await searchCallbacks(olddb, { properties, limit: 500 })).items.map(({ id }) => id);
    expect(await ids(data('order', 'A-2400'))).toEqual([made[2400]?.id]);
    expect(await ids({ kind: 'endUser', value: 'ada' })).toHaveLength(500);
  } finally {
    await olddb.destroy();
  }
});
