import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { messageOf } from '../../kernel/errors.ts';
import { httpLimits } from './http-config.ts';
import { RateLimiter } from './rate-limiter.ts';
import { errorOrder, type ErrorFilter, type ErrorRecord, type ErrorStore, isListed } from './error-store.ts';

/** Records kept in memory, of each sort. */
const RING_MAX = 1000;
/** Writes on their way to the store at the same time; beyond it a record is in memory only. */
const PENDING_WRITES_MAX = 100;

/**
 * Finds every error answer by its correlation id: the recent ones in memory, older ones in the store. Answers
 * to floods, and those to people without a credential beyond so many a minute, have a ring of their own and
 * are not stored, so that a flood cannot push out the others.
 */
export class ErrorBook {
  readonly #recent = new Map<string, ErrorRecord>();
  readonly #floods = new Map<string, ErrorRecord>();
  readonly #store: ErrorStore;
  readonly #log: Log;
  readonly #strangers: RateLimiter;
  #pendingCount = 0;

  constructor(store: ErrorStore, log: Log, clock: Clock) {
    this.#strangers = new RateLimiter(clock, httpLimits.strangersKept);
    this.#store = store;
    this.#log = log;
  }

  /**
   * Never throws and never waits for the store.
   * @param isMany there may be any number of such answers. Default false.
   */
  record(record: ErrorRecord, isMany = false): void {
    const isFlood = isMany || (record.actor === null && this.#strangers.take('') > 0);
    const ring = isFlood ? this.#floods : this.#recent;
    ring.set(record.correlationId, record);
    if (ring.size > RING_MAX) {
      const oldest = ring.keys().next();
      if (!oldest.done) ring.delete(oldest.value);
    }
    if (isFlood || this.#pendingCount >= PENDING_WRITES_MAX) return;
    this.#pendingCount++;
    this.#store
      .putError(record)
      .catch((error: unknown) => {
        this.#log.warn({ correlationId: record.correlationId, reason: messageOf(error) }, 'error not stored');
      })
      .finally(() => {
        this.#pendingCount--;
      });
  }

  /** Undefined when no error answer had that id, or it is older than what is kept. */
  async find(correlationId: string): Promise<ErrorRecord | undefined> {
    return (
      this.#recent.get(correlationId) ??
      this.#floods.get(correlationId) ??
      (await this.#store.findError(correlationId))
    );
  }

  /** Newest first, from the store and what has not reached it. */
  async list(filter: ErrorFilter): Promise<ErrorRecord[]> {
    const all = new Map<string, ErrorRecord>();
    for (const record of await this.#store.listErrors(filter)) all.set(record.correlationId, record);
    for (const record of this.#recent.values()) {
      if (isListed(record, filter)) all.set(record.correlationId, record);
    }
    return [...all.values()].sort(errorOrder).slice(0, filter.limit);
  }
}
