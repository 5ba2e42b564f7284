import { formatEvent } from './event-format.ts';
import type { SwitchEvent } from './event-format.ts';
import { indexKeysOf } from './event-subscription.ts';
import type { EventSubscription } from './event-subscription.ts';

/** A connection as the hub sees it. */
export interface EventReceiver {
  readonly subscription: EventSubscription;
  /** The channel an outbound connection belongs to: without filters it hears of this channel alone. */
  readonly ownUuid: string | undefined;
  sendEvent(bytes: Buffer): void;
}

/**
 * Hands events to the connections that want them. With a thousand calls each having its own connection an
 * event must not be offered to all: those that filter on a channel are found by its uuid.
 */
export class EventHub {
  readonly #keysOf = new Map<EventReceiver, readonly string[]>();
  readonly #byKey = new Map<string, Set<EventReceiver>>();
  readonly #unindexed = new Set<EventReceiver>();

  get receiverCount(): number {
    return this.#keysOf.size;
  }

  /** To be called when a connection comes and whenever its filters changed. */
  update(receiver: EventReceiver): void {
    this.remove(receiver);
    const keys =
      receiver.subscription.indexKeys ?? (receiver.ownUuid === undefined ? undefined : [receiver.ownUuid]);
    this.#keysOf.set(receiver, keys ?? []);
    if (keys === undefined) {
      this.#unindexed.add(receiver);
      return;
    }
    for (const key of keys) {
      const set = this.#byKey.get(key);
      if (set === undefined) this.#byKey.set(key, new Set([receiver]));
      else set.add(receiver);
    }
  }

  remove(receiver: EventReceiver): void {
    for (const key of this.#keysOf.get(receiver) ?? []) {
      const set = this.#byKey.get(key);
      set?.delete(receiver);
      if (set?.size === 0) this.#byKey.delete(key);
    }
    this.#keysOf.delete(receiver);
    this.#unindexed.delete(receiver);
  }

  /** False when nobody would get such an event of this channel: then it need not be made. */
  isWanted(name: string, uuid: string, subclass?: string): boolean {
    for (const { subscription } of this.#byKey.get(uuid) ?? []) {
      if (subscription.isNamed(name, subclass)) return true;
    }
    for (const { subscription } of this.#unindexed) if (subscription.isNamed(name, subclass)) return true;
    return false;
  }

  deliver(event: SwitchEvent): void {
    const receivers = new Set(this.#unindexed);
    for (const key of indexKeysOf(event.headers)) {
      for (const receiver of this.#byKey.get(key) ?? []) receivers.add(receiver);
    }
    const bytes: { json?: Buffer; plain?: Buffer } = {};
    for (const receiver of receivers) {
      const { subscription } = receiver;
      if (!subscription.wants(event.headers)) continue;
      receiver.sendEvent((bytes[subscription.format] ??= formatEvent(event, subscription.format)));
    }
  }
}
