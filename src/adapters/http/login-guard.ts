import type { Clock } from '../../kernel/clock.ts';

/** How one sort of failed log-ins is slowed down. */
interface LockRule {
  /** Failures without a consequence. */
  readonly freeCount: number;
  /** The first lock; each further failure doubles it. */
  readonly lockMs: number;
  readonly lockMaxMs: number;
  /** Failures are forgotten after this long without one. */
  readonly forgetMs: number;
}

/** The three counts of {@link LoginGuard}; docs/access.md explains them. */
export interface LoginLocks {
  /** One name from one address. */
  readonly pair: LockRule;
  /** Any name from one address. */
  readonly address: LockRule;
  /** One name from addresses that its user has never logged in from. */
  readonly name: LockRule;
}

const MINUTE_MS = 60_000;

/** Guessing from one place soon costs a quarter of an hour a guess; a name alone is never locked for long. */
export const defaultLoginLocks: LoginLocks = {
  pair: { freeCount: 5, lockMs: 30_000, lockMaxMs: 15 * MINUTE_MS, forgetMs: 60 * MINUTE_MS },
  address: { freeCount: 20, lockMs: MINUTE_MS, lockMaxMs: 15 * MINUTE_MS, forgetMs: 60 * MINUTE_MS },
  name: { freeCount: 50, lockMs: 15_000, lockMaxMs: 2 * MINUTE_MS, forgetMs: 15 * MINUTE_MS },
};

/** Names and addresses remembered at the same time, of each sort. */
const COUNTED_MAX = 20_000;

interface Failures {
  count: number;
  lastMs: number;
  lockedUntilMs: number;
}

/** Counts failures by key and says how long the next try has to wait. */
class FailureCount {
  readonly #clock: Clock;
  readonly #rule: LockRule;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock, rule: LockRule) {
    this.#clock = clock;
    this.#rule = rule;
  }

  waitMs(key: string): number {
    const known = this.#failures.get(key);
    return known === undefined ? 0 : Math.max(0, known.lockedUntilMs - this.#clock.monotonicMs());
  }

  add(key: string): void {
    const nowMs = this.#clock.monotonicMs();
    const { freeCount, lockMs, lockMaxMs, forgetMs } = this.#rule;
    const known = this.#failures.get(key);
    const fresh = known === undefined || nowMs - known.lastMs > forgetMs;
    const count = fresh ? 1 : known.count + 1;
    const locksCount = count - freeCount;
    // 2^20 is beyond every maximum and below what a number cannot hold.
    const lockedMs = locksCount <= 0 ? 0 : Math.min(lockMaxMs, lockMs * 2 ** Math.min(20, locksCount - 1));
    this.#failures.delete(key);
    this.#failures.set(key, { count, lastMs: nowMs, lockedUntilMs: nowMs + lockedMs });
    if (this.#failures.size > COUNTED_MAX) {
      const oldest = this.#failures.keys().next();
      if (!oldest.done) this.#failures.delete(oldest.value);
    }
  }

  /** Takes one failure back. */
  remove(key: string): void {
    const known = this.#failures.get(key);
    if (known === undefined) return;
    if (known.count <= 1) this.#failures.delete(key);
    else this.#failures.set(key, { ...known, count: known.count - 1, lockedUntilMs: 0 });
  }

  clear(key: string): void {
    this.#failures.delete(key);
  }
}

/** One log-in that is being tried. */
export interface LoginTry {
  readonly name: string;
  /** As {@link addressBlock} gives it. */
  readonly address: string;
  /** The user has logged in from this address lately: what strangers do elsewhere does not count. */
  readonly familiar: boolean;
}

/**
 * Locks log-ins after failures, longer with each: by name and address together, by address, and, for a short
 * time only and not for addresses a user is known at, by name. Nobody can keep a user out who logs in from
 * where they did before.
 */
export class LoginGuard {
  readonly #pairs: FailureCount;
  readonly #addresses: FailureCount;
  readonly #names: FailureCount;

  constructor(clock: Clock, locks: LoginLocks) {
    this.#pairs = new FailureCount(clock, locks.pair);
    this.#addresses = new FailureCount(clock, locks.address);
    this.#names = new FailureCount(clock, locks.name);
  }

  /**
   * Seconds to wait, or 0: then the try counts as failed until {@link succeeded} or {@link undecided} says
   * otherwise, so that tries at the same time are counted before any of them is judged.
   */
  begin(login: LoginTry): number {
    const waits = [this.#pairs.waitMs(pairKey(login)), this.#addresses.waitMs(login.address)];
    if (!login.familiar) waits.push(this.#names.waitMs(login.name));
    const waitMs = Math.max(...waits);
    if (waitMs > 0) return Math.max(1, Math.ceil(waitMs / 1000));
    this.#pairs.add(pairKey(login));
    this.#addresses.add(login.address);
    if (!login.familiar) this.#names.add(login.name);
    return 0;
  }

  /** The password was right. */
  succeeded(login: LoginTry): void {
    this.#pairs.clear(pairKey(login));
    // Not cleared: a stranger's own account must not buy new guesses for others.
    this.#addresses.remove(login.address);
    if (!login.familiar) this.#names.remove(login.name);
  }

  /** The password was not looked at. */
  undecided(login: LoginTry): void {
    this.#pairs.remove(pairKey(login));
    this.#addresses.remove(login.address);
    if (!login.familiar) this.#names.remove(login.name);
  }
}

function pairKey({ name, address }: LoginTry): string {
  return `${address} ${name}`;
}
