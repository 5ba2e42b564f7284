import type { SlotRefusal } from '../calendar/slot-booking.ts';
import type { LimitRefusal } from '../screening/creation-limits.ts';
import type { CallbackTx } from './callback-store.ts';
import type { Callback } from './callback.ts';

/** What the checks before a booking may read and write; one transaction with the insert that follows. */
export type BookingTx = CallbackTx;

/**
 * Why a callback may not be made, or not for that time. `slot-full`: with the nearest free slots instead.
 * `duplicate`: the number has as many open callbacks on the queue as it may. `throttled`: too many were made
 * in the window; one would be taken again after `retryAfterSec`.
 */
export type BookingRefusal = ({ readonly kind: 'slot-full' } & SlotRefusal) | LimitRefusal;

/** What is about to be stored, and why. */
export interface Booking {
  /** The record as it will be stored. */
  readonly callback: Callback;
  /**
   * `create`: a new promise; `recreate`: a new one for an ended one; `reschedule`: the same, another time.
   */
  readonly cause: 'create' | 'recreate' | 'reschedule';
  readonly nowMs: number;
}

/**
 * Looks at a booking inside the transaction that stores it: what it reads cannot change before the insert
 * (one writer). A returned value refuses, and nothing of the transaction is kept. It may be run again after a
 * rollback and must only await calls on `tx`.
 */
export type BookingCheck = (tx: BookingTx, booking: Booking) => Promise<BookingRefusal | undefined>;

/** The first refusal of the checks, in their order; undefined when every check lets the booking pass. */
export async function firstRefusal(
  checks: readonly BookingCheck[],
  tx: BookingTx,
  booking: Booking,
): Promise<BookingRefusal | undefined> {
  for (const check of checks) {
    const refusal = await check(tx, booking);
    if (refusal) return refusal;
  }
  return undefined;
}
