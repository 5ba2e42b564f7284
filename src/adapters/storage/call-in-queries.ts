import { type Kysely, sql } from 'kysely';
import { type CallIn, CallInState } from '../../callin/call-in.ts';
import { digitsOf } from '../../callin/call-in-matching.ts';
import type { CallInFilter, CallInTx } from '../../callin/call-in-store.ts';
import type { CallInRow, Schema } from './schema.ts';

/** A literal, not a parameter: the partial indexes apply only when the planner sees it. */
const IS_WAITING = sql<boolean>`"state" = 'WAITING'`;
const CANDIDATES_MAX = 100;
const LIST_ROWS_MAX = 500;
const WAITING_MAX = 20_000;

/** The call-in requests of one transaction. */
export class CallInQueries implements CallInTx {
  readonly #executor: () => Kysely<Schema>;

  /** @param executor asked for every query: it throws once the transaction has ended. */
  constructor(executor: () => Kysely<Schema>) {
    this.#executor = executor;
  }

  async insertCallIn(callIn: CallIn): Promise<void> {
    await this.#executor().insertInto('callIn').values(toRow(callIn)).execute();
  }

  async updateCallIn(callIn: CallIn, from: CallInState): Promise<boolean> {
    const { id, ...fields } = toRow(callIn);
    const result = await this.#executor()
      .updateTable('callIn')
      .set(fields)
      .where('id', '=', id)
      .where('state', '=', from)
      .executeTakeFirst();
    return Number(result.numUpdatedRows) === 1;
  }

  async findCallIn(id: string): Promise<CallIn | undefined> {
    const row = await this.#executor()
      .selectFrom('callIn')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  async callInCandidates({
    code,
    ani,
    dialled,
    expiredAfterMs,
  }: Parameters<CallInTx['callInCandidates']>[0]): Promise<CallIn[]> {
    const signs = [
      ['accessCode', code],
      ['fromNumber', ani],
      ['toDigits', digitsOf(dialled)],
    ] as const;
    const found = new Map<string, CallIn>();
    for (const [column, value] of signs) {
      if (value === undefined) continue;
      const rows = await this.#executor()
        .selectFrom('callIn')
        .selectAll()
        .where(column, '=', value)
        .where('expiresAtMs', '>', expiredAfterMs)
        .where(IS_WAITING)
        .orderBy('expiresAtMs', 'desc')
        .limit(CANDIDATES_MAX)
        .execute();
      for (const row of rows) found.set(row.id, fromRow(row));
    }
    return [...found.values()].sort((a, b) => b.createdAtMs - a.createdAtMs);
  }

  async countWaiting(groupName: string, nowMs: number, max: number): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) as "count" from (
      select 1 from "callIn" where "groupName" = ${groupName} and "expiresAtMs" > ${nowMs}
        and "state" = 'WAITING' limit ${max})`.execute(this.#executor());
    return rows[0]?.count ?? 0;
  }

  async nextExpiryMs(groupName: string, nowMs: number): Promise<number | undefined> {
    const row = await this.#executor()
      .selectFrom('callIn')
      .select('expiresAtMs')
      .where('groupName', '=', groupName)
      .where('expiresAtMs', '>', nowMs)
      .where(IS_WAITING)
      .orderBy('expiresAtMs')
      .limit(1)
      .executeTakeFirst();
    return row?.expiresAtMs;
  }

  async waitingNumbers(groupName: string, nowMs: number): Promise<string[]> {
    const rows = await this.#executor()
      .selectFrom('callIn')
      .select('toDigits')
      .where('groupName', '=', groupName)
      .where('expiresAtMs', '>', nowMs)
      .where(IS_WAITING)
      .limit(WAITING_MAX)
      .execute();
    return rows.map(({ toDigits }) => toDigits);
  }

  async isNumberWaiting(number: string, nowMs: number): Promise<boolean> {
    return await this.#isWaiting('toDigits', digitsOf(number), nowMs);
  }

  async isCodeWaiting(code: string, nowMs: number): Promise<boolean> {
    return await this.#isWaiting('accessCode', code, nowMs);
  }

  async #isWaiting(column: 'toDigits' | 'accessCode', value: string, nowMs: number): Promise<boolean> {
    const row = await this.#executor()
      .selectFrom('callIn')
      .select('id')
      .where(column, '=', value)
      .where('expiresAtMs', '>', nowMs)
      .where(IS_WAITING)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async listCallIns(filter: CallInFilter): Promise<CallIn[]> {
    let query = this.#executor().selectFrom('callIn').selectAll();
    const { groupName, groupNames, state, callbackId, number, fromMs, toMs, nowMs, beforeId } = filter;
    const { createdBy } = filter;
    if (createdBy !== undefined) query = query.where('createdBy', '=', JSON.stringify(createdBy));
    if (groupNames !== undefined) query = query.where('groupName', 'in', groupNames);
    if (groupName !== undefined) query = query.where('groupName', '=', groupName);
    if (callbackId !== undefined) query = query.where('callbackId', '=', callbackId);
    if (number !== undefined) {
      query = query.where((eb) =>
        eb.or([eb('fromNumber', '=', number), eb('toDigits', '=', digitsOf(number))]),
      );
    }
    if (fromMs !== undefined) query = query.where('createdAtMs', '>=', fromMs);
    if (toMs !== undefined) query = query.where('createdAtMs', '<', toMs);
    if (beforeId !== undefined) query = query.where('id', '<', beforeId);
    if (state === CallInState.waiting || state === CallInState.expired) {
      const isWaiting = state === CallInState.waiting;
      query = query.where((eb) =>
        eb.or([
          eb.and([eb('state', '=', 'WAITING'), eb('expiresAtMs', isWaiting ? '>' : '<=', nowMs)]),
          ...(isWaiting ? [] : [eb('state', '=', 'EXPIRED')]),
        ]),
      );
    } else if (state !== undefined) query = query.where('state', '=', state);
    const rows = await query
      .orderBy('id', 'desc')
      .limit(Math.min(Math.max(1, filter.limit), LIST_ROWS_MAX))
      .execute();
    return rows.map(fromRow);
  }

  async matchedCallIns(limit: number): Promise<CallIn[]> {
    const rows = await this.#executor()
      .selectFrom('callIn')
      .selectAll()
      .where(sql<boolean>`"state" = 'MATCHED'`)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async trimCallIns(keepMax: number, nowMs: number): Promise<number> {
    const last = await this.#executor()
      .selectFrom('callIn')
      .select('id')
      .orderBy('id', 'desc')
      .offset(keepMax)
      .limit(1)
      .executeTakeFirst();
    if (!last) return 0;
    const result = await this.#executor()
      .deleteFrom('callIn')
      .where('id', '<=', last.id)
      .where('state', '<>', 'MATCHED')
      .where((eb) => eb.or([eb('state', '<>', 'WAITING'), eb('expiresAtMs', '<=', nowMs)]))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

function toRow({ userData, createdBy, matchedBy, ...callIn }: CallIn): CallInRow {
  return {
    ...callIn,
    toDigits: digitsOf(callIn.toNumber),
    userData: JSON.stringify(userData),
    createdBy: JSON.stringify(createdBy),
    matchedBy: JSON.stringify(matchedBy),
  };
}

function fromRow({ toDigits: _toDigits, userData, createdBy, matchedBy, ...row }: CallInRow): CallIn {
  return {
    ...row,
    state: row.state as CallInState,
    userData: JSON.parse(userData) as CallIn['userData'],
    createdBy: JSON.parse(createdBy) as CallIn['createdBy'],
    matchedBy: JSON.parse(matchedBy) as CallIn['matchedBy'],
  };
}
