import type { Clock } from '../kernel/clock.ts';
import { HourlySweep } from '../kernel/hourly-sweep.ts';
import type { Log } from '../kernel/log.ts';
import type { Recordings } from './recordings.ts';

/** The first sweep waits until a start is over. */
const FIRST_SWEEP_MS = 90_000;
/** Recordings deleted in one step; between steps others may use the disk. */
const BATCH_MAX = 100;

export interface RecordingRetentionOptions {
  readonly recordings: Pick<Recordings, 'deleteExpired'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Deletes recordings that have been kept as long as their queue says. */
export class RecordingRetention extends HourlySweep {
  constructor({ recordings, clock, log }: RecordingRetentionOptions) {
    super({
      clock,
      log,
      what: 'old recordings',
      firstAfterMs: FIRST_SWEEP_MS,
      deletions: { recordingCount: () => recordings.deleteExpired(BATCH_MAX) },
    });
  }
}
