import type { Clock, TimerHandle } from './clock.ts';

interface SimulatedTimer {
  readonly dueAtMs: number;
  readonly order: number;
  /** Undefined once it has fired or was cleared. */
  callback: (() => void) | undefined;
}

/** A clock that moves only when told: time is a value in tests and in the simulator. */
export class SimulatedClock implements Clock {
  #nowMs: number;
  #order = 0;
  /** A binary heap, the earliest first; cleared timers stay in it until they come up. */
  readonly #heap: SimulatedTimer[] = [];
  #pendingCount = 0;

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
    const timer = { dueAtMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#pendingCount++;
    this.#push(timer);
    return { timer };
  }

  clearTimer(handle: TimerHandle): void {
    const timer = handle.timer as SimulatedTimer | undefined;
    if (timer?.callback === undefined) return;
    timer.callback = undefined;
    this.#pendingCount--;
  }

  /** Timers not yet fired or cleared; a test asserts 0 to show that nothing leaked. */
  get pendingCount(): number {
    return this.#pendingCount;
  }

  /** Moves to `now + byMs`, firing due timers in order of time and then of creation. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const callback = this.#takeNext(untilMs);
      if (!callback) break;
      callback();
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
      const callback = this.#takeNext(untilMs);
      if (!callback) break;
      callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Moves to the next timer that is due until then and takes it. */
  #takeNext(untilMs: number): (() => void) | undefined {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.dueAtMs > untilMs) return undefined;
      this.#pop();
      const { callback } = next;
      if (!callback) continue;
      next.callback = undefined;
      this.#pendingCount--;
      this.#nowMs = next.dueAtMs;
      return callback;
    }
  }

  #push(timer: SimulatedTimer): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as SimulatedTimer;
      if (isBefore(above, timer)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as SimulatedTimer;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (
        child + 1 < heap.length &&
        isBefore(heap[child + 1] as SimulatedTimer, heap[child] as SimulatedTimer)
      )
        child++;
      if (isBefore(last, heap[child] as SimulatedTimer)) break;
      heap[index] = heap[child] as SimulatedTimer;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: SimulatedTimer, b: SimulatedTimer): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.order < b.order);
}
