/** The base timers of RFC 3261 §17.1.1.1, Table 4; all others are multiples of them. Milliseconds. */
export interface SipTimers {
  /** Round-trip estimate; default 500. */
  readonly t1Ms: number;
  /**
   * Longest interval between retransmissions of a non-INVITE request and of a response to INVITE; default 4
   * 000.
   */
  readonly t2Ms: number;
  /** Longest time a message stays in the network; default 5 000. */
  readonly t4Ms: number;
}

export const DEFAULT_SIP_TIMERS: SipTimers = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 };

/** How long a transaction may last without an answer: timers B, D, F, H, J, L, M. */
export function transactionTimeoutMs(timers: SipTimers): number {
  return 64 * timers.t1Ms;
}
