import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import type { SipRequest, SipResponse } from '../sip/sip-message.ts';
import { transactionTimeoutMs } from '../sip/sip-timers.ts';
import type { SipTimers } from '../sip/sip-timers.ts';
import { parseCSeq } from '../sip/via.ts';

/** Reliable provisional responses of one INVITE that may wait for their turn. */
const WAITING_MAX = 8;

/**
 * The reliable provisional responses of one INVITE (RFC 3262 §3): one at a time, repeated until its PRACK,
 * the INVITE rejected when none comes.
 */
export class ReliableProvisionals {
  readonly #transaction: ServerTransaction;
  readonly #clock: Clock;
  readonly #timers: SipTimers;
  readonly #gaveUp: () => void;
  readonly #waiting: SipResponse[] = [];
  #sequence: number;
  #pending: SipResponse | undefined;
  #repeat: TimerHandle | undefined;
  #deadline: TimerHandle | undefined;

  /** @param firstSequence the first RSeq, 1 to 2^31 − 1. */
  constructor(
    transaction: ServerTransaction,
    clock: Clock,
    timers: SipTimers,
    firstSequence: number,
    gaveUp: () => void,
  ) {
    this.#transaction = transaction;
    this.#clock = clock;
    this.#timers = timers;
    this.#sequence = firstSequence;
    this.#gaveUp = gaveUp;
  }

  /**
   * Numbers the response and sends it, at once or after the PRACK of the one before; false when too many
   * wait.
   */
  send(response: SipResponse): boolean {
    if (this.#waiting.length >= WAITING_MAX) return false;
    response.headers.set('RSeq', String(this.#sequence++));
    if (!response.headers.listHas('Require', '100rel')) response.headers.append('Require', '100rel');
    if (this.#pending === undefined) this.#transmit(response);
    else this.#waiting.push(response);
    return true;
  }

  /** A PRACK: true when it acknowledges the response that is out (RFC 3262 §3), else answer it 481. */
  acknowledge(prack: SipRequest): boolean {
    const [rseq, number, method] = (prack.headers.get('RAck') ?? '').split(/[ \t]+/, 3);
    const cseq = parseCSeq(this.#transaction.request.headers.get('CSeq') ?? '');
    const isOurs =
      this.#pending !== undefined &&
      rseq === this.#pending.headers.get('RSeq') &&
      Number(number) === cseq?.number &&
      method === 'INVITE';
    if (!isOurs) return false;
    this.close();
    this.#pending = undefined;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#transmit(next);
    return true;
  }

  /** A final response was sent, or the INVITE is over: nothing is repeated any more. */
  close(): void {
    if (this.#repeat) this.#clock.clearTimer(this.#repeat);
    if (this.#deadline) this.#clock.clearTimer(this.#deadline);
    this.#repeat = undefined;
    this.#deadline = undefined;
  }

  #transmit(response: SipResponse): void {
    this.#pending = response;
    this.#deadline = this.#clock.setTimer(transactionTimeoutMs(this.#timers), () => {
      this.close();
      this.#gaveUp();
    });
    this.#transaction.respond(response);
    this.#repeatAfter(response, this.#timers.t1Ms);
  }

  /** RFC 3262 §3: the interval doubles, without a cap. */
  #repeatAfter(response: SipResponse, delayMs: number): void {
    this.#repeat = this.#clock.setTimer(delayMs, () => {
      this.#transaction.respond(response);
      this.#repeatAfter(response, delayMs * 2);
    });
  }
}
