import { type Kysely, sql } from 'kysely';
import type { CallbackFilter, OpenPlace } from '../../callback/callback-store.ts';
import type { Actor, Attempt, Callback, CallbackEvent } from '../../callback/callback.ts';
import { AppError } from '../../kernel/errors.ts';
import type { AttemptId, CallbackId } from '../../kernel/ids.ts';
import type { CallbackSearch, FoundCallbacks } from '../../callback/callback-search.ts';
import { listRows } from './callback-list.ts';
import { countNewCallback, deleteProperties, insertProperties } from './callback-properties.ts';
import { searchRows } from './callback-search-queries.ts';
import { FixedQuery } from './fixed-query.ts';
import type { AttemptRow, CallbackRow, EventRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** Attempts read of one callback; more than any has. */
const ATTEMPTS_MAX = 1000;

// A literal, not a parameter: the partial indexes over open callbacks apply only when the planner sees it.
const IS_OPEN = sql<boolean>`"state" <> 'COMPLETED'`;

const insertRow = new FixedQuery((db, row: CallbackRow) => db.insertInto('callback').values(row));
const updateRow = new FixedQuery((db, { id, before, ...row }: CallbackRow & { before: number }) =>
  db.updateTable('callback').set(row).where('id', '=', id).where('version', '=', before),
);
const findRow = new FixedQuery((db, { id }: { id: string }) =>
  db.selectFrom('callback').selectAll().where('id', '=', id),
);
const insertEventRow = new FixedQuery((db, row: Omit<EventRow, 'sequence'>) =>
  db.insertInto('event').values(row),
);

/** Inserts a new callback. */
export async function insertCallback(db: Executor, callback: Callback): Promise<void> {
  await insertRow.run(db, toRow(callback));
  await countNewCallback(db);
}

/**
 * @param userDataBefore to be given when they are other data now.
 * @throws AppError CALLBACK_CHANGED (retryable) when the stored version is not `callback.version - 1`.
 */
export async function updateCallback(
  db: Executor,
  callback: Callback,
  userDataBefore?: Callback['userData'],
): Promise<void> {
  const before = callback.version - 1;
  const { numAffectedRows } = await updateRow.run(db, { ...toRow(callback), before });
  if (numAffectedRows !== 1n) {
    const message = `callback ${callback.id} is not stored with version ${before}`;
    throw new AppError('CALLBACK_CHANGED', message, { retryable: true });
  }
  if (userDataBefore === undefined) return;
  await deleteProperties(db, { ...callback, userData: userDataBefore });
  await insertProperties(db, callback);
}

/** One callback by id. */
export async function findCallback(db: Executor, id: CallbackId): Promise<Callback | undefined> {
  const [row] = (await findRow.run(db, { id })).rows;
  return row && fromRow(row);
}

/** Every open callback by priority (high first), place, id. */
export async function openCallbacks(db: Executor): Promise<Callback[]> {
  const rows = await db
    .selectFrom('callback')
    .selectAll()
    .where(IS_OPEN)
    .orderBy('priority', 'desc')
    .orderBy('placeAtMs')
    .orderBy('id')
    .execute();
  return rows.map(fromRow);
}

/** What a restart needs of each, in the same order: a hundred thousand whole records would take seconds. */
export async function openPlaces(db: Executor): Promise<OpenPlace[]> {
  const rows = await db
    .selectFrom('callback')
    .select([
      'id',
      'virtualQueue',
      'customerNumber',
      'state',
      'subState',
      'placeAtMs',
      'priority',
      'dueAtMs',
      'purgeAtMs',
      'pushCount',
      'pushedAtMs',
      'details',
    ])
    .where(IS_OPEN)
    .orderBy('priority', 'desc')
    .orderBy('placeAtMs')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ ...row, details: objectOf(row.details) })) as OpenPlace[];
}

/** How many open callbacks each queue has; queues with none are left out. */
export async function openCallbackCounts(db: Executor): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('callback')
    .select(['virtualQueue', (eb) => eb.fn.countAll<number>().as('count')])
    .where(IS_OPEN)
    .groupBy('virtualQueue')
    .execute();
  return new Map(rows.map((row) => [row.virtualQueue, row.count]));
}

/** What the filter selects, newest first. */
export async function listCallbacks(db: Executor, filter: CallbackFilter): Promise<Callback[]> {
  return (await listRows(db, filter)).map(fromRow);
}

/** What the search looks for. */
export async function searchCallbacks(db: Executor, search: CallbackSearch): Promise<FoundCallbacks> {
  const { rows, next } = await searchRows(db, search);
  return { items: rows.map(fromRow), next };
}

/** Open callbacks due at or before `nowMs`, earliest first. */
export async function dueCallbacks(db: Executor, nowMs: number, limit: number): Promise<Callback[]> {
  const rows = await db
    .selectFrom('callback')
    .selectAll()
    .where('dueAtMs', '<=', nowMs)
    .where(IS_OPEN)
    .orderBy('dueAtMs')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(fromRow);
}

/** The earliest `dueAtMs` among open callbacks. */
export async function nextDueAtMs(db: Executor): Promise<number | undefined> {
  const row = await db
    .selectFrom('callback')
    .select('dueAtMs')
    .where('dueAtMs', 'is not', null)
    .where(IS_OPEN)
    .orderBy('dueAtMs')
    .limit(1)
    .executeTakeFirst();
  return row?.dueAtMs ?? undefined;
}

// Purged while nobody is being called: in the line, or between two attempts.
const IS_PURGEABLE = sql<boolean>`("state" = 'QUEUED' or "subState" = 'retry-wait')`;

/** Open callbacks in the line or between attempts whose age has ended by `nowMs`, earliest first. */
export async function purgeableCallbacks(db: Executor, nowMs: number, limit: number): Promise<Callback[]> {
  const rows = await db
    .selectFrom('callback')
    .selectAll()
    .where('purgeAtMs', '<=', nowMs)
    .where(IS_OPEN)
    .where(IS_PURGEABLE)
    .orderBy('purgeAtMs')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(fromRow);
}

/** The earliest `purgeAtMs` among the callbacks that may be purged. */
export async function nextPurgeAtMs(db: Executor): Promise<number | undefined> {
  const row = await db
    .selectFrom('callback')
    .select('purgeAtMs')
    .where('purgeAtMs', 'is not', null)
    .where(IS_OPEN)
    .where(IS_PURGEABLE)
    .orderBy('purgeAtMs')
    .limit(1)
    .executeTakeFirst();
  return row?.purgeAtMs ?? undefined;
}

/** Inserts an attempt; a second one with the same callback and number is refused by the schema. */
export async function insertAttempt(db: Executor, attempt: Attempt): Promise<void> {
  await db.insertInto('attempt').values(attemptToRow(attempt)).execute();
}

/** @throws AppError ATTEMPT_UNKNOWN when it was never inserted. */
export async function updateAttempt(db: Executor, attempt: Attempt): Promise<void> {
  const { id, ...fields } = attemptToRow(attempt);
  const result = await db.updateTable('attempt').set(fields).where('id', '=', id).executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new AppError('ATTEMPT_UNKNOWN', `attempt ${id} is not stored`);
}

/** One attempt by id. */
export async function findAttempt(db: Executor, id: AttemptId): Promise<Attempt | undefined> {
  const row = await db.selectFrom('attempt').selectAll().where('id', '=', id).executeTakeFirst();
  return row && attemptFromRow(row);
}

/** The attempts of a callback, first to last. */
export async function attemptsOf(db: Executor, id: CallbackId): Promise<Attempt[]> {
  const rows = await db
    .selectFrom('attempt')
    .selectAll()
    .where('callbackId', '=', id)
    .orderBy('number')
    .limit(ATTEMPTS_MAX)
    .execute();
  return rows.map(attemptFromRow);
}

/** Appends to the history. */
export async function appendEvent(db: Executor, event: CallbackEvent): Promise<void> {
  await insertEventRow.run(db, {
    subjectKind: 'callback',
    subjectId: event.callbackId,
    atMs: event.atMs,
    kind: event.kind,
    actor: JSON.stringify(event.actor),
    state: event.state,
    subState: event.subState,
    data: JSON.stringify(event.data),
  });
}

/** The newest `limit` events of a callback, in the order in which they happened. */
export async function eventsOf(db: Executor, id: CallbackId, limit: number): Promise<CallbackEvent[]> {
  const rows = await db
    .selectFrom('event')
    .selectAll()
    .where('subjectKind', '=', 'callback')
    .where('subjectId', '=', id)
    .orderBy('sequence', 'desc')
    .limit(limit)
    .execute();
  return rows.reverse().map(eventFromRow);
}

function toRow(callback: Callback): CallbackRow {
  const { userData, details } = callback;
  return { ...callback, userData: JSON.stringify(userData), details: JSON.stringify(details) };
}

/** In place: the row is nobody else's, and copies of forty fields were a fifth of a list's time. */
function fromRow(row: CallbackRow): Callback {
  const { userData, details } = row;
  return Object.assign(row, { userData: objectOf(userData), details: objectOf(details) }) as Callback;
}

/** Most records carry nothing: parsing that a hundred thousand times would be felt. */
function objectOf(json: string): object {
  return json === '{}' ? {} : (JSON.parse(json) as object);
}

function attemptToRow(attempt: Attempt): AttemptRow {
  return {
    ...attempt,
    termination: attempt.termination === null ? null : JSON.stringify(attempt.termination),
    confirmed: attempt.confirmed ? 1 : 0,
  };
}

function attemptFromRow(row: AttemptRow): Attempt {
  return {
    ...row,
    termination: row.termination === null ? null : (JSON.parse(row.termination) as Attempt['termination']),
    confirmed: row.confirmed === 1,
  } as Attempt;
}

function eventFromRow(row: { [Column in keyof EventRow]: unknown }): CallbackEvent {
  return {
    callbackId: row.subjectId as CallbackId,
    atMs: row.atMs as number,
    kind: row.kind as string,
    actor: JSON.parse(row.actor as string) as Actor,
    state: row.state as CallbackEvent['state'],
    subState: row.subState as CallbackEvent['subState'],
    data: JSON.parse(row.data as string) as Record<string, unknown>,
  };
}
