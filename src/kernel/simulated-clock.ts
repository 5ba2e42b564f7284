import type { Clock, TimerHandle } from './clock.ts';

interface SimulatedTimer {
  readonly dueAtMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only when told: time is a value in tests and in the simulator. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Map<number, SimulatedTimer>();

  /** @param startMs UTC epoch milliseconds; default 2026-01-05T09:00:00Z, a Monday. */
  constructor(startMs = Date.UTC(2026, 0, 5, 9)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): TimerHandle {
    const order = this.#order++;
    this.#timers.set(order, { dueAtMs: this.#nowMs + Math.max(0, delayMs), order, callback });
    return { timer: order };
  }

  clearTimer(handle: TimerHandle): void {
    this.#timers.delete(handle.timer as number);
  }

  /** Timers not yet fired or cleared; a test asserts 0 to show that nothing leaked. */
  get pendingCount(): number {
    return this.#timers.size;
  }

  /** Moves to `now + byMs`, firing due timers in order of time and then of creation. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#next();
      if (!next || next.dueAtMs > untilMs) break;
      this.#timers.delete(next.order);
      this.#nowMs = next.dueAtMs;
      next.callback();
    }
    this.#nowMs = untilMs;
  }

  /**
   * Moves to `now + byMs` as {@link advance} does, and awaits `settle` after each timer: what a timer starts
   * with promises has happened before time goes on.
   */
  async run(byMs: number, settle: () => Promise<void>): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settle();
    for (;;) {
      const next = this.#next();
      if (!next || next.dueAtMs > untilMs) break;
      this.#timers.delete(next.order);
      this.#nowMs = next.dueAtMs;
      next.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(): SimulatedTimer | undefined {
    let best: SimulatedTimer | undefined;
    for (const timer of this.#timers.values()) {
      if (!best || timer.dueAtMs < best.dueAtMs) best = timer;
    }
    return best;
  }
}
