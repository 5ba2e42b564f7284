import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { Log, LogFields } from '../../kernel/log.ts';
import { redacted } from './redaction.ts';

/** Levels from talkative to silent. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** How to log. */
export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Telephone numbers keep their last three digits only. Default true. */
  readonly maskNumbers?: boolean;
  /**
   * Where lines go; default standard output, written synchronously so that the last lines before an end are
   * there.
   */
  readonly destination?: DestinationStream;
  /** On every line, for example `{node: 'a'}`. */
  readonly fields?: LogFields;
}

/**
 * The {@link Log} port over pino: one JSON line an event with `time` (ISO 8601), `level`, `msg` and the bound
 * fields. Fields and message pass {@link redacted}: no secret and no full telephone number reaches the
 * destination.
 */
export function createLog(options: LogOptions = {}): Log {
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true });
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return new PinoLog(logger, options.maskNumbers ?? true, options.fields ?? {});
}

type PinoLogger = ReturnType<typeof pino<never>>;
type WriteLevel = Exclude<LogLevel, 'silent'>;

class PinoLog implements Log {
  readonly #logger: PinoLogger;
  readonly #maskNumbers: boolean;
  /** Redacted already, merged into each line here: a child costs one object. */
  readonly #bound: LogFields;

  constructor(logger: PinoLogger, maskNumbers: boolean, fields: LogFields, bound: LogFields = {}) {
    this.#logger = logger;
    this.#maskNumbers = maskNumbers;
    this.#bound = { ...bound, ...(redacted(fields, maskNumbers) as LogFields) };
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger, this.#maskNumbers, fields, this.#bound);
  }

  #write(level: WriteLevel, fields: LogFields, message: string): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const clean = redacted(fields, this.#maskNumbers) as LogFields;
    this.#logger[level]({ ...this.#bound, ...clean }, redacted(message, this.#maskNumbers) as string);
  }
}
