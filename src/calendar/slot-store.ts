/**
 * Places taken at one instant: by open scheduled callbacks for it, and by holds on the slot that begins then.
 */
export interface TakenPlaces {
  readonly atMs: number;
  readonly count: number;
}

/** A place kept for somebody who is still deciding: the caller who hears the slot proposed. */
export interface SlotHold {
  /** The call that holds it; one hold each. */
  readonly holderId: string;
  readonly virtualQueue: string;
  readonly slotStartMs: number;
  /** It counts no longer from then on. */
  readonly expiresAtMs: number;
}

/**
 * What booking needs of a transaction; the one that also stores the callback, so that no slot is oversold.
 */
export interface SlotTx {
  /**
   * Places taken in `[fromMs, toMs)`, by instant, in order: scheduled callbacks that are not COMPLETED, at
   * the time they are wanted, and unexpired holds, at their slot's beginning.
   * @param except a callback or holder that does not count: its own booking must not stand in its way.
   */
  takenPlaces(
    virtualQueue: string,
    fromMs: number,
    toMs: number,
    nowMs: number,
    except?: string,
  ): Promise<readonly TakenPlaces[]>;
  /** Replaces the holder's hold; deletes those that have expired. */
  putSlotHold(hold: SlotHold, nowMs: number): Promise<void>;
  /** Nothing happens when there is none. */
  removeSlotHold(holderId: string): Promise<void>;
}
