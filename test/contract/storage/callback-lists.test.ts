import BetterSqlite3 from 'better-sqlite3';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertCallback, listCallbacks } from '../../../src/adapters/storage/callback-queries.ts';
import { migrate } from '../../../src/adapters/storage/migrations/migrations.ts';
import type { Schema } from '../../../src/adapters/storage/schema.ts';
import { takenPlaces } from '../../../src/adapters/storage/slot-queries.ts';
import { PreparedSqliteDialect } from '../../../src/adapters/storage/sqlite-dialect.ts';
import type { CallbackFilter } from '../../../src/callback/callback-store.ts';
import type { Callback, CallbackState } from '../../../src/callback/callback.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { aCallback } from './implementations.ts';

const STATES: readonly CallbackState[] = ['SCHEDULED', 'QUEUED', 'ROUTING', 'PROCESSING', 'COMPLETED'];
const QUEUES = ['sales', 'support', 'billing'];
const NUMBERS = ['+4930111', '+4930222'];
const COUNT = 300;

let database: BetterSqlite3.Database;
let db: Kysely<Schema>;
let asked: { sql: string; parameters: readonly unknown[] }[];

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

/** How SQLite answers what was asked last, a line a step. */
function plans(): string[] {
  return asked.flatMap(({ sql, parameters }) => {
    const steps = database.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[];
    return steps.map(({ detail }) => detail);
  });
}

const filters: readonly (readonly [string, Partial<CallbackFilter>])[] = [
  ['nothing', {}],
  ['a state', { states: ['QUEUED'] }],
  ['several states', { states: ['QUEUED', 'COMPLETED', 'QUEUED'] }],
  ['a queue', { virtualQueue: 'sales' }],
  ['a queue and a state', { virtualQueue: 'sales', states: ['ROUTING'] }],
  ['a queue and several states', { virtualQueue: 'sales', states: ['SCHEDULED', 'PROCESSING'] }],
  ['queues that may be read', { virtualQueues: ['sales', 'billing'] }],
  ['a queue that may be read', { virtualQueues: ['sales', 'billing'], virtualQueue: 'sales' }],
  ['a queue that may not be read', { virtualQueues: ['sales'], virtualQueue: 'support' }],
  [
    'queues that may be read and states',
    { virtualQueues: ['sales', 'billing'], states: ['QUEUED', 'ROUTING'] },
  ],
  ['no queue that may be read', { virtualQueues: [] }],
  ['no state', { states: [] }],
  ['a number', { customerNumber: '+4930111' }],
  [
    'a number, a queue and a state',
    { customerNumber: '+4930111', virtualQueue: 'sales', states: ['QUEUED'] },
  ],
  ['a number in queues that may be read', { customerNumber: '+4930111', virtualQueues: ['sales'] }],
];

describe('lists of callbacks', () => {
  /** Made one a second from 1 000 000 ms on; ids follow, but for two neighbours now and then. */
  async function fill(): Promise<Callback[]> {
    const random = new SeededRandom(7);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
    const made = Array.from({ length: COUNT }, (_, at) =>
      aCallback({
        createdAtMs: 1_000_000 + (at % 10 === 0 ? at + 1 : at) * 1000,
        virtualQueue: pick(QUEUES),
        customerNumber: pick(NUMBERS),
        state: pick(STATES),
      }),
    );
    for (const callback of made) await insertCallback(db, callback);
    return made;
  }

  const isSelected = (callback: Callback, filter: Partial<CallbackFilter>): boolean =>
    (filter.states?.includes(callback.state) ?? true) &&
    (filter.virtualQueues?.includes(callback.virtualQueue) ?? true) &&
    callback.virtualQueue === (filter.virtualQueue ?? callback.virtualQueue) &&
    callback.customerNumber === (filter.customerNumber ?? callback.customerNumber) &&
    callback.createdAtMs >= (filter.createdFromMs ?? 0) &&
    callback.createdAtMs <= (filter.createdToMs ?? Infinity);

  it('hold in pages, newest first, exactly what each filter selects, with and without a window of time', async () => {
    const made = await fill();
    const windows = [
      {},
      { createdFromMs: 1_050_000, createdToMs: 1_200_000 },
      { createdFromMs: 1_290_000 },
      { createdToMs: 1_010_000 },
      { createdFromMs: 5, createdToMs: 6 },
    ];
    for (const [name, filter] of filters) {
      for (const window of windows) {
        const wanted = made.filter((callback) => isSelected(callback, { ...filter, ...window }));
        const listed: string[] = [];
        for (;;) {
          const afterId = listed.at(-1);
          const next = { ...filter, ...window, limit: 7, ...(afterId !== undefined && { afterId }) };
          const page = await listCallbacks(db, next);
          if (page.length === 0) break;
          listed.push(...page.map(({ id }) => id));
        }
        const newestFirst = wanted
          .map(({ id }) => id)
          .sort()
          .reverse();
        expect(listed, `${name} ${JSON.stringify(window)}`).toEqual(newestFirst);
      }
    }
  });

  it.each(filters)(
    'by %s are read in the order of an index, never the whole table',
    async (_name, filter) => {
      for (const window of [{}, { createdFromMs: 5, createdToMs: 6 }]) {
        asked = [];
        await listCallbacks(db, { limit: 50, afterId: 'callback_~', ...filter, ...window });
        const steps = plans();
        expect(steps.filter((step) => /SCAN callback|TEMP B-TREE/.test(step))).toEqual([]);
      }
    },
  );

  it('leave bookings of a month to an index that has all that is looked at', async () => {
    asked = [];
    await takenPlaces(db, 'sales', 0, 31 * 86_400_000, 5, 'callback_5');
    expect(plans()[0]).toContain('COVERING INDEX callbackBySlot');
  });
});
