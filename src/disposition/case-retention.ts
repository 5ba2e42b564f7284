import type { UnitOfWork } from '../callback/callback-store.ts';
import type { Clock } from '../kernel/clock.ts';
import { HourlySweep } from '../kernel/hourly-sweep.ts';
import type { Log } from '../kernel/log.ts';
import type { CaseTx } from './case.ts';

/** Cases are kept this long after they were last touched, as callbacks are (product §3 rule 5). */
const KEPT_MS = 14 * 86_400_000;
/** Cases deleted in one transaction; a batch must not keep the disk from calls. */
const BATCH_MAX = 200;

export interface CaseRetentionOptions {
  readonly unitOfWork: UnitOfWork<{ readonly cases: CaseTx }>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Deletes cases with their notes; those nobody closed, too. What happened stays in the history. */
export class CaseRetention extends HourlySweep {
  constructor({ unitOfWork, clock, log }: CaseRetentionOptions) {
    super({
      clock,
      log,
      what: 'old cases',
      deletions: {
        caseCount: () =>
          unitOfWork.transact(({ cases }) => cases.deleteOldCases(clock.nowMs() - KEPT_MS, BATCH_MAX)),
      },
    });
  }
}
