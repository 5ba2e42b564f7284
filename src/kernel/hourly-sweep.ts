import type { Clock, TimerHandle } from './clock.ts';
import { assert } from './errors.ts';
import type { Log } from './log.ts';

const INTERVAL_MS = 3_600_000;
/** Batches of one deletion in one sweep; what is left is the next one's. */
const BATCHES_MAX = 500;

export interface HourlySweepOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What is deleted, as the log says it: `old records`. */
  readonly what: string;
  /** When the first sweep begins; the start should be over by then. Default an hour. */
  readonly firstAfterMs?: number;
  /**
   * By the name of its count in the log: deletes one batch and tells how many there were. Called again and
   * again until there are none, each time in a transaction of its own, so that others may use the disk
   * between.
   */
  readonly deletions: Readonly<Record<string, () => Promise<number>>>;
}

/** Deletes what has been kept long enough, once an hour and in batches. */
export class HourlySweep {
  readonly #options: HourlySweepOptions;
  #timer: TimerHandle | undefined;
  #isClosed = false;

  constructor(options: HourlySweepOptions) {
    this.#options = options;
  }

  /** Sweeps from now on. */
  start(): void {
    assert(this.#timer === undefined, 'a sweep is started once');
    this.#sweepAfter(this.#options.firstAfterMs ?? INTERVAL_MS);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
  }

  #sweepAfter(delayMs: number): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      void this.#sweep().finally(() => this.#sweepAfter(INTERVAL_MS));
    });
  }

  async #sweep(): Promise<void> {
    const { log, what, deletions } = this.#options;
    const counts: Record<string, number> = {};
    try {
      for (const [name, deleteBatch] of Object.entries(deletions)) {
        counts[name] = await this.#inBatches(deleteBatch);
      }
      if (Object.values(counts).some((count) => count > 0)) log.info(counts, `${what} deleted`);
    } catch (error) {
      log.error({ error }, `${what} could not be deleted; tried again in an hour`);
    }
  }

  async #inBatches(deleteBatch: () => Promise<number>): Promise<number> {
    let count = 0;
    for (let batch = 0; batch < BATCHES_MAX && !this.#isClosed; batch++) {
      const deleted = await deleteBatch();
      if (deleted === 0) break;
      count += deleted;
    }
    return count;
  }
}
