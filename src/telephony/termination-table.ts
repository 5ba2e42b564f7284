import { DialResult, TerminationBucket } from './termination.ts';
import type { Termination, TerminationReason } from './termination.ts';

/** How an outbound INVITE ended without an answer, as the SIP side saw it. */
export type InviteEnd =
  /** A final response came. `provisionalSeen`: a 18x came before it (RFC 3261 §13.2.2.1). */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly provisionalSeen: boolean;
      readonly q850Cause?: number;
      readonly detail?: string;
    }
  /** Our ring timeout passed and we sent CANCEL. */
  | { readonly kind: 'ring-timeout'; readonly provisionalSeen: boolean }
  /** The application cancelled. */
  | { readonly kind: 'cancelled' }
  /** The request could not be sent, or the connection broke. */
  | { readonly kind: 'transport-failure'; readonly detail?: string };

/** Whether another attempt can make sense. `never`: the same attempt cannot end differently. */
export type RetrySense = 'later' | 'never';

/** One row of the table: all SIP statuses of `statuses` end a call like this. */
export interface TerminationRow {
  /** Single statuses and inclusive ranges. */
  readonly statuses: readonly (number | readonly [number, number])[];
  readonly bucket: TerminationBucket;
  readonly reason: TerminationReason;
  readonly why: string;
}

const { unreachable, clientError, upstreamError } = TerminationBucket;

/**
 * The one table from a final response to an INVITE to the end of the call (RFC 3261 §21 and later status
 * codes). First match wins; docs/hangup.md is printed from it. 408 and 487 depend on what happened before:
 * see {@link terminationOfInvite}.
 */
export const TERMINATION_ROWS: readonly TerminationRow[] = [
  { statuses: [486, 600], bucket: unreachable, reason: 'busy', why: 'the called party is on another call' },
  {
    statuses: [480],
    bucket: unreachable,
    reason: 'unavailable',
    why: 'the phone is off, away or unregistered',
  },
  {
    statuses: [603, 607, 608],
    bucket: unreachable,
    reason: 'declined',
    why: 'someone, or a screening service, refused the call',
  },
  {
    statuses: [404, 484, 485, 604],
    bucket: clientError,
    reason: 'not-found',
    why: 'the number does not exist or is incomplete',
  },
  { statuses: [410], bucket: clientError, reason: 'gone', why: 'the number was given up for good' },
  {
    statuses: [403, 402, 433, 436, 437, 438],
    bucket: clientError,
    reason: 'forbidden',
    why: 'the trunk or the callee does not permit the call',
  },
  {
    statuses: [401, 407],
    bucket: clientError,
    reason: 'authentication-failed',
    why: 'the trunk refused our user or password',
  },
  {
    statuses: [406, 415, 488, 580, 606],
    bucket: clientError,
    reason: 'incompatible-media',
    why: 'no codec or transport in common',
  },
  { statuses: [503], bucket: upstreamError, reason: 'congestion', why: 'the trunk is out of capacity' },
  { statuses: [408], bucket: upstreamError, reason: 'no-response', why: 'nothing answered the INVITE' },
  { statuses: [487], bucket: unreachable, reason: 'no-answer', why: 'an element on the way gave up ringing' },
  {
    statuses: [482, 483, 491, 513, [500, 599]],
    bucket: upstreamError,
    reason: 'network-failure',
    why: 'the far network failed',
  },
  {
    statuses: [[300, 399]],
    bucket: clientError,
    reason: 'redirected',
    why: 'the callee moved; redirections are not followed',
  },
  {
    statuses: [[400, 499]],
    bucket: clientError,
    reason: 'bad-request',
    why: 'the far end did not accept the request',
  },
  { statuses: [[600, 699]], bucket: unreachable, reason: 'declined', why: 'refused everywhere' },
];

/**
 * Q.850 causes that say more than a generic SIP status does (ITU-T Q.850 table 1, mapping of RFC 3398
 * §7.2.4.1). They are only believed under {@link GENERIC_STATUSES}: a precise status such as 486 stands by
 * itself.
 */
const REASON_OF_CAUSE = new Map<number, { bucket: TerminationBucket; reason: TerminationReason }>([
  [1, { bucket: clientError, reason: 'not-found' }],
  [2, { bucket: clientError, reason: 'not-found' }],
  [3, { bucket: clientError, reason: 'not-found' }],
  [17, { bucket: unreachable, reason: 'busy' }],
  [18, { bucket: unreachable, reason: 'no-answer' }],
  [19, { bucket: unreachable, reason: 'no-answer' }],
  [20, { bucket: unreachable, reason: 'unavailable' }],
  [21, { bucket: unreachable, reason: 'declined' }],
  [22, { bucket: clientError, reason: 'gone' }],
  [27, { bucket: upstreamError, reason: 'network-failure' }],
  [28, { bucket: clientError, reason: 'not-found' }],
  [34, { bucket: upstreamError, reason: 'congestion' }],
  [38, { bucket: upstreamError, reason: 'network-failure' }],
  [41, { bucket: upstreamError, reason: 'network-failure' }],
  [42, { bucket: upstreamError, reason: 'congestion' }],
  [44, { bucket: upstreamError, reason: 'congestion' }],
  [47, { bucket: upstreamError, reason: 'congestion' }],
]);
const GENERIC_STATUSES = new Set([480, 487, 500, 502, 503, 504]);

/** Longest text of the far end that is kept. */
export const TERMINATION_DETAIL_LENGTH_MAX = 200;

/** The end of an outbound call that was not answered. */
export function terminationOfInvite(end: InviteEnd): Termination {
  switch (end.kind) {
    case 'cancelled':
      return { bucket: TerminationBucket.success, reason: 'cancelled' };
    case 'ring-timeout':
      // Without any provisional response nothing has rung: the far end is dead, which is not the callee's
      // doing.
      return end.provisionalSeen
        ? { bucket: unreachable, reason: 'no-answer' }
        : { bucket: upstreamError, reason: 'no-response' };
    case 'transport-failure':
      return { bucket: upstreamError, reason: 'network-failure', ...detail(end.detail) };
    case 'status':
      return terminationOfStatus(end);
    default:
      return end satisfies never;
  }
}

function terminationOfStatus(end: InviteEnd & { kind: 'status' }): Termination {
  const facts = {
    sipStatus: end.status,
    ...(end.q850Cause !== undefined && { q850Cause: end.q850Cause }),
    ...detail(end.detail),
  };
  const byCause =
    end.q850Cause !== undefined && GENERIC_STATUSES.has(end.status)
      ? REASON_OF_CAUSE.get(end.q850Cause)
      : undefined;
  if (byCause) return { ...byCause, ...facts };
  // RFC 3261 §21.4.9: after ringing, 408 means that nobody took the call; before it, that nothing is there.
  if (end.status === 408 && end.provisionalSeen)
    return { bucket: unreachable, reason: 'no-answer', ...facts };
  const row = TERMINATION_ROWS.find(({ statuses }) => statuses.some((range) => covers(range, end.status)));
  if (!row) return { bucket: TerminationBucket.indeterminate, reason: 'unknown', ...facts };
  return { bucket: row.bucket, reason: row.reason, ...facts };
}

function covers(range: number | readonly [number, number], status: number): boolean {
  return typeof range === 'number' ? range === status : status >= range[0] && status <= range[1];
}

function detail(text: string | undefined): { detail?: string } {
  return text === undefined ? {} : { detail: text.slice(0, TERMINATION_DETAIL_LENGTH_MAX) };
}

/** What a termination means for the attempt (product §3). */
export interface DialVerdict {
  readonly result: DialResult;
  readonly retry: RetrySense;
}

/**
 * Dial result of each reason. A vacant number is ERROR_TONE (what the telephone network says with a SIT) and
 * is never tried again (product §3.3); a refusal is REJECTED and may be tried again when the queue allows it.
 */
export const DIAL_VERDICTS: Readonly<Record<TerminationReason, DialVerdict>> = {
  busy: { result: DialResult.busy, retry: 'later' },
  'no-answer': { result: DialResult.noAnswer, retry: 'later' },
  unavailable: { result: DialResult.noAnswer, retry: 'later' },
  cancelled: { result: DialResult.noAnswer, retry: 'later' },
  'not-registered': { result: DialResult.noAnswer, retry: 'later' },
  declined: { result: DialResult.rejected, retry: 'later' },
  forbidden: { result: DialResult.rejected, retry: 'later' },
  'not-found': { result: DialResult.errorTone, retry: 'never' },
  gone: { result: DialResult.errorTone, retry: 'never' },
  'incompatible-media': { result: DialResult.createCallError, retry: 'never' },
  'bad-request': { result: DialResult.createCallError, retry: 'never' },
  redirected: { result: DialResult.createCallError, retry: 'later' },
  'authentication-failed': { result: DialResult.createCallError, retry: 'later' },
  'no-response': { result: DialResult.createCallError, retry: 'later' },
  'network-failure': { result: DialResult.createCallError, retry: 'later' },
  congestion: { result: DialResult.createCallError, retry: 'later' },
  'media-server-failure': { result: DialResult.createCallError, retry: 'later' },
  'sip-server-lost': { result: DialResult.unknown, retry: 'later' },
  overload: { result: DialResult.createCallError, retry: 'later' },
  'remote-hangup': { result: DialResult.connected, retry: 'later' },
  'local-hangup': { result: DialResult.connected, retry: 'later' },
  'lost-at-restart': { result: DialResult.unknown, retry: 'later' },
  unknown: { result: DialResult.unknown, retry: 'later' },
};

/** The dial verdict of an unanswered attempt, or of one that ended after its answer. */
export function dialVerdictOf(termination: Termination): DialVerdict {
  return DIAL_VERDICTS[termination.reason];
}

/** The end of an answered call by a BYE from the other side (RFC 3261 §15, RFC 3326). */
export function terminationOfRemoteBye(reason: { q850Cause?: number; text?: string }): Termination {
  return {
    bucket: TerminationBucket.success,
    reason: 'remote-hangup',
    ...(reason.q850Cause !== undefined && { q850Cause: reason.q850Cause }),
    ...detail(reason.text),
  };
}
