import { AnswerClassifier } from './answer-classifier.ts';
import type { Answer, AnswerDecision, AnswerLimits } from './answer-classifier.ts';
import type { AnswerProfile } from './answer-rules.ts';
import { FRAME_SAMPLES_MAX, SAMPLE_RATE_HZ } from './frame.ts';
import type { FrameProcessor } from './frame.ts';
import type { ProgressEvent, ProgressTone, SitClass } from './progress-event.ts';
import { ProgressListener } from './progress-listener.ts';
import type { Phrase } from './speech-turn.ts';

/** Tones kept for the report of one call. */
const TONES_MAX = 100;

/** A busy cadence is believed after so long without a longer pause, which would make it reorder (Spain). */
const CADENCE_DOUBT_MS = 900;

/** What is at the other end of a call. */
export type ProgressVerdict =
  | 'human'
  | 'machine'
  | 'fax'
  | 'silence'
  | 'unknown'
  | 'beep-only'
  | ProgressTone
  | SitClass;

/** A verdict with its ground. Instants are ms from the start of the stream. */
export interface ProgressDecision {
  readonly verdict: ProgressVerdict;
  /** 0 … 1: how sure. */
  readonly score: number;
  readonly reason: string;
  readonly decidedAtMs: number;
  /** Another verdict was taken back: see `CallProgressOptions.onVerdict`. */
  readonly isRevision: boolean;
}

/** A tone as the report of a call names it. */
export interface HeardTone {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** The beep of a machine. */
export interface HeardBeep {
  readonly startMs: number;
  readonly endMs: number;
  readonly reportedAtMs: number;
}

/** What a `CallProgress` is made with. */
export interface CallProgressOptions {
  /**
   * Told once, and again only when `human` is taken back for `machine`, because it talks on or its beep
   * followed, and when somebody speaks after all where nobody seemed to be.
   */
  readonly onVerdict: (decision: ProgressDecision) => void;
  /** Each beep, about 100 ms after its end: a message may start. */
  readonly onBeep?: (beep: HeardBeep) => void;
  /** Every event of the processors. */
  readonly onEvent?: (event: ProgressEvent) => void;
  /** Early media: nobody can have answered, so speech is an announcement. Default false. */
  readonly isEarly?: boolean;
  /**
   * ISO 3166-1 codes of the countries whose tones are expected, the likeliest first: what fits several plans
   * is theirs. Tones of others are known all the same. Default: all alike.
   */
  readonly countries?: readonly string[];
  readonly profile?: AnswerProfile;
  readonly limits?: Partial<AnswerLimits>;
}

const VERDICT_OF: Readonly<Record<Answer, ProgressVerdict>> = {
  person: 'human',
  machine: 'machine',
  fax: 'fax',
  silence: 'silence',
  'beep-only': 'beep-only',
  unknown: 'unknown',
};

/** Verdicts that may be taken back. */
const REVISABLE: ReadonlySet<ProgressVerdict> = new Set(['human', 'silence', 'unknown', 'ringback']);

/**
 * Call-progress detection for one leg, before or after its answer: every processor fed with the same frames,
 * one verdict out. Pure: no clock, no IO; frames of 8 kHz samples of any length up to a second.
 */
export class CallProgress implements FrameProcessor {
  readonly #options: CallProgressOptions;
  readonly #listener: ProgressListener;
  readonly #classifier: AnswerClassifier;
  readonly #tones: HeardTone[] = [];
  readonly #beeps: HeardBeep[] = [];
  #announcement: AnswerDecision | undefined;
  #samples = 0;
  #isEnded = false;
  #decision: ProgressDecision | undefined;
  #heldTone: { tone: ProgressTone; reason: string } | undefined;
  /** A cadence has been seen since this instant; in some countries reorder begins like busy. */
  #cadenceAtMs: number | undefined;

  constructor(options: CallProgressOptions) {
    this.#options = options;
    this.#classifier = new AnswerClassifier({
      onDecision: (decision) => {
        this.#answered(decision);
      },
      ...(options.profile === undefined ? {} : { profile: options.profile }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    this.#listener = new ProgressListener({
      onEvent: (event) => {
        this.#hear(event);
      },
      onHop: (hop) => {
        // The listener works in whole hops inside one push: its own position runs ahead of ours.
        const nowMs = hop.startMs + HOP_DELAY_MS;
        if (nowMs - (this.#cadenceAtMs ?? Infinity) >= CADENCE_DOUBT_MS) this.#decideByTone(nowMs);
        this.#classifier.take(hop, nowMs);
      },
      ...(options.countries === undefined ? {} : { countries: options.countries }),
    });
  }

  /** The verdict in force, or undefined: still listening. */
  get decision(): ProgressDecision | undefined {
    return this.#decision;
  }

  get speechOnsetMs(): number | undefined {
    return this.#classifier.speechOnsetMs;
  }

  /** Stretches of the foreground voice so far. */
  get phrases(): readonly Phrase[] {
    return this.#classifier.phrases;
  }

  get tones(): readonly HeardTone[] {
    return this.#tones;
  }

  /** The first beep after speech, or the first of all. */
  get beep(): HeardBeep | undefined {
    const onsetMs = this.speechOnsetMs ?? 0;
    return this.#beeps.find(({ startMs }) => startMs > onsetMs) ?? this.#beeps[0];
  }

  push(frame: Int16Array): void {
    this.#samples += Math.min(frame.length, FRAME_SAMPLES_MAX);
    this.#listener.push(frame);
  }

  finish(): void {
    this.#listener.finish();
    const isToneAlone = this.speechOnsetMs === undefined || this.#options.isEarly === true;
    if (isToneAlone) this.#decideByTone((this.#samples * 1000) / SAMPLE_RATE_HZ);
    this.#isEnded = true;
    if (this.#announcement === undefined) this.#classifier.finish();
    else if (this.#decision === undefined) this.#answered(this.#announcement);
  }

  #decideByTone(atMs: number): void {
    if (this.#decision !== undefined || this.#heldTone === undefined) return;
    const isConfirmed = this.#cadenceAtMs !== undefined;
    this.#decide(this.#heldTone.tone, isConfirmed ? 0.98 : 0.9, this.#heldTone.reason, atMs);
  }

  #hear(event: ProgressEvent): void {
    this.#options.onEvent?.(event);
    this.#keepTone(event);
    this.#classifier.hear(event);
    if (event.type === 'BEEP_HEARD') {
      if (this.#beeps.length < TONES_MAX) this.#beeps.push(event);
      this.#options.onBeep?.(event);
    }
    if (this.#decision !== undefined) return;
    if (event.type === 'SIT_HEARD') {
      const reason = event.isCoded ? 'special information tone' : 'special information tone without a code';
      this.#decide(event.sit, event.isCoded ? 0.99 : 0.7, reason, event.reportedAtMs);
    }
    if (event.type === 'PROGRESS_TONE_HEARD') this.#hearProgressTone(event);
  }

  #hearProgressTone(event: ProgressEvent & { type: 'PROGRESS_TONE_HEARD' }): void {
    const places = event.countries.slice(0, 6).join(', ');
    const reason = `${event.tone} tone of ${event.frequenciesHz.map(Math.round).join(' + ')} Hz (${places})`;
    // Ringback may go on after the answer, or be followed by busy or an announcement: it is no verdict by
    // itself.
    this.#heldTone = { tone: event.tone, reason };
    if (event.tone === 'ringback') this.#cadenceAtMs = undefined;
    else if (event.isConfirmed) this.#cadenceAtMs ??= event.reportedAtMs;
  }

  #answered(decision: AnswerDecision): void {
    const { answer, score, reason, decidedAtMs, isRevision } = decision;
    if (this.#decision !== undefined && !(isRevision && REVISABLE.has(this.#decision.verdict))) return;
    const isSpeech = answer === 'person' || answer === 'machine' || answer === 'unknown';
    // Before the answer nobody can have spoken: a tone or its meaning may still follow the announcement.
    if (this.#options.isEarly === true && isSpeech && !this.#isEnded) {
      this.#announcement = decision;
      return;
    }
    if (this.#heldTone !== undefined && !isSpeech && answer !== 'fax') {
      this.#decide(this.#heldTone.tone, 0.85, this.#heldTone.reason, decidedAtMs);
    } else if (this.#options.isEarly === true && isSpeech) {
      this.#decide('unknown', score, `announcement before the answer: ${reason}`, decidedAtMs);
    } else this.#decide(VERDICT_OF[answer], score, reason, decidedAtMs, isRevision);
  }

  #decide(verdict: ProgressVerdict, score: number, reason: string, atMs: number, isRevision = false): void {
    this.#decision = { verdict, score, reason, decidedAtMs: Math.round(atMs), isRevision };
    this.#options.onVerdict(this.#decision);
  }

  #keepTone(event: ProgressEvent): void {
    const name = toneName(event);
    if (name === undefined || !('endMs' in event)) return;
    const last = this.#tones.at(-1);
    if (last !== undefined && last.name === name)
      this.#tones[this.#tones.length - 1] = { ...last, endMs: event.endMs };
    else if (this.#tones.length < TONES_MAX)
      this.#tones.push({ name, startMs: event.startMs, endMs: event.endMs });
  }
}

/** A hop is told about so long after the 10 ms it describes have begun: the analysis looks ahead. */
const HOP_DELAY_MS = 20;

function toneName(event: ProgressEvent): string | undefined {
  if (event.type === 'SIT_HEARD') return event.sit;
  if (event.type === 'PROGRESS_TONE_HEARD' || event.type === 'FAX_TONE_HEARD') return event.tone;
  if (event.type === 'DTMF_HEARD') return `dtmf-${event.digit}`;
  return event.type === 'BEEP_HEARD' ? 'beep' : undefined;
}
