import { type WaitEstimatorName, waitEstimators } from '../callback/queue-settings.ts';
import { type WaitEstimate, WAIT_UNKNOWN_SEC } from './wait-estimator.ts';

/** An estimate with the range in which eight waits of ten should end. */
export interface WaitRange extends WaitEstimate {
  /** Seconds; both {@link WAIT_UNKNOWN_SEC} when the estimate is. */
  readonly lowSec: number;
  readonly highSec: number;
}

/** What came of one estimator's predictions; seconds. Null: nothing scored yet. */
export interface WaitScore {
  readonly estimator: WaitEstimatorName;
  /** Predictions whose wait is known, of the last {@link SCORED_MAX}. */
  readonly scoredCount: number;
  /** Mean of estimate − wait: above 0 it promises too long a wait. */
  readonly biasSec: number | null;
  readonly rmseSec: number | null;
  /** Share of waits that ended inside the range told at entry; 0.8 is meant. */
  readonly coverage: number | null;
}

interface Scored {
  readonly errorSec: number;
  readonly inside: boolean;
}

interface Entry {
  readonly joinedAtMs: number;
  readonly ranges: readonly (readonly [WaitEstimatorName, WaitRange])[];
}

/** Predictions by which a score is judged. */
const SCORED_MAX = 500;
/** Ratios of wait and estimate from which ranges are made. */
const RATIOS_MAX = 200;
/** Before so many are known the range is half to double. */
const RATIOS_MIN = 20;
/** Share of waits that may end before the range, and after it. */
const TAIL = 0.1;

/**
 * Holds every estimator of one queue to what happened: each token is predicted by all of them when it joins,
 * and compared when an agent has it. The spread of wait ÷ estimate seen so far makes the range of the next
 * one.
 */
export class WaitScores {
  readonly #entries = new Map<string, Entry>();
  readonly #scored = new Map<WaitEstimatorName, Scored[]>();
  readonly #ratios = new Map<WaitEstimatorName, number[]>();

  /** The subject joins the line; each estimate is what its estimator says now. */
  joined(
    subjectId: string,
    atMs: number,
    estimates: readonly (readonly [WaitEstimatorName, WaitEstimate])[],
  ): void {
    const ranges = estimates.map(([name, estimate]) => [name, this.range(name, estimate)] as const);
    this.#entries.set(subjectId, { joinedAtMs: atMs, ranges });
  }

  /** The subject was in line before a restart: it waits, and nobody knows what it was told. */
  recovered(subjectId: string, joinedAtMs: number): void {
    this.#entries.set(subjectId, { joinedAtMs, ranges: [] });
  }

  /** When the one waiting longest of those in line joined; null: nobody waits. */
  get headJoinedAtMs(): number | null {
    // Maps keep the order of insertion, and a line is joined at its end in time.
    for (const { joinedAtMs } of this.#entries.values()) return joinedAtMs;
    return null;
  }

  /** An agent has the subject: scored. Undefined: it had not joined; else how long it waited, ms. */
  served(subjectId: string, atMs: number): number | undefined {
    const ranges = this.#entries.get(subjectId)?.ranges ?? [];
    const waitedMs = this.left(subjectId, atMs);
    if (waitedMs === undefined) return undefined;
    for (const [name, range] of ranges) this.#score(name, range, waitedMs / 1000);
    return waitedMs;
  }

  /** The subject left without an agent: nothing is scored. Undefined: it had not joined. */
  left(subjectId: string, atMs: number): number | undefined {
    const entry = this.#entries.get(subjectId);
    this.#entries.delete(subjectId);
    return entry && atMs - entry.joinedAtMs;
  }

  range(name: WaitEstimatorName, estimate: WaitEstimate): WaitRange {
    if (estimate.unknown !== null) {
      return { ...estimate, lowSec: WAIT_UNKNOWN_SEC, highSec: WAIT_UNKNOWN_SEC };
    }
    const ratios = this.#ratios.get(name) ?? [];
    if (ratios.length < RATIOS_MIN) {
      return { ...estimate, lowSec: Math.floor(estimate.sec / 2), highSec: Math.ceil(estimate.sec * 2) };
    }
    const sorted = ratios.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 1;
    const lowSec = Math.floor(estimate.sec * at(TAIL));
    return { ...estimate, lowSec, highSec: Math.ceil(estimate.sec * at(1 - TAIL)) };
  }

  scores(): WaitScore[] {
    return waitEstimators.map((estimator) => {
      const scored = this.#scored.get(estimator) ?? [];
      const count = scored.length;
      if (count === 0) return { estimator, scoredCount: 0, biasSec: null, rmseSec: null, coverage: null };
      const sum = (value: (one: Scored) => number): number =>
        scored.reduce((total, one) => total + value(one), 0);
      return {
        estimator,
        scoredCount: count,
        biasSec: sum(({ errorSec }) => errorSec) / count,
        rmseSec: Math.sqrt(sum(({ errorSec }) => errorSec ** 2) / count),
        coverage: sum(({ inside }) => (inside ? 1 : 0)) / count,
      };
    });
  }

  #score(name: WaitEstimatorName, range: WaitRange, waitedSec: number): void {
    if (range.unknown !== null) return;
    const inside = waitedSec >= range.lowSec && waitedSec <= range.highSec;
    keepIn(this.#scored, name, { errorSec: range.sec - waitedSec, inside }, SCORED_MAX);
    if (range.sec > 0) keepIn(this.#ratios, name, waitedSec / range.sec, RATIOS_MAX);
  }
}

function keepIn<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value, max: number): void {
  const list = lists.get(key) ?? [];
  list.push(value);
  if (list.length > max) list.shift();
  lists.set(key, list);
}
