import { HOP_MS, SILENCE_DBM0 } from './frame.ts';
import type { ProgressEventSink } from './frame.ts';
import type { Hop } from './hop.ts';
import { isKeyPair } from './key-detector.ts';
import type { PlanBurst } from './progress-tone-detector.ts';
import { toneFrequenciesHz } from './tone.ts';
import type { Tone } from './tone.ts';

/** Beeps of answering machines: lengths and frequencies, with margin over 60 ms … 3 s and 350 … 2100 Hz. */
const LENGTH_MIN_MS = 48;
const LENGTH_MAX_MS = 3300;
const LOW_MIN_HZ = 340;
const LOW_MAX_HZ = 2140;
const HIGH_MAX_HZ = 2800;
/** Quieter ones are an echo. */
const LEVEL_MIN_DBM0 = -47;
/** A beep is as steady as a machine makes it; a voice is not. */
const FREQUENCY_WANDER_MAX_HZ = 6;
/** … and relative to a high frequency, where lost packets smear more. */
const FREQUENCY_WANDER_MAX = 0.005;
const LEVEL_WANDER_MAX_DB = 0.9;
const PURITY_MIN = 0.8;
/** A short one that is not clear, or low, is a vowel. */
const SHORT_MS = 150;
const SHORT_MIN_HZ = 430;
const CLEAR_PURITY_MIN = 0.9;
const CLEAR_WANDER_MAX = 0.004;
/** Next to nothing else is heard: a coder makes even such a tone waver. */
const PURE_PURITY_MIN = 0.97;
const PURE_WANDER_MAX = 0.006;
/** What is as loud as a pure tone of such a length is its own beginning, which a lost packet has cut off. */
const LONG_MS = 300;
const OWN_LEVEL_DB = 2;
/** No voice makes a pure tone as high as this. */
const ABOVE_VOICE_HZ = 1000;
/** Two lines for a shorter time than this are high harmonics of a vowel, unless they are pure. */
const PAIR_MIN_MS = 140;
/** A burst of the ringback lies so near to what was heard of it before. */
const RINGBACK_WITHIN_HZ = 15;
/** A beep is told so long after its end, when no other tone has followed by then. */
const WAIT_MS = 85;
/**
 * A tone of the plans' frequency and length might be a busy tone's first burst: its second one shows that.
 */
const REPEAT_WAIT_MS = 850;
/** A tone shorter than this with a voice on both sides is a vowel of it. */
const VOWEL_MAX_MS = 250;
const VOICED_AFTER_HOPS = 2;
/** The end of a word may ring for so long on one or two harmonics, below this level. */
const WORD_END_MAX_MS = 250;
const WORD_END_LEVEL_DBM0 = -36;
/** Tones that follow each other within this are one beep when they are two, music when they are more. */
const MELODY_GAP_MS = 250;
const MELODY_TONES_MIN = 3;
/**
 * A beep stands alone: so far below it is what comes before and after, over 50 ms at 20 ms from its edges.
 */
const ALONE_DB = 6;
/** … and what comes before a clear pair may be so much louder; before a clear single tone anything. */
const CLEAR_BONUS_DB = 3;
const EDGE_MS = 20;
const AROUND_MS = 50;
/** A tone so far below another one is behind it: music, an echo. */
const SOFT_DB = 9;
/** The two tones of one beep are equally loud. */
const EQUAL_DB = 4;
/** Levels that are kept: a beep of full length, its surroundings and the wait for a second burst. */
const KEPT_HOPS = 512;
/**
 * Two lines of which each is a small multiple of a voice's pitch, and as short as a vowel, are two harmonics.
 */
const HARMONIC_MAX = 6;
const PITCH_MIN_HZ = 75;
const PITCH_MAX_HZ = 320;
const HARMONIC_WITHIN = 0.008;
/**
 * Frequencies under which even a tone after speech is first taken for a plan's: 425 Hz and its neighbours.
 */
const PLAN_BELOW_HZ = 433;

/** What else a tone that has ended may be. */
export interface ToneContext {
  readonly planBurst: PlanBurst;
  readonly isFax: boolean;
  readonly hasSpoken: boolean;
  /** A voice sounded right until the tone began. */
  readonly isAfterVoice: boolean;
}

/** Tells the beep after which one may speak from every other steady tone. */
export class BeepDetector {
  readonly #emit: ProgressEventSink;
  readonly #levelsDbm0 = new Float32Array(KEPT_HOPS).fill(SILENCE_DBM0);
  #newestMs = 0;
  #pending: Tone | undefined;
  #pendingStartMs = 0;
  #dueMs = 0;
  #isAfterVoice = false;
  #voicedAfter = 0;
  #isFollowed = false;
  #lastEndMs = -Infinity;
  #lastHz = 0;
  #lastDbm0 = SILENCE_DBM0;
  #run = 0;
  #ringbackHz: readonly number[] = [];
  #isRingbackLike = false;

  constructor(emit: ProgressEventSink) {
    this.#emit = emit;
  }

  toneEnded(tone: Tone, context: ToneContext): void {
    // What sounds softly behind a beep says nothing about it.
    if (this.#pending !== undefined && tone.levelDbm0 < this.#pending.levelDbm0 - SOFT_DB) return;
    const isNear = tone.startMs - this.#lastEndMs < MELODY_GAP_MS;
    this.#run = isNear && this.#lastDbm0 > tone.levelDbm0 - SOFT_DB ? this.#run + 1 : 1;
    this.#lastDbm0 = tone.levelDbm0;
    const isNext = tone.startMs - this.#lastEndMs < WAIT_MS;
    const isRepeated = Math.abs(tone.lowHz - this.#lastHz) < 15;
    const held = this.#pending;
    // A tone that was interrupted, and the second of two.
    const isSame = isNext && isRepeated;
    const isSecond = isNext && held !== undefined && tone.levelDbm0 - held.levelDbm0 < EQUAL_DB;
    this.#lastEndMs = tone.endMs;
    this.#lastHz = tone.lowHz;
    if (held !== undefined && isRepeated && context.planBurst !== 'none') {
      // The second burst of a cadence: neither was a beep.
      this.#pending = undefined;
      return;
    }
    const isNone = isExcluded(tone, context) || this.#isRingback(tone, context);
    if (this.#run >= MELODY_TONES_MIN || !isBeep(tone) || isNone) {
      this.#pending = undefined;
      return;
    }
    if (!isSame && !isSecond) this.#pendingStartMs = tone.startMs;
    this.#pending = tone;
    this.#isAfterVoice = context.isAfterVoice;
    this.#isRingbackLike = context.planBurst === 'ringback';
    this.#voicedAfter = 0;
    this.#isFollowed = false;
    const mustRepeat = context.planBurst !== 'none' && (!context.hasSpoken || tone.lowHz < PLAN_BELOW_HZ);
    this.#dueMs = tone.endMs + (mustRepeat ? REPEAT_WAIT_MS : WAIT_MS);
  }

  /** A triplet or a cadence has been recognised: its tones are no beeps. */
  drop(): void {
    this.#pending = undefined;
  }

  /** Ringback has been recognised: its later bursts are no beeps, whatever sounds like speech between. */
  ringbackHeard(frequenciesHz: readonly number[]): void {
    this.#ringbackHz = frequenciesHz;
  }

  /** Every hop. @param isTone a tone sounds or is suspected: it may explain the one before. */
  take(hop: Hop, isTone: boolean, nowMs: number): void {
    this.#levelsDbm0[(hop.startMs / HOP_MS) % KEPT_HOPS] = hop.bandDbm0;
    this.#newestMs = hop.startMs;
    const tone = this.#pending;
    if (tone === undefined) return;
    if (hop.isVoiced) this.#voicedAfter++;
    // A tone as loud as this one may explain it; one behind it does not.
    this.#isFollowed = isTone && (this.#isFollowed || hop.bandDbm0 >= tone.levelDbm0 - SOFT_DB);
    if (this.#isFollowed || nowMs < this.#dueMs) return;
    const isWithinVoice =
      this.#isAfterVoice &&
      this.#voicedAfter >= VOICED_AFTER_HOPS &&
      !(isPure(tone) && tone.highHz === 0 && tone.lowHz >= ABOVE_VOICE_HZ) &&
      tone.endMs - this.#pendingStartMs < VOWEL_MAX_MS;
    if (isWithinVoice || !this.#standsAlone(tone)) this.drop();
    else this.#tell(tone, nowMs);
  }

  finish(endMs: number): void {
    if (this.#pending !== undefined) this.#tell(this.#pending, endMs);
  }

  /** Notes of music come out of other sound and go over into it. */
  #standsAlone(tone: Tone): boolean {
    const limitDbm0 = tone.levelDbm0 - ALONE_DB;
    const before = this.#meanLevelFrom(this.#pendingStartMs - EDGE_MS - AROUND_MS);
    const after = this.#meanLevelFrom(tone.endMs + EDGE_MS);
    if (after >= limitDbm0) return false;
    if (!isClear(tone)) return before < limitDbm0;
    const isWhole = isPure(tone) && tone.endMs - tone.startMs >= LONG_MS;
    const bonusDb = isWhole ? ALONE_DB + OWN_LEVEL_DB : CLEAR_BONUS_DB;
    return tone.highHz === 0 || before < limitDbm0 + bonusDb;
  }

  #isRingback(tone: Tone, { planBurst }: ToneContext): boolean {
    if (planBurst === 'none' || this.#ringbackHz.length === 0) return false;
    // Two close tones may be heard as one between them.
    const lowHz = Math.min(...this.#ringbackHz) - RINGBACK_WITHIN_HZ;
    return tone.lowHz >= lowHz && tone.lowHz <= Math.max(...this.#ringbackHz) + RINGBACK_WITHIN_HZ;
  }

  /** Mean level in dB, so that a click beside a beep weighs little. */
  #meanLevelFrom(fromMs: number): number {
    let sum = 0;
    let count = 0;
    for (
      let ms = Math.ceil(fromMs / HOP_MS) * HOP_MS;
      ms < fromMs + AROUND_MS && ms <= this.#newestMs;
      ms += HOP_MS
    ) {
      if (ms < 0) continue;
      sum += this.#levelsDbm0[(ms / HOP_MS) % KEPT_HOPS] as number;
      count++;
    }
    return count === 0 ? SILENCE_DBM0 : sum / count;
  }

  #tell(tone: Tone, nowMs: number): void {
    this.#pending = undefined;
    this.#emit({
      type: 'BEEP_HEARD',
      startMs: this.#pendingStartMs,
      endMs: tone.endMs,
      reportedAtMs: nowMs,
      frequenciesHz: toneFrequenciesHz(tone),
      levelDbm0: tone.levelDbm0,
      isCertain: isClear(tone) && !this.#isRingbackLike,
    });
  }
}

function isBeep(tone: Tone): boolean {
  const lengthMs = tone.endMs - tone.startMs;
  const isShort = lengthMs < SHORT_MS && tone.highHz === 0;
  const wanderMaxHz = Math.max(FREQUENCY_WANDER_MAX_HZ, FREQUENCY_WANDER_MAX * tone.lowHz);
  return (
    lengthMs >= LENGTH_MIN_MS &&
    (tone.highHz === 0 || lengthMs >= PAIR_MIN_MS || isPure(tone)) &&
    lengthMs <= LENGTH_MAX_MS &&
    (!isShort || (tone.lowHz >= SHORT_MIN_HZ && isClear(tone))) &&
    tone.lowHz >= LOW_MIN_HZ &&
    tone.lowHz <= LOW_MAX_HZ &&
    tone.highHz <= HIGH_MAX_HZ &&
    tone.levelDbm0 >= LEVEL_MIN_DBM0 &&
    tone.purity >= PURITY_MIN &&
    tone.frequencyWanderHz <= wanderMaxHz &&
    (tone.highHz !== 0 || tone.levelWanderDb <= LEVEL_WANDER_MAX_DB)
  );
}

/** As steady and alone as no voice is and hardly a note. */
function isClear(tone: Tone): boolean {
  const isSteady = tone.frequencyWanderHz <= CLEAR_WANDER_MAX * tone.lowHz;
  return (tone.purity >= CLEAR_PURITY_MIN && isSteady) || isPure(tone);
}

function isPure(tone: Tone): boolean {
  return tone.purity >= PURE_PURITY_MIN && tone.frequencyWanderHz <= PURE_WANDER_MAX * tone.lowHz;
}

function isExcluded(tone: Tone, context: ToneContext): boolean {
  if (context.planBurst === 'pair' || isVowel(tone) || isKeyPair(tone.lowHz, tone.highHz)) return true;
  if (context.isAfterVoice && isWordEnd(tone)) return true;
  if (context.planBurst === 'ringback' && !context.hasSpoken) return true;
  return context.isFax && !context.hasSpoken;
}

function isWordEnd(tone: Tone): boolean {
  const isShort = tone.endMs - tone.startMs < WORD_END_MAX_MS;
  return isShort && (tone.highHz !== 0 || tone.levelDbm0 < WORD_END_LEVEL_DBM0);
}

function isVowel(tone: Tone): boolean {
  if (tone.highHz === 0 || tone.endMs - tone.startMs >= VOWEL_MAX_MS) return false;
  for (let low = 1; low < HARMONIC_MAX; low++) {
    const pitch = tone.lowHz / low;
    const high = Math.round(tone.highHz / pitch);
    if (pitch < PITCH_MIN_HZ || pitch > PITCH_MAX_HZ || high > HARMONIC_MAX) continue;
    // 2 : 6 is 1 : 3 of a pitch that no voice has.
    if ((low === 2 || low === 4) && high % 2 === 0) continue;
    if (low === 3 && high === 6) continue;
    if (Math.abs(tone.highHz / (high * pitch) - 1) < HARMONIC_WITHIN) return true;
  }
  return false;
}
