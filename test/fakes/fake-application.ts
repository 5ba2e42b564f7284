import type { PushTarget } from '../../src/callback/booking-details.ts';
import type {
  AgentView,
  AgentWish,
  Application,
  CallbackChange,
  CallbackRequest,
  CallbackView,
  Cancellation,
  HealthPart,
  Outcome,
  LoadView,
  QueueView,
  Refusal,
} from '../../src/application/application.ts';
import type { CallInOutcome, CallInRequest } from '../../src/application/call-in-desk.ts';
import type { Availability, AvailabilityQuestion } from '../../src/application/slot-desk.ts';
import type { OpenFor } from '../../src/calendar/open-for.ts';
import {
  type CallbackSearch,
  type FoundCallbacks,
  isFound,
  searchOrder,
} from '../../src/callback/callback-search.ts';
import type { CallbackFilter } from '../../src/callback/callback-store.ts';
import type { Actor, Callback } from '../../src/callback/callback.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { CallbackId, IdSource } from '../../src/kernel/ids.ts';
import { aCallback } from './callbacks.ts';

/** The {@link Application} in memory: keeps what it is asked and what it made; `refuseNext` refuses once. */

export class FakeApplication implements Application {
  readonly callbacks = new Map<string, CallbackView>();
  readonly actors: Actor[] = [];
  /** What was asked of availability. */
  readonly questions: AvailabilityQuestion[] = [];
  /** What was asked of the call-in desk, and what it says. */
  readonly callIns: CallInRequest[] = [];
  callInOutcome: CallInOutcome = {
    ok: false,
    refusal: { kind: 'unknown-group', groupName: 'none' },
  };
  refuseNext: Refusal | undefined;
  throwNext: Error | undefined;
  /** Awaited before a callback is made; lets a test hold a request in the middle. */
  gate: Promise<void> = Promise.resolve();
  isReady = true;
  parts: HealthPart[] = [{ name: 'storage', ok: true, detail: 'writes' }];
  readonly #clock: Clock;
  readonly #ids: IdSource;

  constructor(clock: Clock, ids: IdSource) {
    this.#clock = clock;
    this.#ids = ids;
  }

  async createCallback(request: CallbackRequest, actor: Actor): Promise<Outcome<Callback>> {
    await this.gate;
    this.#throwIfAsked();
    const refusal = this.#takeRefusal();
    if (refusal) return { ok: false, refusal };
    const known = request.id === undefined ? undefined : this.callbacks.get(request.id);
    if (known) return { ok: true, value: known };
    this.actors.push(actor);
    const nowMs = this.#clock.nowMs();
    const callback: CallbackView = {
      ...aCallback(),
      id: request.id ?? this.#ids.next('callback'),
      virtualQueue: request.virtualQueue,
      customerNumber: request.customerNumber,
      dialledNumber: null,
      language: request.language ?? 'en',
      createdAtMs: nowMs,
      placeAtMs: nowMs,
      priority: request.priority ?? 0,
      desiredAtMs: request.desiredAtMs ?? nowMs,
      userData: request.userData ?? {},
      details: request.details ?? {},
      attempts: [],
      events: [
        {
          callbackId: request.id ?? 'callback_x',
          atMs: nowMs,
          kind: 'CREATED',
          actor,
          state: 'QUEUED',
          subState: null,
          data: { customerNumber: request.customerNumber },
        },
      ],
      position: 1,
    };
    this.callbacks.set(callback.id, callback);
    return { ok: true, value: callback };
  }

  async findCallback(id: CallbackId): Promise<CallbackView | undefined> {
    this.#throwIfAsked();
    return this.callbacks.get(id);
  }

  async listCallbacks(filter: CallbackFilter): Promise<readonly Callback[]> {
    return [...this.callbacks.values()]
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .filter((callback) => filter.states?.includes(callback.state) ?? true)
      .filter((callback) => callback.virtualQueue === (filter.virtualQueue ?? callback.virtualQueue))
      .filter((callback) => filter.virtualQueues?.includes(callback.virtualQueue) ?? true)
      .filter((callback) => callback.customerNumber === (filter.customerNumber ?? callback.customerNumber))
      .filter((callback) => callback.createdAtMs >= (filter.createdFromMs ?? 0))
      .filter((callback) => callback.createdAtMs <= (filter.createdToMs ?? Infinity))
      .filter((callback) => filter.afterId === undefined || callback.id < filter.afterId)
      .slice(0, filter.limit);
  }

  async searchCallbacks(search: CallbackSearch): Promise<FoundCallbacks> {
    const { after, limit } = search;
    const order = searchOrder(search);
    const found = [...this.callbacks.values()]
      .filter((callback) => isFound(callback, search) && (!after || order(after, callback) < 0))
      .sort(order);
    return { items: found.slice(0, limit), next: found.length > limit ? (found[limit - 1] ?? null) : null };
  }

  async cancelCallback(id: CallbackId, actor: Actor): Promise<Outcome<Callback>> {
    const refusal = this.#takeRefusal();
    if (refusal) return { ok: false, refusal };
    const callback = this.callbacks.get(id);
    if (!callback) return { ok: false, refusal: { kind: 'not-found' } };
    this.actors.push(actor);
    const cancelled: CallbackView = { ...callback, state: 'COMPLETED', reason: 'CANCELLED_BY_API' };
    this.callbacks.set(id, cancelled);
    return { ok: true, value: cancelled };
  }

  availability(queue: string, question: AvailabilityQuestion): Promise<Availability | undefined> {
    if (queue !== 'billing') return Promise.resolve(undefined);
    this.questions.push(question);
    const slot = { startMs: 1_767_605_400_000, endMs: 1_767_606_300_000, capacity: 5, freeCount: 2 };
    return Promise.resolve({ timeZone: 'Europe/Berlin', slotDurationMin: 15, slots: [slot] });
  }

  openFor(queue: string, atMs?: number): OpenFor | undefined {
    if (queue !== 'billing') return undefined;
    return {
      open: true,
      openForSec: atMs === undefined ? 600 : null,
      immediateOfferHoursOpenForSec: -1,
      immediate: { allowed: false, reason: 'blackout' },
      scheduled: { allowed: true },
      immediateEnabled: true,
      withinImmediateHours: false,
    };
  }

  async answerPush(id: CallbackId): Promise<Outcome<Callback>> {
    const callback = this.callbacks.get(id);
    return callback ? { ok: true, value: callback } : { ok: false, refusal: { kind: 'not-found' } };
  }

  async cancelCallbacks(ids: readonly CallbackId[], actor: Actor): Promise<readonly Cancellation[]> {
    return Promise.all(ids.map(async (id) => ({ id, outcome: await this.cancelCallback(id, actor) })));
  }

  async rescheduleCallback(
    id: CallbackId,
    { desiredAtMs, agentId }: { readonly desiredAtMs: number; readonly agentId?: string },
    actor: Actor,
  ): Promise<Outcome<CallbackChange>> {
    const refusal = this.#takeRefusal();
    if (refusal) return { ok: false, refusal };
    const callback = this.callbacks.get(id);
    if (!callback) return { ok: false, refusal: { kind: 'not-found' } };
    this.actors.push(agentId === undefined ? actor : { kind: 'agent', id: agentId });
    const repeated = callback.desiredAtMs === desiredAtMs;
    const changed: CallbackView = { ...callback, desiredAtMs };
    this.callbacks.set(id, changed);
    return { ok: true, value: { callback: changed, repeated } };
  }

  async changeDevices(
    id: CallbackId,
    pushTargets: readonly PushTarget[],
    actor: Actor,
  ): Promise<Outcome<Callback>> {
    const before = this.callbacks.get(id);
    if (!before) return { ok: false, refusal: { kind: 'not-found' } };
    this.actors.push(actor);
    const changed = { ...before, details: { ...before.details, pushTargets } };
    this.callbacks.set(id, changed);
    return { ok: true, value: changed };
  }

  async recreateCallback(
    id: CallbackId,
    desiredAtMs: number | undefined,
    actor: Actor,
  ): Promise<Outcome<CallbackChange>> {
    const refusal = this.#takeRefusal();
    if (refusal) return { ok: false, refusal };
    const before = this.callbacks.get(id);
    if (!before) return { ok: false, refusal: { kind: 'not-found' } };
    const existing = this.callbacks.get(before.recreatedTo ?? '');
    if (existing) return { ok: true, value: { callback: existing, repeated: true } };
    this.actors.push(actor);
    const made: CallbackView = {
      ...before,
      id: this.#ids.next('callback'),
      desiredAtMs: desiredAtMs ?? this.#clock.nowMs(),
      recreatedFrom: id,
    };
    this.callbacks.set(made.id, made);
    this.callbacks.set(id, { ...before, recreatedTo: made.id });
    return { ok: true, value: { callback: made, repeated: false } };
  }

  agents(): readonly AgentView[] {
    return ['alice', 'bob'].map((agentId) => ({
      agentId,
      name: agentId,
      sipUser: agentId,
      state: 'READY',
      notReadyReason: null,
      sinceMs: this.#clock.nowMs(),
      idleSinceMs: this.#clock.nowMs(),
      subjectId: null,
      dueAtMs: null,
      afterWork: null,
      skills: { billing: 5 },
      reachable: true,
    }));
  }

  notReadyReasons(): readonly string[] {
    return ['Lunch', 'Meeting', 'RONA'];
  }

  async setAgentState(agentId: string, _wish: AgentWish, actor: Actor): Promise<Outcome<AgentView>> {
    const refusal = this.#takeRefusal();
    if (refusal) return { ok: false, refusal };
    const agent = this.agents().find((candidate) => candidate.agentId === agentId);
    if (!agent) return { ok: false, refusal: { kind: 'not-found' } };
    this.actors.push(actor);
    return { ok: true, value: agent };
  }

  queueNames(): readonly string[] {
    return this.queues().map(({ name }) => name);
  }

  queues(): readonly QueueView[] {
    return [
      {
        name: 'billing',
        open: true,
        waitingCallCount: 2,
        waitingCallbackCount: 3,
        openCallbackCount: 4,
        readyAgentCount: 2,
        loggedInAgentCount: 2,
        ewtSec: 90,
        nextPosition: 6,
        overtakeCount: 0,
      },
    ];
  }

  queueWaits(queue: string): ReturnType<Application['queueWaits']> {
    if (queue !== 'billing') return undefined;
    return {
      name: 'billing',
      estimator: 'urs2',
      nextPosition: 6,
      ewt: { sec: 90, lowSec: 60, highSec: 130, unknown: null },
      scores: [{ estimator: 'urs2', scoredCount: 10, biasSec: 2.5, rmseSec: 11, coverage: 0.8 }],
      virtualQueues: [{ name: 'billing_VQ_CB', kind: 'callback', waitingCount: 3, longestWaitSec: 70 }],
      watermark: 3,
    };
  }

  estimateWait(queue: string): ReturnType<Application['estimateWait']> {
    return queue === 'billing' ? { sec: 90, unknown: null } : undefined;
  }

  requestCallIn(request: CallInRequest): Promise<CallInOutcome> {
    this.callIns.push(request);
    return Promise.resolve(this.callInOutcome);
  }

  loads(): LoadView {
    const openCallbacks = [{ queue: 'support', state: 'QUEUED', count: 2 }];
    return { inboundCallCount: 3, customerCallCount: 1, openCallbacks };
  }

  health(): readonly HealthPart[] {
    return this.parts;
  }

  ready(): boolean {
    return this.isReady;
  }

  #takeRefusal(): Refusal | undefined {
    const refusal = this.refuseNext;
    this.refuseNext = undefined;
    return refusal;
  }

  #throwIfAsked(): void {
    const error = this.throwNext;
    this.throwNext = undefined;
    if (error) throw error;
  }
}
