import type { Clock } from '../../kernel/clock.ts';

/** A bucket of `burstMax` requests that fills again at `perMinuteMax` a minute. */
export interface RateLimit {
  readonly perMinuteMax: number;
  readonly burstMax: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * Keys remembered at the same time; beyond it the one used longest ago is forgotten. Bounds memory under
 * address floods.
 */
const BUCKETS_MAX = 20_000;

/** Token buckets by key (an address, an API key, a user name). */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, limit: RateLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /**
   * Takes one request out of the bucket of `key`. Returns 0 when it may pass, else the seconds to wait (1 or
   * more).
   */
  take(key: string): number {
    const nowMs = this.#clock.monotonicMs();
    const perMs = this.#limit.perMinuteMax / 60_000;
    const known = this.#buckets.get(key);
    const bucket = known ?? { tokens: this.#limit.burstMax, atMs: nowMs };
    bucket.tokens = Math.min(this.#limit.burstMax, bucket.tokens + (nowMs - bucket.atMs) * perMs);
    bucket.atMs = nowMs;
    // A Map keeps the order of insertion: putting the key back makes it the youngest.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > BUCKETS_MAX) {
      const oldest = this.#buckets.keys().next();
      if (!oldest.done) this.#buckets.delete(oldest.value);
    }
    if (bucket.tokens >= 1) {
      bucket.tokens--;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / perMs / 1000));
  }
}
