import type { AttemptFacts } from '../callback/attempt-record.ts';
import type { CallbackHappening } from '../callback/callback-runner.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { AttemptId, CallbackId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { MetricName, type Metrics } from '../kernel/metrics.ts';
import { attemptVerdictOf, heardVerdictOf } from '../progress/attempt-verdict.ts';
import type { ProgressVerdict } from '../progress/call-progress.ts';
import { parseNumber } from '../screening/phone-number.ts';
import type { Digit, Leg } from '../telephony/leg.ts';
import type { OutboundCall } from '../telephony/telephony.ts';
import type { Termination } from '../telephony/termination.ts';
import type { DialVerdict } from '../telephony/termination-table.ts';
import { AttemptListener } from './attempt-listener.ts';

/** Pressed before the question is asked it counts as the answer; what other keys mean the flow says. */
export const CONFIRM_KEY: Digit = '1';
/** A message begun before its beep is spoken again after it, once. */
const MESSAGES_MAX = 2;

export interface AnswerDetectionOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  readonly tell: (
    callback: Callback,
    happening: CallbackHappening,
    actor: Actor,
    facts: AttemptFacts,
  ) => void;
  /** Gives up a call that the tones say will not be answered. */
  readonly giveUp: (callbackId: CallbackId) => void;
  /** Nobody is to be asked any more: a machine answered after all. */
  readonly stopAsking: (callback: Callback) => void;
  /**
   * Speaks the message of `onAnsweringMachine: LEAVE_MESSAGE` and hangs up; resolves when it has been spoken,
   * or when the signal broke it off.
   */
  readonly leaveMessage: (leg: Leg, callback: Callback, signal: AbortSignal) => Promise<void>;
}

/** The network of the number that is called makes the tones, or the one that the queue dials from. */
function tonesOf(number: string, defaultCountry: string): string[] {
  const parsed = parseNumber(number, defaultCountry);
  const country = parsed.ok ? parsed.country : null;
  return country === null || country === defaultCountry ? [defaultCountry] : [country, defaultCountry];
}

interface Heard {
  readonly listener: AttemptListener;
  leg: Leg | undefined;
  firstDigit: Digit | undefined;
  forgetDigits: () => void;
  /** The customer was asked, or is being asked. */
  wasAsked: boolean;
  /** A message is being left; aborted when its hearer turns out to be a person. */
  message: AbortController | undefined;
}

const progress: Actor = { kind: 'system', part: 'progress' };
const customer: Actor = { kind: 'customer' };

/**
 * Call-progress detection of the attempts in progress: what is heard before and after the answer, told to the
 * callback as its queue wants it. Unknown is treated as a person; a person is who presses 1, whatever was
 * heard.
 */
export class AnswerDetection {
  readonly #options: AnswerDetectionOptions;
  readonly #attempts = new Map<AttemptId, Heard>();
  /** Attempts that nobody can listen to, with the way to end the media server's watch for a fax. */
  readonly #unheard = new Map<AttemptId, () => void>();

  constructor(options: AnswerDetectionOptions) {
    this.#options = options;
  }

  /** Listens to an attempt whose queue wants it. */
  dialled(callback: Callback, call: OutboundCall): void {
    const { clock, log, settingsOf, giveUp } = this.#options;
    const settings = settingsOf(callback.virtualQueue);
    const { attemptId } = callback;
    if (attemptId === null || settings?.cpdEnabled !== true) return;
    const listener = new AttemptListener({
      clock,
      log: log.child({ callbackId: callback.id, attemptId }),
      profile: settings.cpdProfile,
      countries: tonesOf(callback.customerNumber, settings.defaultCountry),
      onEarlyEnd: () => giveUp(callback.id),
      onPerson: (heard) => this.#person(callback, heard),
      onNobody: (heard) => void this.#nobody(callback, heard),
    });
    if (!listener.start(call)) {
      this.#unheard.set(attemptId, () => undefined);
      return this.#count('not-heard');
    }
    this.#attempts.set(attemptId, {
      listener,
      leg: undefined,
      firstDigit: undefined,
      forgetDigits: () => undefined,
      wasAsked: false,
      message: undefined,
    });
  }

  /** The attempt was answered. False: nobody listens to it, but the media server may still tell a fax. */
  answered(callback: Callback, leg: Leg): boolean {
    const heard = this.#heard(callback);
    if (!heard) {
      this.#watchForFax(callback, leg);
      return false;
    }
    heard.leg = leg;
    heard.listener.answered();
    heard.forgetDigits = leg.onDigit((digit) => this.#pressed(callback, heard, digit));
    return true;
  }

  /** The key pressed before the question was asked, if any; the question has the keys from now on. */
  takeDigit(callback: Callback): Digit | undefined {
    return this.#heard(callback)?.firstDigit;
  }

  /** The verdict of an attempt that was not answered: the network's word, or the tone before it. */
  verdictOf(callback: Callback, termination: Termination): DialVerdict {
    return attemptVerdictOf(termination, this.#heard(callback)?.listener.early);
  }

  /** The result of an answered attempt that comes to nothing, if anything was heard. */
  conclude(callback: Callback): AttemptFacts {
    const decision = this.#heard(callback)?.listener.conclude();
    return decision ? { result: heardVerdictOf(decision.verdict).result } : {};
  }

  /** A message is being left: this room tells how the attempt ends, its leg's end included. */
  leavesMessage(callback: Callback): boolean {
    return this.#heard(callback)?.message !== undefined;
  }

  /**
   * Nobody listens to this attempt any more. `isProven`: its customer pressed 1, which labels what was heard.
   */
  forget({ id, attemptId }: Callback, isProven = false): void {
    if (attemptId === null) return;
    this.#unheard.get(attemptId)?.();
    this.#unheard.delete(attemptId);
    const heard = this.#attempts.get(attemptId);
    if (!heard) return;
    this.#attempts.delete(attemptId);
    heard.forgetDigits();
    heard.listener.stop();
    const { decision, early } = heard.listener;
    this.#count(decision?.verdict ?? early ?? 'undecided');
    if (!isProven) return;
    const label = {
      callbackId: id,
      attemptId,
      verdict: decision?.verdict ?? null,
      score: decision?.score ?? null,
    };
    this.#options.log.info(label, 'call progress label: a person');
  }

  #heard({ attemptId }: Callback): Heard | undefined {
    return attemptId === null ? undefined : this.#attempts.get(attemptId);
  }

  #count(verdict: ProgressVerdict | 'undecided' | 'not-heard'): void {
    this.#options.metrics.count(MetricName.callProgressTotal, { verdict });
  }

  /** Machines press no keys. Once asked, the customer answers the question, unless it was broken off. */
  #pressed(callback: Callback, heard: Heard, digit: Digit): void {
    if (!heard.message) {
      if (!heard.wasAsked) heard.firstDigit ??= digit;
      heard.listener.personProven();
      return;
    }
    if (digit !== CONFIRM_KEY || heard.message.signal.aborted) return;
    heard.message.abort();
    heard.firstDigit = digit;
    const facts: AttemptFacts = { result: 'PERSON', confirmed: heard.wasAsked };
    this.#options.tell(callback, { type: heard.wasAsked ? 'CONFIRMED' : 'PERSON_DETECTED' }, customer, facts);
    if (heard.wasAsked) this.forget(callback, true);
  }

  #watchForFax(callback: Callback, leg: Leg): void {
    const { attemptId } = callback;
    if (attemptId === null || !this.#unheard.has(attemptId)) return;
    const stop = leg.onFaxTone?.(() => {
      if (this.#unheard.has(attemptId)) void this.#nobody(callback, 'fax');
    });
    if (stop) this.#unheard.set(attemptId, stop);
  }

  #person(callback: Callback, verdict: ProgressVerdict | undefined): void {
    const { result } = heardVerdictOf(verdict ?? 'unknown');
    const heard = this.#heard(callback);
    if (heard) heard.wasAsked = true;
    this.#options.tell(callback, { type: 'PERSON_DETECTED' }, customer, { result });
  }

  async #nobody(callback: Callback, verdict: ProgressVerdict): Promise<void> {
    const { settingsOf, tell, stopAsking } = this.#options;
    const { result, retry } = heardVerdictOf(verdict);
    const rule = settingsOf(callback.virtualQueue)?.onAnsweringMachine;
    const heard = this.#heard(callback);
    const isMachine = result === 'ANSWERING_MACHINE';
    stopAsking(callback);
    if (isMachine && rule === 'LEAVE_MESSAGE' && heard?.leg) {
      heard.message = new AbortController();
      await this.#leaveMessage(callback, heard.listener, heard.leg, heard.message.signal);
      // Not a machine: the key has told it.
      if (heard.message.signal.aborted) return;
    }
    const final = retry === 'never' || (isMachine && rule === 'FAIL');
    tell(callback, { type: 'MACHINE_DETECTED', result, final }, progress, { result });
  }

  /**
   * Speaks after the beep, else after the greeting; once more when the beep comes only then. Never rejects.
   */
  async #leaveMessage(
    callback: Callback,
    listener: AttemptListener,
    leg: Leg,
    isPerson: AbortSignal,
  ): Promise<void> {
    const { log, leaveMessage } = this.#options;
    try {
      for (let count = 0; count < MESSAGES_MAX && (await listener.messageTime()); count++) {
        const brokenOff = new AbortController();
        listener.onBeep(() => brokenOff.abort());
        if (isPerson.aborted) return;
        await leaveMessage(leg, callback, AbortSignal.any([isPerson, brokenOff.signal]));
        if (!brokenOff.signal.aborted) return;
      }
    } catch (error) {
      log.error({ error, callbackId: callback.id }, 'no message could be left');
    }
  }
}
