/** The part of a transaction that tells how many callbacks a number or a queue has had. */
export interface ScreeningTx {
  /** Callbacks of the number on the queue that are not COMPLETED. */
  openCountOfNumber(virtualQueue: string, customerNumber: string): Promise<number>;
  /**
   * When the callback was made that is the `rank`-th newest of those counted, 1 for the newest; undefined
   * when there are fewer. `immediateOf`: only those of this number that were asked for at once; else all of
   * the queue.
   */
  createdAtMsOfRank(
    virtualQueue: string,
    rank: number,
    options?: { readonly immediateOf?: string },
  ): Promise<number | undefined>;
}
