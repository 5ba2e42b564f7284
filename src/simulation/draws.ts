import type { Random } from '../kernel/random.ts';
import type { DurationSec, PerHour } from './scenario.ts';

const HOUR_MS = 3_600_000;

/** An exponential value of the given mean. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random.next()) * mean;
}

/** Milliseconds drawn from a scenario's duration. */
export function drawMs(random: Random, duration: DurationSec): number {
  if (typeof duration === 'number') return duration * 1000;
  const { mean, sd } = duration;
  if (sd === undefined) return exponential(random, mean) * 1000;
  // The lognormal with this mean and standard deviation.
  const variance = Math.log(1 + (sd / mean) ** 2);
  return Math.exp(Math.log(mean) - variance / 2 + Math.sqrt(variance) * normal(random)) * 1000;
}

/** A standard normal value (Box–Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/**
 * Offsets from the start, in ms and in order, of a Poisson process with the scenario's rates (thinned from
 * the highest one).
 */
export function arrivals(random: Random, rates: PerHour, untilMs: number): number[] {
  const list = typeof rates === 'number' ? [rates] : rates;
  const highest = Math.max(...list);
  if (highest === 0) return [];
  const times: number[] = [];
  for (
    let atMs = exponential(random, HOUR_MS / highest);
    atMs < untilMs;
    atMs += exponential(random, HOUR_MS / highest)
  ) {
    const rate = list[Math.min(Math.floor(atMs / HOUR_MS), list.length - 1)] ?? 0;
    if (random.next() * highest < rate) times.push(atMs);
  }
  return times;
}
