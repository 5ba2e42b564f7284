import type { CallbackChanged } from '../callback/callback-runner.ts';
import type { Callback } from '../callback/callback.ts';
import type { Notification, NotificationEvent } from '../callback/notification.ts';
import type { CallIn } from '../callin/call-in.ts';
import type { Clock } from '../kernel/clock.ts';
import type { IdSource } from '../kernel/ids.ts';
import {
  addressed,
  callInMessage,
  isToldTo,
  type Message,
  messageOf,
  upcomingMessage,
} from '../notify/callback-notifications.ts';
import type { WebhookSettings } from '../notify/webhook-settings.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface NotificationDeskOptions {
  readonly directory: Pick<ServiceDirectory, 'queue'> & {
    readonly webhooks: () => readonly WebhookSettings[];
  };
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Messages are in the store: there is something to send. */
  readonly wake: () => void;
}

/** Makes the messages that are written with what they tell of, and has them sent once that is durable. */
export class NotificationDesk {
  readonly #options: NotificationDeskOptions;
  #isMade = false;

  constructor(options: NotificationDeskOptions) {
    this.#options = options;
  }

  /** Of a step of a callback. */
  ofChange(change: CallbackChanged): readonly Notification[] {
    const settings = this.#options.directory.queue(change.callback.virtualQueue);
    return this.#made(change.callback, settings && messageOf(change, settings));
  }

  /** True where a webhook is told of such messages, whether or not the customer has a device. */
  isHeard(virtualQueue: string, event: NotificationEvent): boolean {
    return this.#options.directory.webhooks().some((webhook) => isToldTo(webhook, virtualQueue, event));
  }

  /** Of a request to call in for a callback. */
  ofCallIn(callIn: CallIn, callback: Callback): readonly Notification[] {
    return this.#made(callback, callInMessage(callIn));
  }

  /** Of a turn that is near. */
  ofUpcoming(callback: Callback, ewtSec: number): readonly Notification[] {
    return this.#made(callback, upcomingMessage(ewtSec));
  }

  /** A transaction is durable: what was made in it can be sent. */
  stored(): void {
    if (!this.#isMade) return;
    this.#isMade = false;
    this.#options.wake();
  }

  #made(callback: Callback, message: Message | undefined): readonly Notification[] {
    const { directory, clock, ids } = this.#options;
    const settings = directory.queue(callback.virtualQueue);
    if (!message || !settings) return [];
    const made = addressed(message, {
      callback,
      settings,
      webhooks: directory.webhooks(),
      nowMs: clock.nowMs(),
      nextId: () => ids.next('notification'),
    });
    this.#isMade ||= made.length > 0;
    return made;
  }
}
