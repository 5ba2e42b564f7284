import { AppError } from './kernel/errors.ts';

/**
 * Says on standard error in words what went wrong, one line a fault; the stack only for faults of the
 * program.
 */
export function tellFailure(error: unknown): void {
  if (!(error instanceof AppError)) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return;
  }
  process.stderr.write(`${error.message} (${error.code}; see docs/errors.md)\n`);
  for (const { path, message, line } of error.faults) {
    process.stderr.write(`  ${line === undefined ? '' : `line ${line}: `}${path}: ${message}\n`);
  }
}
