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
 * Keys remembered at the same time; beyond it those used longest ago are forgotten, half of them together.
 * Bounds memory under address floods.
 */
const BUCKETS_MAX = 20_000;

/** Sums of parts that are no binary fractions: who comes after exactly the time told has waited enough. */
const ROUNDING = 1e-9;

/**
 * Token buckets by key (an address, an API key, a user name). A take costs the same however many keys there
 * are: they are kept in two maps, and the older one is dropped as a whole when the younger one is full.
 * Taking the oldest key out of one map would mean walking, each time, past the places of all that were put
 * back as the youngest.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limit: () => RateLimit;
  #young = new Map<string, Bucket>();
  #old: ReadonlyMap<string, Bucket> = new Map();

  /** @param limit in force, asked with every take when it is a function: it may change at any time. */
  constructor(clock: Clock, limit: RateLimit | (() => RateLimit)) {
    this.#clock = clock;
    this.#limit = typeof limit === 'function' ? limit : () => limit;
  }

  /** Keys remembered now, those in both maps twice: {@link BUCKETS_MAX} at most. */
  get keyCount(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * Takes one request out of the bucket of `key`. Returns 0 when it may pass, else the seconds to wait (1 or
   * more).
   */
  take(key: string): number {
    const nowMs = this.#clock.monotonicMs();
    const { perMinuteMax, burstMax } = this.#limit();
    const perMs = perMinuteMax / 60_000;
    const bucket = this.#bucketOf(key) ?? { tokens: burstMax, atMs: nowMs };
    bucket.tokens = Math.min(burstMax, bucket.tokens + (nowMs - bucket.atMs) * perMs);
    bucket.atMs = nowMs;
    this.#keep(key, bucket);
    if (bucket.tokens >= 1 - ROUNDING) {
      bucket.tokens--;
      return 0;
    }
    const waitMs = Math.round((1 - bucket.tokens) / perMs);
    return Math.max(1, Math.ceil(waitMs / 1000));
  }

  #bucketOf(key: string): Bucket | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  #keep(key: string, bucket: Bucket): void {
    if (this.#young.size >= BUCKETS_MAX / 2 && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, bucket);
  }
}
