import type { UnitOfWork } from '../callback/callback-store.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { CaseTx } from './case.ts';

/** Cases are kept this long after they were last touched, as callbacks are (product §3 rule 5). */
const KEPT_MS = 14 * 86_400_000;
const SWEEP_INTERVAL_MS = 3_600_000;
/** Cases deleted in one transaction; a batch must not keep the disk from calls. */
const BATCH_MAX = 200;
/** Batches of one sweep; what is left is the next one's. */
const BATCHES_MAX = 100;

export interface CaseRetentionOptions {
  readonly unitOfWork: UnitOfWork<{ readonly cases: CaseTx }>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Deletes cases with their notes once an hour; those nobody closed, too. What happened stays in the history.
 */
export class CaseRetention {
  readonly #options: CaseRetentionOptions;
  #timer: TimerHandle | undefined;
  #isClosed = false;

  constructor(options: CaseRetentionOptions) {
    this.#options = options;
  }

  /** Sweeps from now on. */
  start(): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.setTimer(SWEEP_INTERVAL_MS, () => {
      void this.#sweep().finally(() => this.start());
    });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
  }

  async #sweep(): Promise<void> {
    const { clock, log, unitOfWork } = this.#options;
    const beforeMs = clock.nowMs() - KEPT_MS;
    let caseCount = 0;
    try {
      for (let batch = 0; batch < BATCHES_MAX && !this.#isClosed; batch++) {
        const deletedCount = await unitOfWork.transact(({ cases }) =>
          cases.deleteOldCases(beforeMs, BATCH_MAX),
        );
        caseCount += deletedCount;
        if (deletedCount < BATCH_MAX) break;
      }
      if (caseCount > 0) log.info({ caseCount }, 'old cases deleted');
    } catch (error) {
      log.error({ error }, 'old cases could not be deleted; tried again in an hour');
    }
  }
}
