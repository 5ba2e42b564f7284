import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { RoutedQueue } from './routed-queue.ts';
import type { SkippedAgents } from './skipped-agents.ts';

export interface QueueAlarmsOptions {
  readonly clock: Clock;
  readonly skips: SkippedAgents;
  readonly onDue: (queue: string) => void;
}

interface Alarm {
  readonly handle: TimerHandle;
  readonly dueAtMs: number;
}

/**
 * The instants at which time alone changes who may serve a line: a target widens, a skipped agent may be
 * asked again, pacing looks again. One timer a queue at most, and none for a line in which nobody waits.
 */
export class QueueAlarms {
  readonly #options: QueueAlarmsOptions;
  readonly #alarms = new Map<string, Alarm>();
  readonly #looks = new Map<string, number>();

  constructor(options: QueueAlarmsOptions) {
    this.#options = options;
  }

  /** Look at the line again after this, when nothing happens before. */
  look(queue: RoutedQueue, inMs: number): void {
    this.#looks.set(queue.line.name, this.#options.clock.nowMs() + inMs);
    this.arm(queue);
  }

  /** Sets the timer of the line to the next such instant; call after the line has changed. */
  arm(queue: RoutedQueue): void {
    const { name } = queue.line;
    const dueAtMs = this.#nextInstant(queue);
    const armed = this.#alarms.get(name);
    if (armed?.dueAtMs === dueAtMs) return;
    this.#disarm(name);
    if (dueAtMs === undefined) return;
    const { clock } = this.#options;
    const handle = clock.setTimer(Math.max(0, dueAtMs - clock.nowMs()), () => this.#fire(name));
    this.#alarms.set(name, { handle, dueAtMs });
  }

  close(): void {
    for (const { handle } of this.#alarms.values()) this.#options.clock.clearTimer(handle);
    this.#alarms.clear();
  }

  #fire(name: string): void {
    this.#alarms.delete(name);
    this.#looks.delete(name);
    this.#options.onDue(name);
  }

  #disarm(name: string): void {
    const armed = this.#alarms.get(name);
    if (armed) this.#options.clock.clearTimer(armed.handle);
    this.#alarms.delete(name);
  }

  #nextInstant(queue: RoutedQueue): number | undefined {
    const { line } = queue;
    if (line.freeCount === 0) {
      this.#looks.delete(line.name);
      return undefined;
    }
    const { skips, clock } = this.#options;
    const instants = [queue.nextWidening(), this.#looks.get(line.name)];
    for (const subjectId of skips.subjectIds) {
      if (line.find(subjectId)) instants.push(skips.nextExpiry(subjectId, clock.nowMs()));
    }
    const known = instants.filter((instant) => instant !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  }
}
