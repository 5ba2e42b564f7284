import type { Log, LogFields } from '../kernel/log.ts';

/** One line of the program's log. */
export interface LogLine {
  readonly message: string;
  readonly fields: LogFields;
  /** Monotonic, whole ms. */
  readonly atMs: number;
}

/** Lines kept for waiters that come late; more than one demo writes. */
const LINES_MAX = 5000;

/** Keeps the program's log lines so that the demo can wait for what the program says it did. */
export class DemoLog implements Log {
  readonly #bound: LogFields;
  readonly #shared: { readonly lines: LogLine[]; readonly waiters: Set<() => void> };

  constructor(
    bound: LogFields = {},
    shared: { readonly lines: LogLine[]; readonly waiters: Set<() => void> } = {
      lines: [],
      waiters: new Set(),
    },
  ) {
    this.#bound = bound;
    this.#shared = shared;
  }

  get lines(): readonly LogLine[] {
    return this.#shared.lines;
  }

  /** The first line, past or future, that fits. Rejects with what was waited for after `timeoutMs`. */
  async until(what: string, fits: (line: LogLine) => boolean, timeoutMs = 20_000): Promise<LogLine> {
    const { lines, waiters } = this.#shared;
    let seen = 0;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.slice(seen).find(fits);
        seen = lines.length;
        if (found) finish(() => resolve(found));
      };
      const timer = setTimeout(() => finish(() => reject(new Error(`not seen in time: ${what}`))), timeoutMs);
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        waiters.delete(look);
        settle();
      };
      waiters.add(look);
      look();
    });
  }

  debug(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write(fields, message);
  }

  child(fields: LogFields): Log {
    return new DemoLog({ ...this.#bound, ...fields }, this.#shared);
  }

  #write(fields: LogFields, message: string): void {
    const { lines, waiters } = this.#shared;
    lines.push({ message, fields: { ...this.#bound, ...fields }, atMs: Math.round(performance.now()) });
    if (lines.length > LINES_MAX) lines.shift();
    for (const waiter of waiters) waiter();
  }
}
