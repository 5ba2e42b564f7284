import type { ScenarioSettings } from './scenario.ts';
import type { CallbackFacts, CallFacts, Tally } from './tally.ts';

/**
 * A callback dialled within this of its desired time is punctual (product rule 3.5: a window of two minutes).
 */
const PUNCTUAL_MS = 120_000;

/** Waits in seconds; null where there was none. */
export interface Waits {
  readonly count: number;
  readonly meanSec: number | null;
  readonly p50Sec: number | null;
  readonly p95Sec: number | null;
  readonly maxSec: number | null;
}

/** One queue's day in figures. Shares are 0–1 and null where nothing was counted. */
export interface QueueSummary {
  readonly queue: string;
  readonly callCount: number;
  readonly answeredCount: number;
  readonly abandonedCount: number;
  readonly bookedCount: number;
  /** Answered within the threshold ÷ (answered + abandoned). */
  readonly serviceLevel: number | null;
  /** Average speed of answer: from the caller's arrival to the agent. */
  readonly asaSec: number | null;
  /** Abandoned ÷ calls offered. */
  readonly abandonment: number | null;
  readonly callWaits: Waits;
  readonly callbackCount: number;
  readonly connectedCount: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly stillOpenCount: number;
  /** From the place taken (or the desired time) to the first attempt: off the line. */
  readonly offlineWaits: Waits;
  /** From the customer's 1 to the agent: on the line. */
  readonly onlineWaits: Waits;
  /** Scheduled callbacks whose first attempt came within two minutes of the desired time. */
  readonly punctuality: number | null;
  readonly attemptsPerCallback: number | null;
}

/** A simulated scenario in figures. */
export interface Summary {
  readonly scenario: string;
  readonly seed: number;
  readonly serviceLevelSec: number;
  readonly queues: readonly QueueSummary[];
  /** Agents' time at work ÷ time logged in and ready for it. */
  readonly occupancy: number | null;
  readonly agentCount: number;
  /** Refused callbacks of the web, by queue and reason. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly errorCount: number;
}

/** Figures of a finished simulation. */
export function summarize(settings: ScenarioSettings, seed: number, tally: Tally): Summary {
  const names = [...new Set(settings.traffic.map(({ queue }) => queue))];
  let busyMs = 0;
  let idleMs = 0;
  for (const facts of tally.agents.values()) {
    busyMs += facts.busyMs;
    idleMs += facts.idleMs;
  }
  return {
    scenario: settings.name,
    seed,
    serviceLevelSec: settings.serviceLevelSec,
    queues: names.map((queue) =>
      summarizeQueue(
        queue,
        settings.serviceLevelSec,
        [...tally.calls.values()].filter((call) => call.queue === queue),
        tally.callbackFacts.filter(({ callback }) => callback.virtualQueue === queue),
      ),
    ),
    occupancy: ratio(busyMs, busyMs + idleMs),
    agentCount: tally.agents.size,
    refusals: Object.fromEntries(tally.refusals),
    errorCount: tally.errors.length,
  };
}

function summarizeQueue(
  queue: string,
  serviceLevelSec: number,
  calls: readonly CallFacts[],
  callbacks: readonly CallbackFacts[],
): QueueSummary {
  const answered = calls.flatMap(({ connectedAtMs, offeredAtMs }) =>
    connectedAtMs === undefined ? [] : [connectedAtMs - offeredAtMs],
  );
  const booked = calls.filter(({ isBooked }) => isBooked === true).length;
  const abandoned = calls.length - answered.length - booked;
  const scheduled = callbacks.filter(({ callback }) => callback.desiredAtMs > callback.createdAtMs);
  const punctual = scheduled.filter(
    ({ callback, firstDialAtMs }) =>
      firstDialAtMs !== undefined && Math.abs(firstDialAtMs - callback.desiredAtMs) <= PUNCTUAL_MS,
  );
  const reasons: Record<string, number> = {};
  for (const { callback } of callbacks) {
    if (callback.reason !== null) reasons[callback.reason] = (reasons[callback.reason] ?? 0) + 1;
  }
  const attempts = callbacks.reduce((sum, { callback }) => sum + callback.attemptCount, 0);
  return {
    queue,
    callCount: calls.length,
    answeredCount: answered.length,
    abandonedCount: abandoned,
    bookedCount: booked,
    serviceLevel: ratio(
      answered.filter((waitMs) => waitMs <= serviceLevelSec * 1000).length,
      answered.length + abandoned,
    ),
    asaSec: waitsOf(answered).meanSec,
    abandonment: ratio(abandoned, calls.length),
    callWaits: waitsOf(answered),
    callbackCount: callbacks.length,
    connectedCount: callbacks.filter(({ connectedAtMs }) => connectedAtMs !== undefined).length,
    reasons,
    stillOpenCount: callbacks.filter(({ callback }) => callback.state !== 'COMPLETED').length,
    offlineWaits: waitsOf(
      callbacks.flatMap(({ callback, firstDialAtMs }) =>
        firstDialAtMs === undefined ? [] : [Math.max(0, firstDialAtMs - callback.desiredAtMs)],
      ),
    ),
    onlineWaits: waitsOf(
      callbacks.flatMap(({ confirmedAtMs, connectedAtMs }) =>
        confirmedAtMs === undefined || connectedAtMs === undefined ? [] : [connectedAtMs - confirmedAtMs],
      ),
    ),
    punctuality: ratio(punctual.length, scheduled.length),
    attemptsPerCallback: ratio(attempts, callbacks.length),
  };
}

function waitsOf(waitsMs: readonly number[]): Waits {
  const sorted = [...waitsMs].sort((a, b) => a - b);
  const at = (share: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return value === undefined ? null : value / 1000;
  };
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    count: sorted.length,
    meanSec: sorted.length === 0 ? null : sum / sorted.length / 1000,
    p50Sec: at(0.5),
    p95Sec: at(0.95),
    maxSec: sorted.length === 0 ? null : (sorted.at(-1) ?? 0) / 1000,
  };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
