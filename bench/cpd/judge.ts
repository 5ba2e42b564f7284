import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallProgress, type ProgressDecision } from '../../src/progress/call-progress.ts';
import type { Phrase } from '../../src/progress/speech-turn.ts';
import { readWav } from '../../src/cli/wav-reader.ts';
import { AUDIO_FOLDER } from './make-corpus.ts';
import type { Label } from './take.ts';

/** What the detector said of one file of the corpus. */
export interface Judgement {
  readonly label: Label;
  readonly decisions: readonly ProgressDecision[];
  readonly speechOnsetMs: number | undefined;
  readonly phrases: readonly Phrase[];
  readonly beeps: readonly {
    readonly startMs: number;
    readonly endMs: number;
    readonly reportedAtMs: number;
  }[];
  readonly tones: readonly string[];
  readonly durationMs: number;
  readonly cpuMs: number;
}

export function samplesOfFile(label: Label): Int16Array {
  const { channels } = readWav(readFileSync(join(AUDIO_FOLDER, label.part, label.file)));
  return Int16Array.from(channels[0] ?? [], (value) => Math.round(value * 32768));
}

/** Puts a file through the detector in frames of 20 ms. */
export function judge(label: Label, samples = samplesOfFile(label)): Judgement {
  const decisions: ProgressDecision[] = [];
  const beeps: Judgement['beeps'][number][] = [];
  const startedAt = process.cpuUsage();
  const progress = new CallProgress({
    onVerdict: (decision) => decisions.push(decision),
    onBeep: ({ startMs, endMs, reportedAtMs }) => beeps.push({ startMs, endMs, reportedAtMs }),
    isEarly: label.isEarly === true,
    ...(label.country === undefined ? {} : { countries: [label.country] }),
  });
  for (let at = 0; at < samples.length; at += 160) progress.push(samples.subarray(at, at + 160));
  progress.finish();
  const { user, system } = process.cpuUsage(startedAt);
  return {
    label,
    decisions,
    speechOnsetMs: progress.speechOnsetMs,
    phrases: progress.phrases.map(({ startMs, endMs }) => ({ startMs, endMs })),
    beeps,
    tones: progress.tones.map(({ name }) => name),
    durationMs: (samples.length * 1000) / 8000,
    cpuMs: (user + system) / 1000,
  };
}
