import type { CallbackId, CallId } from '../kernel/ids.ts';
import { type CallbackPolicy, purgeOf } from './callback-policy.ts';
import type { Callback } from './callback.ts';

/** What is asked for when a callback is booked. */
export interface NewCallback {
  /** Chosen before, so that the same request is never stored twice; default a new one. */
  readonly id?: CallbackId;
  readonly virtualQueue: string;
  readonly customerNumber: string;
  readonly origin: 'ivr' | 'api';
  readonly originCallId?: CallId;
  readonly dialledNumber?: string;
  readonly language: string;
  /** When the customer first took the place; default now. */
  readonly placeAtMs?: number;
  /** Default: at once. */
  readonly desiredAtMs?: number;
  /** Default: the queue's `priorityInitial`. */
  readonly priority?: number;
  readonly userData?: Readonly<Record<string, string>>;
}

/** What a new record needs beside the request. */
export interface NewCallbackFacts {
  readonly id: CallbackId;
  readonly nowMs: number;
  readonly priorityInitial: number;
  readonly policy: CallbackPolicy;
}

/**
 * The record of a new promise. For a later time its place in line is that time, and it waits until it is
 * `readyLeadMs` ahead; otherwise it is in the line at once.
 */
export function newCallback(request: NewCallback, facts: NewCallbackFacts): Callback {
  const { id, nowMs, policy, priorityInitial } = facts;
  const takenAtMs = request.placeAtMs ?? nowMs;
  const desiredAtMs = request.desiredAtMs ?? takenAtMs;
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
    recreatedFrom: null,
    recreatedTo: null,
    rescheduledFrom: null,
    rescheduledTo: null,
    userData: request.userData ?? {},
    version: 1,
  };
}
