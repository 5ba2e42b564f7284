import type { UnitOfWork } from '../callback/callback-store.ts';
import type { NotificationChannel } from '../callback/notification.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Random } from '../kernel/random.ts';
import { type Delivery, pauseAfter } from '../notify/delivery.ts';
import {
  type BusyReceivers,
  type NotificationRecord,
  NotificationState,
  type NotificationTx,
} from '../notify/notification-store.ts';

/** Sends a message once; must not throw, and must end by itself. */
export type Channel = (record: NotificationRecord) => Promise<Delivery>;

export interface NotificationSenderOptions {
  readonly unitOfWork: UnitOfWork<{ readonly notifications: NotificationTx }>;
  readonly channels: Readonly<Record<NotificationChannel, Channel>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Told after a message was given up for good. */
  readonly onDead?: (record: NotificationRecord) => void;
}

/** On their way at the same time by one channel. */
const SENDING_MAX = 32;
/** On their way to one webhook: more than these a slow one does not keep from the others. */
const WEBHOOK_SENDING_MAX = 8;
/** Questions for more in a row: those that were passed over may hide others. */
const ROUNDS_MAX = 16;
/** Pause after the store failed. */
const STORE_PAUSE_MS = 1000;
/** Bounds how late a wall clock that is set forward makes a message. */
const WAKE_MAX_MS = 60_000;
const DAY_MS = 86_400_000;
/** Ended messages are kept as long as callbacks are. */
const KEPT_MS = 14 * DAY_MS;
const TRIM_EVERY_MS = 3_600_000;
const TRIM_MAX = 1000;

/**
 * Takes messages out of the store and brings them to their receivers, each until it is taken, its time is
 * over or its tries are used up (a dead letter). What was on its way when the process ended is sent again:
 * receivers know a message by its id.
 */
export class NotificationSender {
  readonly #options: NotificationSenderOptions;
  readonly #sending = new Map<
    string,
    { readonly record: NotificationRecord; readonly done: Promise<void> }
  >();
  #wake: TimerHandle | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #trimAtMs = 0;
  #looking: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: NotificationSenderOptions) {
    this.#options = options;
  }

  /** There may be something to send. */
  wake(): void {
    this.#wakeBy(this.#options.clock.nowMs());
  }

  /** Stops taking messages out; those on their way are waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#wake) this.#options.clock.clearTimer(this.#wake);
    await this.#looking;
    await Promise.all([...this.#sending.values()].map(({ done }) => done));
  }

  #wakeBy(atMs: number): void {
    if (this.#closed || atMs >= this.#wakeAtMs) return;
    const { clock } = this.#options;
    if (this.#wake) clock.clearTimer(this.#wake);
    this.#wakeAtMs = atMs;
    const delayMs = Math.min(Math.max(0, atMs - clock.nowMs()), WAKE_MAX_MS);
    this.#wake = clock.setTimer(delayMs, () => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#look();
    });
  }

  #look(): void {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = this.#takeAll().finally(() => {
      this.#looking = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.wake();
    });
  }

  async #takeAll(): Promise<void> {
    const { clock, log, unitOfWork } = this.#options;
    try {
      const nowMs = clock.nowMs();
      await this.#trim(nowMs);
      for (let round = 0; round < ROUNDS_MAX && !this.#closed; round++) {
        const busy = this.#busy();
        const { due, nextAtMs } = await unitOfWork.transact(async ({ notifications }) => ({
          due: await notifications.due(nowMs, SENDING_MAX * 3, busy),
          nextAtMs: await notifications.nextDueAtMs(nowMs),
        }));
        // Whoever comes back looks again for those whose time has come already.
        if (nextAtMs !== undefined) this.#wakeBy(nextAtMs);
        if (this.#beginAll(due) === 0) break;
      }
    } catch (error) {
      log.error({ error }, 'messages could not be taken out');
      this.#wakeBy(clock.nowMs() + STORE_PAUSE_MS);
    }
  }

  async #trim(nowMs: number): Promise<void> {
    if (nowMs < this.#trimAtMs) return;
    const { unitOfWork } = this.#options;
    const count = await unitOfWork.transact((tx) => tx.notifications.trim(nowMs - KEPT_MS, TRIM_MAX));
    if (count < TRIM_MAX) this.#trimAtMs = nowMs + TRIM_EVERY_MS;
  }

  /** Begins what may begin; returns how many were passed over for a receiver that has become busy. */
  #beginAll(due: readonly NotificationRecord[]): number {
    let busy = this.#busy();
    let passedOverCount = 0;
    for (const record of due) {
      if (this.#closed || this.#sending.has(record.id)) continue;
      const { channel, target } = record;
      if (busy.channels.includes(channel) || (channel === 'WEBHOOK' && busy.webhooks.includes(target))) {
        passedOverCount++;
        continue;
      }
      this.#begin(record);
      busy = this.#busy();
    }
    return passedOverCount;
  }

  #busy(): BusyReceivers {
    const counts = new Map<string, number>();
    const channelCounts = { FCM: 0, WEBHOOK: 0 };
    for (const { record } of this.#sending.values()) {
      channelCounts[record.channel]++;
      if (record.channel === 'WEBHOOK') counts.set(record.target, (counts.get(record.target) ?? 0) + 1);
    }
    return {
      channels: (['FCM', 'WEBHOOK'] as const).filter((channel) => channelCounts[channel] >= SENDING_MAX),
      webhooks: [...counts].flatMap(([name, count]) => (count >= WEBHOOK_SENDING_MAX ? [name] : [])),
    };
  }

  #begin(record: NotificationRecord): void {
    const done = this.#send(record).finally(() => {
      this.#sending.delete(record.id);
      this.wake();
    });
    this.#sending.set(record.id, { record, done });
  }

  async #send(record: NotificationRecord): Promise<void> {
    const { clock, log, unitOfWork } = this.#options;
    try {
      const delivery = await this.#deliver(record);
      const after = this.#after(record, delivery);
      await unitOfWork.transact(async ({ notifications }) => {
        await notifications.update(after);
        const gone = delivery.kind === 'refused' && delivery.gone && record.channel === 'FCM';
        if (gone) await notifications.markGone(record.target, clock.nowMs());
      });
      const { id, event, callbackId, channel, state, tryCount, fault } = after;
      const facts = { notificationId: id, event, callbackId, channel, state, tryCount, fault };
      if (state === NotificationState.sent) log.info(facts, 'message sent');
      else log.warn(facts, 'message not sent');
      if (state === NotificationState.dead) this.#options.onDead?.(after);
    } catch (error) {
      log.error({ error, notificationId: record.id }, 'what became of a message could not be stored');
      await new Promise<void>((resolve) => {
        clock.setTimer(STORE_PAUSE_MS, resolve);
      });
    }
  }

  async #deliver(record: NotificationRecord): Promise<Delivery> {
    const { channels, clock, unitOfWork } = this.#options;
    const refused = (fault: string): Delivery => ({ kind: 'refused', fault, gone: false });
    if (record.expiresAtMs !== null && record.expiresAtMs <= clock.nowMs()) return refused('expired');
    if (record.channel === 'FCM') {
      const isGone = await unitOfWork.transact(({ notifications }) => notifications.isGone(record.target));
      if (isGone) return refused('device gone');
    }
    try {
      return await channels[record.channel](record);
    } catch (error) {
      return { kind: 'later', fault: messageOf(error), afterMs: null };
    }
  }

  #after(record: NotificationRecord, delivery: Delivery): NotificationRecord {
    const { clock, random } = this.#options;
    const nowMs = clock.nowMs();
    const tryCount = record.tryCount + 1;
    const ended = { ...record, tryCount, dueAtMs: null, endedAtMs: nowMs };
    if (delivery.kind === 'taken') {
      return { ...ended, state: NotificationState.sent, receipt: delivery.receipt, fault: null };
    }
    const { fault } = delivery;
    if (delivery.kind === 'refused' || tryCount >= record.triesMax) {
      return { ...ended, state: NotificationState.dead, fault };
    }
    const dueAtMs = nowMs + pauseAfter(tryCount, delivery.afterMs, random.next());
    return { ...record, tryCount, dueAtMs, fault };
  }
}
