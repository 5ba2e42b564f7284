import type { G711Law } from '../../src/embedded/rtp/g711.ts';
import {
  atLevel,
  coded,
  type Dice,
  joined,
  looped,
  mixInto,
  msOf,
  noise,
  quantised,
  samplesOf,
  silence,
  telephoneBand,
  withLoss,
} from './sound.ts';
import type { Part } from './texts.ts';

/**
 * Folders of the corpus. `tuning-beeps` has voices and texts of the tuning part: more of the cases in which a
 * beep, or what sounds like one, decides.
 */
export type CorpusFolder = Part | 'tuning-beeps';

/** What is known of a file of the corpus: its line in labels.jsonl. Instants in ms from the file's start. */
export interface Label {
  readonly file: string;
  readonly part: CorpusFolder;
  readonly verdict: string;
  readonly category: string;
  readonly voice: string;
  readonly text: string;
  readonly country?: string;
  readonly isEarly?: boolean;
  readonly segments: readonly (readonly [number, number])[];
  readonly beep?: readonly [number, number];
  readonly durationMs: number;
  readonly line: string;
}

/** Pause after which what was said counts as a finished greeting. */
const GREETING_GAP_MS = 800;

/** End of the first speech that is followed by 0.8 s without any. */
export function greetingEndMs(segments: Label['segments']): number | undefined {
  for (const [at, [, end]] of segments.entries()) {
    const next = segments[at + 1];
    if (next === undefined || next[0] - end >= GREETING_GAP_MS) return end;
  }
  return undefined;
}

/** A recording in the making: sounds one after the other, with the truth about them. */
export class Take {
  readonly #parts: Float64Array[] = [];
  readonly segments: [number, number][] = [];
  beep: [number, number] | undefined;
  #length = 0;
  /** What comes before this instant stays digital silence whatever is mixed in. */
  cleanUntilMs = 0;

  get lengthMs(): number {
    return msOf(this.#length);
  }

  pause(ms: number): this {
    return this.sound(silence(ms));
  }

  sound(sound: Float64Array): this {
    this.#parts.push(sound);
    this.#length += sound.length;
    return this;
  }

  speech(sound: Float64Array): this {
    const start = this.lengthMs;
    this.sound(sound);
    this.segments.push([start, this.lengthMs]);
    return this;
  }

  withBeep(sound: Float64Array): this {
    const start = this.lengthMs;
    this.sound(sound);
    this.beep = [start, this.lengthMs];
    return this;
  }

  mixed(): Float64Array {
    return joined(this.#parts);
  }
}

/** What the way from the other end does to the sound. */
export interface Line {
  readonly levelDbfs: number;
  /** Absent: nothing is added and pauses are digital silence. */
  readonly snrDb?: number;
  readonly noisePole: number;
  readonly law?: G711Law;
  readonly lossRate: number;
  readonly isBandLimited: boolean;
  /** Coded at a few kbit/s on the way. Default false. */
  readonly isCoded?: boolean;
  readonly dcOffset: number;
  readonly background?: { readonly sound: Float64Array; readonly relativeDb: number };
}

/** A line drawn at random: mostly good, sometimes bad. */
export function drawLine(dice: Dice): Line {
  const kind = dice.next();
  const snrDb =
    kind < 0.2
      ? undefined
      : kind < 0.75
        ? dice.between(28, 45)
        : kind < 0.92
          ? dice.between(18, 28)
          : dice.between(12, 18);
  const law = dice.next();
  return {
    levelDbfs: dice.chance(0.7) ? dice.between(-28, -14) : dice.between(-38, -9),
    ...(snrDb === undefined ? {} : { snrDb }),
    noisePole: dice.pick([0, 0.5, 0.9]),
    ...(law < 0.45 ? { law: 'PCMA' as const } : law < 0.9 ? { law: 'PCMU' as const } : {}),
    lossRate: dice.chance(0.25) ? dice.between(0.01, 0.05) : 0,
    isBandLimited: dice.chance(0.5),
    dcOffset: dice.chance(0.1) ? dice.between(-0.01, 0.01) : 0,
  };
}

export function describeLine(line: Line): string {
  const { levelDbfs, snrDb, law, lossRate, isBandLimited } = line;
  const parts = [
    `${Math.round(levelDbfs)} dBFS`,
    snrDb === undefined ? 'no noise' : `SNR ${Math.round(snrDb)} dB`,
    law ?? 'linear',
  ];
  if (lossRate > 0) parts.push(`loss ${(100 * lossRate).toFixed(1)} %`);
  if (line.isCoded === true) parts.push('coded');
  if (isBandLimited) parts.push('300–3300 Hz');
  if (line.background !== undefined) parts.push(`background ${Math.round(line.background.relativeDb)} dB`);
  return parts.join(', ');
}

/** The take as it arrives over the line. */
export function transmit(take: Take, line: Line, dice: Dice): Int16Array {
  let sound: Float64Array = take.mixed();
  const gain = 10 ** (line.levelDbfs / 20);
  if (line.isBandLimited) sound = telephoneBand(sound);
  const clean = Math.min(samplesOf(take.cleanUntilMs), sound.length);
  if (line.background !== undefined) {
    const bed = atLevel(
      looped(line.background.sound, sound.length, Math.floor(dice.next() * line.background.sound.length)),
      line.levelDbfs + line.background.relativeDb,
    );
    mixInto(sound, bed.subarray(clean), clean);
  }
  if (line.snrDb !== undefined) {
    const hiss = noise(dice, sound.length - clean, line.noisePole);
    mixInto(sound, hiss, clean, gain * 10 ** (-line.snrDb / 20));
  }
  if (line.isCoded === true) sound = coded(sound);
  if (line.lossRate > 0) sound = withLoss(sound, dice, line.lossRate);
  if (line.dcOffset !== 0) sound = sound.map((value) => value + line.dcOffset);
  return quantised(sound, line.law);
}
