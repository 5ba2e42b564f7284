import type { Clock } from '../../kernel/clock.ts';
import type { Delivery } from '../../notify/delivery.ts';
import type { NotificationRecord } from '../../notify/notification-store.ts';
import { textOf } from '../../notify/notification-text.ts';
import type { PushCredentials } from '../../notify/push-credentials.ts';
import type { WebhookSettings } from '../../notify/webhook-settings.ts';
import { type CredentialVerdict, FcmSender } from './fcm-sender.ts';
import { sendWebhook } from './webhook-sender.ts';

/** Credentials as people may see them. */
export interface PushCredentialsView extends Omit<PushCredentials, 'privateKey'> {
  /** Tells a truncated key from a whole one. */
  readonly privateKeyLength: number;
}

/** A webhook as people may see it. */
export interface WebhookView extends Omit<WebhookSettings, 'secret'> {
  readonly secretLength: number;
}

export interface PushDeskOptions {
  /** What is in force, in its order. */
  readonly pushCredentials: () => readonly PushCredentials[];
  readonly webhooks: () => readonly WebhookSettings[];
  readonly clock: Clock;
}

/** Sends to devices and to other systems by what is configured now. */
export class PushDesk {
  readonly #options: PushDeskOptions;
  readonly #fcm: FcmSender;

  constructor(options: PushDeskOptions) {
    this.#options = options;
    this.#fcm = new FcmSender(options.clock);
  }

  /** Every set of push credentials, without its key. */
  credentials(): readonly PushCredentialsView[] {
    return this.#options.pushCredentials().map(({ privateKey, ...view }) => ({
      ...view,
      privateKeyLength: privateKey.length,
    }));
  }

  webhooks(): readonly WebhookView[] {
    return this.#options.webhooks().map(({ secret, ...view }) => ({ ...view, secretLength: secret.length }));
  }

  /** By the first enabled credentials. */
  toDevice({ id, event, language, target, data, expiresAtMs }: NotificationRecord): Promise<Delivery> {
    const credentials = this.#options.pushCredentials().find(({ enabled }) => enabled);
    if (!credentials) return Promise.resolve(later('no push credentials are enabled'));
    const leftMs = expiresAtMs === null ? null : expiresAtMs - this.#options.clock.nowMs();
    const ttlSec = leftMs === null ? null : Math.max(1, Math.ceil(leftMs / 1000));
    return this.#fcm.send(credentials, { id, ...textOf(event, language), target, data, ttlSec });
  }

  toWebhook({ id, target, data }: NotificationRecord): Promise<Delivery> {
    const webhook = this.#options.webhooks().find(({ name }) => name === target);
    if (!webhook) return Promise.resolve({ kind: 'refused', fault: 'the webhook was removed', gone: false });
    if (!webhook.enabled) return Promise.resolve(later('the webhook is not enabled'));
    return sendWebhook(webhook, { id, data }, this.#options.clock);
  }

  /**
   * Tries credentials at the provider; nothing is sent. Undefined: there are none of this name.
   * @param target a device's registration token; without one only the credentials are tried.
   */
  async testCredentials(name: string, target: string | undefined): Promise<CredentialVerdict | undefined> {
    const credentials = this.#options.pushCredentials().find((known) => known.name === name);
    return credentials && this.#fcm.test(credentials, target);
  }

  /** Sends a message of no callback. Undefined: there is no such webhook. */
  async testWebhook(name: string, id: string): Promise<Delivery | undefined> {
    const webhook = this.#options.webhooks().find((known) => known.name === name);
    if (!webhook) return undefined;
    const timestamp = new Date(this.#options.clock.nowMs()).toISOString();
    return sendWebhook(webhook, { id, data: { event: 'TEST', timestamp } }, this.#options.clock);
  }
}

function later(fault: string): Delivery {
  return { kind: 'later', fault, afterMs: null };
}
