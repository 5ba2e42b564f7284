import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { AnswerProfile } from '../progress/answer-rules.ts';
import { endsEarly } from '../progress/attempt-verdict.ts';
import {
  CallProgress,
  type HeardBeep,
  type ProgressDecision,
  type ProgressVerdict,
} from '../progress/call-progress.ts';
import { SAMPLE_RATE_HZ } from '../progress/frame.ts';
import type { ProgressEvent } from '../progress/progress-event.ts';
import type { OutboundCall } from '../telephony/telephony.ts';

/**
 * The question begins at the latest so long after the first word, decided or not: nobody is left in dead air.
 * It is heard some 0.5 s later, because it begins with a pause.
 */
const PROMPT_AFTER_SPEECH_MS = 2500;
/** … and so long after the answer when nobody says anything, or nothing can be heard. */
const PROMPT_AFTER_SILENCE_MS = 2500;
/** A greeting without a beep is over when it has been quiet for so long. */
const GREETING_QUIET_MS = 1800;
/** A message is left at the latest so long after the machine was recognised. */
const BEEP_WAIT_MAX_MS = 45_000;
/** After less than this nobody can say that there was silence. */
const CONCLUSION_MIN_MS = 2000;

export interface AttemptListenerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly profile: AnswerProfile;
  /** ISO 3166-1 codes of the countries whose tones are expected, the likeliest first. */
  readonly countries: readonly string[];
  /** Before the answer: there will be none. */
  readonly onEarlyEnd: (heard: ProgressVerdict) => void;
  /** A person, or nobody can tell and it is time to ask. Once. */
  readonly onPerson: (heard: ProgressVerdict | undefined) => void;
  /** No person after all; also after `onPerson`, while the question is asked. Once. */
  readonly onNobody: (heard: ProgressVerdict) => void;
}

/** Verdicts after which a person is talked to: the safe way round. */
const TREATED_AS_PERSON = new Set<ProgressVerdict>(['human', 'unknown', 'silence', 'ringback']);

/** Listens to one attempt: tones before the answer, then who answered. Tells nothing once it was stopped. */
export class AttemptListener {
  readonly #options: AttemptListenerOptions;
  #progress: CallProgress;
  #stopTap: (() => void) | undefined;
  #timer: TimerHandle | undefined;
  #quietTimer: TimerHandle | undefined;
  #beepTimer: TimerHandle | undefined;
  #isAnswered = false;
  #isStopped = false;
  #isAsking = false;
  #early: ProgressVerdict | undefined;
  #decision: ProgressDecision | undefined;
  #isSpeaking = false;
  #hasSpoken = false;
  #quietSinceMs: number;
  #heardSampleCount = 0;
  /** The last beep, forgotten as soon as somebody speaks after it: then it did not ask for a message. */
  #beep: HeardBeep | undefined;
  #onMessageTime: ((isTime: boolean) => void) | undefined;
  #onBeep: (() => void) | undefined;

  constructor(options: AttemptListenerOptions) {
    this.#options = options;
    this.#quietSinceMs = options.clock.monotonicMs();
    this.#progress = new CallProgress({
      isEarly: true,
      countries: options.countries,
      onVerdict: (decision) => this.#heardEarly(decision),
    });
  }

  /** Begins to listen; false: the media server cannot be listened to. */
  start(call: OutboundCall): boolean {
    this.#stopTap = call.tap((samples) => {
      if (this.#isStopped) return;
      this.#heardSampleCount += samples.length;
      this.#progress.push(samples);
    });
    return this.#stopTap !== undefined;
  }

  /** What was heard before the answer. */
  get early(): ProgressVerdict | undefined {
    return this.#early;
  }

  /** The verdict about who answered, for labels. */
  get decision(): ProgressDecision | undefined {
    return this.#decision;
  }

  /** The call was answered: from now on somebody may speak. */
  answered(): void {
    const { clock, profile, countries } = this.#options;
    this.#isAnswered = true;
    this.#heardSampleCount = 0;
    this.#quietSinceMs = clock.monotonicMs();
    this.#progress = new CallProgress({
      profile,
      countries,
      onVerdict: (decision) => this.#heard(decision),
      onBeep: (beep) => this.#beepHeard(beep),
      onEvent: (event) => this.#follow(event),
    });
    this.#timer = clock.setTimer(PROMPT_AFTER_SILENCE_MS, () => this.#ask(undefined));
  }

  /** A key was pressed: a person, whatever was heard. */
  personProven(): void {
    this.#ask(undefined);
    this.stop();
  }

  /**
   * Resolves with true when a message may be spoken: after the beep, else after the greeting; with false when
   * the listener was stopped, so that there is nobody to leave it with. One wait at a time.
   */
  async messageTime(): Promise<boolean> {
    const { clock } = this.#options;
    if (this.#isStopped) return false;
    if (this.#beep) return true;
    return await new Promise<boolean>((resolve) => {
      this.#onMessageTime = resolve;
      if (!this.#isSpeaking) this.#awaitQuiet();
      this.#beepTimer = clock.setTimer(BEEP_WAIT_MAX_MS, () => this.#message(true));
    });
  }

  /** From now on calls `listener` at each beep: a greeting went on after a pause. Undefined forgets it. */
  onBeep(listener: (() => void) | undefined): void {
    this.#onBeep = listener;
  }

  /** Hears nothing any more and decides, if it has not, by what it heard. Undefined: that was too little. */
  conclude(): ProgressDecision | undefined {
    const isEnough = this.#heardSampleCount >= (CONCLUSION_MIN_MS * SAMPLE_RATE_HZ) / 1000;
    this.stop();
    if (this.#isAnswered && this.#decision === undefined && isEnough) this.#progress.finish();
    return this.#decision;
  }

  /** Hears nothing any more. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTap?.();
    this.#stopTap = undefined;
    this.#stopTimer();
    this.#message(false);
    this.#onBeep = undefined;
  }

  #heardEarly({ verdict, reason, score }: ProgressDecision): void {
    if (this.#isAnswered || !endsEarly(verdict)) return;
    this.#early = verdict;
    this.#options.log.info({ verdict, score, reason }, 'heard before the answer');
    this.#options.onEarlyEnd(verdict);
  }

  #heard(decision: ProgressDecision): void {
    const { log, onNobody } = this.#options;
    const { verdict, score, reason, decidedAtMs, isRevision } = decision;
    this.#decision = decision;
    log.info({ verdict, score, reason, decidedAtMs, isRevision }, 'call progress');
    if (this.#isStopped) return;
    if (TREATED_AS_PERSON.has(verdict)) this.#ask(verdict);
    else {
      this.#isAsking = true;
      this.#stopTimer();
      onNobody(verdict);
    }
  }

  #follow(event: ProgressEvent): void {
    if (this.#isStopped) return;
    if (event.type === 'SPEECH_STARTED') this.#speechStarted(event);
    if (event.type === 'SPEECH_ENDED') this.#speechEnded();
  }

  /** The question waits for the end of the greeting, but not for ever. */
  #speechStarted({ startMs, reportedAtMs }: ProgressEvent & { type: 'SPEECH_STARTED' }): void {
    this.#isSpeaking = true;
    if (this.#beep && startMs > this.#beep.endMs) this.#beep = undefined;
    if (this.#hasSpoken || this.#isAsking) return;
    this.#hasSpoken = true;
    this.#stopTimer();
    const leftMs = Math.max(0, PROMPT_AFTER_SPEECH_MS - (reportedAtMs - startMs));
    this.#timer = this.#options.clock.setTimer(leftMs, () => this.#ask(undefined));
  }

  #speechEnded(): void {
    this.#isSpeaking = false;
    this.#quietSinceMs = this.#options.clock.monotonicMs();
    if (this.#onMessageTime) this.#awaitQuiet();
  }

  #beepHeard(beep: HeardBeep): void {
    if (this.#isStopped) return;
    this.#beep = beep;
    this.#message(true);
    this.#onBeep?.();
  }

  /** A greeting that pauses goes on: what counts is quiet that has lasted. */
  #awaitQuiet(): void {
    const { clock } = this.#options;
    if (this.#quietTimer) clock.clearTimer(this.#quietTimer);
    const leftMs = this.#quietSinceMs + GREETING_QUIET_MS - clock.monotonicMs();
    this.#quietTimer = clock.setTimer(Math.max(0, leftMs), () => {
      this.#quietTimer = undefined;
      if (!this.#isSpeaking) this.#message(true);
    });
  }

  #message(isTime: boolean): void {
    const { clock } = this.#options;
    if (this.#quietTimer) clock.clearTimer(this.#quietTimer);
    if (this.#beepTimer) clock.clearTimer(this.#beepTimer);
    this.#quietTimer = undefined;
    this.#beepTimer = undefined;
    this.#onMessageTime?.(isTime);
    this.#onMessageTime = undefined;
  }

  #ask(verdict: ProgressVerdict | undefined): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#stopTimer();
    this.#options.onPerson(verdict);
  }

  #stopTimer(): void {
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
