/** What came of sending a message once. */
export type Delivery =
  /** `receipt`: the receiver's own name of the message. */
  | { readonly kind: 'taken'; readonly receipt: string | null }
  /** Worth another try. `afterMs`: not before; null: the sender knows best. */
  | { readonly kind: 'later'; readonly fault: string; readonly afterMs: number | null }
  /** Never again. `gone`: the device is known no more, no message to it will be taken. */
  | { readonly kind: 'refused'; readonly fault: string; readonly gone: boolean };

const FIRST_PAUSE_MS = 2000;
const PAUSE_MAX_MS = 15 * 60_000;
/** What a receiver may ask for at most. */
const ASKED_PAUSE_MAX_MS = 6 * 3_600_000;

/**
 * The pause before the next try: doubled with every one, spread by a fifth so that receivers who come back
 * are not asked by all at once.
 * @param tryCount those made so far, 1 or more. @param chance in [0, 1).
 */
export function pauseAfter(tryCount: number, askedMs: number | null, chance: number): number {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (tryCount - 1), PAUSE_MAX_MS);
  const spreadMs = Math.round(pauseMs * (0.8 + 0.4 * chance));
  return Math.max(spreadMs, Math.min(askedMs ?? 0, ASKED_PAUSE_MAX_MS));
}
