/** One fault in something given to us: where it is, what stood there and what is allowed. */
export interface Fault {
  /** Dotted path of the field, for example `queues[0].wrapUpSec`. */
  readonly path: string;
  /** What is wrong and what is allowed, in words. */
  readonly message: string;
  /** The value that was refused, never a secret. */
  readonly value?: unknown;
  /** 1-based line in the file, where it is known. */
  readonly line?: number;
}

/** What an {@link AppError} may carry beside its code. */
export interface AppErrorOptions {
  readonly cause?: unknown;
  /** True when the same call may succeed later without a change. Default false. */
  readonly retryable?: boolean;
  readonly faults?: readonly Fault[];
}

/**
 * An operating error: something outside us failed or was refused. `code` is stable and listed in
 * docs/errors.md (checked by test/tidy). Expected outcomes (busy, slot full) are values, not errors;
 * programmer errors are assertions.
 */
export class AppError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly faults: readonly Fault[];

  constructor(code: string, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.faults = options.faults ?? [];
  }
}

/** A programmer's mistake: throws when `condition` is false. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The error's message whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
