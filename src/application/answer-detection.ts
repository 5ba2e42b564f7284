import type { AttemptFacts } from '../callback/attempt-record.ts';
import type { CallbackHappening } from '../callback/callback-runner.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { AttemptId, CallbackId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { attemptVerdictOf, heardVerdictOf } from '../progress/attempt-verdict.ts';
import type { ProgressVerdict } from '../progress/call-progress.ts';
import type { Digit, Leg } from '../telephony/leg.ts';
import type { OutboundCall } from '../telephony/telephony.ts';
import type { Termination } from '../telephony/termination.ts';
import type { DialVerdict } from '../telephony/termination-table.ts';
import { AttemptListener } from './attempt-listener.ts';

export interface AnswerDetectionOptions {
  readonly clock: Clock;
  readonly log: Log;
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
  /** Speaks the message of `onAnsweringMachine: LEAVE_MESSAGE`; resolves when it has been spoken. */
  readonly leaveMessage: (leg: Leg, callback: Callback) => Promise<void>;
}

interface Heard {
  readonly listener: AttemptListener;
  leg: Leg | undefined;
  firstDigit: Digit | undefined;
  forgetDigits: () => void;
}

const progress: Actor = { kind: 'system', part: 'progress' };
const customer: Actor = { kind: 'customer' };

/**
 * Call-progress detection of the attempts in progress: what is heard before and after the answer, told to the callback
 * as its queue wants it. Unknown is treated as a person.
 */
export class AnswerDetection {
  readonly #options: AnswerDetectionOptions;
  readonly #attempts = new Map<AttemptId, Heard>();

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
      onEarlyEnd: () => giveUp(callback.id),
      onPerson: (heard) => this.#person(callback, heard),
      onNobody: (heard) => void this.#nobody(callback, heard),
    });
    if (!listener.start(call)) return;
    this.#attempts.set(attemptId, {
      listener,
      leg: undefined,
      firstDigit: undefined,
      forgetDigits: () => undefined,
    });
  }

  /** The attempt was answered. False: nobody listens to it. */
  answered(callback: Callback, leg: Leg): boolean {
    const heard = this.#heard(callback);
    if (!heard) return false;
    heard.leg = leg;
    heard.listener.answered();
    heard.forgetDigits = leg.onDigit((digit) => {
      heard.firstDigit ??= digit;
      heard.listener.personProven();
    });
    return true;
  }

  /** The key pressed before the question was asked, if any; the question has the keys from now on. */
  takeDigit(callback: Callback): Digit | undefined {
    const heard = this.#heard(callback);
    heard?.forgetDigits();
    return heard?.firstDigit;
  }

  /** The verdict of an attempt that was not answered: the network's word, or the tone before it. */
  verdictOf(callback: Callback, termination: Termination): DialVerdict {
    return attemptVerdictOf(termination, this.#heard(callback)?.listener.early);
  }

  /** Nobody listens to this attempt any more. `isProven`: its customer pressed 1, which labels what was heard. */
  forget({ id, attemptId }: Callback, isProven = false): void {
    const heard = attemptId === null ? undefined : this.#attempts.get(attemptId);
    if (!heard || attemptId === null) return;
    this.#attempts.delete(attemptId);
    heard.forgetDigits();
    heard.listener.stop();
    const { decision } = heard.listener;
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

  #person(callback: Callback, heard: ProgressVerdict | undefined): void {
    const { result } = heardVerdictOf(heard ?? 'unknown');
    this.#options.tell(callback, { type: 'PERSON_DETECTED' }, customer, { result });
  }

  async #nobody(callback: Callback, heard: ProgressVerdict): Promise<void> {
    const { log, settingsOf, tell, leaveMessage, stopAsking } = this.#options;
    const { result, retry } = heardVerdictOf(heard);
    const rule = settingsOf(callback.virtualQueue)?.onAnsweringMachine;
    const attempt = this.#heard(callback);
    const isMachine = result === 'ANSWERING_MACHINE';
    stopAsking(callback);
    if (isMachine && rule === 'LEAVE_MESSAGE' && attempt?.leg) {
      try {
        await attempt.listener.messageTime();
        await leaveMessage(attempt.leg, callback);
      } catch (error) {
        log.error({ error, callbackId: callback.id }, 'no message could be left');
      }
    }
    const final = retry === 'never' || (isMachine && rule === 'FAIL');
    tell(callback, { type: 'MACHINE_DETECTED', result, final }, progress, { result });
  }
}
