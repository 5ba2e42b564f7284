/** Counts requests by customer's number. */
export interface NumberGate {
  readonly max: number;
  readonly windowMs: number;
  /** Counts one request for this number (E.164): seconds to wait when there were too many, else 0. */
  take(e164: string): number;
}

/** Too many requests for one number. */
export interface NumberThrottled {
  readonly kind: 'throttled';
  readonly max: number;
  readonly windowMs: number;
  readonly retryAfterSec: number;
}

/** Counts one request for this number; tells when there were too many. No gate: no bound. */
export function throttledBy(gate: NumberGate | undefined, e164: string): NumberThrottled | undefined {
  const retryAfterSec = gate?.take(e164) ?? 0;
  if (!gate || retryAfterSec === 0) return undefined;
  return { kind: 'throttled', max: gate.max, windowMs: gate.windowMs, retryAfterSec };
}
