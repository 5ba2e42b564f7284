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

  /** The 99th percentile of the last window, without the sampling interval itself. */
  get lagMs(): number {
    return this.#lagMs;
  }

  close(): void {
    if (this.#timer) this.#clock.clearTimer(this.#timer);
    this.#histogram.disable();
  }

  #tick(): void {
    this.#timer = this.#clock.setTimer(WINDOW_MS, () => {
      const p99Ms = this.#histogram.percentile(99) / 1e6;
      this.#lagMs = Number.isFinite(p99Ms) ? Math.max(0, p99Ms - RESOLUTION_MS) : 0;
      this.#histogram.reset();
      this.#tick();
    });
  }
}
