import type { AudioLibrary, Playable } from './audio-library.ts';
import type { Channel, ChannelDigit } from './channel.ts';
import type { MediaLink } from './media-link.ts';

/** How a playback ended. */
export interface PlaybackResult {
  readonly status: 'done' | 'break' | 'not-found';
}

/** What playback needs. */
export interface PlaybackHost {
  readonly media: MediaLink;
  readonly library: AudioLibrary;
}

const SAMPLES_PER_MS = 8;

/**
 * Plays one file, tone or silence on a channel with PLAYBACK_START and PLAYBACK_STOP around it, and sets the
 * `playback_*` variables. `onDigit` hears key presses and ends the playback by returning true.
 */
export async function playOnChannel(
  host: PlaybackHost,
  channel: Channel,
  name: string,
  signal: AbortSignal,
  onDigit?: (digit: ChannelDigit) => boolean,
): Promise<PlaybackResult> {
  const playable = await host.library.find(name);
  if (playable === undefined) return { status: 'not-found' };
  if (signal.aborted || channel.isHungUp) return { status: 'break' };
  const play = host.media.nextId();
  let isBroken = false;
  const stop = (): void => {
    isBroken = true;
    host.media.order({ type: 'stop-play', leg: channel.uuid, play });
    // The leg may be gone, and then nothing is reported any more.
    if (channel.isHungUp) host.media.forgetPlay(play);
  };
  const file = { 'Playback-File-Type': playable.type, 'Playback-File-Path': name };
  channel.fireBrief('PLAYBACK_START', file);
  const played = host.media.whenPlayed(play);
  startPlay(host, channel, play, playable);
  signal.addEventListener('abort', stop, { once: true });
  if (onDigit !== undefined) {
    const listener = (digit: ChannelDigit): void => {
      if (onDigit(digit)) stop();
    };
    // Keys pressed before: the first that ends the playback leaves the rest to whoever comes next.
    let isEnded = false;
    while (!isEnded) {
      const held = channel.takeHeldDigit();
      if (held === undefined) break;
      isEnded = onDigit(held);
    }
    if (isEnded) stop();
    else channel.digitListener = listener;
  }
  const limit = Number(channel.variables.get('playback_timeout_sec') ?? 0);
  let isTimeUp = false;
  const timer =
    limit > 0
      ? setTimeout(() => {
          isTimeUp = true;
          stop();
        }, limit * 1000)
      : undefined;
  const samples = await played;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  if (onDigit !== undefined) channel.digitListener = undefined;
  noteProgress(channel, samples);
  channel.fire('PLAYBACK_STOP', { ...file, 'Playback-Status': isBroken && !isTimeUp ? 'break' : 'done' });
  return { status: isBroken && !isTimeUp ? 'break' : 'done' };
}

function startPlay(host: PlaybackHost, channel: Channel, play: number, playable: Playable): void {
  const { segments, isEndless } = playable;
  host.media.order({ type: 'play', leg: channel.uuid, play, segments, isEndless });
}

function noteProgress(channel: Channel, samples: number): void {
  const milliseconds = Math.floor(samples / SAMPLES_PER_MS);
  channel.setVariable('playback_last_offset_pos', String(samples));
  channel.setVariable('playback_seconds', String(Math.floor(milliseconds / 1000)));
  channel.setVariable('playback_ms', String(milliseconds));
  channel.setVariable('playback_samples', String(samples));
}

/** The keys that end playback and recording: variable `playback_terminators`, default `*`. */
export function isTerminator(channel: Channel, digit: string): boolean {
  const terminators = channel.variables.get('playback_terminators') ?? '*';
  if (terminators === 'none') return false;
  if (terminators === 'any') return true;
  return terminators.includes(digit);
}

/**
 * The `playback` application: one or several files, ended by a terminator key. @returns Application-Response.
 */
export async function runPlayback(
  host: PlaybackHost,
  channel: Channel,
  argument: string,
  signal: AbortSignal,
): Promise<string> {
  const delimiter = channel.variables.get('playback_delimiter');
  const isList = delimiter !== undefined && delimiter !== '' && !argument.startsWith('file_string://');
  const names = isList ? argument.split(delimiter) : [argument];
  channel.setVariable('playback_terminator_used', undefined);
  let response = 'FILE PLAYED';
  for (const name of names) {
    const result = await playOnChannel(host, channel, name, signal, ({ digit }) => {
      if (!isTerminator(channel, digit)) return false;
      channel.setVariable('playback_terminator_used', digit);
      return true;
    });
    if (result.status === 'not-found') response = 'FILE NOT FOUND';
    if (result.status === 'break') return 'PLAYBACK INTERRUPTED';
  }
  return response;
}
