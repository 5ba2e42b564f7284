import { cpuUsage } from 'node:process';
import { availableParallelism } from 'node:os';
import type { EventSource } from './event-source.ts';
import { REPORTED_VERSION } from './event-source.ts';

const INTERVAL_DEFAULT_MS = 20_000;
/** A client that has just connected wants the limits soon. */
const FIRST_AFTER_MS = 1_000;

/** What heartbeats tell. */
export interface HeartbeatFacts {
  sessionCount(): number;
  sessionCountSinceStart(): number;
  readonly sessionsMax: number;
  readonly sessionsPerSecondMax: number;
}

/** HEARTBEAT events (switch_core.c): every 20 s and soon after the start. */
export class Heartbeat {
  readonly #events: EventSource;
  readonly #facts: HeartbeatFacts;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout;
  #lastCpu = cpuUsage();
  #lastMs = performance.now();

  constructor(events: EventSource, intervalMs: number | undefined, facts: HeartbeatFacts) {
    this.#events = events;
    this.#facts = facts;
    this.#intervalMs = intervalMs ?? INTERVAL_DEFAULT_MS;
    this.#timer = setTimeout(() => this.#beat(), Math.min(FIRST_AFTER_MS, this.#intervalMs));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #beat(): void {
    const count = String(this.#facts.sessionCount());
    this.#events.fire('HEARTBEAT', {
      'Event-Info': 'System Ready',
      'FreeSWITCH-Version': REPORTED_VERSION,
      'Uptime-msec': String(Math.round(performance.now())),
      'Session-Count': count,
      'Max-Sessions': String(this.#facts.sessionsMax),
      'Session-Per-Sec': String(this.#facts.sessionsPerSecondMax),
      'Session-Since-Startup': String(this.#facts.sessionCountSinceStart()),
      'Idle-CPU': this.#idleCpu().toFixed(6),
    });
    this.#timer = setTimeout(() => this.#beat(), this.#intervalMs);
  }

  /** Percent of the machine this process left idle since the last beat. */
  #idleCpu(): number {
    const used = cpuUsage(this.#lastCpu);
    const nowMs = performance.now();
    const totalUs = Math.max(1, nowMs - this.#lastMs) * 1000 * availableParallelism();
    this.#lastCpu = cpuUsage();
    this.#lastMs = nowMs;
    return Math.max(0, 100 - ((used.user + used.system) / totalUs) * 100);
  }
}
