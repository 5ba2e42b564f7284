import type { z } from 'zod';
import type { FreeSlot } from '../../calendar/slot-booking.ts';
import {
  type Actor,
  type Attempt,
  type Callback,
  type CallbackEvent,
  isLate,
} from '../../callback/callback.ts';
import { reportedDetails } from '../../callback/booking-details.ts';
import { maskNumber, maskNumbersIn } from '../logging/number-mask.ts';
import type { ApiKey, User } from './access-store.ts';
import type { Principal } from './access.ts';
import { may } from './access-rules.ts';
import type {
  agentSchema,
  apiKeySchema,
  callbackDetailSchema,
  callbackSchema,
  errorRecordSchema,
  slotSchema,
  traceSchema,
  userSchema,
} from './api-schemas.ts';
import type { AgentView, CallbackView } from '../../application/application.ts';
import type { TraceView } from './call-tracing.ts';
import type { ErrorRecord } from './error-store.ts';

/** Epoch ms → ISO 8601 UTC. */
export function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function isoOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : isoOf(epochMs);
}

/** True when this principal may read the customer's number of this callback in full. */
export function maySeeNumber(principal: Principal, callback: Callback): boolean {
  if (may(principal, 'seeNumbers')) return true;
  return (
    principal.agentId !== null && principal.agentId === callback.agentId && callback.state !== 'COMPLETED'
  );
}

/** A callback for a list; numbers masked unless this principal may see them. */
export function callbackJson(
  callback: Callback,
  principal: Principal,
  nowMs: number,
): z.infer<typeof callbackSchema> {
  const clear = maySeeNumber(principal, callback);
  return {
    id: callback.id,
    virtualQueue: callback.virtualQueue,
    customerNumber: clear ? callback.customerNumber : maskNumber(callback.customerNumber),
    state: callback.state,
    subState: callback.subState,
    reason: callback.reason,
    origin: callback.origin,
    originCallId: callback.originCallId,
    dialledNumber: callback.dialledNumber,
    language: callback.language,
    createdAt: isoOf(callback.createdAtMs),
    placeAt: isoOf(callback.placeAtMs),
    desiredAt: isoOf(callback.desiredAtMs),
    late: isLate(callback, nowMs),
    dueAt: isoOrNull(callback.dueAtMs),
    queuedAt: isoOrNull(callback.queuedAtMs),
    purgeAt: isoOrNull(callback.purgeAtMs),
    pushedAt: isoOrNull(callback.pushedAtMs),
    completedAt: isoOrNull(callback.completedAtMs),
    priority: callback.priority,
    strategy: callback.strategy,
    attemptCount: callback.attemptCount,
    agentOfferCount: callback.agentOfferCount,
    previewRejectCount: callback.previewRejectCount,
    expiredPassCount: callback.expiredPassCount,
    snoozeCount: callback.snoozeCount,
    pushCount: callback.pushCount,
    agentId: callback.agentId,
    recreatedFrom: callback.recreatedFrom,
    recreatedTo: callback.recreatedTo,
    rescheduledFrom: callback.rescheduledFrom,
    rescheduledTo: callback.rescheduledTo,
    userData: clear ? { ...callback.userData } : (maskedDeep(callback.userData) as Record<string, string>),
    details: { ...reportedDetails(callback.details) },
    version: callback.version,
  };
}

/** A callback with its attempts, history and place. */
export function callbackDetailJson(
  view: CallbackView,
  principal: Principal,
  nowMs: number,
): z.infer<typeof callbackDetailSchema> {
  const clear = maySeeNumber(principal, view);
  return {
    ...callbackJson(view, principal, nowMs),
    position: view.position,
    attempts: view.attempts.map(attemptJson),
    events: view.events.map((event) => eventJson(event, clear)),
  };
}

function attemptJson(attempt: Attempt): z.infer<typeof callbackDetailSchema>['attempts'][number] {
  return {
    id: attempt.id,
    number: attempt.number,
    startedAt: isoOf(attempt.startedAtMs),
    answeredAt: isoOrNull(attempt.answeredAtMs),
    endedAt: isoOrNull(attempt.endedAtMs),
    result: attempt.result,
    termination: attempt.termination,
    confirmed: attempt.confirmed,
  };
}

/** One line of a callback's history; `clear`: with telephone numbers in full. */
export function eventJson(
  event: CallbackEvent,
  clear: boolean,
): z.infer<typeof callbackDetailSchema>['events'][number] {
  return {
    at: isoOf(event.atMs),
    kind: event.kind,
    actor: { kind: event.actor.kind, id: actorId(event.actor) },
    state: event.state,
    subState: event.subState,
    data: clear ? { ...event.data } : (maskedDeep(event.data) as Record<string, unknown>),
  };
}

function actorId(actor: Actor): string | null {
  if (actor.kind === 'customer') return null;
  return actor.kind === 'system' ? actor.part : actor.id;
}

/** Deeper than anything we store; bounds the walk. */
const DEPTH_MAX = 8;

/** A copy with every telephone number in its texts masked; what is deeper than we store reads `[deep]`. */
export function maskedDeep(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskNumbersIn(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => maskedDeep(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskedDeep(item, depth + 1)]));
}

/**
 * An agent as the API shows it. What they serve may be of any queue: members of access groups are told of it
 * by the calls and cases of their queues, and here only of their own work.
 */
export function agentJson(
  agent: AgentView,
  viewer: Pick<Principal, 'agentId' | 'queues'>,
): z.infer<typeof agentSchema> {
  const seesSubject = viewer.queues === null || viewer.agentId === agent.agentId;
  return {
    id: agent.agentId,
    name: agent.name,
    sipUser: agent.sipUser,
    state: agent.state,
    notReadyReason: agent.notReadyReason,
    since: agent.sinceMs === 0 ? null : isoOf(agent.sinceMs),
    idleSince: agent.idleSinceMs === 0 ? null : isoOf(agent.idleSinceMs),
    subjectId: seesSubject ? agent.subjectId : null,
    dueAt: isoOrNull(agent.dueAtMs),
    afterWork: agent.afterWork,
    reachable: agent.reachable,
    skills: { ...agent.skills },
  };
}

/** A slot with the places left in it. */
export function slotJson(slot: FreeSlot): z.infer<typeof slotSchema> {
  const { startMs, endMs, capacity, freeCount } = slot;
  return { start: isoOf(startMs), end: isoOf(endMs), capacity, freeCount };
}

/** An API key without its hash. */
export function apiKeyJson(key: ApiKey): z.infer<typeof apiKeySchema> {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    scopes: [...key.scopes],
    origins: [...key.origins],
    accessGroups: [...key.accessGroups],
    createdBy: key.createdBy,
    createdAt: isoOf(key.createdAtMs),
    expiresAt: isoOrNull(key.expiresAtMs),
    lastUsedAt: isoOrNull(key.lastUsedAtMs),
    previousValidUntil: isoOrNull(key.previousUntilMs),
  };
}

/** A user without the password's hash. */
export function userJson(user: User): z.infer<typeof userSchema> {
  return {
    name: user.name,
    role: user.role,
    agentId: user.agentId,
    enabled: user.enabled,
    accessGroups: [...user.accessGroups],
    createdAt: isoOf(user.createdAtMs),
    updatedAt: isoOf(user.updatedAtMs),
  };
}

/** An error record with its time as text. */
export function errorRecordJson(record: ErrorRecord): z.infer<typeof errorRecordSchema> {
  const { atMs, ...rest } = record;
  return { ...rest, at: isoOf(atMs) };
}

/** A trace without its messages; the number followed is masked for those who may not see numbers. */
export function traceJson(trace: TraceView): z.infer<typeof traceSchema> {
  return {
    id: trace.id,
    subject: trace.subject,
    startedAt: isoOf(trace.startedAtMs),
    endsAt: isoOf(trace.endsAtMs),
    messageCount: trace.messageCount,
  };
}
