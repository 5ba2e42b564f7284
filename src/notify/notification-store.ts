import type { Notification, NotificationChannel, NotificationEvent } from '../callback/notification.ts';
import type { CallbackId, NotificationId } from '../kernel/ids.ts';
import type { Turn } from '../kernel/turns.ts';

/**
 * Where a message is: to be sent, taken by its receiver, given up (a dead letter), or not to be sent at all.
 */
export const NotificationState = {
  pending: 'PENDING',
  sent: 'SENT',
  dead: 'DEAD',
  skipped: 'SKIPPED',
} as const;
export type NotificationState = (typeof NotificationState)[keyof typeof NotificationState];

/** A message with what became of it. */
export interface NotificationRecord extends Notification {
  readonly state: NotificationState;
  readonly tryCount: number;
  /** When it is sent next; null: it is not. */
  readonly dueAtMs: number | null;
  readonly endedAtMs: number | null;
  /** The receiver's own name of the message; null: it gave none. */
  readonly receipt: string | null;
  /** Why the last try failed. */
  readonly fault: string | null;
}

/** What to select; newest first. */
export interface NotificationFilter {
  readonly states?: readonly NotificationState[];
  readonly callbackId?: CallbackId;
  readonly event?: NotificationEvent;
  readonly channel?: NotificationChannel;
  /** Of these queues only. */
  readonly virtualQueues?: readonly string[];
  /** 1–500. */
  readonly limit: number;
  readonly beforeId?: NotificationId;
}

/** Receivers that are passed over: as much as may be is on its way to them. */
export interface BusyReceivers {
  readonly channels: readonly NotificationChannel[];
  /** By name. */
  readonly webhooks: readonly string[];
}

/** The messages of one transaction. */
export interface NotificationTx {
  /** PENDING ones whose time has come and whose receivers are not busy, earliest first. */
  due(nowMs: number, limit: number, busy: BusyReceivers): Promise<NotificationRecord[]>;
  /** The earliest time after `nowMs` among PENDING ones. */
  nextDueAtMs(nowMs: number): Promise<number | undefined>;
  find(id: NotificationId): Promise<NotificationRecord | undefined>;
  /** Newest first: as much as one turn at the store should find. */
  list(filter: NotificationFilter): Promise<Turn<NotificationRecord>>;
  /** Stores what became of a message. */
  update(record: NotificationRecord): Promise<void>;
  /** Writes down that this one is not to be told; false: its `onceKey` is there already. */
  skip(notification: Notification): Promise<boolean>;
  isGone(target: string): Promise<boolean>;
  markGone(target: string, nowMs: number): Promise<void>;
  /** Deletes ended messages and gone devices older than `beforeMs`, a batch a call. Returns how many. */
  trim(beforeMs: number, limit: number): Promise<number>;
}
