import BetterSqlite3, { type Database } from 'better-sqlite3';
import { Kysely } from 'kysely';
import { join } from 'node:path';
import { fillCallbackProperties } from '../src/adapters/storage/migrations/0015-search-indices.ts';
import type { CallbackRow } from '../src/adapters/storage/schema.ts';
import { PreparedSqliteDialect } from '../src/adapters/storage/sqlite-dialect.ts';
import { IdSource } from '../src/kernel/ids.ts';
import { SystemClock } from '../src/kernel/clock.ts';
import { SeededRandom } from '../src/kernel/random.ts';

/** What to write. */
export interface StoredCallbacks {
  /** All of them, made evenly over the last thirteen days. */
  readonly count: number;
  /** Of these: bookings of `queue-0`, spread over the slots of the next four weeks. */
  readonly bookingCount: number;
  /** Of these: others for later, on all queues. */
  readonly scheduledCount: number;
  /** Of these: in line, on all queues; the rest has ended. */
  readonly queuedCount: number;
  readonly queueCount: number;
}

/** Of the last queue is one callback in so many: a small line of business among large ones. */
const SMALL_QUEUE_SHARE = 1000;
/** Different customers' numbers: `+4930` and 1000000 and up. */
export const CUSTOMER_COUNT = 250_000;
const DAY_MS = 86_400_000;
const MADE_OVER_MS = 13 * DAY_MS;
const SLOT_MS = 15 * 60_000;
const SLOT_COUNT = 28 * 96;
const TRANSACTION_ROWS = 20_000;
const REASONS = ['COMPLETED_BY_AGENT', 'MAX_ATTEMPTS_REACHED', 'CANCELLED_BY_API', 'NO_AGENT'];

/**
 * Writes callbacks, each with the line of its creation, straight into the database of a stopped program: a
 * million in a minute, where the program itself would take a quarter of an hour. Returns their ids, oldest
 * first.
 */
export async function writeCallbacks(programFolder: string, wanted: StoredCallbacks): Promise<string[]> {
  const database = new BetterSqlite3(join(programFolder, 'data', 'turnkeeper.db'));
  try {
    database.pragma('synchronous = off');
    const restoreIndexes = withoutIndexes(database);
    const ids = insert(database, wanted);
    restoreIndexes();
    const db = new Kysely<unknown>({ dialect: new PreparedSqliteDialect(database) });
    await db.transaction().execute((tx) => fillCallbackProperties(tx));
    database.pragma('wal_checkpoint(truncate)');
    return ids;
  } finally {
    database.close();
  }
}

/** An index made at the end costs a tenth of one that is kept up row by row. */
function withoutIndexes(database: Database): () => void {
  const indexes = database
    .prepare(`select "name", "sql" from sqlite_master
      where "type" = 'index' and "sql" is not null and "tbl_name" in ('callback', 'event')`)
    .all() as { name: string; sql: string }[];
  for (const { name } of indexes) database.exec(`drop index "${name}"`);
  return () => {
    for (const { sql } of indexes) database.exec(sql);
  };
}

function insert(database: Database, wanted: StoredCallbacks): string[] {
  const nowMs = Date.now();
  const random = new SeededRandom(1);
  let createdAtMs = nowMs - MADE_OVER_MS;
  const clock = new SystemClock();
  clock.nowMs = () => createdAtMs;
  const idSource = new IdSource(clock, random);
  const ids: string[] = [];
  const insertEvent = database.prepare(`insert into "event"
    ("subjectKind", "subjectId", "atMs", "kind", "actor", "state", "subState", "data") values
    ('callback', ?, ?, 'CREATED', '{"kind":"api-key","id":"key_bench"}', 'QUEUED', null, '{}')`);
  let insertRow: ReturnType<Database['prepare']> | undefined;
  const write = database.transaction((from: number, to: number) => {
    for (let at = from; at < to; at++) {
      createdAtMs = Math.floor(nowMs - MADE_OVER_MS + (at / wanted.count) * MADE_OVER_MS);
      const row = rowOf(at, { id: idSource.next('callback'), createdAtMs, nowMs }, wanted, random);
      insertRow ??= database.prepare(insertText(Object.keys(row)));
      insertRow.run(row);
      insertEvent.run(row.id, createdAtMs);
      ids.push(row.id);
    }
  });
  for (let from = 0; from < wanted.count; from += TRANSACTION_ROWS) {
    write(from, Math.min(from + TRANSACTION_ROWS, wanted.count));
  }
  return ids;
}

function insertText(columns: readonly string[]): string {
  const names = columns.map((name) => `"${name}"`).join(', ');
  return `insert into "callback" (${names}) values (${columns.map((name) => `@${name}`).join(', ')})`;
}

interface Made {
  readonly id: string;
  readonly createdAtMs: number;
  readonly nowMs: number;
}

/** Which of them are open is spread over all; the state follows from the number of the record. */
function rowOf(at: number, made: Made, wanted: StoredCallbacks, random: SeededRandom): CallbackRow {
  const { count, bookingCount, scheduledCount, queuedCount, queueCount } = wanted;
  const below = (max: number): number => Math.floor(random.next() * max);
  // A number that no two records have in common: 7919 is prime to every count there is.
  const lot = (at * 7919) % count;
  const isBooking = lot < bookingCount;
  const isScheduled = lot < bookingCount + scheduledCount;
  const isOpen = lot < bookingCount + scheduledCount + queuedCount;
  const isSmall = at % SMALL_QUEUE_SHARE === 7;
  const { id, createdAtMs, nowMs } = made;
  const slotMs = Math.ceil(nowMs / SLOT_MS + 8 + below(SLOT_COUNT)) * SLOT_MS;
  const desiredAtMs = isScheduled ? slotMs : createdAtMs;
  const completedAtMs = isOpen ? null : createdAtMs + 60_000 + below(600_000);
  return {
    ...NOTHING,
    id,
    virtualQueue: isBooking ? 'queue-0' : `queue-${isSmall ? queueCount - 1 : below(queueCount - 1)}`,
    customerNumber: `+4930${1_000_000 + below(CUSTOMER_COUNT)}`,
    state: isScheduled ? 'SCHEDULED' : isOpen ? 'QUEUED' : 'COMPLETED',
    subState: isScheduled ? 'due-later' : null,
    reason: isOpen ? null : (REASONS[below(REASONS.length)] ?? null),
    createdAtMs,
    placeAtMs: desiredAtMs,
    desiredAtMs,
    attemptCount: isOpen ? 0 : 1 + below(3),
    agentId: null,
    dueAtMs: isScheduled ? desiredAtMs - 120_000 : isOpen ? nowMs + DAY_MS : null,
    queuedAtMs: isScheduled ? null : createdAtMs,
    completedAtMs,
    userData: JSON.stringify({ orderNumber: `A-${at}`, segment: ['gold', 'silver', 'bronze'][below(3)] }),
  };
}

const NOTHING = {
  origin: 'api',
  originCallId: null,
  dialledNumber: null,
  language: 'de',
  priority: 5,
  strategy: null,
  agentOfferCount: 0,
  previewRejectCount: 0,
  expiredPassCount: 0,
  snoozeCount: 0,
  attemptId: null,
  purgeAtMs: null,
  purgeCause: null,
  pushCount: 0,
  pushedAtMs: null,
  queueMissingSinceMs: null,
  recreatedFrom: null,
  recreatedTo: null,
  rescheduledFrom: null,
  rescheduledTo: null,
  details: '{}',
  version: 2,
};
