import type { CallbackChanged } from '../callback/callback-runner.ts';
import type { Callback } from '../callback/callback.ts';
import type { Notification, NotificationEvent } from '../callback/notification.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { NotificationId } from '../kernel/ids.ts';
import type { WebhookSettings } from './webhook-settings.ts';

const MINUTE_MS = 60_000;
/** Where a failed attempt may have been when it failed. */
const ATTEMPT_SUB_STATES: readonly Callback['subState'][] = [
  'dialing',
  'detecting',
  'confirming',
  'waiting-for-agent',
  'ringing-agent',
  'redial-wait',
];
const FAILED_REASONS: readonly Callback['reason'][] = ['MAX_ATTEMPTS_REACHED', 'CUSTOMER_NOT_CONFIRMED'];

/** What is told, to whomever it concerns. */
export interface Message {
  readonly event: NotificationEvent;
  readonly data: Readonly<Record<string, string>>;
  /** Worth nothing after this. */
  readonly expiresAtMs?: number;
  /** A callback has one such message only. */
  readonly once?: boolean;
}

const iso = (atMs: number): string => new Date(atMs).toISOString();

/**
 * What a step of a callback gives cause to say; undefined: nothing (facts §6.1). Whether anybody wants to
 * hear it is not looked at here.
 */
export function messageOf(change: CallbackChanged, settings: QueueSettings): Message | undefined {
  const { before, callback, event } = change;
  if (event.type === 'PUSHED') {
    // One push too many ends the callback: there is nothing to be ready for.
    return callback.subState === 'pushed' ? readyMessage(callback, settings) : undefined;
  }
  if (event.type === 'PURGE_REACHED' && callback.state === 'COMPLETED') {
    return { event: 'CALLBACK_PURGED', data: { reason: callback.reason ?? '' } };
  }
  const wasCalled = before.state === 'ROUTING' && ATTEMPT_SUB_STATES.includes(before.subState);
  if (!wasCalled || before.attemptCount === 0 || event.type === 'SNOOZED') return undefined;
  const facts = { attempt: String(callback.attemptCount), result: resultOf(change) };
  if (callback.state === 'COMPLETED' && FAILED_REASONS.includes(callback.reason)) {
    return { event: 'CALLBACK_FINAL_ATTEMPT_FAILED', data: facts };
  }
  const waits = callback.subState === 'retry-wait' || callback.subState === 'redial-wait';
  if (!waits || before.subState === 'redial-wait') return undefined;
  const next = callback.dueAtMs === null ? {} : { nextAttemptAt: iso(callback.dueAtMs) };
  const maxAttempts = String(settings.maxAttempts);
  return { event: 'CALLBACK_ATTEMPT_FAILED', data: { ...facts, maxAttempts, ...next } };
}

/** The turn is near: the wait has fallen below the queue's threshold. */
export function upcomingMessage(ewtSec: number): Message {
  return { event: 'CALLBACK_UPCOMING', data: { ewt: String(Math.round(ewtSec)) }, once: true };
}

/** Where and how a customer who wants to call in does so. */
export function callInMessage(callIn: {
  readonly id: string;
  readonly toNumber: string;
  readonly accessCode: string | null;
  readonly expiresAtMs: number;
}): Message {
  const { id, toNumber, accessCode, expiresAtMs } = callIn;
  const code = accessCode === null ? {} : { accessCode };
  return {
    event: 'CALLIN_INSTRUCTIONS',
    data: { callInId: id, toPhoneNumber: toNumber, ...code, expiresAt: iso(expiresAtMs) },
    expiresAtMs,
  };
}

/** True when the wait is short enough to tell that the turn is near, and the turn will come (facts §6.1). */
export function isUpcoming(
  callback: Pick<Callback, 'purgeAtMs'>,
  ewtSec: number,
  { settings, nowMs }: { readonly settings: QueueSettings; readonly nowMs: number },
): boolean {
  if (ewtSec < 0 || ewtSec >= settings.pushThresholdMin * 60) return false;
  return callback.purgeAtMs === null || callback.purgeAtMs > nowMs + ewtSec * 1000;
}

/** True for a webhook that asked for such messages of this queue. */
export function isToldTo(
  { enabled, queues, events }: Pick<WebhookSettings, 'enabled' | 'queues' | 'events'>,
  virtualQueue: string,
  event: NotificationEvent,
): boolean {
  const wantsQueue = queues.length === 0 || queues.includes(virtualQueue);
  return enabled && wantsQueue && (events.length === 0 || events.includes(event));
}

/**
 * One message for every receiver: the customer's devices, and every webhook that asked for such messages of
 * this queue.
 */
export function addressed(
  message: Message,
  about: {
    readonly callback: Callback;
    readonly settings: QueueSettings;
    readonly webhooks: readonly Pick<
      WebhookSettings,
      'name' | 'enabled' | 'queues' | 'events' | 'triesMax'
    >[];
    readonly nowMs: number;
    readonly nextId: () => NotificationId;
  },
): readonly Notification[] {
  const { callback, settings, webhooks, nowMs, nextId } = about;
  const { id: callbackId, virtualQueue, language, details } = callback;
  const { event, once = false, expiresAtMs = null } = message;
  const data = { event, callbackId, serviceName: virtualQueue, timestamp: iso(nowMs), ...message.data };
  const devices = (details.pushTargets ?? []).map(({ target }) => ({
    channel: 'FCM' as const,
    target,
    triesMax: settings.maxNotifyAttempts,
  }));
  const systems = webhooks
    .filter((webhook) => isToldTo(webhook, virtualQueue, event))
    .map(({ name, triesMax }) => ({ channel: 'WEBHOOK' as const, target: name, triesMax }));
  return [...devices, ...systems].map((receiver) => ({
    ...receiver,
    id: nextId(),
    callbackId,
    virtualQueue,
    event,
    language,
    data,
    createdAtMs: nowMs,
    expiresAtMs,
    onceKey: once ? `${callbackId} ${event} ${receiver.channel} ${receiver.target}` : null,
  }));
}

function readyMessage(callback: Callback, settings: QueueSettings): Message {
  const { pushedAtMs } = callback;
  const expiresAtMs = (pushedAtMs ?? 0) + settings.pushExpiryMin * MINUTE_MS;
  const dialsIn = settings.callDirection === 'USERORIGINATED';
  const data = {
    action: dialsIn ? 'call-in' : 'confirm',
    expiresAt: iso(expiresAtMs),
    // Apps made for GMS post to /service/{_id}/{_action} what their customer wants.
    _id: callback.id,
    _action: dialsIn ? 'connect' : 'confirm',
  };
  return { event: 'CALLBACK_READY', data, expiresAtMs };
}

/** The dial result as far as the step tells it; somebody who answered and then nothing came of it. */
function resultOf({ event, before }: CallbackChanged): string {
  if ('result' in event) return event.result;
  const answered = before.subState !== 'dialing' && before.subState !== 'redial-wait';
  return answered && event.type !== 'CALLS_LOST' ? 'CONNECTED' : 'UNKNOWN';
}
