import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { PushTarget } from '../callback/booking-details.ts';
import type { CallbackRunner, ChangeOutcome } from '../callback/callback-runner.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { Application, CallbackChange, Cancellation, Outcome, PushAnswer } from './application.ts';
import { numberRefusal, screenForQueue } from './number-check.ts';
import type { ServiceDirectory } from './service-directory.ts';
import type { SlotDesk } from './slot-desk.ts';

const CANCEL_ALLOWED = ['SCHEDULED', 'QUEUED', 'ROUTING'] as const;
const RESCHEDULE_ALLOWED = ['SCHEDULED', 'QUEUED'] as const;
const PUSH_ANSWER_ALLOWED = ['ROUTING'] as const;
const RECREATE_ALLOWED = ['COMPLETED'] as const;
const RETARGET_ALLOWED = ['SCHEDULED', 'QUEUED', 'ROUTING', 'PROCESSING'] as const;

export interface CallbackChangesOptions {
  readonly unitOfWork: UnitOfWork<CallbackTx>;
  readonly runner: CallbackRunner;
  readonly directory: ServiceDirectory;
  readonly slots: SlotDesk;
  readonly nowMs: () => number;
}

/** What people and programs may change of a callback that exists (product §3 rule 2). */
export class CallbackChanges {
  readonly #options: CallbackChangesOptions;

  constructor(options: CallbackChangesOptions) {
    this.#options = options;
  }

  async cancel(id: CallbackId, actor: Actor): Promise<Outcome<Callback>> {
    const by = actor.kind === 'customer' ? 'customer' : actor.kind === 'user' ? 'admin' : 'api';
    const step = await this.#options.runner.dispatch(id, { type: 'CANCELLED', by }, actor);
    if (!step) return { ok: false, refusal: { kind: 'not-found' } };
    if (step.kind === 'taken') return { ok: true, value: step.callback };
    const { state } = step.callback;
    return { ok: false, refusal: { kind: 'not-allowed', state, allowed: CANCEL_ALLOWED } };
  }

  /** Each by itself: what cannot be cancelled keeps none of the others. */
  cancelAll(ids: readonly CallbackId[], actor: Actor): Promise<readonly Cancellation[]> {
    return Promise.all(ids.map(async (id) => ({ id, outcome: await this.cancel(id, actor) })));
  }

  async answerPush(id: CallbackId, answer: PushAnswer, actor: Actor): Promise<Outcome<Callback>> {
    if (answer === 'cancel') return this.cancel(id, actor);
    const { directory, runner, unitOfWork } = this.#options;
    const before = await unitOfWork.transact((tx) => tx.findCallback(id));
    if (!before) return { ok: false, refusal: { kind: 'not-found' } };
    const settings = directory.queue(before.virtualQueue);
    if (answer === 'accept' && settings?.callDirection === 'USERORIGINATED') {
      return { ok: false, refusal: { kind: 'call-in-needed' } };
    }
    const type = answer === 'accept' ? 'PUSH_ACCEPTED' : 'SNOOZED';
    // Only the device's question is answered here: SNOOZED means something else on the telephone.
    const isAsked = before.subState === 'pushed';
    const step = isAsked ? await runner.dispatch(id, { type }, actor) : undefined;
    if (step?.kind === 'taken') return { ok: true, value: step.callback };
    const now = step?.callback ?? before;
    const wasAccepted = answer === 'accept' && now.state === 'QUEUED' && now.pushedAtMs !== null;
    if (wasAccepted) return { ok: true, value: now };
    return { ok: false, refusal: { kind: 'not-allowed', state: now.state, allowed: PUSH_ANSWER_ALLOWED } };
  }

  /** Other devices to be told. A customer who dials in must keep one. */
  async retarget(
    id: CallbackId,
    pushTargets: readonly PushTarget[],
    actor: Actor,
  ): Promise<Outcome<Callback>> {
    const { directory, runner, unitOfWork } = this.#options;
    const before = await unitOfWork.transact((tx) => tx.findCallback(id));
    const dialsIn = before && directory.queue(before.virtualQueue)?.callDirection === 'USERORIGINATED';
    if (dialsIn && pushTargets.length === 0) return { ok: false, refusal: { kind: 'push-target-missing' } };
    const outcome = changed(await runner.retarget(id, pushTargets, actor), RETARGET_ALLOWED);
    return outcome.ok ? { ok: true, value: outcome.value.callback } : outcome;
  }

  /** `agentId`: the agent who asks, for the callback that this agent is talking about. */
  async reschedule(
    id: CallbackId,
    { desiredAtMs, agentId, alwaysCheckCapacity = false }: Parameters<Application['rescheduleCallback']>[1],
    actor: Actor,
  ): Promise<Outcome<CallbackChange>> {
    const who: Actor = agentId === undefined ? actor : { kind: 'agent', id: agentId };
    const { nowMs, runner, slots } = this.#options;
    const checks = alwaysCheckCapacity ? [slots.check(undefined, desiredAtMs)] : [];
    // A time that is now takes its place in the slot that is now.
    const bookedAtMs = alwaysCheckCapacity ? Math.max(desiredAtMs, nowMs() + 1) : desiredAtMs;
    const outcome = await runner.reschedule(id, bookedAtMs, who, checks);
    return changed(outcome, RESCHEDULE_ALLOWED);
  }

  async recreate(
    id: CallbackId,
    desiredAtMs: number | undefined,
    actor: Actor,
  ): Promise<Outcome<CallbackChange>> {
    const { unitOfWork, runner, directory } = this.#options;
    const before = await unitOfWork.transact((tx) => tx.findCallback(id));
    if (!before) return { ok: false, refusal: { kind: 'not-found' } };
    const { virtualQueue, customerNumber } = before;
    const settings = directory.queue(virtualQueue);
    if (!settings) return { ok: false, refusal: { kind: 'unknown-queue', virtualQueue } };
    // Rules may have changed since it was made.
    const number = screenForQueue(directory, settings, customerNumber);
    if (number.kind === 'refused') return { ok: false, refusal: numberRefusal(number) };
    return changed(await runner.recreate(id, desiredAtMs, actor), RECREATE_ALLOWED);
  }
}

function changed(outcome: ChangeOutcome, allowed: readonly string[]): Outcome<CallbackChange> {
  switch (outcome.kind) {
    case 'booked':
    case 'existing':
      return { ok: true, value: { callback: outcome.callback, repeated: outcome.kind === 'existing' } };
    case 'refused':
      return { ok: false, refusal: outcome.refusal };
    case 'not-found':
      return { ok: false, refusal: { kind: 'not-found' } };
    case 'not-allowed':
      return { ok: false, refusal: { kind: 'not-allowed', state: outcome.callback.state, allowed } };
    default:
      return outcome satisfies never;
  }
}
