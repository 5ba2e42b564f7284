/** Fields bound to a line: ids, numbers (masked by the caller), counts. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The log as rooms see it: one line an event. pino satisfies it (adapters/logging). */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log with these fields on every line. */
  child(fields: LogFields): Log;
}

/** Swallows everything; for tests and tools. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
