import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Digit, Leg } from '../telephony/leg.ts';

/** Digits typed ahead and not yet asked for; more are dropped, so that a leaning elbow costs nothing. */
export const TYPE_AHEAD_MAX = 40;

/** The digits of one leg in order: kept until asked for (type-ahead), told at once (barge-in). */
export class DigitBuffer {
  readonly #digits: Digit[] = [];
  readonly #stopListening: () => void;
  #waiter: ((digit: Digit) => void) | undefined;
  #onArrival: (() => void) | undefined;

  constructor(leg: Leg) {
    this.#stopListening = leg.onDigit((digit) => {
      if (this.#waiter) {
        this.#waiter(digit);
        return;
      }
      if (this.#digits.length < TYPE_AHEAD_MAX) this.#digits.push(digit);
      this.#onArrival?.();
    });
  }

  get isEmpty(): boolean {
    return this.#digits.length === 0;
  }

  /** Calls `listener` at the next digit that nobody is waiting for; undefined: nobody. */
  set onArrival(listener: (() => void) | undefined) {
    this.#onArrival = listener;
  }

  /**
   * The next digit. `timeout` after `timeoutMs` without one; `stopped` when the signal aborts. A digit that
   * is already here is given even when the signal has aborted: what the caller pressed counts.
   */
  next(clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<Digit | 'timeout' | 'stopped'> {
    const ready = this.#digits.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (signal.aborted) return Promise.resolve('stopped');
    return new Promise((resolve) => {
      let timer: TimerHandle | undefined;
      const settle = (result: Digit | 'timeout' | 'stopped'): void => {
        if (timer) clock.clearTimer(timer);
        signal.removeEventListener('abort', stop);
        this.#waiter = undefined;
        resolve(result);
      };
      const stop = (): void => settle('stopped');
      this.#waiter = settle;
      signal.addEventListener('abort', stop);
      timer = clock.setTimer(timeoutMs, () => settle('timeout'));
    });
  }

  /** Forgets what was typed ahead. */
  clear(): void {
    this.#digits.length = 0;
  }

  /** Stops listening to the leg. */
  close(): void {
    this.#stopListening();
    this.#onArrival = undefined;
    this.clear();
  }
}
