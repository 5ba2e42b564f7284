import type { Machine } from './machine.ts';

/** One line of a measurement's table: column → figure or word. */
export type Row = Readonly<Record<string, string | number>>;

/** What a measurement found. */
export interface Result {
  readonly rows: readonly Row[];
  /** What the figures mean, one sentence each: target, how measured, what limits. */
  readonly notes: readonly string[];
}

/** One thing that is measured; chosen on the command line by `name`. */
export interface Measurement {
  readonly name: string;
  readonly title: string;
  run(): Promise<Result>;
}

/** What is written to `bench/results/<name>.json`. */
export interface Report extends Result {
  readonly name: string;
  readonly title: string;
  readonly at: string;
  readonly machine: Machine;
  readonly durationSec: number;
}

/** The value below which `share` (0–1) of the sorted figures lie; NaN without figures. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Rounded to `digits` places. */
export function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Median, 95 and 99 of 100, and the largest, of milliseconds. */
export function latencyColumns(values: readonly number[]): Row {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    'p50 ms': rounded(quantile(sorted, 0.5), 2),
    'p95 ms': rounded(quantile(sorted, 0.95), 2),
    'p99 ms': rounded(quantile(sorted, 0.99), 2),
    'max ms': rounded(sorted.at(-1) ?? Number.NaN, 2),
  };
}
