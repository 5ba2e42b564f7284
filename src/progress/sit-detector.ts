import type { ProgressEventSink } from './frame.ts';
import type { SitClass } from './progress-event.ts';
import type { Tone } from './tone.ts';

/** Bands in which the three tones lie: E.180 §7 with the national variants (900, 1000; 1450; 1850 Hz). */
const BANDS_HZ = [
  [875, 1020],
  [1310, 1480],
  [1730, 1880],
] as const;
/** Lengths of one tone: 274 and 380 ms, 330 ± 70 ms, and what networks make of them. */
const LENGTH_MIN_MS = 180;
const LENGTH_MAX_MS = 520;
/** Pause between two tones: 4 ms in North America, up to 30 ms elsewhere, some switches send 100 ms. */
const PAUSE_MAX_MS = 130;
/** Between the low and the high coded frequency: 913.8 or 985.2, and 1370.6 or 1428.5 Hz. */
const FIRST_MIDDLE_HZ = 949.5;
const SECOND_MIDDLE_HZ = 1399.5;
/** The plain triplet of E.180 lies this close to both middles. */
const PLAIN_WITHIN_HZ = 14;
/** Between short (274 ms) and long (380 ms). */
const LENGTH_MIDDLE_MS = 327;

/**
 * What each coding says: frequency of tones 1 and 2 (L low, H high), then their lengths (S short, L long).
 * Source: Telcordia GR-674; the inter-exchange forms of reorder and no circuit are told by their lengths.
 */
const MEANINGS: Readonly<Record<string, SitClass>> = {
  LLSS: 'sit-intercept',
  LLSL: 'sit-intercept',
  LLLS: 'sit-intercept',
  LLLL: 'sit-nocircuit',
  HLLS: 'sit-vacant',
  HLLL: 'sit-vacant',
  HLSS: 'sit-vacant',
  HLSL: 'sit-reorder',
  LHSL: 'sit-reorder',
  LHLL: 'sit-reorder',
  LHSS: 'sit-reorder',
  LHLS: 'sit-reorder',
  HHLL: 'sit-nocircuit',
  HHLS: 'sit-nocircuit',
  HHSL: 'sit-nocircuit',
  HHSS: 'sit-nocircuit',
};

/**
 * Recognises special information tones: three rising tones before a recorded refusal (ITU-T E.180 §7). The
 * plain triplet, which most countries send before "this number is not in service", is called `sit-vacant`.
 */
export class SitDetector {
  readonly #emit: ProgressEventSink;
  readonly #heard: Tone[] = [];

  constructor(emit: ProgressEventSink) {
    this.#emit = emit;
  }

  /** The last tone may be one of a triplet that is not complete: it is no beep. */
  get isUnderWay(): boolean {
    return this.#heard.length > 0;
  }

  /** @returns whether the tone is part of a triplet, as far as can be said. */
  toneEnded(tone: Tone, nowMs: number): boolean {
    const previous = this.#heard.at(-1);
    if (previous !== undefined && tone.startMs - previous.endMs > PAUSE_MAX_MS) this.#heard.length = 0;
    if (!isOfBand(tone, this.#heard.length)) {
      this.#heard.length = 0;
      if (!isOfBand(tone, 0)) return false;
    }
    this.#heard.push(tone);
    if (this.#heard.length === BANDS_HZ.length) this.#report(nowMs);
    return true;
  }

  /** Time has passed: a triplet whose next tone has not begun will not be completed. */
  pass(nowMs: number, isToneSounding: boolean): void {
    const last = this.#heard.at(-1);
    if (last !== undefined && !isToneSounding && nowMs - last.endMs > PAUSE_MAX_MS + 90)
      this.#heard.length = 0;
  }

  #report(nowMs: number): void {
    const [first, second, third] = this.#heard;
    this.#heard.length = 0;
    if (first === undefined || second === undefined || third === undefined) return;
    const isPlain =
      Math.abs(first.lowHz - FIRST_MIDDLE_HZ) <= PLAIN_WITHIN_HZ &&
      Math.abs(second.lowHz - SECOND_MIDDLE_HZ) <= PLAIN_WITHIN_HZ;
    const code =
      (first.lowHz < FIRST_MIDDLE_HZ ? 'L' : 'H') +
      (second.lowHz < SECOND_MIDDLE_HZ ? 'L' : 'H') +
      lengthCode(first) +
      lengthCode(second);
    this.#emit({
      type: 'SIT_HEARD',
      sit: isPlain ? 'sit-vacant' : (MEANINGS[code] ?? 'sit-vacant'),
      isCoded: !isPlain,
      startMs: first.startMs,
      endMs: third.endMs,
      reportedAtMs: nowMs,
    });
  }
}

function lengthCode(tone: Tone): string {
  return tone.endMs - tone.startMs < LENGTH_MIDDLE_MS ? 'S' : 'L';
}

function isOfBand(tone: Tone, index: number): boolean {
  const band = BANDS_HZ[index];
  if (band === undefined || tone.highHz !== 0) return false;
  const lengthMs = tone.endMs - tone.startMs;
  return (
    tone.lowHz >= band[0] && tone.lowHz <= band[1] && lengthMs >= LENGTH_MIN_MS && lengthMs <= LENGTH_MAX_MS
  );
}
