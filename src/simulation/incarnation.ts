import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { SimulatedClock } from '../kernel/simulated-clock.ts';

/** The machine's clocks: time passes for everybody alike, the wall clock can be set forward. */
export interface MachineTime {
  readonly clock: SimulatedClock;
  wallAheadMs: number;
}

/**
 * One life of the process. When it is over nothing of it acts any more: its timers do not fire, its
 * transactions are not answered, its calls tell it nothing.
 */
export class Incarnation implements Clock {
  readonly #time: MachineTime;
  readonly #timers = new Set<TimerHandle>();
  #alive = true;

  constructor(time: MachineTime) {
    this.#time = time;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Timers that this life has set and that have neither fired nor been cleared. */
  get timerCount(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return this.#time.clock.nowMs() + this.#time.wallAheadMs;
  }

  monotonicMs(): number {
    return this.#time.clock.monotonicMs();
  }

  setTimer(delayMs: number, callback: () => void): TimerHandle {
    if (!this.#alive) return { timer: undefined };
    const handle = this.#time.clock.setTimer(delayMs, () => {
      this.#timers.delete(handle);
      callback();
    });
    this.#timers.add(handle);
    return handle;
  }

  clearTimer(handle: TimerHandle): void {
    if (this.#timers.delete(handle)) this.#time.clock.clearTimer(handle);
  }

  end(): void {
    this.#alive = false;
    for (const handle of this.#timers) this.#time.clock.clearTimer(handle);
    this.#timers.clear();
  }
}
