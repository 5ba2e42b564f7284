import type { Clock } from '../kernel/clock.ts';

/** Limits beyond which new calls are turned away so that calls in progress do not suffer (product §10). */
export interface AdmissionLimits {
  /** Calls in progress, both directions. */
  readonly callsMax: number;
  /** Of `callsMax`, what inbound calls may not take: room for calling agents and customers back. */
  readonly outboundReserve: number;
  /** Inbound dialogues started per second, on average. */
  readonly dialoguesPerSecMax: number;
  /** Inbound dialogues that may start at once after a quiet time. */
  readonly dialogueBurstMax: number;
  /** Outbound calls in progress that are not answered yet. */
  readonly outboundAttemptsMax: number;
  /** Event-loop lag at which inbound calls are refused; they are taken again below half of it. */
  readonly lagMaxMs: number;
}

/** For the embedded servers: they start well over 100 dialogues a second. */
export const EMBEDDED_ADMISSION: AdmissionLimits = {
  callsMax: 900,
  outboundReserve: 100,
  dialoguesPerSecMax: 120,
  dialogueBurstMax: 60,
  outboundAttemptsMax: 200,
  lagMaxMs: 150,
};

/** For real servers: setting up more than about 50 calls a second makes most of them fail there. */
export const REAL_SERVER_ADMISSION: AdmissionLimits = {
  ...EMBEDDED_ADMISSION,
  dialoguesPerSecMax: 45,
  dialogueBurstMax: 20,
  outboundAttemptsMax: 100,
};

/** Why a call was not admitted. */
export type RefusalReason = 'calls' | 'rate' | 'lag' | 'outbound-attempts' | 'closing';

/** `release` gives the place back; it may be called more than once. */
export type Admission =
  | { readonly kind: 'admitted'; readonly release: () => void; readonly answered: () => void }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly retryAfterSec: number };

/** What has been admitted and refused so far. */
export interface AdmissionStats {
  readonly callCount: number;
  readonly outboundAttemptCount: number;
  readonly admittedCount: number;
  readonly refusedCount: Readonly<Record<RefusalReason, number>>;
  readonly lagging: boolean;
}

/** Decides for each new call whether there is room for it. Pure but for the injected clock and lag meter. */
export class CallAdmission {
  #limits: AdmissionLimits;
  readonly #clock: Clock;
  readonly #lagMs: () => number;
  #callCount = 0;
  #outboundAttemptCount = 0;
  #admittedCount = 0;
  #tokens: number;
  #filledAtMs: number;
  #lagging = false;
  #closing = false;
  readonly #refused: Record<RefusalReason, number> = {
    calls: 0,
    rate: 0,
    lag: 0,
    'outbound-attempts': 0,
    closing: 0,
  };

  constructor(limits: AdmissionLimits, clock: Clock, lagMs: () => number) {
    this.#limits = limits;
    this.#clock = clock;
    this.#lagMs = lagMs;
    this.#tokens = limits.dialogueBurstMax;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** New limits from now on; calls in progress stay. */
  setLimits(limits: AdmissionLimits): void {
    this.#limits = limits;
  }

  /** From now on nothing is admitted: the program is about to end. */
  close(): void {
    this.#closing = true;
  }

  /** A call that wants to come in. */
  admitInbound(): Admission {
    if (this.#closing) return this.#refuse('closing', 10);
    if (this.#callCount >= this.#limits.callsMax - this.#limits.outboundReserve)
      return this.#refuse('calls', 5);
    if (this.#isLagging()) return this.#refuse('lag', 2);
    this.#refill();
    if (this.#tokens < 1) return this.#refuse('rate', 1);
    this.#tokens--;
    return this.#admit(false);
  }

  /** A call that we want to make. Rate and lag do not count: who was promised a call is called. */
  admitOutbound(): Admission {
    if (this.#closing) return this.#refuse('closing', 10);
    if (this.#callCount >= this.#limits.callsMax) return this.#refuse('calls', 5);
    if (this.#outboundAttemptCount >= this.#limits.outboundAttemptsMax) {
      return this.#refuse('outbound-attempts', 1);
    }
    return this.#admit(true);
  }

  get stats(): AdmissionStats {
    return {
      callCount: this.#callCount,
      outboundAttemptCount: this.#outboundAttemptCount,
      admittedCount: this.#admittedCount,
      refusedCount: { ...this.#refused },
      lagging: this.#lagging,
    };
  }

  #admit(outbound: boolean): Admission {
    this.#callCount++;
    this.#admittedCount++;
    if (outbound) this.#outboundAttemptCount++;
    let attempting = outbound;
    let held = true;
    const answered = (): void => {
      if (!attempting) return;
      attempting = false;
      this.#outboundAttemptCount--;
    };
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#callCount--;
      answered();
    };
    return { kind: 'admitted', release, answered };
  }

  #refuse(reason: RefusalReason, retryAfterSec: number): Admission {
    this.#refused[reason]++;
    return { kind: 'refused', reason, retryAfterSec };
  }

  #isLagging(): boolean {
    const lagMs = this.#lagMs();
    this.#lagging = lagMs > (this.#lagging ? this.#limits.lagMaxMs / 2 : this.#limits.lagMaxMs);
    return this.#lagging;
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#filledAtMs) / 1000) * this.#limits.dialoguesPerSecMax;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#limits.dialogueBurstMax, this.#tokens + Math.max(0, gained));
  }
}
