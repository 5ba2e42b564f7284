import type { DialForbidden } from '../callback/callback-events.ts';
import type { Callback } from '../callback/callback.ts';
import { assert } from '../kernel/errors.ts';
import type { CallbackId } from '../kernel/ids.ts';
import { forbiddenText } from './dial-permission.ts';

/** What an agent hears who was to have a customer that may not be called now after all. */
export interface NotCalled {
  readonly callbackId: CallbackId;
  readonly virtualQueue: string;
  readonly reason: DialForbidden['type'];
  /** The reason in words. */
  readonly text: string;
  /** When the callback is looked at again, UTC epoch ms; null: it has ended. */
  readonly dueAtMs: number | null;
}

type NotCalledListener = (agentId: string, notCalled: NotCalled) => void;

/** Listeners at most; more means that somebody listens twice. */
const LISTENERS_MAX = 16;

/** Tells agents who looked at a case, or picked up for it, why nobody is dialled. */
export class NotCalledDesk {
  readonly #listeners = new Set<NotCalledListener>();

  /** Returns the way to stop listening. */
  onChange(listener: NotCalledListener): () => void {
    assert(this.#listeners.size < LISTENERS_MAX, `at most ${LISTENERS_MAX} listen to customers not called`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param callback as it stands now. */
  tell(callback: Callback, agentId: string, why: DialForbidden): void {
    const { id: callbackId, virtualQueue, dueAtMs } = callback;
    const notCalled = { callbackId, virtualQueue, reason: why.type, text: forbiddenText(why), dueAtMs };
    for (const listener of this.#listeners) listener(agentId, notCalled);
  }
}
