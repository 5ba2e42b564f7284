/** Waits cannot be known: the APIs' word for it (product §6). */
export const WAIT_UNKNOWN_SEC = -1;

/** What an estimate is made from. */
export interface WaitFacts {
  /** 1 is next. */
  readonly position: number;
  /** Agents who serve the queue and are logged in and not "not ready", whatever they are doing. */
  readonly servingAgentCount: number;
  /** Of them, those ready this moment. */
  readonly readyAgentCount: number;
}

/** Departures remembered by `urs`; the field's own number (ORS/URS). */
const DEPARTURES = 32;
/** Handling times remembered by `urs2`. */
const HANDLING_TIMES = 64;

/**
 * Estimates waits from what the queue has seen. `urs`: position × mean gap of the last 32 departures; `urs2`:
 * position × average handling time ÷ serving agents. Both answer whole seconds, 0 when an agent is free for
 * this position, and −1 when nothing can be known.
 */
export class WaitEstimator {
  readonly #departuresMs: number[] = [];
  readonly #handlingMs: number[] = [];
  readonly #defaultHandlingMs: number;

  /** @param defaultHandlingMs average handling time until one has been measured */
  constructor(defaultHandlingMs: number) {
    this.#defaultHandlingMs = defaultHandlingMs;
  }

  /** Somebody left the line for an agent. */
  departed(atMs: number): void {
    this.#departuresMs.push(atMs);
    if (this.#departuresMs.length > DEPARTURES) this.#departuresMs.shift();
  }

  /** An agent was busy with one customer for this long, after-call work included. */
  handled(durationMs: number): void {
    this.#handlingMs.push(durationMs);
    if (this.#handlingMs.length > HANDLING_TIMES) this.#handlingMs.shift();
  }

  /** Mean handling time in ms: measured, or the default. */
  get averageHandlingMs(): number {
    if (this.#handlingMs.length === 0) return this.#defaultHandlingMs;
    return this.#handlingMs.reduce((sum, value) => sum + value, 0) / this.#handlingMs.length;
  }

  estimateSec(estimator: 'urs' | 'urs2', facts: WaitFacts): number {
    if (facts.position <= facts.readyAgentCount) return 0;
    return estimator === 'urs' ? this.#urs(facts) : this.#urs2(facts);
  }

  #urs(facts: WaitFacts): number {
    const first = this.#departuresMs[0];
    const last = this.#departuresMs.at(-1);
    if (first === undefined || last === undefined || this.#departuresMs.length < 2) return WAIT_UNKNOWN_SEC;
    const meanGapMs = (last - first) / (this.#departuresMs.length - 1);
    return Math.round((facts.position * meanGapMs) / 1000);
  }

  #urs2(facts: WaitFacts): number {
    if (facts.servingAgentCount === 0) return WAIT_UNKNOWN_SEC;
    return Math.round((facts.position * this.averageHandlingMs) / facts.servingAgentCount / 1000);
  }
}
