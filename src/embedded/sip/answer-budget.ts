import type { Clock } from '../../kernel/clock.ts';

/**
 * How many answers may be given: `perSecMax` at once after a quiet second, and so many a second on average.
 */
export class AnswerBudget {
  readonly #perSecMax: number;
  readonly #clock: Clock;
  #leftCount: number;
  #filledAtMs: number;

  constructor(perSecMax: number, clock: Clock) {
    this.#perSecMax = perSecMax;
    this.#clock = clock;
    this.#leftCount = perSecMax;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Takes one answer; false when none is left in this second. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const gainedCount = ((nowMs - this.#filledAtMs) / 1000) * this.#perSecMax;
    this.#filledAtMs = nowMs;
    this.#leftCount = Math.min(this.#perSecMax, this.#leftCount + gainedCount);
    if (this.#leftCount < 1) return false;
    this.#leftCount--;
    return true;
  }
}
