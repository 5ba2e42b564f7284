import type { Channel } from './channel.ts';
import { meanSquare } from '../rtp/goertzel.ts';
import { isTerminator } from './playback.ts';
import type { MediaLink } from './media-link.ts';
import { recordingPath, WavRecording } from './recording.ts';

/** What recording needs. */
export interface RecorderHost {
  readonly media: MediaLink;
  readonly recordingsDirectory: string | undefined;
  readonly recordingSecondsMax: number;
}

interface Session {
  readonly recording: WavRecording;
  readonly stop: () => void;
}

const SAMPLES_PER_SECOND = 8_000;
/** FreeSWITCH's silence threshold is a mean amplitude; 20 ms blocks below it are counted. */
const RECORDINGS_PER_CHANNEL_MAX = 8;

/** Writes what channels hear and say into WAV files. */
export class Recorder {
  readonly #host: RecorderHost;
  readonly #sessions = new Map<string, Session>();
  /** Files being completed; `close` waits for them. */
  readonly #ending = new Set<Promise<void>>();

  constructor(host: RecorderHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** `uuid_record start` and `record_session`. @returns false when it cannot be written there. */
  async start(channel: Channel, name: string, limitSec = 0): Promise<boolean> {
    const key = `${channel.uuid} ${name}`;
    const path = recordingPath(this.#host.recordingsDirectory, name);
    const own = [...this.#sessions.keys()].filter((other) => other.startsWith(`${channel.uuid} `));
    if (path === undefined || this.#sessions.has(key) || own.length >= RECORDINGS_PER_CHANNEL_MAX)
      return false;
    const isStereo = channel.variables.get('RECORD_STEREO') === 'true';
    const isReadOnly = channel.variables.get('RECORD_READ_ONLY') === 'true';
    const recording = await WavRecording.create(path, isStereo ? 2 : 1).catch(() => undefined);
    if (recording === undefined) return false;
    if (channel.isHungUp) {
      await recording.end();
      return false;
    }
    const samplesMax = this.#samplesMax(limitSec);
    const tap = this.#host.media.nextId();
    const stop = (): void => this.#stop(channel, key, tap);
    this.#host.media.onTap(tap, {
      audio: (samples) => {
        recording.write(samples);
        if (recording.sampleCount >= samplesMax) stop();
      },
    });
    this.#sessions.set(key, { recording, stop });
    channel.cleanups.add(stop);
    channel.fireBrief('RECORD_START', { 'Record-File-Path': name });
    this.#host.media.order({
      type: 'tap',
      leg: channel.uuid,
      tap,
      kind: { type: 'record', isStereo, isReadOnly },
    });
    return true;
  }

  /** `uuid_record stop`; `all` stops every recording of the channel. */
  stop(channel: Channel, name: string): boolean {
    const keys = [...this.#sessions.keys()].filter((key) =>
      name === 'all' ? key.startsWith(`${channel.uuid} `) : key === `${channel.uuid} ${name}`,
    );
    for (const key of keys) this.#sessions.get(key)?.stop();
    return keys.length > 0;
  }

  /** The `record` application: what the caller says, until a key, silence or the limit. */
  async run(channel: Channel, argument: string, signal: AbortSignal): Promise<string> {
    const [name = '', limit = '0', threshold = '0', hits = '0'] = argument.trim().split(/\s+/);
    const path = recordingPath(this.#host.recordingsDirectory, name);
    channel.setVariable('playback_terminator_used', undefined);
    if (path === undefined) return 'FILE NOT FOUND';
    const recording = await WavRecording.create(path, 1);
    const tap = this.#host.media.nextId();
    channel.fireBrief('RECORD_START', { 'Record-File-Path': name });
    await new Promise<void>((resolve) => {
      const samplesMax = this.#samplesMax(Number(limit) || 0);
      const isQuiet = silenceWatch(Number(threshold) || 0, Number(hits) || 0);
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
      channel.digitListener = ({ digit }) => {
        if (!isTerminator(channel, digit)) return;
        channel.setVariable('playback_terminator_used', digit);
        resolve();
      };
      this.#host.media.onTap(tap, {
        audio: (samples) => {
          recording.write(samples);
          if (recording.sampleCount >= samplesMax || isQuiet(samples)) resolve();
        },
      });
      const kind = { type: 'record', isStereo: false, isReadOnly: true } as const;
      this.#host.media.order({ type: 'tap', leg: channel.uuid, tap, kind });
    });
    channel.digitListener = undefined;
    this.#host.media.order({ type: 'untap', leg: channel.uuid, tap });
    this.#host.media.forgetTap(tap);
    await recording.end();
    const milliseconds = Math.floor((recording.sampleCount * 1000) / SAMPLES_PER_SECOND);
    channel.setVariable('record_samples', String(recording.sampleCount));
    channel.setVariable('record_ms', String(milliseconds));
    channel.setVariable('record_seconds', String(Math.floor(milliseconds / 1000)));
    channel.fire('RECORD_STOP', { 'Record-File-Path': name });
    return 'FILE RECORDED';
  }

  /** Resolves when every file is complete. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.stop();
    await Promise.all(this.#ending);
  }

  #samplesMax(limitSec: number): number {
    const max = this.#host.recordingSecondsMax;
    return (limitSec > 0 ? Math.min(limitSec, max) : max) * SAMPLES_PER_SECOND;
  }

  #stop(channel: Channel, key: string, tap: number): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    this.#sessions.delete(key);
    channel.cleanups.delete(session.stop);
    this.#host.media.order({ type: 'untap', leg: channel.uuid, tap });
    // The last samples are on their way: the file is completed a moment later.
    const ended = this.#host.media
      .legStatistics(channel.uuid)
      .then(async () => {
        this.#host.media.forgetTap(tap);
        await session.recording.end();
        const milliseconds = Math.floor((session.recording.sampleCount * 1000) / SAMPLES_PER_SECOND);
        channel.setVariable('record_samples', String(session.recording.sampleCount));
        channel.setVariable('record_ms', String(milliseconds));
        channel.fire('RECORD_STOP', { 'Record-File-Path': key.slice(key.indexOf(' ') + 1) });
      })
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

/** Says true when `hits` seconds in a row stayed below the threshold. */
function silenceWatch(threshold: number, hits: number): (samples: Int16Array) => boolean {
  let quietSamples = 0;
  return (samples) => {
    if (threshold <= 0 || hits <= 0) return false;
    quietSamples = Math.sqrt(meanSquare(samples)) < threshold ? quietSamples + samples.length : 0;
    return quietSamples >= hits * SAMPLES_PER_SECOND;
  };
}
