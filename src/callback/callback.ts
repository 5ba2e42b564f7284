import type { AttemptId, CallbackId, CallId } from '../kernel/ids.ts';
import type { DialResult, Termination } from '../telephony/termination.ts';
import type { BookingDetails } from './booking-details.ts';
import type { ConnectStrategy } from './queue-settings.ts';

/** Where a callback is in its life, as APIs and screens show it (product §3). */
export const CallbackState = {
  scheduled: 'SCHEDULED',
  queued: 'QUEUED',
  routing: 'ROUTING',
  processing: 'PROCESSING',
  completed: 'COMPLETED',
} as const;
export type CallbackState = (typeof CallbackState)[keyof typeof CallbackState];

/** The finer place inside SCHEDULED, ROUTING and PROCESSING; null where a state has none. */
export type CallbackSubState =
  | 'due-later'
  | 'retry-wait'
  | 'preview'
  | 'pushed'
  | 'dialing'
  | 'redial-wait'
  | 'detecting'
  | 'confirming'
  | 'waiting-for-agent'
  | 'ringing-agent'
  | 'connected'
  | 'after-call-work';

/** Why a callback ended (product §3). */
export type CallbackReason =
  | 'COMPLETED_BY_AGENT'
  | 'CANCELLED_BY_ADMIN'
  | 'CANCELLED_BY_API'
  | 'CANCELLED_BY_CUSTOMER'
  | 'RESCHEDULED_BY_AGENT'
  | 'MAX_ATTEMPTS_REACHED'
  | 'CUSTOMER_NOT_CONFIRMED'
  | 'CUSTOMER_ABANDONED'
  | 'PREVIEW_REJECTED'
  | 'PURGED_TIMEOUT'
  | 'PURGED_END_OF_DAY'
  | 'PUSH_EXPIRED'
  | 'NUMBER_BLOCKED'
  | 'COUNTRY_NOT_PERMITTED'
  | 'NO_AGENT'
  | 'SERVED_INBOUND'
  | 'ERROR';

/** Which of the two limits of age ends a callback that nobody could serve (product §3 rule 4). */
export type PurgeCause = 'timeout' | 'end-of-day';

/** Who caused a change; the "who" of every event. */
export type Actor =
  | { readonly kind: 'customer' }
  | { readonly kind: 'agent'; readonly id: string }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'api-key'; readonly id: string }
  | { readonly kind: 'system'; readonly part: string };

/** The record of a promise to call someone. */
export interface Callback {
  readonly id: CallbackId;
  readonly virtualQueue: string;
  /** E.164 where it could be parsed, else the extension as given. */
  readonly customerNumber: string;
  readonly state: CallbackState;
  readonly subState: CallbackSubState | null;
  readonly reason: CallbackReason | null;
  /** `ivr`: booked by a caller in the line; `api`: created over HTTP. */
  readonly origin: 'ivr' | 'api';
  /** The inbound call it was booked from. */
  readonly originCallId: CallId | null;
  /** The DID the customer had dialled; shown back as caller id where the queue sets none. */
  readonly dialledNumber: string | null;
  readonly language: string;
  readonly createdAtMs: number;
  /**
   * When the customer first took the place in line; the token's age. Only another desired time moves it: the
   * place is then that time.
   */
  readonly placeAtMs: number;
  readonly priority: number;
  /** When the customer wants to be called; equals `placeAtMs` for an immediate callback. */
  readonly desiredAtMs: number;
  /** How the pass in progress connects customer and agent; null in SCHEDULED and QUEUED. */
  readonly strategy: ConnectStrategy | null;
  readonly attemptCount: number;
  /** Agents offered to the customer of the current attempt so far. */
  readonly agentOfferCount: number;
  /** How often agents who looked at the case have rejected it, in all passes together. */
  readonly previewRejectCount: number;
  /** Passes through the line that ended after `queueTtlSec` without a dial; each counts like an attempt. */
  readonly expiredPassCount: number;
  /** How often the customer asked to be called a little later; such an attempt is not held against them. */
  readonly snoozeCount: number;
  /** The agent reserved, ringing, talking or finishing; null otherwise. */
  readonly agentId: string | null;
  /** The attempt in progress, or the last one. */
  readonly attemptId: AttemptId | null;
  /** When the current state asks for attention by itself; null in COMPLETED. Mirrors the due row. */
  readonly dueAtMs: number | null;
  /** When it first entered QUEUED for its present desired time; null before. */
  readonly queuedAtMs: number | null;
  /** When it is purged while nobody is being called for it, and by which limit; null: never. */
  readonly purgeAtMs: number | null;
  readonly purgeCause: PurgeCause | null;
  /**
   * How often the customer's device was asked; since when it is asked, or in QUEUED: the customer has said
   * yes.
   */
  readonly pushCount: number;
  readonly pushedAtMs: number | null;
  /** Since when its queue is known to be configured no more; null: it is. */
  readonly queueMissingSinceMs: number | null;
  readonly completedAtMs: number | null;
  /** The ended callback that this one repeats, and the one that repeats this one. */
  readonly recreatedFrom: CallbackId | null;
  readonly recreatedTo: CallbackId | null;
  /** The callback whose agent arranged this one, and the one that the agent arranged during this one. */
  readonly rescheduledFrom: CallbackId | null;
  readonly rescheduledTo: CallbackId | null;
  /** Key-value data given at creation, carried to the agent; JSON object of at most 8 KiB. */
  readonly userData: Readonly<Record<string, string>>;
  /** What was told about the offer, and what it overrides. */
  readonly details: BookingDetails;
  /** Raised by one with every stored change. */
  readonly version: number;
}

/** The desired time is a window of this length; SCHEDULED beyond it is late (product §3 rule 5). */
const DESIRED_WINDOW_MS = 120_000;

/**
 * True when the desired time is over and nobody has called yet. After an attempt, the wait for the next one
 * is no lateness.
 */
export function isLate(callback: Callback, nowMs: number): boolean {
  const { state, attemptCount, desiredAtMs } = callback;
  return state === 'SCHEDULED' && attemptCount === 0 && nowMs > desiredAtMs + DESIRED_WINDOW_MS;
}

/** One outbound call to the customer for a callback. The row is durable before its INVITE leaves (rule 1). */
export interface Attempt {
  readonly id: AttemptId;
  readonly callbackId: CallbackId;
  /** 1 for the first. */
  readonly number: number;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly result: DialResult | null;
  readonly termination: Termination | null;
  readonly confirmed: boolean;
}

/** One line of the append-only history: what happened, when, who and why. */
export interface CallbackEvent {
  readonly callbackId: CallbackId;
  readonly atMs: number;
  /** The machine's event, for example `ANSWERED`, or `REFUSED` for one that the state does not take. */
  readonly kind: string;
  readonly actor: Actor;
  /** State and sub-state after the event. */
  readonly state: CallbackState;
  readonly subState: CallbackSubState | null;
  readonly data: Readonly<Record<string, unknown>>;
}
