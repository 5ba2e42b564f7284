import { HOP_MS } from './frame.ts';
import type { Hop } from './hop.ts';

/** What lies so far below the loudest voice is another's: a television, people in the room. */
const FOREGROUND_DEPTH_DB = 16;
/** A phrase reaches within so much of the loudest voice; what is weaker only leads to it or away from it … */
const PHRASE_DEPTH_DB = 10;
/** … for so long at most. */
const WEAK_MAX_MS = 250;
/** Two stretches of voice closer than this are one phrase: stop consonants, lost packets. */
const PHRASE_GAP_MS = 200;
/** A phrase shorter than this is a click or a cough. */
const PHRASE_MIN_MS = 60;
/** What begins so shortly before a tone belongs to it. */
const TONE_ONSET_MS = 60;
/** Bounds the memory of a call that talks for hours; the oldest phrases are forgotten. */
const PHRASES_MAX = 200;

/** One stretch of the foreground voice, in ms from the start of the stream. */
export interface Phrase {
  readonly startMs: number;
  readonly endMs: number;
}

/** The timing of what was said so far: all that the answer classifier knows of speech. */
export interface TurnTiming {
  /** First instant of the first phrase. */
  readonly onsetMs: number;
  /** From the onset to the end of the last phrase, pauses included. */
  readonly talkMs: number;
  /** Since the end of the last phrase; 0 while the voice sounds. */
  readonly quietMs: number;
  /** Phrases, that is pauses of 200 ms and more plus one. */
  readonly phraseCount: number;
  /** Length of the last phrase. */
  readonly lastPhraseMs: number;
}

interface OpenPhrase {
  startMs: number;
  endMs: number;
  peakDbm0: number;
}

/**
 * Follows the foreground voice of one stream through its hops: phrases and the pauses between them. A voice
 * that turns out to be far louder than what was heard before makes that background.
 */
export class SpeechTurn {
  #phrases: OpenPhrase[] = [];
  #peakDbm0 = -Infinity;
  #recentDbm0 = -Infinity;
  #speechStartMs: number | undefined;
  #strongEndMs = -Infinity;
  #weakStartMs = -Infinity;
  #weakEndMs = -Infinity;

  /** `SPEECH_STARTED` was heard: the next phrase began then. */
  speechStarted(startMs: number): void {
    this.#speechStartMs = startMs;
  }

  /** From this instant on a tone sounded: what looked like speech was the tone's beginning. */
  toneHeard(startMs: number): void {
    const last = this.#phrases.at(-1);
    if (last === undefined || last.endMs <= startMs) return;
    if (last.startMs >= startMs - TONE_ONSET_MS) this.#phrases.pop();
    else last.endMs = startMs;
  }

  /** The next hop; not kept. */
  take(hop: Hop): void {
    // Smoothed over 30 ms: one loud click is no voice.
    this.#recentDbm0 =
      this.#recentDbm0 === -Infinity ? hop.levelDbm0 : (2 * this.#recentDbm0 + hop.levelDbm0) / 3;
    if (!hop.isActive || !hop.isSpeech || hop.isTone) return;
    if (hop.isVoiced && this.#recentDbm0 > this.#peakDbm0) this.#raisePeak(this.#recentDbm0);
    if (hop.levelDbm0 < this.#peakDbm0 - FOREGROUND_DEPTH_DB) return;
    if (this.#recentDbm0 < this.#peakDbm0 - PHRASE_DEPTH_DB) this.#takeWeak(hop);
    else this.#takeStrong(hop);
  }

  /** Part of a phrase only close to its strong parts: a word dies away, a television talks on. */
  #takeWeak(hop: Hop): void {
    const last = this.#phrases.at(-1);
    const endMs = hop.startMs + HOP_MS;
    if (hop.startMs - this.#weakEndMs >= PHRASE_GAP_MS)
      this.#weakStartMs = this.#speechStartMs ?? hop.startMs;
    this.#weakEndMs = endMs;
    if (last !== undefined && endMs - this.#strongEndMs <= WEAK_MAX_MS) last.endMs = endMs;
  }

  #takeStrong(hop: Hop): void {
    const endMs = hop.startMs + HOP_MS;
    const isLed = hop.startMs - this.#weakEndMs < PHRASE_GAP_MS;
    const ledMs = isLed ? Math.max(this.#weakStartMs, hop.startMs - WEAK_MAX_MS) : hop.startMs;
    const startMs = Math.min(this.#speechStartMs ?? ledMs, ledMs);
    this.#speechStartMs = undefined;
    this.#strongEndMs = endMs;
    const last = this.#phrases.at(-1);
    if (last !== undefined && startMs - last.endMs < PHRASE_GAP_MS) {
      last.endMs = endMs;
      last.peakDbm0 = Math.max(last.peakDbm0, this.#recentDbm0);
      return;
    }
    if (last !== undefined && last.endMs - last.startMs < PHRASE_MIN_MS) this.#phrases.pop();
    this.#phrases.push({ startMs, endMs, peakDbm0: this.#recentDbm0 });
    if (this.#phrases.length > PHRASES_MAX) this.#phrases.splice(1, 1);
  }

  #raisePeak(peakDbm0: number): void {
    this.#peakDbm0 = peakDbm0;
    const limit = peakDbm0 - PHRASE_DEPTH_DB;
    if (this.#phrases.some((phrase) => phrase.peakDbm0 < limit)) {
      this.#phrases = this.#phrases.filter((phrase) => phrase.peakDbm0 >= limit);
    }
  }

  /** The phrases so far, the last one perhaps still going on. */
  get phrases(): readonly Phrase[] {
    return this.#phrases;
  }

  /** Timing of the talk since the last pause of `pauseMs` or more. */
  timingSincePause(nowMs: number, pauseMs: number): TurnTiming | undefined {
    const last = this.#phrases.at(-1);
    if (last === undefined) return undefined;
    let first = this.#phrases.length - 1;
    while (first > 0 && this.#startOf(first) - (this.#phrases[first - 1]?.endMs ?? 0) < pauseMs) first--;
    return {
      onsetMs: this.#startOf(first),
      talkMs: last.endMs - this.#startOf(first),
      quietMs: Math.max(0, nowMs - last.endMs),
      phraseCount: this.#phrases.length - first,
      lastPhraseMs: last.endMs - last.startMs,
    };
  }

  #startOf(at: number): number {
    return this.#phrases[at]?.startMs ?? 0;
  }

  /** Timing at an instant of the stream; undefined while nobody has spoken. */
  timingAt(nowMs: number): TurnTiming | undefined {
    const first = this.#phrases[0];
    const last = this.#phrases.at(-1);
    if (first === undefined || last === undefined) return undefined;
    if (this.#phrases.length === 1 && last.endMs - last.startMs < PHRASE_MIN_MS) return undefined;
    return {
      onsetMs: first.startMs,
      talkMs: last.endMs - first.startMs,
      quietMs: Math.max(0, nowMs - last.endMs),
      phraseCount: this.#phrases.length,
      lastPhraseMs: last.endMs - last.startMs,
    };
  }
}
