/** A pending timer; hand it to {@link Clock.clearTimer}. Opaque on purpose. */
export interface TimerHandle {
  readonly timer: unknown;
}

/**
 * Time as every room sees it. Injected, so that the same rooms run in virtual time. Timers only bound what a
 * live leg or connection is doing; whatever must survive a restart is a row with `dueAtMs`.
 */
export interface Clock {
  /** Wall clock, integer milliseconds since the UTC epoch. */
  nowMs(): number;
  /** Monotonic milliseconds with a fraction, for measuring durations only. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs` (0 or more). */
  setTimer(delayMs: number, callback: () => void): TimerHandle;
  /** Forgets a timer; harmless when it has fired already. */
  clearTimer(handle: TimerHandle): void;
}

/** The machine's clock. Timers do not keep the process alive: sockets do. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, callback: () => void): TimerHandle {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { timer };
  }

  clearTimer(handle: TimerHandle): void {
    clearTimeout(handle.timer as NodeJS.Timeout);
  }
}

/** Resolves after `delayMs` on the given clock. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, resolve);
  });
}
