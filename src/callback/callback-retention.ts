import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { CallbackTx, UnitOfWork } from './callback-store.ts';

const DAY_MS = 86_400_000;
/** Ended records are kept this long after their desired time (product §3 rule 5). */
const RECORDS_KEPT_MS = 14 * DAY_MS;
/**
 * Events, from which every report is made: thirteen months, so that a month can be set beside last year's.
 */
const EVENTS_KEPT_MS = 400 * DAY_MS;
const SWEEP_INTERVAL_MS = 3_600_000;
/** The first sweep waits until a start is over. */
const FIRST_SWEEP_MS = 60_000;
/** Records deleted in one transaction; a batch must not keep the disk from calls. */
const RECORDS_BATCH_MAX = 200;
/** Batches of one sweep; what is left is the next one's. */
const BATCHES_MAX = 500;

export interface CallbackRetentionOptions {
  readonly unitOfWork: UnitOfWork<CallbackTx>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Deletes what has been kept long enough, once an hour and in batches: ended callbacks with their attempts
 * fourteen days after the desired time, events after 400 days. An open callback is never deleted, however
 * old.
 */
export class CallbackRetention {
  readonly #options: CallbackRetentionOptions;
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(options: CallbackRetentionOptions) {
    this.#options = options;
  }

  /** Sweeps from now on. */
  start(): void {
    this.#sweepAfter(FIRST_SWEEP_MS);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
  }

  #sweepAfter(delayMs: number): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      void this.#sweep().finally(() => this.#sweepAfter(SWEEP_INTERVAL_MS));
    });
  }

  async #sweep(): Promise<void> {
    const { clock, log, unitOfWork } = this.#options;
    const nowMs = clock.nowMs();
    try {
      const recordCount = await this.#inBatches(() =>
        unitOfWork.transact((tx) => tx.deleteEndedCallbacks(nowMs - RECORDS_KEPT_MS, RECORDS_BATCH_MAX)),
      );
      const eventCount = await this.#inBatches(() =>
        unitOfWork.transact((tx) => tx.deleteEventsBefore(nowMs - EVENTS_KEPT_MS)),
      );
      if (recordCount + eventCount > 0) log.info({ recordCount, eventCount }, 'old records deleted');
    } catch (error) {
      log.error({ error }, 'old records could not be deleted; tried again in an hour');
    }
  }

  async #inBatches(deleteBatch: () => Promise<number>): Promise<number> {
    let count = 0;
    for (let batch = 0; batch < BATCHES_MAX && !this.#closed; batch++) {
      const deleted = await deleteBatch();
      if (deleted === 0) break;
      count += deleted;
    }
    return count;
  }
}
