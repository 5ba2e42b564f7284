import type { AttemptFacts } from '../callback/attempt-record.ts';
import type { CallbackHappening, CallbackRunner } from '../callback/callback-runner.ts';
import type { CallbackStep } from '../callback/callback-step.ts';
import type { Actor } from '../callback/callback.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { untilStored } from '../callback/store-retry.ts';

/** Tries after which a customer is not kept waiting for a store that fails: about ten seconds. */
const TRIES_BEFORE_HANGUP = 5;

export interface EventTellerOptions {
  readonly runner: () => CallbackRunner;
  readonly clock: Clock;
  readonly log: Log;
  /** The store has failed for about ten seconds: nobody is served by staying on the line. */
  readonly hangUp: (callbackId: CallbackId) => void;
}

/** What is told of a callback beside the event. */
export interface Telling {
  readonly happening: CallbackHappening;
  readonly actor: Actor;
  readonly facts: AttemptFacts;
  /**
   * True as long as the event is worth telling, with the customer left on the line; default: worth it in any
   * case.
   */
  readonly wanted?: () => boolean;
}

/**
 * Tells callbacks what the telephone brought: in order for each callback, and again while the store fails. An
 * answer or a hang-up happens once; an event that went missing would leave the record in a state that is no
 * longer true.
 */
export class EventTeller {
  readonly #options: EventTellerOptions;
  /** The last event on its way; the next one waits for it. */
  readonly #last = new Map<CallbackId, Promise<unknown>>();

  constructor(options: EventTellerOptions) {
    this.#options = options;
  }

  /** Callbacks with an event on its way. */
  get callbackCount(): number {
    return this.#last.size;
  }

  /** Resolves with the step after its commit; rejects when the store failed for good. */
  tell(id: CallbackId, { happening, actor, facts, wanted }: Telling): Promise<CallbackStep | undefined> {
    const { clock, log, runner, hangUp } = this.#options;
    const onFailure = (error: unknown, tryCount: number): void => {
      log.error({ error, callbackId: id, event: happening.type, tryCount }, 'event could not be stored');
      if (tryCount === TRIES_BEFORE_HANGUP && !wanted) hangUp(id);
    };
    const told = (this.#last.get(id) ?? Promise.resolve()).then(() =>
      untilStored({ clock, onFailure, ...(wanted && { wanted }) }, () =>
        runner().dispatch(id, happening, actor, facts),
      ),
    );
    const settled = told
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#last.get(id) === settled) this.#last.delete(id);
      });
    this.#last.set(id, settled);
    return told;
  }
}
