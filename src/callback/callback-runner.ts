import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { CallbackId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { type AttemptFacts, storeAttempt } from './attempt-record.ts';
import { type BookingCheck, type BookingRefusal, firstRefusal } from './booking-check.ts';
import type { CallbackEffect, CallbackMachineEvent } from './callback-events.ts';
import { type CallbackPolicy, policyOf } from './callback-policy.ts';
import { type CallbackStep, refuse, stepCallback } from './callback-step.ts';
import type { CallbackTx, UnitOfWork } from './callback-store.ts';
import type { Actor, Callback, CallbackEvent } from './callback.ts';
import { type NewCallback, newCallback } from './new-callback.ts';
import type { QueueSettings } from './queue-settings.ts';

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
 * What became of a request for a callback. `existing`: one of the requested id had been made before, nothing
 * was made now.
 */
export type BookingOutcome =
  | { readonly kind: 'booked' | 'existing'; readonly callback: Callback }
  | { readonly kind: 'refused'; readonly refusal: BookingRefusal };

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
  /** Told of every record as it stands after a commit, and once of each open one on recovery. */
  readonly onStored: (callback: Callback, how: 'created' | 'changed' | 'recovered') => void;
  /** Asked before every booking, after those that come with the request; default none. */
  readonly checks?: readonly BookingCheck[];
}

/** Due records taken in one go; bounds the work of one wake-up. */
const DUE_BATCH_MAX = 200;
/** Pause after a failed wake-up; bounds a loop over a record that cannot be stored. */
const DUE_RETRY_MS = 1000;
/** The wall clock may be set forward while the timer sleeps: bounds how late that makes a due callback. */
const WAKE_MAX_MS = 60_000;

/**
 * Drives callbacks: load → step → store record, attempt and event in one transaction → effects. Whatever a
 * state waits for by time is the record's `dueAtMs`; one timer sleeps until the earliest.
 */
export class CallbackRunner {
  readonly #options: CallbackRunnerOptions;
  #wake: TimerHandle | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: CallbackRunnerOptions) {
    this.#options = options;
  }

  /**
   * Stores a new callback, then takes its place in line (or waits for its time). Durable when it resolves.
   * When one of the requested id exists already, nothing is made and that one is returned.
   * @param checks looked at in the same transaction as the insert; the first refusal is the outcome.
   */
  async create(
    request: NewCallback,
    actor: Actor,
    checks: readonly BookingCheck[] = [],
  ): Promise<BookingOutcome> {
    const { clock, ids, unitOfWork } = this.#options;
    const nowMs = clock.nowMs();
    const { virtualQueue } = request;
    const callback = newCallback(request, {
      id: request.id ?? ids.next('callback'),
      nowMs,
      priorityInitial: this.#settings(virtualQueue).priorityInitial,
      policy: this.#policy(virtualQueue),
    });
    const later = callback.state === 'SCHEDULED';
    const all = [...checks, ...(this.#options.checks ?? [])];
    const earlier = await unitOfWork.transact(async (tx): Promise<BookingOutcome | undefined> => {
      const existing = request.id === undefined ? undefined : await tx.findCallback(request.id);
      if (existing) return { kind: 'existing', callback: existing };
      const refusal = await firstRefusal(all, tx, { callback, cause: 'create', nowMs });
      if (refusal) return { kind: 'refused', refusal };
      await tx.insertCallback(callback);
      await tx.appendEvent({
        callbackId: callback.id,
        atMs: nowMs,
        kind: 'CREATED',
        actor,
        state: callback.state,
        subState: callback.subState,
        data: createdData(callback),
      });
      return undefined;
    });
    if (earlier) return earlier;
    this.#options.onStored(callback, 'created');
    this.#options.log.info(
      { callbackId: callback.id, queue: callback.virtualQueue, customerNumber: callback.customerNumber },
      'callback created',
    );
    if (!later) this.#options.onEffect(callback, { type: 'takePlace' });
    this.#wakeBy(callback.dueAtMs);
    return { kind: 'booked', callback };
  }

  /**
   * Brings an event to a callback. Resolves after the commit with the step; undefined when there is no such
   * callback. A refused event changes nothing but the history.
   */
  async dispatch(
    id: CallbackId,
    happening: CallbackHappening,
    actor: Actor,
    facts: AttemptFacts = {},
  ): Promise<CallbackStep | undefined> {
    const nowMs = this.#options.clock.nowMs();
    const event = { ...happening, nowMs } as CallbackMachineEvent;
    const step = await this.#options.unitOfWork.transact(async (tx) => {
      const callback = await tx.findCallback(id);
      if (!callback) return undefined;
      return this.#store(tx, callback, event, actor, facts);
    });
    if (step) this.#afterCommit(step);
    return step;
  }

  /**
   * After a start: every open callback finds its place again. Calls that were up are lost with the process;
   * their attempt counts as made and the machine decides what follows (rule 1).
   */
  async recover(): Promise<{ openCount: number; lostCount: number }> {
    const open = await this.#options.unitOfWork.transact((tx) => tx.openCallbacks());
    let lostCount = 0;
    for (const callback of open) {
      this.#options.onStored(callback, 'recovered');
      if (callback.state === 'QUEUED') this.#options.onEffect(callback, { type: 'takePlace' });
      this.#wakeBy(callback.dueAtMs);
      const live = callback.state === 'ROUTING' || callback.subState === 'connected';
      if (!live) continue;
      lostCount++;
      await this.dispatch(callback.id, { type: 'CALLS_LOST' }, { kind: 'system', part: 'recovery' });
    }
    return { openCount: open.length, lostCount };
  }

  /** Stops waking up. Stored callbacks stay as they are. */
  close(): void {
    this.#closed = true;
    if (this.#wake) this.#options.clock.clearTimer(this.#wake);
  }

  async #store(
    tx: CallbackTx,
    before: Callback,
    event: CallbackMachineEvent,
    actor: Actor,
    facts: AttemptFacts,
  ): Promise<CallbackStep> {
    const late = facts.attemptId !== undefined && facts.attemptId !== before.attemptId;
    let step = late
      ? refuse(before, event, actor)
      : stepCallback(before, event, actor, this.#policy(before.virtualQueue));
    if (step.kind === 'taken') {
      const attemptId = await storeAttempt(tx, before, step, event, {
        facts,
        ids: this.#options.ids,
      });
      if (attemptId) step = { ...step, callback: { ...step.callback, attemptId } };
      await tx.updateCallback(step.callback);
    }
    await tx.appendEvent(step.event);
    return step;
  }

  #afterCommit(step: CallbackStep): void {
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
    this.#wakeBy(callback.dueAtMs);
    for (const effect of step.effects) onEffect(callback, effect);
  }

  #settings(virtualQueue: string): QueueSettings {
    const settings = this.#options.settingsOf(virtualQueue);
    if (!settings) throw new AppError('QUEUE_UNKNOWN', `virtual queue ${virtualQueue} is not configured`);
    return settings;
  }

  #policy(virtualQueue: string): CallbackPolicy {
    const { endOfBusinessDay } = this.#options;
    return policyOf(this.#settings(virtualQueue), (atMs) => endOfBusinessDay?.(virtualQueue, atMs) ?? null);
  }

  #wakeBy(dueAtMs: number | null): void {
    if (dueAtMs === null || dueAtMs >= this.#wakeAtMs || this.#closed) return;
    const { clock } = this.#options;
    if (this.#wake) clock.clearTimer(this.#wake);
    this.#wakeAtMs = dueAtMs;
    const delayMs = Math.min(Math.max(0, dueAtMs - clock.nowMs()), WAKE_MAX_MS);
    this.#wake = clock.setTimer(delayMs, () => {
      void this.#takeDue();
    });
  }

  async #takeDue(): Promise<void> {
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    const { clock, log, unitOfWork } = this.#options;
    let notBeforeMs = 0;
    try {
      const nowMs = clock.nowMs();
      const due = await unitOfWork.transact((tx) => tx.dueCallbacks(nowMs, DUE_BATCH_MAX));
      await Promise.all(due.map((callback) => this.#reachDue(callback, nowMs)));
    } catch (error) {
      log.error({ error }, 'due callbacks could not be taken');
      notBeforeMs = clock.nowMs() + DUE_RETRY_MS;
    }
    const nextMs = await unitOfWork
      .transact((tx) => tx.nextDueAtMs())
      .catch(() => clock.nowMs() + DUE_RETRY_MS);
    this.#wakeBy(nextMs === undefined ? null : Math.max(nextMs, notBeforeMs));
  }

  /** The state may have moved on since the due row was read: only the same version is taken. */
  async #reachDue(due: Callback, nowMs: number): Promise<void> {
    const step = await this.#options.unitOfWork.transact(async (tx) => {
      const callback = await tx.findCallback(due.id);
      if (!callback || callback.dueAtMs === null || callback.dueAtMs > nowMs) return undefined;
      return this.#store(tx, callback, { type: 'DUE_REACHED', nowMs }, { kind: 'system', part: 'clock' }, {});
    });
    if (step) this.#afterCommit(step);
  }
}

/** With it and the settings of the time the record can be made again (see `replay.ts`). */
function createdData({ origin, originCallId, desiredAtMs, placeAtMs }: Callback): CallbackEvent['data'] {
  return { origin, originCallId, desiredAtMs, placeAtMs };
}
