import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';

const RESOLUTION_MS = 10;
const WINDOW_MS = 500;

/**
 * What is read of the runtime's histogram of event-loop delays; its mean is in nanoseconds, NaN when empty.
 */
export type DelayHistogram = Pick<IntervalHistogram, 'enable' | 'disable' | 'reset' | 'mean'>;

/**
 * How late the event loop is, in windows of half a second. Lag is what two windows in a row agree on: one
 * long task (a configuration applied, a full garbage collection) falls into one window, or at an edge, and is
 * over when it is seen; overload lasts.
 */
export class EventLoopLag {
  readonly #clock: Clock;
  readonly #histogram: DelayHistogram;
  /** Means of the last two windows, the sampling interval itself taken off. */
  #beforeMs = 0;
  #lastMs = 0;
  #timer: TimerHandle | undefined;

  constructor(
    clock: Clock,
    histogram: DelayHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS }),
  ) {
    this.#clock = clock;
    this.#histogram = histogram;
  }

  /** Begins to measure, when the program serves: what starting took is no overload. Idempotent. */
  start(): void {
    if (this.#timer) return;
    this.#histogram.enable();
    this.#histogram.reset();
    this.#tick();
  }

  /** The smaller mean delay of the last two windows, milliseconds; 0 before two have passed. */
  get lagMs(): number {
    return Math.min(this.#beforeMs, this.#lastMs);
  }

  /** Ends the measurement. */
  close(): void {
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.#histogram.disable();
  }

  #tick(): void {
    this.#timer = this.#clock.setTimer(WINDOW_MS, () => {
      const meanMs = this.#histogram.mean / 1e6;
      this.#beforeMs = this.#lastMs;
      this.#lastMs = Number.isFinite(meanMs) ? Math.max(0, meanMs - RESOLUTION_MS) : 0;
      this.#histogram.reset();
      this.#tick();
    });
  }
}
