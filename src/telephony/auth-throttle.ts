import type { Clock } from '../kernel/clock.ts';

/** How many wrong passwords a source may try. */
export interface AuthThrottleLimits {
  /** Wrong passwords within the window before the source is turned away. */
  readonly failuresMax: number;
  readonly windowMs: number;
  /** Sources remembered; the one that failed longest ago is forgotten first. */
  readonly sourcesMax: number;
}

/** Twenty a minute: a person with a wrong password in a phone stays below, a guesser does not. */
export const AUTH_THROTTLE: AuthThrottleLimits = { failuresMax: 20, windowMs: 60_000, sourcesMax: 10_000 };

/** Counts wrong passwords per source address. */
export class AuthThrottle {
  readonly #clock: Clock;
  readonly #limits: AuthThrottleLimits;
  readonly #failures = new Map<string, { count: number; sinceMs: number }>();

  constructor(clock: Clock, limits: AuthThrottleLimits = AUTH_THROTTLE) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** True while the address may not try again. */
  isBlocked(address: string): boolean {
    const entry = this.#failures.get(address);
    if (!entry) return false;
    if (this.#clock.nowMs() - entry.sinceMs < this.#limits.windowMs)
      return entry.count >= this.#limits.failuresMax;
    this.#failures.delete(address);
    return false;
  }

  /** A wrong password came from the address. */
  failed(address: string): void {
    const nowMs = this.#clock.nowMs();
    const entry = this.#failures.get(address);
    const fresh = entry !== undefined && nowMs - entry.sinceMs < this.#limits.windowMs;
    this.#failures.delete(address);
    this.#failures.set(address, fresh ? { ...entry, count: entry.count + 1 } : { count: 1, sinceMs: nowMs });
    if (this.#failures.size > this.#limits.sourcesMax) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
  }
}
