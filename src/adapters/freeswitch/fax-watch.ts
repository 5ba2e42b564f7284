import type { Clock } from '../../kernel/clock.ts';
import { withDeadline } from './deadline.ts';

/** Channel variable that the media server sets when it has heard a fax. */
const VARIABLE = 'turnkeeper_heard';
/**
 * 2100 Hz (CED and ANSam, ITU-T T.30 §4.3.3.2 and V.8 §3.2) heard four times. FreeSWITCH pauses for half a
 * second after each, so that the tone must last 1.6 s; a fax sends 2.6 s and more, and nothing else does. Its
 * own DETECTED_TONE does not name the channel: the variable is set by an application instead. Ends by itself.
 */
const DETECTION = `turnkeeper-fax 2100 r +30 set ${VARIABLE}=fax 4`;
const POLL_INTERVAL_MS = 500;
const POLLS_MAX = 50;

/** What is watched: a channel and the way to ask about it. */
export interface WatchedChannel {
  readonly gone: Promise<void>;
  readonly isGone: boolean;
  /** The reply to an api command on this channel; empty when it failed. */
  ask(command: string, argument: string): Promise<string>;
}

/**
 * Has the media server's own tone detection listen for a fax that answers, for 25 s; calls `listener` at most
 * once. Returns the way to stop.
 */
export function watchForFax(clock: Clock, channel: WatchedChannel, listener: () => void): () => void {
  const stopped = new AbortController();
  const watch = async (): Promise<void> => {
    await channel.ask('tone_detect', DETECTION);
    for (let count = 0; count < POLLS_MAX && !stopped.signal.aborted && !channel.isGone; count++) {
      if ((await channel.ask('uuid_getvar', VARIABLE)).trim() === 'fax') {
        if (!stopped.signal.aborted) listener();
        return;
      }
      await withDeadline(clock, POLL_INTERVAL_MS, channel.gone);
    }
  };
  void watch();
  return () => stopped.abort();
}
