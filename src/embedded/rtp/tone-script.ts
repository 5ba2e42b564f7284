import { SAMPLE_RATE_HZ } from './g711.ts';

/** One sound: so long on with these frequencies, so long off. */
export interface ToneStep {
  readonly onMs: number;
  readonly offMs: number;
  readonly frequenciesHz: readonly number[];
  /** Level of each frequency, dBm0. */
  readonly levelDb: number;
  /** How often the step is played. */
  readonly loopCount: number;
}

/** A tone stream: steps in order, the whole repeated `loopCount` times; 0 is for ever. */
export interface ToneScript {
  readonly steps: readonly ToneStep[];
  readonly loopCount: number;
}

/** FreeSWITCH plays tones at −7 dB unless v= says otherwise. */
const LEVEL_DEFAULT_DB = -7;
const STEPS_MAX = 64;
const FREQUENCIES_MAX = 8;
const STEP_MS_MAX = 3_600_000;
/** 0 dBm0 as a peak amplitude: 3.17 dB under full scale. */
const ZERO_DB_AMPLITUDE = 32767 / 10 ** (3.17 / 20);

/**
 * Reads FreeSWITCH's tone language: `%(on,off,f1,f2…)` steps separated by `;`, settings `L=` (loops of the
 * following steps), `v=` (level in dB), `loops=` (the whole stream; −1 for ever) and the keys 0–9, *, # and
 * A–D of a telephone.
 * @returns undefined when it cannot be read.
 */
export function parseToneScript(text: string): ToneScript | undefined {
  let levelDb = LEVEL_DEFAULT_DB;
  let stepLoopCount = 1;
  let loopCount = 1;
  const steps: ToneStep[] = [];
  for (const raw of text.split(';')) {
    const part = raw.trim();
    if (part === '') continue;
    const setting = /^(loops|[a-z]|L|>|<)=(-?\d+(?:\.\d+)?)$/.exec(part);
    if (setting !== null) {
      const value = Number(setting[2]);
      if (setting[1] === 'v') levelDb = Math.max(-63, Math.min(3, value));
      else if (setting[1] === 'L' || setting[1] === 'l') stepLoopCount = Math.max(1, Math.trunc(value));
      else if (setting[1] === 'loops') loopCount = value < 0 ? 0 : Math.max(1, Math.trunc(value));
      continue;
    }
    const added = parseSteps(part, levelDb, stepLoopCount);
    if (added === undefined || steps.length + added.length > STEPS_MAX) return undefined;
    steps.push(...added);
  }
  return steps.length === 0 ? undefined : { steps, loopCount };
}

function parseSteps(part: string, levelDb: number, loopCount: number): ToneStep[] | undefined {
  const steps: ToneStep[] = [];
  let rest = part;
  while (rest !== '') {
    const tone = /^%\(([\d.,\s]+)\)/.exec(rest);
    if (tone !== null) {
      const [onMs = 0, offMs = 0, ...frequencies] = (tone[1] ?? '').split(',').map(Number);
      const frequenciesHz = frequencies.filter((hz) => hz > 0);
      const isSound = [onMs, offMs].every((ms) => ms >= 0 && ms <= STEP_MS_MAX);
      if (!isSound || frequencies.length > FREQUENCIES_MAX) return undefined;
      if (frequenciesHz.some((hz) => hz >= SAMPLE_RATE_HZ / 2) || onMs + offMs <= 0) return undefined;
      steps.push({ onMs, offMs, frequenciesHz, levelDb, loopCount });
      rest = rest.slice(tone[0].length).trim();
      continue;
    }
    const pair = DTMF_FREQUENCIES_HZ[rest.charAt(0).toUpperCase()];
    if (pair === undefined) return undefined;
    steps.push({ onMs: 250, offMs: 50, frequenciesHz: pair, levelDb, loopCount });
    rest = rest.slice(1).trim();
  }
  return steps;
}

const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];
/** The two frequencies of each key (ITU-T Q.23). */
export const DTMF_FREQUENCIES_HZ: Readonly<Record<string, readonly [number, number]>> = Object.fromEntries(
  ['123A', '456B', '789C', '*0#D'].flatMap((keys, row) =>
    Array.from(keys, (key, column): [string, readonly [number, number]] => [
      key,
      [ROWS_HZ[row] ?? 0, COLUMNS_HZ[column] ?? 0],
    ]),
  ),
);

/** Renders a tone script sample by sample; phase runs on across frames. */
export class ToneRenderer {
  readonly #script: ToneScript;
  #loop = 0;
  #step = 0;
  #stepLoop = 0;
  /** Samples into the current step. */
  #at = 0;

  constructor(script: ToneScript) {
    this.#script = script;
  }

  /** Writes from `offset` on. @returns how many samples were written; fewer than asked at the end. */
  read(into: Int16Array, offset: number): number {
    let written = 0;
    while (offset + written < into.length) {
      const step = this.#script.steps[this.#step];
      if (step === undefined) return written;
      const onSamples = Math.round((step.onMs * SAMPLE_RATE_HZ) / 1000);
      const total = onSamples + Math.round((step.offMs * SAMPLE_RATE_HZ) / 1000);
      const count = Math.min(total - this.#at, into.length - offset - written);
      this.#render(step, onSamples, into.subarray(offset + written, offset + written + count));
      this.#at += count;
      written += count;
      if (this.#at >= total) this.#next(step);
    }
    return written;
  }

  #render(step: ToneStep, onSamples: number, into: Int16Array): void {
    const amplitude = ZERO_DB_AMPLITUDE * 10 ** (step.levelDb / 20);
    const omegas = step.frequenciesHz.map((hz) => (2 * Math.PI * hz) / SAMPLE_RATE_HZ);
    for (let i = 0; i < into.length; i++) {
      const n = this.#at + i;
      if (n >= onSamples) {
        into[i] = 0;
        continue;
      }
      let sum = 0;
      for (const omega of omegas) sum += Math.sin(omega * n);
      into[i] = Math.max(-32768, Math.min(32767, Math.round(sum * amplitude)));
    }
  }

  #next(step: ToneStep): void {
    this.#at = 0;
    this.#stepLoop++;
    if (this.#stepLoop < step.loopCount) return;
    this.#stepLoop = 0;
    this.#step++;
    if (this.#step < this.#script.steps.length) return;
    this.#loop++;
    if (this.#script.loopCount === 0 || this.#loop < this.#script.loopCount) this.#step = 0;
  }
}
