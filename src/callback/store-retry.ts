import { type Clock, delay } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';

/**
 * Pause before the second try; doubles with each. A store that refuses at once must not be asked at full
 * speed.
 */
export const STORE_RETRY_MS = 500;
/** Longest pause between two tries. */
export const STORE_RETRY_MAX_MS = 30_000;
/** About a quarter of an hour; then the callback's due time, which is a row, decides. */
export const STORE_TRIES_MAX = 40;

export interface StoreRetryOptions {
  readonly clock: Clock;
  /** Asked before each further try; false gives up. Default: always wanted. */
  readonly wanted?: () => boolean;
  /** Told of every failure, with the number of tries so far. */
  readonly onFailure?: (error: unknown, tryCount: number) => void;
}

/**
 * Does what writes to the store again while the store fails; what the telephone brought cannot be brought
 * again. Rejects with the last error when tries are used up or no longer wanted, and at once with a
 * programmer's error.
 */
export async function untilStored<Result>(
  { clock, wanted = () => true, onFailure }: StoreRetryOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let tryCount = 1; ; tryCount++) {
    try {
      return await work();
    } catch (error) {
      onFailure?.(error, tryCount);
      if (!(error instanceof AppError) || tryCount >= STORE_TRIES_MAX || !wanted()) throw error;
    }
    await delay(clock, Math.min(STORE_RETRY_MS * 2 ** (tryCount - 1), STORE_RETRY_MAX_MS));
  }
}
