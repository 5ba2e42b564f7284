import type { Clock } from '../kernel/clock.ts';
import { HourlySweep } from '../kernel/hourly-sweep.ts';
import type { Log } from '../kernel/log.ts';
import type { CallbackTx, UnitOfWork } from './callback-store.ts';

const DAY_MS = 86_400_000;
/** Ended records are kept this long after their desired time (product §3 rule 5). */
const RECORDS_KEPT_MS = 14 * DAY_MS;
/**
 * Events, from which every report is made: thirteen months, so that a month can be set beside last year's.
 */
const EVENTS_KEPT_MS = 400 * DAY_MS;
/** The first sweep waits until a start is over. */
const FIRST_SWEEP_MS = 60_000;
/** Records deleted in one transaction; a batch must not keep the disk from calls. */
const RECORDS_BATCH_MAX = 200;

export interface CallbackRetentionOptions {
  readonly unitOfWork: UnitOfWork<CallbackTx>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Deletes ended callbacks with their attempts fourteen days after the desired time, and events after 400
 * days. An open callback is never deleted, however old.
 */
export class CallbackRetention extends HourlySweep {
  constructor({ unitOfWork, clock, log }: CallbackRetentionOptions) {
    super({
      clock,
      log,
      what: 'old records',
      firstAfterMs: FIRST_SWEEP_MS,
      deletions: {
        recordCount: () =>
          unitOfWork.transact((tx) =>
            tx.deleteEndedCallbacks(clock.nowMs() - RECORDS_KEPT_MS, RECORDS_BATCH_MAX),
          ),
        eventCount: () => unitOfWork.transact((tx) => tx.deleteEventsBefore(clock.nowMs() - EVENTS_KEPT_MS)),
      },
    });
  }
}
