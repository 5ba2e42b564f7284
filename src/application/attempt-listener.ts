import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { AnswerProfile } from '../progress/answer-rules.ts';
import { endsEarly } from '../progress/attempt-verdict.ts';
import { CallProgress, type ProgressDecision, type ProgressVerdict } from '../progress/call-progress.ts';
import type { OutboundCall } from '../telephony/telephony.ts';

/** The question begins at the latest so long after the first word, decided or not: nobody is left in dead air. */
const PROMPT_AFTER_SPEECH_MS = 3000;
/** … and so long after the answer when nobody says anything. */
const PROMPT_AFTER_SILENCE_MS = 2500;
/** A greeting without a beep is over when it has been quiet for so long. */
const GREETING_QUIET_MS = 1800;
/** A message is left at the latest so long after the answer. */
const BEEP_WAIT_MAX_MS = 45_000;

export interface AttemptListenerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly profile: AnswerProfile;
  /** Before the answer: there will be none. */
  readonly onEarlyEnd: (heard: ProgressVerdict) => void;
  /** A person, or nobody can tell and it is time to ask. Once. */
  readonly onPerson: (heard: ProgressVerdict | undefined) => void;
  /** No person after all; also after `onPerson`, while the question is asked. Once. */
  readonly onNobody: (heard: ProgressVerdict) => void;
}

/** Verdicts after which a person is talked to: the safe way round. */
const TREATED_AS_PERSON = new Set<ProgressVerdict>(['human', 'unknown', 'silence', 'ringback']);

/** Listens to one attempt: tones before the answer, then who answered. */
export class AttemptListener {
  readonly #options: AttemptListenerOptions;
  #progress: CallProgress;
  #stopTap: (() => void) | undefined;
  #timer: TimerHandle | undefined;
  #isAnswered = false;
  #isAsking = false;
  #early: ProgressVerdict | undefined;
  #decision: ProgressDecision | undefined;
  #isSpeaking = false;
  #hasSpoken = false;
  #quietSinceMs: number;
  #onMessageTime: (() => void) | undefined;

  constructor(options: AttemptListenerOptions) {
    this.#options = options;
    this.#quietSinceMs = options.clock.monotonicMs();
    this.#progress = new CallProgress({ isEarly: true, onVerdict: (decision) => this.#heardEarly(decision) });
  }

  /** Begins to listen; false: the media server cannot be listened to. */
  start(call: OutboundCall): boolean {
    this.#stopTap = call.tap((samples) => this.#progress.push(samples));
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
    const { clock, profile } = this.#options;
    this.#isAnswered = true;
    this.#progress = new CallProgress({
      profile,
      onVerdict: (decision) => this.#heard(decision),
      onBeep: () => this.#onMessageTime?.(),
      onEvent: ({ type }) => {
        if (type === 'SPEECH_STARTED') this.#speechStarted();
        if (type === 'SPEECH_ENDED') this.#speechEnded();
      },
    });
    this.#timer = clock.setTimer(PROMPT_AFTER_SILENCE_MS, () => this.#ask(undefined));
  }

  /** A key was pressed: a person, whatever was heard. */
  personProven(): void {
    this.#ask(undefined);
    this.stop();
  }

  /** Resolves when a message may be spoken: after the beep, else after the greeting. */
  async messageTime(): Promise<void> {
    const { clock } = this.#options;
    if (this.#progress.beep) return;
    await new Promise<void>((resolve) => {
      this.#onMessageTime = resolve;
      this.#quietTimer();
      clock.setTimer(BEEP_WAIT_MAX_MS, resolve);
    });
    this.#onMessageTime = undefined;
  }

  /** Hears nothing any more. Idempotent. */
  stop(): void {
    this.#stopTap?.();
    this.#stopTap = undefined;
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
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
    if (TREATED_AS_PERSON.has(verdict)) this.#ask(verdict);
    else {
      this.#isAsking = true;
      this.#stopTimer();
      onNobody(verdict);
    }
  }

  /** The question waits for the end of the greeting, but not for ever. */
  #speechStarted(): void {
    this.#isSpeaking = true;
    if (this.#hasSpoken || this.#isAsking) return;
    this.#hasSpoken = true;
    this.#stopTimer();
    this.#timer = this.#options.clock.setTimer(PROMPT_AFTER_SPEECH_MS, () => this.#ask(undefined));
  }

  #speechEnded(): void {
    this.#isSpeaking = false;
    this.#quietSinceMs = this.#options.clock.monotonicMs();
    this.#quietTimer();
  }

  /** A greeting that pauses goes on: what counts is quiet that has lasted. */
  #quietTimer(): void {
    const { clock } = this.#options;
    const sinceMs = this.#quietSinceMs;
    clock.setTimer(GREETING_QUIET_MS, () => {
      if (!this.#isSpeaking && this.#quietSinceMs === sinceMs) this.#onMessageTime?.();
    });
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
