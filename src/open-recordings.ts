import { RecordingFolder } from './adapters/recordings/recording-folder.ts';
import type { Storage } from './adapters/storage/storage.ts';
import type { ServiceDirectory } from './application/service-directory.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './kernel/clock.ts';
import type { IdSource } from './kernel/ids.ts';
import type { Log } from './kernel/log.ts';
import { RecordingRetention } from './recording/recording-retention.ts';
import { Recordings } from './recording/recordings.ts';

interface RecordingParts {
  readonly config: Config;
  readonly storage: Storage;
  readonly directory: Pick<ServiceDirectory, 'queue'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** Opens the recordings, completes what the last run left unfinished, and deletes old ones from now on. */
export async function openRecordings(
  { config, storage, directory, clock, ids, log }: RecordingParts,
  started: (() => Promise<void>)[],
): Promise<Recordings> {
  const recordings = new Recordings({
    unitOfWork: storage,
    files: new RecordingFolder(config.recordingsRoot),
    keptDaysOf: (queue) => directory.queue(queue)?.recordingKeptDays,
    bytesMax: config.recordingsMaxBytes,
    clock,
    ids,
    log,
  });
  log.info(await recordings.recover(), 'unfinished recordings looked at');
  const retention = new RecordingRetention({ recordings, clock, log });
  retention.start();
  started.push(async () => retention.close());
  return recordings;
}
