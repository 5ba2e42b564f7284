import type { Clock } from '../../kernel/clock.ts';
import { tagOf } from '../sip/name-addr.ts';
import type { SipRequest } from '../sip/sip-message.ts';
import type { StatelessAnswer } from '../sip/sip-stack-options.ts';
import type { SipServerLimits } from './sip-server-options.ts';

/** What admission looks at. */
export interface AdmissionLoad {
  readonly dialogCount: number;
  readonly ringingCount: number;
  readonly transactionCount: number;
}

/**
 * Lets new calls in up to the limits and answers the rest 503 with Retry-After (RFC 3261 §21.5.4) without
 * keeping state. Whatever belongs to a call in progress always passes.
 */
export class Admission {
  readonly #limits: SipServerLimits;
  readonly #clock: Clock;
  readonly #load: () => AdmissionLoad;
  #permits: number;
  #filledAtMs: number;

  constructor(limits: SipServerLimits, clock: Clock, load: () => AdmissionLoad) {
    this.#limits = limits;
    this.#clock = clock;
    this.#load = load;
    this.#permits = limits.invitesPerSecondMax;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** The refusal of a new request; undefined lets it in. */
  judge(request: SipRequest): StatelessAnswer | undefined {
    if (tagOf(request.headers.get('To')) !== undefined) return undefined;
    const load = this.#load();
    if (load.transactionCount >= this.#limits.transactionsMax) return this.#refusal();
    if (request.method !== 'INVITE') return undefined;
    const isFull =
      load.dialogCount + load.ringingCount >= this.#limits.dialogsMax ||
      load.ringingCount >= this.#limits.ringingMax;
    return isFull || !this.#takePermit() ? this.#refusal() : undefined;
  }

  #refusal(): StatelessAnswer {
    return { status: 503, headers: { 'Retry-After': String(this.#limits.retryAfterSec) } };
  }

  #takePermit(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const rate = this.#limits.invitesPerSecondMax;
    this.#permits = Math.min(rate, this.#permits + ((nowMs - this.#filledAtMs) * rate) / 1_000);
    this.#filledAtMs = nowMs;
    if (this.#permits < 1) return false;
    this.#permits--;
    return true;
  }
}
