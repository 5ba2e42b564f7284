import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { SipTarget } from './sip-flow.ts';
import type { SipTimers } from './sip-timers.ts';

/** What a transaction needs of the stack that holds it. */
export interface TransactionHost {
  readonly clock: Clock;
  readonly timers: SipTimers;
  send(bytes: Buffer, target: SipTarget, done: (error?: Error) => void): void;
  /** The transaction is over: forget it. */
  remove(key: string): void;
}

/** The timers of one transaction by name: setting one again replaces it, and all of them end together. */
export class TimerSet<Name extends string> {
  readonly #clock: Clock;
  readonly #timers = new Map<Name, TimerHandle>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(name: Name, delayMs: number, callback: () => void): void {
    this.clear(name);
    const handle = this.#clock.setTimer(delayMs, () => {
      this.#timers.delete(name);
      callback();
    });
    this.#timers.set(name, handle);
  }

  clear(name: Name): void {
    const handle = this.#timers.get(name);
    if (handle === undefined) return;
    this.#clock.clearTimer(handle);
    this.#timers.delete(name);
  }

  clearAll(): void {
    for (const handle of this.#timers.values()) this.#clock.clearTimer(handle);
    this.#timers.clear();
  }
}
