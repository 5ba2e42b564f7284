import type { ProgressEventSink } from './frame.ts';
import { CadenceMatcher, isSameFrequency } from './cadence-matcher.ts';
import type { ProgressTone } from './progress-event.ts';
import { toneFrequenciesHz } from './tone.ts';
import type { Tone } from './tone.ts';

/** The cadence is looked at this often while it pauses. */
const LOOK_EVERY_MS = 100;
/** A pause that no cadence has ends it. */
const CADENCE_OVER_MS = 7000;
/** A pair that only ringback has is told after so long … */
const PAIR_AFTER_MS = 300;
/** … and a single frequency when no busy tone sounds for so long. */
const SINGLE_AFTER_MS = 900;

/**
 * What a tone may be a burst of, judged by itself: nothing, a pair (or cadence) that cannot be mistaken, or a
 * single frequency as long as a plan's ringback or busy tone.
 */
export type PlanBurst = 'none' | 'pair' | 'ringback' | 'repeating';

/** Recognises ringback, busy and reorder by frequencies and cadence (ITU-T E.180, national plans). */
export class ProgressToneDetector {
  readonly #emit: ProgressEventSink;
  readonly #matcher: CadenceMatcher;
  #told: ProgressTone | undefined;
  #toldEarly: ProgressTone | undefined;
  #earlyStartMs = -1;
  #lookAtMs = 0;
  #hasSpoken = false;

  /** @param countries ISO 3166-1 codes of those whose tones come first; none: all alike. */
  constructor(emit: ProgressEventSink, countries: readonly string[] | undefined) {
    this.#emit = emit;
    this.#matcher = new CadenceMatcher(countries ?? []);
  }

  /** Somebody spoke: a single tone is no ringback any more until its cadence shows it. */
  speechStarted(): void {
    this.#hasSpoken = true;
    this.#matcher.clear();
    this.#forget();
  }

  toneEnded(tone: Tone, nowMs: number): void {
    const last = this.#matcher.last;
    this.#matcher.add(tone);
    if (last !== undefined && Math.abs(last.lowHz - tone.lowHz) > 60) this.#forget();
    this.#lookAtMs = nowMs + LOOK_EVERY_MS;
    this.#look(0, nowMs);
    this.#tellPairBurst(tone, nowMs);
  }

  /** Every hop. @param tone the tone that sounds now. */
  take(tone: Tone | undefined, nowMs: number): void {
    if (tone !== undefined) {
      this.#tellEarly(tone, nowMs);
      return;
    }
    const last = this.#matcher.last;
    if (last === undefined || nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + LOOK_EVERY_MS;
    const pauseMs = nowMs - last.endMs;
    if (pauseMs > CADENCE_OVER_MS) {
      this.#matcher.clear();
      this.#forget();
    } else this.#look(pauseMs, nowMs);
  }

  /** Whether a tone that has just ended has frequencies and length of the plans' bursts. */
  burstOf(tone: Tone): PlanBurst {
    const last = this.#matcher.last;
    if (this.#told !== undefined && last !== undefined && isSameFrequency(last, tone)) return 'pair';
    const rows = this.#matcher.rowsOf(tone);
    if (rows.length === 0) return 'none';
    if (rows.some((row) => (row.isModulated ? tone.isModulated : row.frequenciesHz.length === 2)))
      return 'pair';
    const lengthMs = tone.endMs - tone.startMs;
    const fits = (wanted: number): boolean => Math.abs(lengthMs - wanted) <= Math.max(30, 0.08 * wanted);
    const isSound = (_: number, index: number): boolean => index % 2 === 0;
    const fitting = rows.filter((row) => row.cadenceMs.filter(isSound).some(fits));
    if (fitting.some((row) => row.tone === 'ringback')) return 'ringback';
    return fitting.length > 0 ? 'repeating' : 'none';
  }

  #look(pauseMs: number, nowMs: number): void {
    const match = this.#matcher.match(pauseMs);
    const last = this.#matcher.last;
    if (match === undefined || last === undefined || match.tone === this.#told) return;
    this.#told = match.tone;
    this.#emit({
      type: 'PROGRESS_TONE_HEARD',
      tone: match.tone,
      isConfirmed: true,
      countries: match.countries,
      startMs: match.startMs,
      endMs: last.endMs,
      reportedAtMs: nowMs,
      frequenciesHz: toneFrequenciesHz(last),
    });
  }

  #tellEarly(tone: Tone, nowMs: number): void {
    if (this.#told === 'ringback' || this.#toldEarly === 'ringback' || tone.startMs === this.#earlyStartMs)
      return;
    const lengthMs = tone.endMs - tone.startMs;
    const isPair = tone.highHz !== 0 || tone.isModulated;
    if (lengthMs < (isPair ? PAIR_AFTER_MS : SINGLE_AFTER_MS) || (!isPair && this.#hasSpoken)) return;
    this.#earlyStartMs = tone.startMs;
    const rows = this.#matcher.rowsOf(tone).filter((row) => !tone.isModulated || row.isModulated);
    const ringback = rows.filter((row) => row.tone === 'ringback');
    if (ringback.length === 0 || (isPair && ringback.length < rows.length)) return;
    this.#told = undefined;
    this.#tellUnconfirmed(
      'ringback',
      ringback.flatMap((row) => row.countries),
      tone,
      nowMs,
    );
  }

  /** Pairs such as 480 + 620 Hz are used for nothing else; the burst's length tells busy from reorder. */
  #tellPairBurst(tone: Tone, nowMs: number): void {
    if (tone.highHz === 0 || this.#told !== undefined || this.#toldEarly !== undefined) return;
    const lengthMs = tone.endMs - tone.startMs;
    const rows = this.#matcher
      .rowsOf(tone)
      .filter((row) => row.frequenciesHz.length === 2 && Math.abs(lengthMs - (row.cadenceMs[0] ?? 0)) < 45);
    const kind = rows[0]?.tone;
    if (kind === undefined || rows.some((row) => row.tone !== kind)) return;
    this.#tellUnconfirmed(
      kind,
      rows.flatMap((row) => row.countries),
      tone,
      nowMs,
    );
  }

  #tellUnconfirmed(tone: ProgressTone, countries: readonly string[], heard: Tone, nowMs: number): void {
    this.#toldEarly = tone;
    this.#emit({
      type: 'PROGRESS_TONE_HEARD',
      tone,
      isConfirmed: false,
      countries: [...new Set(countries)],
      startMs: heard.startMs,
      endMs: heard.endMs,
      reportedAtMs: nowMs,
      frequenciesHz: toneFrequenciesHz(heard),
    });
  }

  #forget(): void {
    this.#told = undefined;
    this.#toldEarly = undefined;
  }
}
