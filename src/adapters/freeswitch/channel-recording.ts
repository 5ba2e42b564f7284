import type { Clock } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Recording, RecordingFacts } from '../../telephony/leg.ts';
import { withDeadline } from './deadline.ts';
import { recordingFacts, RECORDING_RATE_HZ } from './recording-watch.ts';
import type { RecordingWatch } from './recording-watch.ts';

/** Longest recording; a forgotten one must not fill the disk (4 hours: 0.46 GB). */
const RECORDING_SEC_MAX = 14_400;
/** From the end of the channel, or the command to stop, to the word that the file is complete. */
const COMPLETION_DEADLINE_MS = 3000;
/**
 * Left is what the far end says, right what it hears. Without the other two the media server holds back half
 * a second, which is lost at the end while nothing is played, and some versions delete what is shorter than
 * three seconds.
 */
const CHANNEL_VARIABLES = ['RECORD_STEREO=true', 'RECORD_PRE_BUFFER_FRAMES=1', 'RECORD_MIN_SEC=0'];
const PATH = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,200}\.wav$/;

/** What a recording works with. */
export interface ChannelRecordingParts {
  readonly uuid: string;
  /** Directory of recordings as the media server sees it; undefined: nothing is recorded. */
  readonly root: string | undefined;
  readonly clock: Clock;
  readonly watch: RecordingWatch;
  /** Resolves when the channel has ended. */
  readonly gone: Promise<void>;
  /** The reply to an api command on the channel; empty when it failed. */
  readonly ask: (command: string, argument: string) => Promise<string>;
}

/** Begins to record a channel; see Leg#record. */
export async function recordChannel(parts: ChannelRecordingParts, path: string): Promise<Recording> {
  const { root, uuid, clock, watch, gone, ask } = parts;
  if (root === undefined) throw failed('no directory for recordings');
  if (!PATH.test(path)) throw failed('not a path of a recording');
  const file = `${root.replace(/\/$/, '')}/${path}`;
  await ask('uuid_setvar_multi', CHANNEL_VARIABLES.join(';'));
  const startedAtMs = clock.monotonicMs();
  const { complete, forget } = watch.expect(uuid, file);
  const reply = await ask('uuid_record', `start ${file} ${RECORDING_SEC_MAX}`);
  if (!reply.startsWith('+OK')) {
    forget();
    throw failed(reply.trim() === '' ? 'the media server did not answer' : reply.trim());
  }
  const late = async (): Promise<RecordingFacts> => {
    const facts = await withDeadline(clock, COMPLETION_DEADLINE_MS, complete);
    forget();
    if (facts) return facts;
    const sampleCount = ((clock.monotonicMs() - startedAtMs) * RECORDING_RATE_HZ) / 1000;
    return recordingFacts(Math.round(sampleCount));
  };
  let stopped: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const ended = Promise.race([complete, Promise.race([asked, gone]).then(late)]);
  return {
    ended,
    stop: async () => {
      stopped();
      await ask('uuid_record', `stop ${file}`);
      return ended;
    },
  };
}

function failed(why: string): AppError {
  return new AppError('MEDIA_RECORDING_FAILED', why, { retryable: true });
}
