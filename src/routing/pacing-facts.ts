import { type PacingDecision, type PacingInputs, WAIT_MAX_MS } from './pacing.ts';

/** Events by which a rate is judged. */
const EVENTS_MAX = 64;
/** Older ones say nothing about now. */
const EVENT_LIFE_MS = 15 * 60_000;
const OUTCOMES_MAX = 100;
const DURATIONS_MAX = 32;
const WAITS_MAX = 200;
/** Waits before their share of late ones is believed. */
const WAITS_MIN = 30;

/** What one paced queue has measured: the facts {@link decidePacing} needs beside counts of the moment. */
export class PacingFacts {
  readonly #nowMs: () => number;
  readonly #ready: number[] = [];
  readonly #taken: number[] = [];
  readonly #unanswered: number[] = [];
  readonly #confirmed: boolean[] = [];
  readonly #dialsMs: number[] = [];
  readonly #late: boolean[] = [];
  readonly #waitingSince = new Map<string, number>();
  #refusal: PacingDecision['reason'] | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** An agent who can serve the queue became ready. */
  agentReady(): void {
    keep(this.#ready, this.#nowMs(), EVENTS_MAX);
  }

  /** Such an agent was given other work than a callback of this queue. */
  agentTaken(): void {
    keep(this.#taken, this.#nowMs(), EVENTS_MAX);
  }

  /** A dial that began at this instant ended with a customer who is on the line for an agent. */
  dialConfirmed(grantedAtMs: number): void {
    keep(this.#confirmed, true, OUTCOMES_MAX);
    keep(this.#dialsMs, this.#nowMs() - grantedAtMs, DURATIONS_MAX);
  }

  dialFailed(): void {
    keep(this.#confirmed, false, OUTCOMES_MAX);
    keep(this.#unanswered, this.#nowMs(), EVENTS_MAX);
  }

  /** A confirmed customer has no agent yet. */
  waitBegan(subjectId: string): void {
    this.#waitingSince.set(subjectId, this.#nowMs());
  }

  /** An agent is found for the customer, or the customer left. Harmless for one who did not wait. */
  waitEnded(subjectId: string): void {
    const sinceMs = this.#waitingSince.get(subjectId);
    if (sinceMs === undefined) return;
    this.#waitingSince.delete(subjectId);
    keep(this.#late, this.#nowMs() - sinceMs > WAIT_MAX_MS, WAITS_MAX);
  }

  /** A dial was granted: a refusal that follows is news. */
  granted(): void {
    this.#refusal = undefined;
  }

  /** True when the queue was not refused for this reason just before: only news is told. */
  refusedFor(reason: PacingDecision['reason']): boolean {
    if (this.#refusal === reason) return false;
    this.#refusal = reason;
    return true;
  }

  /** The measured part of the inputs. */
  inputs(): Omit<PacingInputs, 'readyAgentCount' | 'callsAheadCount' | 'dialCount'> {
    const nowMs = this.#nowMs();
    const outcomeCount = this.#confirmed.length;
    return {
      confirmedWaitingCount: this.#waitingSince.size,
      readyRate: rateOf(this.#ready, nowMs),
      takenRate: rateOf(this.#taken, nowMs) ?? 0,
      unansweredRate: rateOf(this.#unanswered, nowMs) ?? 0,
      confirmShare: outcomeCount === 0 ? null : shareOf(this.#confirmed),
      dialMs: this.#dialsMs.length === 0 ? null : meanOf(this.#dialsMs),
      outcomeCount,
      lateShare: this.#late.length < WAITS_MIN ? null : shareOf(this.#late),
    };
  }
}

function keep<Value>(values: Value[], value: Value, max: number): void {
  values.push(value);
  if (values.length > max) values.shift();
}

/** Events per second; silence since the last one counts. Null: too few to tell. */
function rateOf(events: number[], nowMs: number): number | null {
  while (events[0] !== undefined && nowMs - events[0] > EVENT_LIFE_MS) events.shift();
  const first = events[0];
  if (first === undefined || events.length < 2 || nowMs <= first) return null;
  return ((events.length - 1) * 1000) / (nowMs - first);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shareOf(values: readonly boolean[]): number {
  return values.filter(Boolean).length / values.length;
}
