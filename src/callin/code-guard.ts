import type { Clock } from '../kernel/clock.ts';

/** Wrong codes within `windowMs` that lock for `lockMs`. */
export interface GuardLimit {
  readonly wrongMax: number;
  readonly windowMs: number;
  readonly lockMs: number;
}

/** Three calls with three wrong codes each. */
export const sourceLimit: GuardLimit = { wrongMax: 9, windowMs: 600_000, lockMs: 600_000 };
/**
 * Whoever changes the number called from at each call still tries 100 codes in 10 minutes at most: with six
 * digits and 1 000 requests waiting, one such run of 10 minutes in nine finds one.
 */
export const groupLimit: GuardLimit = { wrongMax: 100, windowMs: 600_000, lockMs: 120_000 };
const KEYS_MAX = 10_000;

interface Tries {
  /** Instants of the wrong codes inside the window, oldest first; at most `wrongMax`. */
  wrongAtMs: number[];
  lockedUntilMs: number;
}

/** Locks out who guesses access codes. Kept in memory: a restart forgives what happened before it. */
export class CodeGuard {
  readonly #clock: Clock;
  readonly #limit: GuardLimit;
  readonly #tries = new Map<string, Tries>();

  constructor(clock: Clock, limit: GuardLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** False while `key` (a caller's number, a group) may try no code. */
  mayTry(key: string): boolean {
    return (this.#tries.get(key)?.lockedUntilMs ?? 0) <= this.#clock.nowMs();
  }

  wrong(key: string): void {
    const { wrongMax, windowMs, lockMs } = this.#limit;
    const nowMs = this.#clock.nowMs();
    const tries = this.#tries.get(key) ?? { wrongAtMs: [], lockedUntilMs: 0 };
    // Taken out and put in again: the map's first keys are those that tried longest ago.
    this.#tries.delete(key);
    const oldest = this.#tries.keys().next();
    if (this.#tries.size >= KEYS_MAX && !oldest.done) this.#tries.delete(oldest.value);
    this.#tries.set(key, tries);
    tries.wrongAtMs = [...tries.wrongAtMs.filter((atMs) => nowMs - atMs < windowMs), nowMs];
    if (tries.wrongAtMs.length < wrongMax) return;
    tries.wrongAtMs = [];
    tries.lockedUntilMs = nowMs + lockMs;
  }

  /** A right code clears what the caller's number had against it. */
  right(key: string): void {
    this.#tries.delete(key);
  }
}
