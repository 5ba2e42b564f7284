import type { ProgressEventSink } from './frame.ts';
import type { Tone } from './tone.ts';

/** CNG: 1100 ± 38 Hz for 0.5 s ± 15 %, every 3.5 s (ITU-T T.30 §4.1); some margin for the line. */
const CNG_HZ = 1100;
const CNG_WITHIN_HZ = 42;
const CNG_MIN_MS = 400;
const CNG_MAX_MS = 620;
/** Two bursts of one calling tone: 3 s ± 15 % of pause, one lost in between. */
const CNG_PERIOD_MAX_MS = 8200;
/** CED and ANSam: 2100 ± 15 Hz (T.30 §4.2, V.8 §4); some margin for the line. */
const ANSWER_HZ = 2100;
const ANSWER_WITHIN_HZ = 25;
/** CED lasts 2.6 … 4 s; after 1 s it can be nothing else. */
const ANSWER_MIN_MS = 1000;
/** ANSam swings by 20 % at 15 Hz, which is 0.7 dB a hop; a steady tone stays below 0.2 dB. */
const ANSAM_WANDER_MIN_DB = 0.35;

/** Recognises fax machines and modems by their tones. */
export class FaxDetector {
  readonly #emit: ProgressEventSink;
  #burstCount = 0;
  #lastCngStartMs = -Infinity;
  #toldAnswerStartMs = -1;

  constructor(emit: ProgressEventSink) {
    this.#emit = emit;
  }

  /** The tone that sounds now. */
  take(tone: Tone, nowMs: number): void {
    if (tone.startMs === this.#toldAnswerStartMs || !isAnswerTone(tone)) return;
    if (tone.endMs - tone.startMs < ANSWER_MIN_MS) return;
    this.#toldAnswerStartMs = tone.startMs;
    this.#emit({
      type: 'FAX_TONE_HEARD',
      tone: tone.levelWanderDb >= ANSAM_WANDER_MIN_DB ? 'ansam' : 'ced',
      burstCount: 1,
      startMs: tone.startMs,
      endMs: tone.endMs,
      reportedAtMs: nowMs,
    });
  }

  /** @returns whether the tone was one of a fax machine. */
  toneEnded(tone: Tone, nowMs: number): boolean {
    const lengthMs = tone.endMs - tone.startMs;
    if (isAnswerTone(tone) && lengthMs >= ANSWER_MIN_MS) return true;
    if (tone.highHz !== 0 || Math.abs(tone.lowHz - CNG_HZ) > CNG_WITHIN_HZ) return false;
    if (lengthMs < CNG_MIN_MS || lengthMs > CNG_MAX_MS) return false;
    if (tone.startMs - this.#lastCngStartMs > CNG_PERIOD_MAX_MS) this.#burstCount = 0;
    this.#burstCount++;
    this.#lastCngStartMs = tone.startMs;
    this.#emit({
      type: 'FAX_TONE_HEARD',
      tone: 'cng',
      burstCount: this.#burstCount,
      startMs: tone.startMs,
      endMs: tone.endMs,
      reportedAtMs: nowMs,
    });
    return true;
  }
}

function isAnswerTone(tone: Tone): boolean {
  return tone.highHz === 0 && Math.abs(tone.lowHz - ANSWER_HZ) <= ANSWER_WITHIN_HZ;
}
