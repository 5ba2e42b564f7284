import type { BookingRefusal } from '../callback/booking-check.ts';
import type { BookingDetails, PushTarget } from '../callback/booking-details.ts';
import type { CallbackSearch, FoundCallbacks } from '../callback/callback-search.ts';
import type { CallbackFilter } from '../callback/callback-store.ts';
import type { Actor, Attempt, Callback, CallbackEvent } from '../callback/callback.ts';
import type { CallbackOrigin } from '../callback/new-callback.ts';
import type { ImmediateRefusal, OpenFor, ScheduledRefusal } from '../calendar/open-for.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { WaitEstimatorName } from '../callback/queue-settings.ts';
import type { WaitEstimate } from '../queue/wait-estimator.ts';
import type { WantedState } from '../routing/agent-registry.ts';
import type { AgentStatus } from '../routing/agent.ts';
import type { CallInOutcome, CallInRequest } from './call-in-desk.ts';
import type { QueueWaitView } from './queue-wait-view.ts';
import type { Availability, AvailabilityQuestion, BookingMode } from './slot-desk.ts';

/** What a client asks for when it creates a callback. */
export interface CallbackRequest {
  /**
   * Chosen by the edge for an idempotent create: when a callback of this id exists, `createCallback` makes
   * nothing and returns that one, so a request repeated after a crash rings nobody twice. Undefined: the
   * application chooses.
   */
  readonly id?: CallbackId;
  readonly virtualQueue: string;
  /** As typed: national or international; parsed for the queue's country. */
  readonly customerNumber: string;
  /** UTC epoch ms; undefined: as soon as possible. */
  readonly desiredAtMs?: number;
  /**
   * How hours, enablement and slots are enforced where the queue's `bookingCheck` does not say; default
   * strict.
   */
  readonly check?: BookingMode;
  readonly language?: string;
  readonly priority?: number;
  readonly userData?: Readonly<Record<string, string>>;
  /** What is told about the offer, and what it overrides of the queue's settings. */
  readonly details?: BookingDetails;
  /**
   * The time asked for must have a free slot, whatever the queue's `bookingCheck` says, also when it is now;
   * a time that is over has none. Default false.
   */
  readonly alwaysCheckCapacity?: boolean;
  /** Which API it came through, for the history. Default: `native`. */
  readonly through?: CallbackOrigin;
}

/** Expected ways to be refused; the HTTP adapter maps each to a status. */
export type Refusal =
  | { readonly kind: 'unknown-queue'; readonly virtualQueue: string }
  | { readonly kind: 'invalid-number'; readonly reason: string }
  /** The queue's settings or its number rule forbid calling it. */
  | {
      readonly kind: 'number-not-permitted';
      readonly step: 'country' | 'premium' | 'pattern';
      readonly reason: string;
    }
  | { readonly kind: 'queue-full'; readonly max: number }
  /** The customer of this queue dials in when told to: a device to tell must be named. */
  | { readonly kind: 'push-target-missing' }
  /** The customer of this queue is not called: accepting means asking for a number to call in. */
  | { readonly kind: 'call-in-needed' }
  | BookingRefusal
  /** The queue does not take such callbacks, or not now. */
  | {
      readonly kind: 'not-bookable';
      readonly what: 'immediate' | 'scheduled';
      readonly reason: ImmediateRefusal | ScheduledRefusal;
    }
  | { readonly kind: 'not-found' }
  /** No reason for not being ready that the configuration knows. */
  | { readonly kind: 'unknown-reason'; readonly reason: string; readonly known: readonly string[] }
  /** Nobody can be reached there now: at other work, not registered, closed. */
  | { readonly kind: 'target-unavailable'; readonly reason: string }
  /** The agent took a case whose customer may not be called now: why. */
  | { readonly kind: 'not-called'; readonly reason: string }
  /** The state does not allow it; nothing was changed. */
  | { readonly kind: 'not-allowed'; readonly state: string; readonly allowed: readonly string[] };

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

/** Now, a little later, or not at all. */
export type PushAnswer = 'accept' | 'snooze' | 'cancel';

/** A callback after a change. `repeated`: the change had been made before; nothing was done now. */
export interface CallbackChange {
  readonly callback: Callback;
  readonly repeated: boolean;
}

/** What became of one of several cancellations. */
export interface Cancellation {
  readonly id: CallbackId;
  readonly outcome: Outcome<Callback>;
}

/** One virtual queue now. */
export interface QueueView {
  readonly name: string;
  readonly open: boolean;
  readonly waitingCallCount: number;
  readonly waitingCallbackCount: number;
  /** Open callbacks of every state. */
  readonly openCallbackCount: number;
  readonly readyAgentCount: number;
  readonly loggedInAgentCount: number;
  /** Wait of somebody who would join now, in seconds; −1 when nothing can be known. */
  readonly ewtSec: number;
  /** Position somebody who would join now would have. */
  readonly nextPosition: number;
  readonly overtakeCount: number;
}

/** One agent now. */
export interface AgentView extends AgentStatus {
  readonly name: string;
  readonly sipUser: string;
  readonly skills: Readonly<Record<string, number>>;
  readonly reachable: boolean;
}

/** What an agent, or a supervisor for them, wants to be. */
export interface AgentWish {
  readonly state: WantedState;
  /** Why not ready: one of the configured reasons. Default: none in particular. */
  readonly reason?: string;
}

/** A callback with its history. */
export interface CallbackView extends Callback {
  readonly attempts: readonly Attempt[];
  readonly events: readonly CallbackEvent[];
  /** Place in line, 1 is next; null when it has no token. */
  readonly position: number | null;
}

/** How much is going on now. */
export interface LoadView {
  readonly inboundCallCount: number;
  /** Customers being called or on the line. */
  readonly customerCallCount: number;
  readonly openCallbacks: readonly {
    readonly queue: string;
    readonly state: string;
    readonly count: number;
  }[];
}

/** One dependency's health. */
export interface HealthPart {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Everything the HTTP adapter may ask of the application; wired in main.ts. */
export interface Application {
  createCallback(request: CallbackRequest, actor: Actor): Promise<Outcome<Callback>>;
  findCallback(id: CallbackId): Promise<CallbackView | undefined>;
  listCallbacks(filter: CallbackFilter): Promise<readonly Callback[]>;
  /**
   * Also by customer data, desired time and reason; a page may be short, or empty, and still not the last.
   */
  searchCallbacks(search: CallbackSearch): Promise<FoundCallbacks>;
  cancelCallback(id: CallbackId, actor: Actor): Promise<Outcome<Callback>>;
  /** Each by itself, in the order of the ids. */
  cancelCallbacks(ids: readonly CallbackId[], actor: Actor): Promise<readonly Cancellation[]>;
  /**
   * What the customer said when the device asked whether to call now (S9): `accept` and `snooze` while it
   * asks, `cancel` as `cancelCallback`. To accept twice is to accept.
   */
  answerPush(id: CallbackId, answer: PushAnswer, actor: Actor): Promise<Outcome<Callback>>;
  /** Other devices to be told about a callback, in every state but COMPLETED. */
  changeDevices(id: CallbackId, pushTargets: readonly PushTarget[], actor: Actor): Promise<Outcome<Callback>>;
  /**
   * Another desired time, in SCHEDULED and QUEUED. With `agentId`, the agent who has the call: a new callback
   * for that time, which is the answer.
   */
  rescheduleCallback(
    id: CallbackId,
    change: {
      readonly desiredAtMs: number;
      readonly agentId?: string;
      /** The new time must have a free slot whatever the queue's `bookingCheck` says. Default false. */
      readonly alwaysCheckCapacity?: boolean;
    },
    actor: Actor,
  ): Promise<Outcome<CallbackChange>>;
  /** A new callback for a COMPLETED one, once; undefined `desiredAtMs`: as soon as possible. */
  recreateCallback(
    id: CallbackId,
    desiredAtMs: number | undefined,
    actor: Actor,
  ): Promise<Outcome<CallbackChange>>;
  agents(): readonly AgentView[];
  /**
   * Ready, not ready or logged out. During work the wish is kept for afterwards; WRAP_UP_DONE ends after-call
   * work, EXTEND_WRAP_UP draws it out.
   */
  /** What may be given as a reason for not being ready, in the order in which it is shown. */
  notReadyReasons(): readonly string[];
  setAgentState(agentId: string, wish: AgentWish, actor: Actor): Promise<Outcome<AgentView>>;
  queues(): readonly QueueView[];
  /** Their names alone, which cost nothing: waits and agents are counted for the rest. */
  queueNames(): readonly string[];
  /** What is known of the waits of a queue; undefined: no such queue. */
  queueWaits(queue: string): QueueWaitView | undefined;
  /**
   * The wait of somebody at this place in a queue's line (default: who would join now), by this estimator
   * (default: the queue's); undefined: no such queue.
   */
  estimateWait(
    queue: string,
    question?: { readonly position?: number; readonly estimator?: WaitEstimatorName },
  ): WaitEstimate | undefined;
  /** The number to dial for a customer who calls in. */
  requestCallIn(request: CallInRequest, actor: Actor): Promise<CallInOutcome>;
  /** Free slots of a queue; undefined: no such queue. */
  availability(queue: string, question: AvailabilityQuestion): Promise<Availability | undefined>;
  /** Whether the queue is open and what it offers at an instant, default now; undefined: no such queue. */
  openFor(queue: string, atMs?: number): OpenFor | undefined;
  /** Counts for the metrics. */
  loads(): LoadView;
  health(): readonly HealthPart[];
  /** False while starting, stopping or cut off from a server: load balancers stop sending. */
  ready(): boolean;
}
