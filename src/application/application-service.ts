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
  PushAnswer,
  QueueView,
  Refusal,
} from './application.ts';
import type { CallbackSearch, FoundCallbacks } from '../callback/callback-search.ts';
import type { CallbackFilter, CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { PushTarget } from '../callback/booking-details.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import { actorText } from '../callback/actor-text.ts';
import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import { immediateOffer, type OpenFor } from '../calendar/open-for.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import { defaultNotReadyReasons } from '../routing/agent.ts';
import type { Router } from '../routing/router.ts';
import type { Telephony } from '../telephony/telephony.ts';
import type { WaitEstimate } from '../queue/wait-estimator.ts';
import type { CallInDesk, CallInOutcome, CallInRequest } from './call-in-desk.ts';
import { CallbackChanges } from './callback-changes.ts';
import { searchCallbacks } from './callback-searching.ts';
import { type NumberGate, throttledBy } from './number-gate.ts';
import { numberRefusal, screenForQueue } from './number-check.ts';
import { queueWaitView, type QueueWaitView } from './queue-wait-view.ts';
import type { QueueWaits } from './queue-waits.ts';
import type { ServiceDirectory } from './service-directory.ts';
import type { Availability, AvailabilityQuestion, SlotDesk } from './slot-desk.ts';

export interface ApplicationServiceOptions {
  readonly unitOfWork: UnitOfWork<CallbackTx>;
  readonly runner: CallbackRunner;
  readonly router: Router;
  readonly registry: AgentRegistry;
  readonly waits: QueueWaits;
  readonly slots: SlotDesk;
  readonly callIn: CallInDesk;
  readonly directory: ServiceDirectory;
  readonly telephony: Telephony;
  /**
   * Bounds how often callbacks are asked for one number, on whatever queue and through whatever API. Default:
   * no bound.
   */
  readonly numberGate?: NumberGate;
  readonly nowMs: () => number;
  readonly openCallbackCount: (queue: string) => number;
  readonly loads: () => LoadView;
  readonly health: () => readonly HealthPart[];
  readonly ready: () => boolean;
}

/** Lines of a callback's history shown with it; more than any life has. */
const EVENTS_SHOWN_MAX = 1000;

/** What people and programs may do with callbacks, agents and queues, whatever door they come through. */
export class ApplicationService implements Application {
  readonly #options: ApplicationServiceOptions;
  readonly #changes: CallbackChanges;

  constructor(options: ApplicationServiceOptions) {
    this.#options = options;
    this.#changes = new CallbackChanges(options);
  }

  async createCallback(request: CallbackRequest, actor: Actor): Promise<Outcome<Callback>> {
    const { directory, runner, router, slots } = this.#options;
    const settings = directory.queue(request.virtualQueue);
    if (!settings) {
      return { ok: false, refusal: { kind: 'unknown-queue', virtualQueue: request.virtualQueue } };
    }
    const number = screenForQueue(directory, settings, request.customerNumber);
    if (number.kind === 'refused') return { ok: false, refusal: numberRefusal(number) };
    if (router.queue(settings.name).length >= settings.maxQueued) {
      return { ok: false, refusal: { kind: 'queue-full', max: settings.maxQueued } };
    }
    if (settings.callDirection === 'USERORIGINATED' && !request.details?.pushTargets?.length) {
      return { ok: false, refusal: { kind: 'push-target-missing' } };
    }
    const throttled = throttledBy(this.#options.numberGate, number.e164);
    if (throttled) return { ok: false, refusal: throttled };
    const always = request.alwaysCheckCapacity === true;
    const mode = always ? 'strict' : (settings.bookingCheck ?? request.check ?? 'strict');
    const refusal = mode === 'strict' ? this.#notBookable(settings, request) : undefined;
    if (refusal) return { ok: false, refusal };
    const booking = { mode, desiredAtMs: request.desiredAtMs, always };
    const booked = await slots.book(settings, booking, (desiredAtMs, checks) =>
      runner.create(
        {
          ...(request.id !== undefined && { id: request.id }),
          virtualQueue: settings.name,
          customerNumber: number.e164,
          origin: 'api',
          through: request.through ?? 'native',
          language: request.language ?? 'en',
          ...(desiredAtMs !== undefined && { desiredAtMs, takesSlot: always }),
          ...(request.priority !== undefined && { priority: request.priority }),
          ...(request.userData !== undefined && { userData: request.userData }),
          ...(request.details !== undefined && { details: request.details }),
        },
        actor,
        checks,
      ),
    );
    return booked.kind === 'refused'
      ? { ok: false, refusal: booked.refusal }
      : { ok: true, value: booked.callback };
  }

  async findCallback(id: CallbackId): Promise<CallbackView | undefined> {
    const { unitOfWork, router } = this.#options;
    const found = await unitOfWork.transact(async (tx) => {
      const callback = await tx.findCallback(id);
      if (!callback) return undefined;
      return { callback, attempts: await tx.attemptsOf(id), events: await tx.eventsOf(id, EVENTS_SHOWN_MAX) };
    });
    if (!found) return undefined;
    const { callback, attempts, events } = found;
    return { ...callback, attempts, events, position: router.queueOf(id)?.positionOf(id) ?? null };
  }

  listCallbacks(filter: CallbackFilter): Promise<readonly Callback[]> {
    return this.#options.unitOfWork.transact((tx) => tx.listCallbacks(filter), 'patient');
  }

  searchCallbacks(search: CallbackSearch): Promise<FoundCallbacks> {
    return searchCallbacks(this.#options.unitOfWork, search);
  }

  cancelCallback(id: CallbackId, actor: Actor): Promise<Outcome<Callback>> {
    return this.#changes.cancel(id, actor);
  }

  cancelCallbacks(ids: readonly CallbackId[], actor: Actor): Promise<readonly Cancellation[]> {
    return this.#changes.cancelAll(ids, actor);
  }

  answerPush(id: CallbackId, answer: PushAnswer, actor: Actor): Promise<Outcome<Callback>> {
    return this.#changes.answerPush(id, answer, actor);
  }

  changeDevices(
    id: CallbackId,
    pushTargets: readonly PushTarget[],
    actor: Actor,
  ): Promise<Outcome<Callback>> {
    return this.#changes.retarget(id, pushTargets, actor);
  }

  rescheduleCallback(
    id: CallbackId,
    change: Parameters<Application['rescheduleCallback']>[1],
    actor: Actor,
  ): Promise<Outcome<CallbackChange>> {
    return this.#changes.reschedule(id, change, actor);
  }

  recreateCallback(
    id: CallbackId,
    desiredAtMs: number | undefined,
    actor: Actor,
  ): Promise<Outcome<CallbackChange>> {
    return this.#changes.recreate(id, desiredAtMs, actor);
  }

  agents(): readonly AgentView[] {
    return this.#options.directory.agents().map((agent) => ({
      ...this.#options.registry.status(agent.id),
      name: agent.name,
      sipUser: agent.sipUser,
      skills: agent.skills,
      reachable: this.#options.telephony.isAgentReachable(agent.id),
    }));
  }

  notReadyReasons(): readonly string[] {
    return this.#options.directory.notReadyReasons?.() ?? defaultNotReadyReasons;
  }

  async setAgentState(agentId: string, wish: AgentWish, actor: Actor): Promise<Outcome<AgentView>> {
    const { directory, registry } = this.#options;
    const { state: wanted, reason } = wish;
    const known = this.notReadyReasons();
    if (!directory.agent(agentId)) return { ok: false, refusal: { kind: 'not-found' } };
    if (reason !== undefined && !known.includes(reason)) {
      return { ok: false, refusal: { kind: 'unknown-reason', reason, known } };
    }
    const taken = registry.want(agentId, wanted, actorText(actor), reason);
    const { state } = registry.status(agentId);
    if (!taken) return { ok: false, refusal: { kind: 'not-allowed', state, allowed: ['AFTER_CALL_WORK'] } };
    await registry.flush();
    const view = this.agents().find((agent) => agent.agentId === agentId);
    return view ? { ok: true, value: view } : { ok: false, refusal: { kind: 'not-found' } };
  }

  queueNames(): readonly string[] {
    return this.#options.directory.queues().map(({ name }) => name);
  }

  queues(): readonly QueueView[] {
    const { directory, router, waits, nowMs, openCallbackCount } = this.#options;
    return directory.queues().map((settings) => {
      const line = router.queue(settings.name);
      const agents = waits.agentCounts(settings.name);
      const nextPosition = line.length + 1;
      return {
        name: settings.name,
        open: directory.isOpen(settings.name, nowMs()),
        waitingCallCount: line.count('call'),
        waitingCallbackCount: line.count('callback'),
        openCallbackCount: openCallbackCount(settings.name),
        readyAgentCount: agents.ready,
        loggedInAgentCount: agents.loggedIn,
        ewtSec: waits.ewtSec(settings, nextPosition),
        nextPosition,
        overtakeCount: line.overtakeCount,
      };
    });
  }

  queueWaits(queue: string): QueueWaitView | undefined {
    const { directory, loads, nowMs } = this.#options;
    const settings = directory.queue(queue);
    if (!settings) return undefined;
    const watermark = loads()
      .openCallbacks.filter((open) => open.queue === queue && open.state !== 'SCHEDULED')
      .reduce((sum, { count }) => sum + count, 0);
    return queueWaitView(this.#options, settings, watermark, nowMs());
  }

  availability(queue: string, question: AvailabilityQuestion): Promise<Availability | undefined> {
    return this.#options.slots.availability(queue, question);
  }

  estimateWait(
    queue: string,
    { position, estimator }: Parameters<Application['estimateWait']>[1] = {},
  ): WaitEstimate | undefined {
    const { directory, router, waits } = this.#options;
    const settings = directory.queue(queue);
    return settings && waits.estimateForApis(settings, position ?? router.queue(queue).length + 1, estimator);
  }

  requestCallIn(request: CallInRequest, actor: Actor): Promise<CallInOutcome> {
    return this.#options.callIn.request(request, actor);
  }

  openFor(queue: string, atMs?: number): OpenFor | undefined {
    const { directory, nowMs, router, slots, waits } = this.#options;
    const settings = directory.queue(queue);
    if (!settings) return undefined;
    // The estimated wait is of now: for another instant nothing is known.
    const ewtSec = atMs === undefined ? waits.ewtSec(settings, router.queue(queue).length + 1) : undefined;
    return slots.openFor(queue, atMs ?? nowMs(), ewtSec);
  }

  loads(): LoadView {
    return this.#options.loads();
  }

  health(): readonly HealthPart[] {
    return this.#options.health();
  }

  ready(): boolean {
    return this.#options.ready();
  }

  /** What `strict` enforces beside the slots: enablement, hours and blackout. */
  #notBookable(settings: QueueSettings, request: CallbackRequest): Refusal | undefined {
    const { nowMs, slots } = this.#options;
    const atMs = nowMs();
    const { alwaysCheckCapacity = false, desiredAtMs } = request;
    if (desiredAtMs !== undefined && (desiredAtMs > atMs || alwaysCheckCapacity)) {
      if (settings.scheduledEnabled) return undefined;
      return { kind: 'not-bookable', what: 'scheduled', reason: 'disabled' };
    }
    const offer = immediateOffer(slots.offerQuestion(settings, atMs));
    return offer.allowed ? undefined : { kind: 'not-bookable', what: 'immediate', reason: offer.reason };
  }
}
