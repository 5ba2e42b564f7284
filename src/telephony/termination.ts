/**
 * How a call ended, decided once, in one table (docs/hangup.md is printed from the same facts). Source: RFC
 * 3261 §21, RFC 3326 (Reason), ITU-T Q.850; the buckets follow who has to act.
 */
export const TerminationBucket = {
  /** Ended as intended by one of the parties or by the dialogue. */
  success: 'success',
  /** The called party did not take the call: busy, no answer, declined. A retry may succeed. */
  unreachable: 'unreachable',
  /** The number or request cannot work: not found, blocked, incompatible media. */
  clientError: 'client_error',
  /** The trunk or the far network failed. */
  upstreamError: 'upstream_error',
  /** We failed: media server lost, application stopped. */
  serverError: 'server_error',
  /** Nobody can know: for example the process was killed while the call was up. */
  indeterminate: 'indeterminate',
} as const;
export type TerminationBucket = (typeof TerminationBucket)[keyof typeof TerminationBucket];

/** The dial result of an attempt, as APIs and reports show it (product §3). */
export const DialResult = {
  createCallError: 'CREATE_CALL_ERROR',
  busy: 'BUSY',
  noAnswer: 'NO_ANSWER',
  answeringMachine: 'ANSWERING_MACHINE',
  errorTone: 'ERROR_TONE',
  fax: 'FAX',
  person: 'PERSON',
  connected: 'CONNECTED',
  rejected: 'REJECTED',
  silence: 'SILENCE',
  unknown: 'UNKNOWN',
} as const;
export type DialResult = (typeof DialResult)[keyof typeof DialResult];

/** Stable short words for why a call ended. */
export type TerminationReason =
  | 'remote-hangup'
  | 'local-hangup'
  | 'cancelled'
  | 'busy'
  | 'no-answer'
  | 'declined'
  | 'not-found'
  | 'gone'
  | 'unavailable'
  | 'incompatible-media'
  | 'forbidden'
  | 'authentication-failed'
  | 'no-response'
  | 'network-failure'
  | 'congestion'
  | 'redirected'
  | 'media-server-failure'
  | 'sip-server-lost'
  | 'not-registered'
  | 'overload'
  | 'bad-request'
  | 'lost-at-restart'
  | 'unknown';

/** The end of a call. */
export interface Termination {
  readonly bucket: TerminationBucket;
  readonly reason: TerminationReason;
  /** Final SIP status, where one was received. */
  readonly sipStatus?: number;
  /** Q.850 cause from a Reason header, where one was received. */
  readonly q850Cause?: number;
  /** Text from the far end for the log, length-limited; never matched on. */
  readonly detail?: string;
}
