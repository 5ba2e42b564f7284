import { z } from 'zod';
import type { Callback, CallbackReason } from '../../../callback/callback.ts';
import { CallbackState } from '../../../callback/callback.ts';
import { isoOf } from '../api-views.ts';
import { text } from '../ges/ges-fields.ts';

/** Records are kept until so long after their desired time. */
export const RECORDS_KEPT_MS = 14 * 86_400_000;

/** A callback as queries of this API show it; further keys are the user data's. */
export const recordSchema = z
  .looseObject({
    _id: z.string(),
    _desired_time: z.string(),
    _service_name: z.string(),
    _callback_state: z.enum(Object.values(CallbackState)),
    _callback_reason: z.string().optional().describe('In COMPLETED only'),
    _expiration_time: z.string(),
    _customer_number: z.string(),
    _url: z.string(),
    url: z.string().describe('As `_url`: a public client reads this one'),
    gms_user: z.string().optional().describe('What the header said at the start'),
  })
  .describe('Further keys are those given at the start');

/** One record of a query. What is ours stands before keys of the same name that came with the request. */
export function recordJson(callback: Callback): z.output<typeof recordSchema> {
  const url = urlOf(callback);
  const own = {
    _id: callback.id,
    _desired_time: isoOf(callback.desiredAtMs),
    _service_name: callback.virtualQueue,
    _callback_state: callback.state,
    _expiration_time: isoOf(callback.desiredAtMs + RECORDS_KEPT_MS),
    _customer_number: callback.customerNumber,
    _url: url,
    url,
  };
  const ended = callback.reason === null ? undefined : { _callback_reason: reasonOf(callback) };
  const { endUser } = callback.details;
  const askedFor = endUser === undefined ? undefined : { gms_user: endUser };
  // A literal that spreads these parts takes five times as long: 2 ms in an answer of 250.
  return Object.assign({}, callback.userData, own, ended, askedFor);
}

/** Where a callback is found, below this server. */
export function urlOf({ virtualQueue, id }: Pick<Callback, 'virtualQueue' | 'id'>): string {
  return `/genesys/1/service/callback/${encodeURIComponent(virtualQueue)}/${id}`;
}

/** The field's word for how a callback ended. */
export function reasonOf({
  reason,
  previewRejectCount,
}: Pick<Callback, 'reason' | 'previewRejectCount'>): string {
  switch (reason) {
    case 'COMPLETED_BY_AGENT':
    case 'RESCHEDULED_BY_AGENT':
    case 'SERVED_INBOUND':
      return 'AGENT_CONNECTED';
    case 'CANCELLED_BY_ADMIN':
    case 'CANCELLED_BY_API':
    case 'CANCELLED_BY_CUSTOMER':
      return 'CANCELLED';
    case 'MAX_ATTEMPTS_REACHED':
    case 'NUMBER_BLOCKED':
    case 'COUNTRY_NOT_PERMITTED':
      return 'FAIL_CALL_TO_CUSTOMER';
    case 'CUSTOMER_NOT_CONFIRMED':
    case 'PUSH_EXPIRED':
      return 'FAIL_USER_NO_CONFIRM';
    case 'CUSTOMER_ABANDONED':
      return 'FAIL_INTERACTION_DELETED';
    case 'PREVIEW_REJECTED':
      return `AGENT_PREVIEW_CANCEL_AFTER_${previewRejectCount}REJECTS`;
    case 'PURGED_TIMEOUT':
    case 'PURGED_END_OF_DAY':
      return 'FAIL_TIMEOUT_TTL';
    case 'NO_AGENT':
      return 'FAIL_TARGET_NOT_FOUND';
    case 'ERROR':
      return 'FAIL_ERROR';
    case null:
      return 'NOT_AVAILABLE';
    default:
      return reason satisfies never;
  }
}

const ALL_REASONS = Object.keys({
  COMPLETED_BY_AGENT: true,
  CANCELLED_BY_ADMIN: true,
  CANCELLED_BY_API: true,
  CANCELLED_BY_CUSTOMER: true,
  RESCHEDULED_BY_AGENT: true,
  MAX_ATTEMPTS_REACHED: true,
  CUSTOMER_NOT_CONFIRMED: true,
  CUSTOMER_ABANDONED: true,
  PREVIEW_REJECTED: true,
  PURGED_TIMEOUT: true,
  PURGED_END_OF_DAY: true,
  PUSH_EXPIRED: true,
  NUMBER_BLOCKED: true,
  COUNTRY_NOT_PERMITTED: true,
  NO_AGENT: true,
  SERVED_INBOUND: true,
  ERROR: true,
} satisfies Record<CallbackReason, true>) as CallbackReason[];

/** The reasons that the field has this word for; none: it is no word of the field. */
export function reasonsOf(word: string): readonly CallbackReason[] {
  const previewRejectCount = Number(/^AGENT_PREVIEW_CANCEL_AFTER_(\d{1,6})REJECTS$/.exec(word)?.[1] ?? 0);
  return ALL_REASONS.filter((reason) => reasonOf({ reason, previewRejectCount }) === word);
}

/** The field's words for how callbacks end, as the compatibility page has them. */
const REASON_WORDS = ALL_REASONS.map((reason) =>
  reasonOf({ reason, previewRejectCount: 0 }).replace('0REJECTS', '<n>REJECTS'),
);

/** One of the field's words in a request; of one that there is none of, nothing would ever be found. */
export const reasonWord = text(64).refine(
  (word) => reasonsOf(word).length > 0,
  `must be one of ${[...new Set(REASON_WORDS)].join(', ')}`,
);
