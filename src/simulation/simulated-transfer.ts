import type { Leg, TransferRequest, TransferTarget } from '../telephony/leg.ts';

/** A REFER without SIP: what was answered, in order. */
export class SimulatedTransfer implements TransferRequest {
  readonly target: TransferTarget;
  readonly replaces?: Leg;
  /** Statuses in order: 202 or a refusal to the REFER, then those of the NOTIFYs. */
  readonly statuses: number[] = [];
  /** Resolves with the final status: a refusal of the REFER, or what the last NOTIFY said. */
  readonly outcome: Promise<number>;
  #settle: (sipStatus: number) => void = () => undefined;
  #state: 'asked' | 'accepted' | 'over' = 'asked';

  constructor(target: TransferTarget, replaces?: Leg) {
    this.target = target;
    if (replaces) this.replaces = replaces;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  accept(): void {
    if (this.#state !== 'asked') return;
    this.#state = 'accepted';
    this.statuses.push(202, 100);
  }

  progress(sipStatus: number): void {
    if (this.#state === 'accepted') this.statuses.push(sipStatus);
  }

  done(sipStatus: number): void {
    if (this.#state === 'accepted') this.#end(sipStatus);
  }

  reject(sipStatus: number): void {
    if (this.#state === 'asked') this.#end(sipStatus);
  }

  #end(sipStatus: number): void {
    this.#state = 'over';
    this.statuses.push(sipStatus);
    this.#settle(sipStatus);
  }
}
