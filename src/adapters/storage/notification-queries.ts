import { type Kysely, sql } from 'kysely';
import type { Notification } from '../../callback/notification.ts';
import type { Turn } from '../../kernel/turns.ts';
import {
  type BusyReceivers,
  type NotificationFilter,
  type NotificationRecord,
  NotificationState,
  type NotificationTx,
} from '../../notify/notification-store.ts';
import { listTurn, type WantedValue } from './indexed-list.ts';
import type { NotificationRow } from './notification-rows.ts';
import type { Schema } from './schema.ts';

/** A literal, not a parameter: the partial index applies only when the planner sees it. */
const IS_PENDING = sql<boolean>`"state" = 'PENDING'`;
const LIST_ROWS_MAX = 500;

/** The messages of one transaction. */
export class NotificationQueries implements NotificationTx {
  readonly #executor: () => Kysely<Schema>;

  /** @param executor asked for every query: it throws once the transaction has ended. */
  constructor(executor: () => Kysely<Schema>) {
    this.#executor = executor;
  }

  async put(notifications: readonly Notification[]): Promise<void> {
    for (const notification of notifications) await this.#insert(notification, NotificationState.pending);
  }

  skip(notification: Notification): Promise<boolean> {
    return this.#insert(notification, NotificationState.skipped);
  }

  async due(
    nowMs: number,
    limit: number,
    { channels, webhooks }: BusyReceivers,
  ): Promise<NotificationRecord[]> {
    const rows = await this.#executor()
      .selectFrom('notification')
      .selectAll()
      .where(IS_PENDING)
      .where('dueAtMs', '<=', nowMs)
      .$if(channels.length > 0, (query) => query.where('channel', 'not in', channels))
      .$if(webhooks.length > 0, (query) =>
        query.where((eb) => eb.or([eb('channel', '!=', 'WEBHOOK'), eb('target', 'not in', webhooks)])),
      )
      .orderBy('dueAtMs')
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async nextDueAtMs(nowMs: number): Promise<number | undefined> {
    const row = await this.#executor()
      .selectFrom('notification')
      .select('dueAtMs')
      .where(IS_PENDING)
      .where('dueAtMs', '>', nowMs)
      .orderBy('dueAtMs')
      .limit(1)
      .executeTakeFirst();
    return row?.dueAtMs ?? undefined;
  }

  async find(id: string): Promise<NotificationRecord | undefined> {
    const row = await this.#executor()
      .selectFrom('notification')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  async list(filter: NotificationFilter): Promise<Turn<NotificationRecord>> {
    const { states, callbackId, event, channel, virtualQueues, limit, beforeId } = filter;
    if (virtualQueues?.length === 0) return { items: [], next: undefined };
    const wanted: WantedValue[] = [];
    if (callbackId !== undefined) wanted.push({ column: 'callbackId', values: [callbackId] });
    if (states) wanted.push({ column: 'state', values: states });
    const queues =
      virtualQueues &&
      sql`"virtualQueue" in (select "value" from json_each(${JSON.stringify(virtualQueues)}))`;
    const { items, next } = await listTurn<NotificationRow>(this.#executor(), {
      table: 'notification',
      wanted,
      conditions: [
        ...(event === undefined ? [] : [sql`"event" = ${event}`]),
        ...(channel === undefined ? [] : [sql`"channel" = ${channel}`]),
        ...(queues ? [queues] : []),
      ],
      below: beforeId,
      limit: Math.min(Math.max(1, limit), LIST_ROWS_MAX),
    });
    return { items: items.map(fromRow), next };
  }

  async update(record: NotificationRecord): Promise<void> {
    const { state, tryCount, triesMax, dueAtMs, endedAtMs, receipt, fault } = record;
    await this.#executor()
      .updateTable('notification')
      .set({ state, tryCount, triesMax, dueAtMs, endedAtMs, receipt, fault })
      .where('id', '=', record.id)
      .execute();
  }

  async isGone(target: string): Promise<boolean> {
    const row = await this.#executor()
      .selectFrom('goneDevice')
      .select('target')
      .where('target', '=', target)
      .executeTakeFirst();
    return row !== undefined;
  }

  async markGone(target: string, nowMs: number): Promise<void> {
    await this.#executor()
      .insertInto('goneDevice')
      .values({ target, atMs: nowMs })
      .onConflict((conflict) => conflict.column('target').doUpdateSet({ atMs: nowMs }))
      .execute();
  }

  async trim(beforeMs: number, limit: number): Promise<number> {
    const db = this.#executor();
    const messages = await db
      .deleteFrom('notification')
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('notification')
          .select('id')
          .where('state', '!=', NotificationState.pending)
          .where('createdAtMs', '<', beforeMs)
          .orderBy('id')
          .limit(limit),
      )
      .executeTakeFirst();
    const devices = await db
      .deleteFrom('goneDevice')
      .where('target', 'in', (eb) =>
        eb.selectFrom('goneDevice').select('target').where('atMs', '<', beforeMs).limit(limit),
      )
      .executeTakeFirst();
    return Number(messages.numDeletedRows) + Number(devices.numDeletedRows);
  }

  async #insert(notification: Notification, state: NotificationState): Promise<boolean> {
    const isPending = state === NotificationState.pending;
    const { createdAtMs } = notification;
    const result = await this.#executor()
      .insertInto('notification')
      .values({
        ...notification,
        data: JSON.stringify(notification.data),
        state,
        tryCount: 0,
        dueAtMs: isPending ? createdAtMs : null,
        endedAtMs: isPending ? null : createdAtMs,
        receipt: null,
        fault: null,
      })
      .onConflict((conflict) => conflict.column('onceKey').doNothing())
      .executeTakeFirst();
    return Number(result.numInsertedOrUpdatedRows ?? 0) === 1;
  }
}

function fromRow({ data, ...row }: NotificationRow): NotificationRecord {
  return { ...row, data: JSON.parse(data) as Record<string, string> } as NotificationRecord;
}
