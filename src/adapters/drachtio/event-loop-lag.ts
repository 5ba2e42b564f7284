import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';

const RESOLUTION_MS = 10;
const WINDOW_MS = 500;

/** How late the event loop is, measured over the last half second. */
export class EventLoopLag {
  readonly #clock: Clock;
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #lagMs = 0;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#histogram.enable();
    this.#tick();
  }

  /**
   * The mean of the last window, without the sampling interval itself. A mean, not a high percentile: one
   * long task (a start, a configuration applied) is over when it is seen, overload lasts.
   */
  get lagMs(): number {
    return this.#lagMs;
  }

  close(): void {
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.#histogram.disable();
  }

  #tick(): void {
    this.#timer = this.#clock.setTimer(WINDOW_MS, () => {
      const meanMs = this.#histogram.mean / 1e6;
      this.#lagMs = Number.isFinite(meanMs) ? Math.max(0, meanMs - RESOLUTION_MS) : 0;
      this.#histogram.reset();
      this.#tick();
    });
  }
}
