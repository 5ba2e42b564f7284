import type { CallbackId, CallId } from '../kernel/ids.ts';
import { type BookingDetails, reportedDetails } from './booking-details.ts';
import { type CallbackPolicy, purgeOf } from './callback-policy.ts';
import type { Actor, Callback, CallbackEvent } from './callback.ts';

/**
 * Through what a callback was asked for: the native API (programs, the console and the agents' workspace),
 * the two compatible ones, or on the telephone.
 */
export const callbackOrigins = ['native', 'ges', 'gms', 'ivr'] as const;
export type CallbackOrigin = (typeof callbackOrigins)[number];

/** What is asked for when a callback is booked. */
export interface NewCallback {
  /** Chosen before, so that the same request is never stored twice; default a new one. */
  readonly id?: CallbackId;
  readonly virtualQueue: string;
  readonly customerNumber: string;
  readonly origin: 'ivr' | 'api';
  /** For the history. Default: what follows from `origin`, which of the APIs excepted. */
  readonly through?: CallbackOrigin;
  readonly originCallId?: CallId;
  readonly dialledNumber?: string;
  readonly language: string;
  /** When the customer first took the place; default now. */
  readonly placeAtMs?: number;
  /** Default, and for a time that is over: at once. */
  readonly desiredAtMs?: number;
  /**
   * Counts as booked for its time also when that is now or past: it is then for the next instant, and takes a
   * place in the slot that is now. Default false.
   */
  readonly takesSlot?: boolean;
  /** Default: the queue's `priorityInitial`. */
  readonly priority?: number;
  readonly userData?: Readonly<Record<string, string>>;
  readonly details?: BookingDetails;
  /** The COMPLETED callback that this one repeats. */
  readonly recreatedFrom?: CallbackId;
  /** The callback whose agent arranged this one. */
  readonly rescheduledFrom?: CallbackId;
}

/** What a new record needs beside the request. */
export interface NewCallbackFacts {
  readonly id: CallbackId;
  readonly nowMs: number;
  readonly priorityInitial: number;
  readonly policy: CallbackPolicy;
}

/** It waits for this time already: SCHEDULED for it, or in the line where both times are over. */
export function isWantedAt(
  { state, desiredAtMs }: Pick<Callback, 'state' | 'desiredAtMs'>,
  askedAtMs: number,
  nowMs: number,
): boolean {
  if (state === 'QUEUED') return Math.max(desiredAtMs, nowMs) === Math.max(askedAtMs, nowMs);
  return state === 'SCHEDULED' && desiredAtMs === askedAtMs;
}

/**
 * The record of a new promise. For a later time its place in line is that time, and it waits until it is
 * `readyLeadMs` ahead; otherwise it is in the line at once.
 */
export function newCallback(request: NewCallback, facts: NewCallbackFacts): Callback {
  const { id, nowMs, policy, priorityInitial } = facts;
  const takenAtMs = request.placeAtMs ?? nowMs;
  // A time that is over is wanted at once: records are kept, searched and judged late by it.
  const askedAtMs = Math.max(request.desiredAtMs ?? takenAtMs, takenAtMs);
  const desiredAtMs = request.takesSlot === true ? Math.max(askedAtMs, nowMs + 1) : askedAtMs;
  const readyAtMs = desiredAtMs - policy.readyLeadMs;
  const waits = readyAtMs > nowMs;
  const age = waits
    ? { queuedAtMs: null, purgeAtMs: null, purgeCause: null }
    : { queuedAtMs: nowMs, ...purgeOf(policy, nowMs) };
  return {
    id,
    virtualQueue: request.virtualQueue,
    customerNumber: request.customerNumber,
    state: waits ? 'SCHEDULED' : 'QUEUED',
    subState: waits ? 'due-later' : null,
    reason: null,
    origin: request.origin,
    originCallId: request.originCallId ?? null,
    dialledNumber: request.dialledNumber ?? null,
    language: request.language,
    createdAtMs: nowMs,
    placeAtMs: desiredAtMs > nowMs ? desiredAtMs : takenAtMs,
    priority: request.priority ?? priorityInitial,
    desiredAtMs,
    strategy: null,
    attemptCount: 0,
    agentOfferCount: 0,
    previewRejectCount: 0,
    expiredPassCount: 0,
    snoozeCount: 0,
    agentId: null,
    attemptId: null,
    dueAtMs: waits ? readyAtMs : nowMs + policy.queueTtlMs,
    ...age,
    pushCount: 0,
    pushedAtMs: null,
    queueMissingSinceMs: null,
    completedAtMs: null,
    recreatedFrom: request.recreatedFrom ?? null,
    recreatedTo: null,
    rescheduledFrom: request.rescheduledFrom ?? null,
    rescheduledTo: null,
    userData: request.userData ?? {},
    details: request.details ?? {},
    version: 1,
  };
}

/** A request for the same customer, queue and case as an earlier callback; place and attempts begin anew. */
export function sameCaseAgain(
  {
    virtualQueue,
    customerNumber,
    origin,
    originCallId,
    dialledNumber,
    language,
    priority,
    userData,
    details,
  }: Callback,
  wish: Pick<NewCallback, 'desiredAtMs' | 'recreatedFrom' | 'rescheduledFrom'>,
): NewCallback {
  return {
    virtualQueue,
    customerNumber,
    origin,
    ...(originCallId !== null && { originCallId }),
    ...(dialledNumber !== null && { dialledNumber }),
    language,
    priority,
    userData,
    details,
    ...wish,
  };
}

/**
 * The first line of a callback's history. It holds what reports need of the record, which is deleted before
 * its events; numbers and data of the customer are not among it.
 */
export function creationEvent(callback: Callback, actor: Actor, through?: CallbackOrigin): CallbackEvent {
  const { id: callbackId, createdAtMs: atMs, state, subState } = callback;
  const { virtualQueue, origin, originCallId, language, priority, placeAtMs, desiredAtMs } = callback;
  const { recreatedFrom, rescheduledFrom } = callback;
  const data = {
    virtualQueue,
    origin,
    originCallId,
    language,
    priority,
    placeAtMs,
    desiredAtMs,
    ...(through !== undefined && { through }),
    ...reportedDetails(callback.details),
    ...(recreatedFrom !== null && { recreatedFrom }),
    ...(rescheduledFrom !== null && { rescheduledFrom }),
  };
  return { callbackId, atMs, kind: 'CREATED', actor, state, subState, data };
}

/** The line that tells in an ended callback's history which one repeats it. */
export function linkEvent(
  { id: callbackId, state, subState }: Callback,
  line: {
    readonly nowMs: number;
    readonly actor: Actor;
    readonly kind: 'RECREATED';
    readonly newId: CallbackId;
  },
): CallbackEvent {
  const { nowMs: atMs, actor, kind, newId } = line;
  return { callbackId, atMs, kind, actor, state, subState, data: { newId } };
}
