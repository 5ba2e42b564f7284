import type { WaitEstimatorName } from '../callback/queue-settings.ts';

/** Waits cannot be known: the APIs' word for it (product §6). */
export const WAIT_UNKNOWN_SEC = -1;

/** Why nothing can be known. */
export type WaitUnknown = 'no-agent-serving' | 'no-departures-yet';

/** Seconds, or {@link WAIT_UNKNOWN_SEC} with the reason. */
export interface WaitEstimate {
  readonly sec: number;
  readonly unknown: WaitUnknown | null;
}

/** What an estimate is made from. */
export interface WaitFacts {
  /** 1 is next. */
  readonly position: number;
  /** Agents who serve the queue and are logged in and not "not ready", whatever they are doing. */
  readonly servingAgentCount: number;
  /** Of them, those ready this moment. */
  readonly readyAgentCount: number;
  /** When the one waiting longest joined the line; null: nobody waits. */
  readonly headJoinedAtMs: number | null;
  readonly nowMs: number;
}

/** Departures remembered by `urs`; the field's own number (ORS/URS). */
const DEPARTURES = 32;
/**
 * Handling times remembered: their spread is as large as their mean, so the error of the mean of 2500 is 2 %;
 * of 64 it would be 12 %, and every estimate by as much too long or too short.
 */
const HANDLING_TIMES = 2500;
/** Ends of waiting by which the abandonment rate is judged. */
const ENDS = 1000;
/** Ends before the rate of abandonment is believed. */
const ENDS_MIN = 16;
/** From this many ahead on the sum is taken as an integral. */
const SUMMED_MAX = 512;

/**
 * Estimates waits from what one queue has seen, by any of the estimators. `urs`: position × mean gap of the
 * last 32 departures. `urs2`: position × average handling time ÷ serving agents. `queue-length`: like `urs2`,
 * but those ahead may give up: Σ 1 ÷ (agents ÷ handling time + i × abandonment rate) for i = 0 … those ahead
 * (the Markovian queue-length estimator of Ibrahim and Whitt). `hol`: how long the first in line has waited.
 * `les`: how long the last one served had waited.
 */
export class WaitEstimator {
  readonly #departuresMs: number[] = [];
  readonly #handlingMs: number[] = [];
  readonly #ends: { readonly waitedMs: number; readonly abandoned: boolean }[] = [];
  readonly #defaultHandlingMs: number;
  #lastWaitMs: number | undefined;
  #handlingSumMs = 0;
  #endsWaitedMs = 0;
  #abandonedCount = 0;

  /** @param defaultHandlingMs average handling time until one has been measured */
  constructor(defaultHandlingMs: number) {
    this.#defaultHandlingMs = defaultHandlingMs;
  }

  /** Somebody left the line for an agent after this wait. */
  departed(atMs: number, waitedMs: number): void {
    keep(this.#departuresMs, atMs, DEPARTURES);
    this.#ended(waitedMs, false);
    this.#lastWaitMs = waitedMs;
  }

  /** Somebody gave up after this wait. */
  abandoned(waitedMs: number): void {
    this.#ended(waitedMs, true);
  }

  /** An agent was busy with one customer for this long, after-call work included. */
  handled(durationMs: number): void {
    this.#handlingSumMs += durationMs - (keep(this.#handlingMs, durationMs, HANDLING_TIMES) ?? 0);
  }

  /** Mean handling time in ms: measured, or the default. */
  get averageHandlingMs(): number {
    if (this.#handlingMs.length === 0) return this.#defaultHandlingMs;
    return this.#handlingSumMs / this.#handlingMs.length;
  }

  /** Whole seconds; 0 when an agent is free for this position. */
  estimate(estimator: WaitEstimatorName, facts: WaitFacts): WaitEstimate {
    if (facts.position <= facts.readyAgentCount) return { sec: 0, unknown: null };
    switch (estimator) {
      case 'urs':
        return this.#urs(facts);
      case 'urs2':
        return this.#byAgents(facts, 0);
      case 'queue-length':
        return this.#byAgents(facts, this.#abandonmentPerMs());
      case 'hol':
        return this.#headOfLine(facts);
      case 'les':
        return this.#lastWaitMs === undefined ? unknown('no-departures-yet') : known(this.#lastWaitMs);
      default:
        return estimator satisfies never;
    }
  }

  #ended(waitedMs: number, abandoned: boolean): void {
    const forgotten = keep(this.#ends, { waitedMs, abandoned }, ENDS);
    this.#endsWaitedMs += waitedMs - (forgotten?.waitedMs ?? 0);
    this.#abandonedCount += Number(abandoned) - Number(forgotten?.abandoned ?? false);
  }

  #urs({ position }: WaitFacts): WaitEstimate {
    const first = this.#departuresMs[0];
    const last = this.#departuresMs.at(-1);
    if (first === undefined || last === undefined || this.#departuresMs.length < 2) {
      return unknown('no-departures-yet');
    }
    return known((position * (last - first)) / (this.#departuresMs.length - 1));
  }

  #byAgents({ position, servingAgentCount }: WaitFacts, abandonmentPerMs: number): WaitEstimate {
    if (servingAgentCount === 0) return unknown('no-agent-serving');
    const servedPerMs = servingAgentCount / Math.max(1, this.averageHandlingMs);
    return known(timeToServe(position, servedPerMs, abandonmentPerMs));
  }

  /** The first in line has waited this long; when nobody waits, the next departure is awaited. */
  #headOfLine(facts: WaitFacts): WaitEstimate {
    const { headJoinedAtMs, nowMs, servingAgentCount } = facts;
    if (servingAgentCount === 0) return unknown('no-agent-serving');
    if (headJoinedAtMs === null) return this.#byAgents({ ...facts, position: 1 }, 0);
    return known(nowMs - headJoinedAtMs);
  }

  /** Abandonments per customer and ms of waiting. */
  #abandonmentPerMs(): number {
    if (this.#ends.length < ENDS_MIN || this.#endsWaitedMs === 0) return 0;
    return this.#abandonedCount / this.#endsWaitedMs;
  }
}

/** Mean time until this many have left the line, by service or by giving up, in ms. */
function timeToServe(count: number, servedPerMs: number, abandonmentPerMs: number): number {
  if (abandonmentPerMs === 0) return count / servedPerMs;
  const summed = Math.min(count, SUMMED_MAX);
  let ms = 0;
  for (let ahead = 0; ahead < summed; ahead++) ms += 1 / (servedPerMs + ahead * abandonmentPerMs);
  if (count === summed) return ms;
  const rate = (ahead: number): number => servedPerMs + (ahead - 0.5) * abandonmentPerMs;
  return ms + Math.log(rate(count) / rate(summed)) / abandonmentPerMs;
}

function known(ms: number): WaitEstimate {
  return { sec: Math.max(0, Math.round(ms / 1000)), unknown: null };
}

function unknown(reason: WaitUnknown): WaitEstimate {
  return { sec: WAIT_UNKNOWN_SEC, unknown: reason };
}

/** Answers what it forgot to make room. */
function keep<Value>(values: Value[], value: Value, max: number): Value | undefined {
  values.push(value);
  return values.length > max ? values.shift() : undefined;
}
