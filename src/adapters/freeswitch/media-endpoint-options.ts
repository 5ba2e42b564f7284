import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { AudioTapServer } from './audio-tap-server.ts';
import type { RecordingWatch } from './recording-watch.ts';

/** What an endpoint is made of. */
export interface MediaEndpointOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly audioRoot: string;
  /** Directory of recordings, as the media server sees it; undefined: nothing is recorded. */
  readonly recordingsRoot: string | undefined;
  /** Hears when a recording is complete. */
  readonly recordings: RecordingWatch;
  /** Where tapped audio goes; undefined: the media server cannot stream it, as far as is known yet. */
  readonly taps: () => AudioTapServer | undefined;
  /** Ends a channel from outside, over the control connection. */
  readonly killChannel: (uuid: string) => Promise<void>;
}
