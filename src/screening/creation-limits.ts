import type { ScreeningTx } from './screening-store.ts';

const DAY_MS = 86_400_000;

/** Open callbacks that one number may have on one queue. */
const OPEN_MAX = { OFF: Number.POSITIVE_INFINITY, ALLOW_TWO: 2, STRICT: 1 } as const;

/** How many callbacks a queue lets people ask for. */
export interface CreationLimits {
  readonly duplicateCheck: keyof typeof OPEN_MAX;
  /** Immediate callbacks of one number on the queue in 24 hours; 0: no limit. */
  readonly throttlePerNumberPerDay: number;
  readonly throttlePerService: readonly { readonly max: number; readonly windowSec: number }[];
}

/** The callback about to be made. */
export interface Creation {
  readonly virtualQueue: string;
  readonly customerNumber: string;
  /** Asked for as soon as possible. */
  readonly isImmediate: boolean;
}

/**
 * Why no further callback may be made. `duplicate`: the number has as many open ones on the queue as it may.
 * `throttled`: too many were made in the window; one would be taken again after `retryAfterSec`.
 */
export type LimitRefusal =
  | { readonly kind: 'duplicate'; readonly openCount: number; readonly max: number }
  | {
      readonly kind: 'throttled';
      readonly max: number;
      readonly windowMs: number;
      readonly retryAfterSec: number;
    };

/**
 * Duplicate check and throttles (product §3 rule 6). To be asked in the transaction that stores the callback:
 * of simultaneous requests the later one then sees the earlier.
 */
export async function checkLimits(
  tx: ScreeningTx,
  limits: CreationLimits,
  creation: Creation,
  nowMs: number,
): Promise<LimitRefusal | undefined> {
  const { virtualQueue, customerNumber, isImmediate } = creation;
  const max = OPEN_MAX[limits.duplicateCheck];
  if (Number.isFinite(max)) {
    const openCount = await tx.openCountOfNumber(virtualQueue, customerNumber);
    if (openCount >= max) return { kind: 'duplicate', openCount, max };
  }
  const perDay = limits.throttlePerNumberPerDay;
  if (isImmediate && perDay > 0) {
    const oldest = await tx.createdAtMsOfRank(virtualQueue, perDay, { immediateOf: customerNumber });
    const refusal = throttled(perDay, DAY_MS, oldest, nowMs);
    if (refusal) return refusal;
  }
  for (const throttle of limits.throttlePerService) {
    const oldest = await tx.createdAtMsOfRank(virtualQueue, throttle.max);
    const refusal = throttled(throttle.max, throttle.windowSec * 1000, oldest, nowMs);
    if (refusal) return refusal;
  }
  return undefined;
}

/** The window is full when the `max`-th newest lies in it, and has room again when that one leaves it. */
function throttled(
  max: number,
  windowMs: number,
  oldestAtMs: number | undefined,
  nowMs: number,
): LimitRefusal | undefined {
  if (oldestAtMs === undefined || oldestAtMs <= nowMs - windowMs) return undefined;
  const retryAfterSec = Math.max(1, Math.ceil((oldestAtMs + windowMs - nowMs) / 1000));
  return { kind: 'throttled', max, windowMs, retryAfterSec };
}
