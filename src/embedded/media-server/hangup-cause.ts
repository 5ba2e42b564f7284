/**
 * Names and Q.850 numbers of causes that applications give or are told (ITU-T Q.850, as FreeSWITCH spells
 * them).
 */
const CAUSE_NUMBERS = {
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_DESTINATION: 3,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  CALL_REJECTED: 21,
  DESTINATION_OUT_OF_ORDER: 27,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_TEMPORARY_FAILURE: 41,
  SWITCH_CONGESTION: 42,
  INCOMPATIBLE_DESTINATION: 88,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  ORIGINATOR_CANCEL: 487,
  ALLOTTED_TIMEOUT: 602,
  MEDIA_TIMEOUT: 604,
  MANAGER_REQUEST: 503,
} as const;

/** A hang-up cause by its FreeSWITCH name. */
export type HangupCause = keyof typeof CAUSE_NUMBERS;

/** Reads a cause's name or Q.850 number; anything else is NORMAL_CLEARING. */
export function parseHangupCause(text: string | undefined): HangupCause {
  const wanted = (text ?? '').trim().toUpperCase();
  for (const [name, number] of Object.entries(CAUSE_NUMBERS)) {
    if (wanted === name || wanted === String(number)) return name as HangupCause;
  }
  return 'NORMAL_CLEARING';
}

/** The Reason header of a BYE (RFC 3326). */
export function reasonHeaderOf(cause: HangupCause): string {
  return `Q.850;cause=${CAUSE_NUMBERS[cause]};text="${cause}"`;
}
