import type { CallbackId, NotificationId } from '../kernel/ids.ts';

/** What customers' devices and other systems are told. */
export const notificationEvents = [
  'CALLBACK_UPCOMING',
  'CALLBACK_READY',
  'CALLIN_INSTRUCTIONS',
  'CALLBACK_PURGED',
  'CALLBACK_ATTEMPT_FAILED',
  'CALLBACK_FINAL_ATTEMPT_FAILED',
] as const;
export type NotificationEvent = (typeof notificationEvents)[number];

/** How it is told: to a device by Firebase Cloud Messaging, or to another system by HTTP. */
export const notificationChannels = ['FCM', 'WEBHOOK'] as const;
export type NotificationChannel = (typeof notificationChannels)[number];

/**
 * One message to one receiver. Its row is written in the transaction of the change that it tells of, so that
 * neither is there without the other; it is sent afterwards.
 */
export interface Notification {
  readonly id: NotificationId;
  readonly callbackId: CallbackId;
  readonly virtualQueue: string;
  readonly event: NotificationEvent;
  readonly channel: NotificationChannel;
  /** FCM: the device's registration token; WEBHOOK: the webhook's name. */
  readonly target: string;
  readonly language: string;
  /** What the receiver reads, as names and texts; instants in ISO 8601. */
  readonly data: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  /** Worth nothing after this; null: worth telling whenever it is. */
  readonly expiresAtMs: number | null;
  /** Sent at most so often while it is not taken. */
  readonly triesMax: number;
  /** At most one message of a callback has it; null: no matter. */
  readonly onceKey: string | null;
}
