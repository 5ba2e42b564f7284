import { openSync, readSync, closeSync, fstatSync } from 'node:fs';
import { AppError, messageOf } from '../kernel/errors.ts';
import type { AnswerProfile } from '../progress/answer-rules.ts';
import { CallProgress } from '../progress/call-progress.ts';
import { SAMPLE_RATE_HZ } from '../progress/frame.ts';
import type { Output } from './configuration-commands.ts';
import { resample } from './resampler.ts';
import { readWav } from './wav-reader.ts';

/** Bounds the memory of one file: ten minutes of stereo at 48 kHz in 32 bits are 230 MB. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;
/** What is judged of a file: nobody waits longer for a verdict. */
const JUDGED_MAX_MS = 600_000;
/** Samples of one frame: 20 ms, as RTP brings them. */
const FRAME_SAMPLES = 160;

const PROFILES: readonly AnswerProfile[] = ['favour-person', 'neutral', 'favour-machine'];

/** Options of `turnkeeper cpd`. */
export interface CpdOptions {
  /** The audio comes from before the answer. */
  readonly early: boolean;
  /** ISO 3166-1 code of the called network's country; default all. */
  readonly country?: string;
  readonly profile: string;
}

/**
 * Judges WAV files and prints a JSON line each. A file that cannot be read gives a line with `error` on the
 * output and exit status 1; the others are judged all the same.
 */
export function cpdCommand(output: Output, files: readonly string[], options: CpdOptions): number {
  const profile = PROFILES.find((name) => name === options.profile);
  if (profile === undefined) {
    output.error(`no profile ${options.profile}; there are ${PROFILES.join(', ')}`);
    return 2;
  }
  let status = 0;
  for (const file of files) {
    try {
      output.line(JSON.stringify(judgeFile(file, profile, options)));
    } catch (error) {
      status = 1;
      const code = error instanceof AppError ? error.code : 'WAV_FILE_UNREADABLE';
      output.line(JSON.stringify({ file, error: { code, message: messageOf(error) } }));
    }
  }
  return status;
}

function judgeFile(file: string, profile: AnswerProfile, { early, country }: CpdOptions): object {
  const samples = telephoneSamples(readLimited(file));
  const progress = new CallProgress({
    onVerdict: () => undefined,
    isEarly: early,
    profile,
    ...(country === undefined ? {} : { countries: [country.toUpperCase()] }),
  });
  for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
    progress.push(samples.subarray(at, at + FRAME_SAMPLES));
  }
  progress.finish();
  const { decision, speechOnsetMs, beep, tones } = progress;
  return {
    file,
    verdict: decision?.verdict ?? 'unknown',
    score: Math.round((decision?.score ?? 0) * 100) / 100,
    reason: decision?.reason ?? 'nothing was heard',
    speechOnsetMs: rounded(speechOnsetMs),
    decidedAtMs: rounded(decision?.decidedAtMs),
    beepStartMs: rounded(beep?.startMs),
    beepEndMs: rounded(beep?.endMs),
    tones: tones.map(({ name, startMs, endMs }) => ({
      name,
      startMs: Math.round(startMs),
      endMs: Math.round(endMs),
    })),
  };
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

function readLimited(file: string): Buffer {
  const handle = openSync(file, 'r');
  try {
    const facts = fstatSync(handle);
    if (!facts.isFile()) throw new AppError('WAV_FILE_INVALID', 'not a file');
    if (facts.size > FILE_BYTES_MAX) {
      throw new AppError('WAV_FILE_INVALID', `larger than ${FILE_BYTES_MAX / 1048576} MiB`);
    }
    const bytes = Buffer.alloc(facts.size);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(handle, bytes, length, bytes.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(handle);
  }
}

/**
 * 16-bit samples at 8 kHz of the channel that holds the sound: of several channels the mean, except where one
 * is all but silent.
 */
function telephoneSamples(bytes: Buffer): Int16Array {
  const { sampleRateHz, channels } = readWav(bytes);
  const frameMax = (JUDGED_MAX_MS / 1000) * sampleRateHz;
  const cut = channels.map((channel) => channel.subarray(0, frameMax));
  const mono = resample(mixed(cut), sampleRateHz, SAMPLE_RATE_HZ);
  return Int16Array.from(mono, (value) => Math.max(-32768, Math.min(32767, Math.round(value * 32767))));
}

function mixed(channels: readonly Float64Array[]): Float64Array {
  const powers = channels.map(powerOf);
  const loudest = Math.max(...powers);
  const heard = channels.filter((_, at) => (powers[at] ?? 0) >= loudest / 1000);
  const [only] = heard;
  if (only === undefined || heard.length === 1) return only ?? new Float64Array();
  const mean = only.map((_, i) => heard.reduce((sum, channel) => sum + (channel[i] ?? 0), 0) / heard.length);
  // Channels of opposite sign cancel each other out.
  const isCancelled = powerOf(mean) < loudest / (4 * heard.length);
  return isCancelled ? (channels[powers.indexOf(loudest)] ?? mean) : mean;
}

function powerOf(channel: Float64Array): number {
  return channel.reduce((sum, value) => sum + value * value, 0);
}
