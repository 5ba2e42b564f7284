/** Where telephony counts what it refuses and does; the metrics adapter satisfies it. */
export interface Counters {
  /** Adds one. `name` is snake_case; `label` one short word of a closed list. */
  increment(name: string, label?: string): void;
}

/** Counts nothing. */
export const noCounters: Counters = { increment: () => undefined };
