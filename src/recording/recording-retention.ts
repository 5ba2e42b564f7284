import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Recordings } from './recordings.ts';

const SWEEP_INTERVAL_MS = 3_600_000;
/** The first sweep waits until a start is over. */
const FIRST_SWEEP_MS = 90_000;
/** Recordings deleted in one step; between steps others may use the disk. */
const BATCH_MAX = 100;
/** Steps of one sweep; what is left is the next one's. */
const BATCHES_MAX = 500;

export interface RecordingRetentionOptions {
  readonly recordings: Pick<Recordings, 'deleteExpired'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Deletes recordings that have been kept as long as their queue says, once an hour. */
export class RecordingRetention {
  readonly #options: RecordingRetentionOptions;
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(options: RecordingRetentionOptions) {
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
    const { log, recordings } = this.#options;
    try {
      for (let batch = 0; batch < BATCHES_MAX && !this.#closed; batch++) {
        const count = await recordings.deleteExpired(BATCH_MAX);
        if (count === 0) break;
        log.info({ recordingCount: count }, 'old recordings deleted');
      }
    } catch (error) {
      log.error({ error }, 'old recordings could not be deleted; tried again in an hour');
    }
  }
}
