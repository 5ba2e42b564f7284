import { ANSWER_RULES } from './answer-parameters.ts';
import { decideByTiming, isGreetingBeep } from './answer-rules.ts';
import type { AnswerProfile, AnswerRules } from './answer-rules.ts';
import type { Hop } from './hop.ts';
import type { ProgressEvent } from './progress-event.ts';
import { SpeechTurn } from './speech-turn.ts';
import type { Phrase, TurnTiming } from './speech-turn.ts';

/** A beep ends a machine's greeting when it begins so soon after the last word. */
const BEEP_AFTER_SPEECH_MAX_MS = 3000;
/** So much must have been said before a beep means a machine: after one word it may be the phone's own. */
const BEEP_TALK_MIN_MS = 600;
/** Who talks so long after a tone's end was talking all the time: the tone was a part of the voice. */
const TALK_AFTER_BEEP_MS = 40;
/**
 * A person's verdict is taken back for the beep of a machine, or when the talk goes on for so long without a
 * pause of so much: a person would wait for our words.
 */
export const REVISION_TALK_MS = 7000;
export const REVISION_PAUSE_MS = 1300;
/** A beep and then nothing for so long: there is no greeting. */
const BEEP_ONLY_QUIET_MS = 2000;
/** So much of the time must be sound for «nobody speaks» to be unknown instead of silence. */
const NOISE_SHARE_MIN = 0.3;

/** What answered. */
export type Answer = 'person' | 'machine' | 'fax' | 'silence' | 'beep-only' | 'unknown';

/** A decision with its ground. */
export interface AnswerDecision {
  readonly answer: Answer;
  /** 0 … 1: how sure. */
  readonly score: number;
  /** In words, for logs and reports. */
  readonly reason: string;
  /** Position in the stream at which it was decided. */
  readonly decidedAtMs: number;
  /** A verdict was taken back: a person's for a machine, nobody's for whoever speaks after all. */
  readonly isRevision: boolean;
}

/** Limits of the classifier. */
export interface AnswerLimits {
  /**
   * Nobody has spoken for so long: `silence`. Carriers are silent for up to 8 s after answer. Default 10 000.
   */
  readonly silenceMs: number;
  /** Undecided for so long after the first word: `unknown`. Default 8000. */
  readonly undecidedMs: number;
}

export const ANSWER_LIMITS: AnswerLimits = { silenceMs: 10_000, undecidedMs: 8000 };

/** What an `AnswerClassifier` is made with. */
export interface AnswerClassifierOptions {
  readonly onDecision: (decision: AnswerDecision) => void;
  /** Default `favour-person`. */
  readonly profile?: AnswerProfile;
  readonly limits?: Partial<AnswerLimits>;
}

/**
 * Person, machine, fax, beep or nobody, from the timing of speech and silence, tones and beeps of one stream
 * that begins with the answer (or just before it). Decides once, as soon as it is sure; `person` alone may be
 * revised, when a machine's beep follows.
 */
export class AnswerClassifier {
  readonly #onDecision: (decision: AnswerDecision) => void;
  readonly #rules: AnswerRules;
  readonly #limits: AnswerLimits;
  readonly #turn = new SpeechTurn();
  #decision: AnswerDecision | undefined;
  /** It was decided that nobody spoke; somebody may do so still. */
  #isNobody = false;
  #decidedTiming: TurnTiming | undefined;
  #nowMs = 0;
  /** End of the last tone that belongs to the network: silence is counted from there. */
  #quietFromMs = 0;
  #beepEndMs: number | undefined;
  #activeHops = 0;
  #hops = 0;

  constructor(options: AnswerClassifierOptions) {
    this.#onDecision = options.onDecision;
    this.#rules = ANSWER_RULES[options.profile ?? 'favour-person'];
    this.#limits = { ...ANSWER_LIMITS, ...options.limits };
  }

  /** First instant of the foreground speech, or undefined. */
  get speechOnsetMs(): number | undefined {
    return (this.#decidedTiming ?? this.#turn.timingAt(this.#nowMs))?.onsetMs;
  }

  get phrases(): readonly Phrase[] {
    return this.#turn.phrases;
  }

  /** An event of the stream's `ProgressListener`. */
  hear(event: ProgressEvent): void {
    this.#nowMs = Math.max(this.#nowMs, event.reportedAtMs);
    switch (event.type) {
      case 'SPEECH_STARTED':
        this.#turn.speechStarted(event.startMs);
        break;
      case 'TONE_STARTED':
        this.#turn.toneHeard(event.startMs);
        break;
      case 'PROGRESS_TONE_HEARD':
      case 'TONE_ENDED':
        this.#quietFromMs = Math.max(this.#quietFromMs, event.endMs);
        break;
      case 'FAX_TONE_HEARD':
        this.#hearFax(event);
        break;
      case 'BEEP_HEARD':
        this.#hearBeep(event);
        break;
      case 'SPEECH_ENDED':
      case 'DIGITAL_SILENCE_STARTED':
      case 'DIGITAL_SILENCE_ENDED':
      case 'CLIPPING_HEARD':
      case 'SIT_HEARD':
      case 'DTMF_HEARD':
        break;
      default:
        event satisfies never;
    }
  }

  /** The next 10 ms. */
  take(hop: Hop, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#hops++;
    if (hop.isActive) this.#activeHops++;
    this.#turn.take(hop);
    if (this.#decision?.answer === 'person') return this.#judgeTalkAfterPerson();
    if (this.#decision !== undefined && !this.#isNobody) return;
    const timing = this.#turn.timingAt(nowMs);
    if (timing !== undefined) this.#judgeTiming(timing);
    else if (!this.#isNobody) this.#judgeSilence(hop);
  }

  /** The stream has ended: decides by what was heard so far. */
  finish(): void {
    if (this.#decision !== undefined && !this.#isNobody) return;
    const timing = this.#turn.timingAt(this.#nowMs);
    if (timing === undefined) {
      if (this.#isNobody) return;
      if (this.#beepEndMs === undefined) this.#decideNobody();
      else this.#decide('beep-only', 0.8, 'a beep, and nobody spoke');
      return;
    }
    const waited = decideByTiming({ ...timing, quietMs: Infinity }, this.#rules);
    const ending = 'then the recording ended';
    if (waited?.answer === 'person') {
      this.#decide(
        'person',
        waited.score * 0.8,
        `spoke for ${(timing.talkMs / 1000).toFixed(1)} s, ${ending}`,
        this.#isNobody,
      );
    } else if (!this.#isNobody) this.#decide('unknown', 0.5, `spoke, ${ending}`);
  }

  #judgeTiming(timing: TurnTiming): void {
    const decision = decideByTiming(timing, this.#rules);
    if (decision !== undefined) {
      const isRevision = this.#isNobody;
      this.#isNobody = false;
      this.#decidedTiming = timing;
      this.#decide(decision.answer, decision.score, decision.reason, isRevision);
    } else if (!this.#isNobody && this.#nowMs - timing.onsetMs >= this.#limits.undecidedMs) {
      this.#decide('unknown', 0.5, 'neither a person nor a machine by the limit');
    }
  }

  #judgeTalkAfterPerson(): void {
    const timing = this.#turn.timingSincePause(this.#nowMs, REVISION_PAUSE_MS);
    if (timing === undefined || timing.talkMs < REVISION_TALK_MS) return;
    const seconds = (timing.talkMs / 1000).toFixed(1);
    this.#decide('machine', 0.85, `talks on for ${seconds} s without waiting for an answer`, true);
  }

  #judgeSilence(hop: Hop): void {
    if (hop.isTone) this.#quietFromMs = this.#nowMs;
    const isQuiet = !hop.isSpeech && !hop.isTone;
    if (this.#beepEndMs !== undefined && isQuiet && this.#nowMs - this.#quietFromMs >= BEEP_ONLY_QUIET_MS) {
      this.#decide('beep-only', 0.9, 'a beep, then nobody spoke');
    } else if (this.#nowMs - this.#quietFromMs >= this.#limits.silenceMs) this.#decideNobody();
  }

  #decideNobody(): void {
    this.#isNobody = true;
    const seconds = ((this.#nowMs - this.#quietFromMs) / 1000).toFixed(1);
    if (this.#activeHops > NOISE_SHARE_MIN * this.#hops) {
      this.#decide('unknown', 0.5, `noise for ${seconds} s without a voice`);
    } else this.#decide('silence', 0.95, `nobody spoke for ${seconds} s`);
  }

  #hearFax(event: ProgressEvent & { type: 'FAX_TONE_HEARD' }): void {
    // One burst of 1100 Hz after words may be a beep; a second one is a fax.
    const isCertain = event.tone !== 'cng' || event.burstCount >= 2 || this.speechOnsetMs === undefined;
    if ((this.#decision === undefined || this.#isNobody) && isCertain) {
      this.#decide('fax', 0.99, `fax tone ${event.tone.toUpperCase()}`, this.#isNobody);
    }
  }

  #hearBeep(event: ProgressEvent & { type: 'BEEP_HEARD' }): void {
    const timing = this.#turn.timingAt(event.startMs);
    this.#beepEndMs = event.endMs;
    this.#quietFromMs = Math.max(this.#quietFromMs, event.endMs);
    if (timing === undefined) return;
    const beforeMs = event.startMs - (timing.onsetMs + timing.talkMs);
    const reason = `a beep ${(Math.max(0, beforeMs) / 1000).toFixed(1)} s after ${(timing.talkMs / 1000).toFixed(1)} s of speech`;
    if (this.#decision === undefined || this.#isNobody) {
      const isGreeting = timing.talkMs >= BEEP_TALK_MIN_MS && beforeMs <= BEEP_AFTER_SPEECH_MAX_MS;
      if (isGreeting) this.#decide('machine', 0.98, reason, this.#isNobody);
      return;
    }
    const isTalkedOver = timing.onsetMs + timing.talkMs > event.endMs + TALK_AFTER_BEEP_MS;
    // A person is not given up for what may be a vowel or the network's tone.
    if (this.#decision.answer !== 'person' || !event.isCertain || isTalkedOver) return;
    const talk = this.#turn.timingSincePause(event.startMs, REVISION_PAUSE_MS);
    if (isGreetingBeep(talk?.talkMs ?? 0, beforeMs)) this.#decide('machine', 0.9, reason, true);
  }

  #decide(answer: Answer, score: number, reason: string, isRevision = false): void {
    if (answer !== 'silence' && answer !== 'unknown') this.#isNobody = false;
    this.#decision = { answer, score, reason, decidedAtMs: Math.round(this.#nowMs), isRevision };
    this.#onDecision(this.#decision);
  }
}
