import type { Clock } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { CallbackId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { type AttemptFacts, storeAttempt } from './attempt-record.ts';
import { type BookingCheck, type BookingRefusal, firstRefusal } from './booking-check.ts';
import type { CallbackEffect, CallbackMachineEvent, DialForbidden } from './callback-events.ts';
import type { PushTarget } from './booking-details.ts';
import { type CallbackPolicy, policyOf } from './callback-policy.ts';
import { type CallbackStep, refuse, stepCallback } from './callback-step.ts';
import type { CallbackTx, OpenPlace, TransactionTurn, UnitOfWork } from './callback-store.ts';
import type { Actor, Callback } from './callback.ts';
import { type DialGate, forbiddenDial, gatedStep } from './dial-gate.ts';
import { changePushTargets } from './data-change.ts';
import { DueSweep } from './due-sweep.ts';
import type { Notification } from './notification.ts';
import { creationEvent, isWantedAt, linkEvent, newCallback, sameCaseAgain } from './new-callback.ts';
import type { NewCallback } from './new-callback.ts';
import { type QueueSettings, queueSettingsSchema } from './queue-settings.ts';

/** A machine event without its instant: the runner stamps it. */
export type CallbackHappening = CallbackMachineEvent extends infer E
  ? E extends CallbackMachineEvent
    ? Omit<E, 'nowMs'>
    : never
  : never;

/**
 * Does what a stored step asks for. Called once per effect, after the commit, in the step's order; must not
 * throw.
 */
export type EffectHandler = (callback: Callback, effect: CallbackEffect) => void;

/**
 * What became of a request for a callback. `existing`: it had been carried out before, nothing was made now.
 */
export type BookingOutcome =
  | { readonly kind: 'booked' | 'existing'; readonly callback: Callback }
  | { readonly kind: 'refused'; readonly refusal: BookingRefusal };

/** What became of a change of an existing callback; `callback` of `not-allowed` is the one as it stands. */
export type ChangeOutcome =
  | BookingOutcome
  | { readonly kind: 'not-found' }
  | { readonly kind: 'not-allowed'; readonly callback: Callback };

export interface CallbackRunnerOptions {
  readonly unitOfWork: UnitOfWork<CallbackTx>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** The settings in force; undefined when the queue has been removed. */
  readonly settingsOf: (virtualQueue: string) => QueueSettings | undefined;
  /**
   * The end of the queue's business day that `atMs` belongs to, or of the next one when it is closed: the
   * last closing of that local day, always later than `atMs`; null when it never closes. Default: null.
   */
  readonly endOfBusinessDay?: (virtualQueue: string, atMs: number) => number | null;
  readonly onEffect: EffectHandler;
  /**
   * Told of every record as it stands after a commit, and once of each open one on recovery. `linked`: only
   * the link to another callback was added, or its devices were changed.
   */
  readonly onStored: (callback: Callback, how: 'created' | 'changed' | 'linked') => void;
  /** After a start: every open callback, in the order of the line. Those in QUEUED take their places. */
  readonly onRecovered: (open: readonly OpenPlace[]) => void;
  /**
   * What customers' devices and other systems are told of a step; stored in the step's transaction. Default:
   * nothing.
   */
  readonly notificationsOf?: (change: CallbackChanged) => readonly Notification[];
  /** Asked before every dial, whichever way it comes about; default: every number may be called. */
  readonly dialGate?: DialGate;
  /**
   * An agent who looked at the case, or whose phone was answered for it, gets no customer: told after the
   * commit.
   */
  readonly onDialForbidden?: (callback: Callback, agentId: string, why: DialForbidden) => void;
  /** Asked before every booking, after those that come with the request; default none. */
  readonly checks?: readonly BookingCheck[];
}

/** A step as it is stored. */
export interface CallbackChanged {
  readonly before: Callback;
  readonly callback: Callback;
  readonly event: CallbackMachineEvent;
}

/** Something to be stored in one transaction, and what is done after its commit. */
interface Stored<Outcome> {
  readonly outcome: Outcome;
  readonly made?: Callback;
  readonly step?: CallbackStep;
  /** A change beside the machine. */
  readonly linked?: Callback;
}

/** In force for what is left to do for callbacks of a queue that was removed before this process started. */
const fallbackSettings = queueSettingsSchema.parse({ name: 'removed', skillExpression: 'none > 0' });

/**
 * Drives callbacks: load → step → store record, attempt and event in one transaction → effects. Whatever a
 * state waits for by time is a column of its record; the sweep brings it.
 */
export class CallbackRunner {
  readonly #options: CallbackRunnerOptions;
  readonly #sweep: DueSweep;
  /** The last settings seen of each queue: a call in progress outlives its queue. */
  readonly #lastSettings = new Map<string, QueueSettings>();

  constructor(options: CallbackRunnerOptions) {
    this.#options = options;
    this.#sweep = new DueSweep({
      ...options,
      isConfigured: (queue) => options.settingsOf(queue) !== undefined,
      step: async (id, eventOf) => {
        await this.#step(id, eventOf, { kind: 'system', part: 'clock' }, {});
      },
    });
  }

  /**
   * Stores a new callback, then takes its place in line (or waits for its time). Durable when it resolves.
   * When one of the requested id exists already, nothing is made and that one is returned.
   * @param checks looked at in the same transaction as the insert; the first refusal is the outcome.
   * @throws AppError QUEUE_UNKNOWN when the queue is not configured, and what the store throws.
   */
  create(request: NewCallback, actor: Actor, checks: readonly BookingCheck[] = []): Promise<BookingOutcome> {
    return this.#create(request, actor, [...checks, ...(this.#options.checks ?? [])]);
  }

  /**
   * As {@link create}, for what has been promised before and cannot be refused any more: its customer was
   * lost on the way to an agent, through our fault.
   */
  keep(request: NewCallback, actor: Actor): Promise<BookingOutcome> {
    return this.#create(request, actor, []);
  }

  #create(request: NewCallback, actor: Actor, checks: readonly BookingCheck[]): Promise<BookingOutcome> {
    const nowMs = this.#options.clock.nowMs();
    const callback = this.#newCallback(request, nowMs);
    const turn = request.origin === 'api' ? 'patient' : 'prompt';
    return this.#transact<BookingOutcome>(async (tx) => {
      const existing = request.id === undefined ? undefined : await tx.findCallback(request.id);
      if (existing) return { outcome: { kind: 'existing', callback: existing } };
      const refusal = await firstRefusal(checks, tx, { callback, cause: 'create', nowMs });
      if (refusal) return { outcome: { kind: 'refused', refusal } };
      await this.#insert(tx, callback, actor, request.through);
      return { outcome: { kind: 'booked', callback }, made: callback };
    }, turn);
  }

  /**
   * Another desired time (product §3 rule 2): in SCHEDULED and QUEUED for this callback; in PROCESSING by the
   * agent who has the call, for a new callback that is linked with this one, which then ends
   * RESCHEDULED_BY_AGENT. Repeating it with the same time changes nothing more (`existing`).
   * @param askedAtMs a time that is over is at once; who is in the line for it keeps the place there.
   * @param checks as for `create`; `booked` carries the callback that has the new time.
   */
  reschedule(
    id: CallbackId,
    askedAtMs: number,
    actor: Actor,
    checks: readonly BookingCheck[] = [],
  ): Promise<ChangeOutcome> {
    const nowMs = this.#options.clock.nowMs();
    const desiredAtMs = Math.max(askedAtMs, nowMs);
    return this.#transact<ChangeOutcome>(async (tx) => {
      const before = await tx.findCallback(id);
      if (!before) return { outcome: { kind: 'not-found' } };
      if (isWantedAt(before, askedAtMs, nowMs)) return { outcome: { kind: 'existing', callback: before } };
      const later = before.rescheduledTo === null ? undefined : await tx.findCallback(before.rescheduledTo);
      if (later && Math.max(later.desiredAtMs, nowMs) === desiredAtMs)
        return { outcome: { kind: 'existing', callback: later } };
      const hasCall = actor.kind === 'agent' && actor.id === before.agentId && before.state === 'PROCESSING';
      const made = hasCall
        ? this.#newCallback(sameCaseAgain(before, { desiredAtMs, rescheduledFrom: id }), nowMs)
        : undefined;
      const event: CallbackMachineEvent = made
        ? { type: 'RESCHEDULED_BY_AGENT', desiredAtMs, newId: made.id, nowMs }
        : { type: 'RESCHEDULED', desiredAtMs, nowMs };
      const next = stepCallback(before, event, actor, this.#policy(before.virtualQueue));
      const callback = made ?? next.callback;
      if (next.kind === 'taken') {
        const refusal = await this.#refusal(tx, { callback, cause: 'reschedule', nowMs }, checks);
        if (refusal) return { outcome: { kind: 'refused', refusal } };
      }
      const step = await this.#store(tx, before, event, actor, {});
      if (step.kind === 'refused') return { outcome: { kind: 'not-allowed', callback: before }, step };
      if (made) await this.#insert(tx, made, actor);
      return { outcome: { kind: 'booked', callback }, step, ...(made && { made }) };
    });
  }

  /**
   * A new callback for a COMPLETED one, linked both ways (product §3 rule 2). One is recreated once: asking
   * again answers with the callback made then (`existing`).
   * @param desiredAtMs default: at once.
   */
  recreate(
    id: CallbackId,
    desiredAtMs: number | undefined,
    actor: Actor,
    checks: readonly BookingCheck[] = [],
  ): Promise<ChangeOutcome> {
    const nowMs = this.#options.clock.nowMs();
    return this.#transact<ChangeOutcome>(async (tx) => {
      const before = await tx.findCallback(id);
      if (!before) return { outcome: { kind: 'not-found' } };
      const existing = before.recreatedTo === null ? undefined : await tx.findCallback(before.recreatedTo);
      if (existing) return { outcome: { kind: 'existing', callback: existing } };
      if (before.state !== 'COMPLETED') return { outcome: { kind: 'not-allowed', callback: before } };
      const wish = desiredAtMs === undefined ? {} : { desiredAtMs };
      const callback = this.#newCallback(sameCaseAgain(before, { ...wish, recreatedFrom: id }), nowMs);
      const refusal = await this.#refusal(tx, { callback, cause: 'recreate', nowMs }, checks);
      if (refusal) return { outcome: { kind: 'refused', refusal } };
      const linked = { ...before, recreatedTo: callback.id, version: before.version + 1 };
      await tx.updateCallback(linked);
      await tx.appendEvent(linkEvent(linked, { nowMs, actor, kind: 'RECREATED', newId: callback.id }));
      await this.#insert(tx, callback, actor);
      return { outcome: { kind: 'booked', callback }, made: callback, linked };
    });
  }

  /** Other devices to be told, in every state but COMPLETED. */
  retarget(id: CallbackId, pushTargets: readonly PushTarget[], actor: Actor): Promise<ChangeOutcome> {
    const nowMs = this.#options.clock.nowMs();
    return this.#transact<ChangeOutcome>(async (tx) => {
      const before = await tx.findCallback(id);
      if (!before) return { outcome: { kind: 'not-found' } };
      if (before.state === 'COMPLETED') return { outcome: { kind: 'not-allowed', callback: before } };
      const callback = await changePushTargets(tx, before, { pushTargets, actor, nowMs });
      return { outcome: { kind: 'booked', callback }, linked: callback };
    });
  }

  /**
   * Brings an event to a callback. Resolves after the commit with the step; undefined when there is no such
   * callback. A refused event changes nothing but the history.
   */
  dispatch(
    id: CallbackId,
    happening: CallbackHappening,
    actor: Actor,
    facts: AttemptFacts = {},
  ): Promise<CallbackStep | undefined> {
    const event = { ...happening, nowMs: this.#options.clock.nowMs() } as CallbackMachineEvent;
    return this.#step(id, () => event, actor, facts);
  }

  /**
   * After a start: every open callback finds its place again. Calls that were up are lost with the process;
   * their attempt counts as made and the machine decides what follows (rule 1).
   */
  async recover(): Promise<{ openCount: number; lostCount: number }> {
    const open = await this.#options.unitOfWork.transact((tx) => tx.openPlaces());
    this.#options.onRecovered(open);
    for (const place of open) this.#sweep.stored(place);
    const lost = open.filter(
      ({ state, subState }) => (state === 'ROUTING' && subState !== 'pushed') || subState === 'connected',
    );
    for (const { id } of lost) {
      await this.dispatch(id, { type: 'CALLS_LOST' }, { kind: 'system', part: 'recovery' });
    }
    return { openCount: open.length, lostCount: lost.length };
  }

  /** Stops waking up. Stored callbacks stay as they are. */
  close(): void {
    this.#sweep.close();
  }

  #step(
    id: CallbackId,
    eventOf: (callback: Callback) => CallbackMachineEvent | undefined,
    actor: Actor,
    facts: AttemptFacts,
  ): Promise<CallbackStep | undefined> {
    return this.#transact(async (tx): Promise<Stored<CallbackStep | undefined>> => {
      const callback = await tx.findCallback(id);
      const event = callback && eventOf(callback);
      if (!event) return { outcome: undefined };
      const step = await this.#store(tx, callback, event, actor, facts);
      return { outcome: step, step };
    });
  }

  async #transact<Outcome>(
    work: (tx: CallbackTx) => Promise<Stored<Outcome>>,
    turn?: TransactionTurn,
  ): Promise<Outcome> {
    const { outcome, step, made, linked } = await this.#options.unitOfWork.transact(work, turn);
    if (linked) this.#options.onStored(linked, 'linked');
    if (step) this.#afterStep(step);
    if (made) this.#afterInsert(made);
    return outcome;
  }

  async #store(
    tx: CallbackTx,
    before: Callback,
    event: CallbackMachineEvent,
    actor: Actor,
    facts: AttemptFacts,
  ): Promise<CallbackStep> {
    const late = facts.attemptId !== undefined && facts.attemptId !== before.attemptId;
    const gated = late
      ? { step: refuse(before, event, actor), event }
      : gatedStep(before, event, actor, {
          policy: this.#policy(before.virtualQueue),
          gate: this.#options.dialGate,
        });
    let { step } = gated;
    if (step.kind === 'taken') {
      const happened = gated.event;
      const attemptId = await storeAttempt(tx, before, step, happened, { facts, ids: this.#options.ids });
      if (attemptId) step = { ...step, callback: { ...step.callback, attemptId } };
      await tx.updateCallback(step.callback);
      const told = this.#options.notificationsOf?.({ before, callback: step.callback, event: happened });
      if (told && told.length > 0) await tx.putNotifications(told);
    }
    await tx.appendEvent(step.event);
    return step;
  }

  #newCallback(request: NewCallback, nowMs: number): Callback {
    const { virtualQueue } = request;
    const settings = this.#options.settingsOf(virtualQueue);
    if (!settings) throw new AppError('QUEUE_UNKNOWN', `virtual queue ${virtualQueue} is not configured`);
    const id = request.id ?? this.#options.ids.next('callback');
    const { priorityInitial } = settings;
    return newCallback(request, { id, nowMs, priorityInitial, policy: this.#policy(virtualQueue) });
  }

  #refusal(
    tx: CallbackTx,
    booking: Parameters<BookingCheck>[1],
    checks: readonly BookingCheck[],
  ): Promise<BookingRefusal | undefined> {
    return firstRefusal([...checks, ...(this.#options.checks ?? [])], tx, booking);
  }

  async #insert(
    tx: CallbackTx,
    callback: Callback,
    actor: Actor,
    through?: NewCallback['through'],
  ): Promise<void> {
    await tx.insertCallback(callback);
    await tx.appendEvent(creationEvent(callback, actor, through));
  }

  #afterInsert(callback: Callback): void {
    const { id: callbackId, virtualQueue: queue, customerNumber } = callback;
    this.#options.onStored(callback, 'created');
    this.#options.log.info({ callbackId, queue, customerNumber }, 'callback created');
    if (callback.state === 'QUEUED') this.#options.onEffect(callback, { type: 'takePlace' });
    this.#sweep.stored(callback);
  }

  #afterStep(step: CallbackStep): void {
    const { log, onEffect } = this.#options;
    const { callback, event } = step;
    log.info(
      {
        callbackId: callback.id,
        event: event.kind === 'REFUSED' ? event.data['event'] : event.kind,
        state: callback.state,
        subState: callback.subState,
        reason: callback.reason,
      },
      step.kind === 'taken' ? 'callback event' : 'callback event refused',
    );
    if (step.kind === 'refused') return;
    this.#options.onStored(callback, 'changed');
    this.#sweep.stored(callback);
    const why = forbiddenDial(step);
    for (const effect of step.effects) {
      if (why && effect.type === 'releaseAgent') {
        this.#options.onDialForbidden?.(callback, effect.params.agentId, why);
      }
      onEffect(callback, effect);
    }
  }

  #policy(virtualQueue: string): CallbackPolicy {
    const { settingsOf, endOfBusinessDay } = this.#options;
    const settings = settingsOf(virtualQueue);
    if (settings) this.#lastSettings.set(virtualQueue, settings);
    const inForce = settings ?? this.#lastSettings.get(virtualQueue) ?? fallbackSettings;
    return policyOf(inForce, (atMs) => endOfBusinessDay?.(virtualQueue, atMs) ?? null);
  }
}
