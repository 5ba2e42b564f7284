import { CallbackRunner } from '../callback/callback-runner.ts';
import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { Callback } from '../callback/callback.ts';
import { screeningCheck } from '../callback/screening-check.ts';
import type { FlowMachine } from '../ivr/flow-machine.ts';
import type { Clock } from '../kernel/clock.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { MetricName, type Metrics } from '../kernel/metrics.ts';
import type { RecordingBook } from '../recording/recording-book.ts';
import { AgentRegistry } from '../routing/agent-registry.ts';
import type { AgentTx } from '../routing/agent.ts';
import { Router } from '../routing/router.ts';
import type { CallRecordTx } from '../telephony/call-record.ts';
import type { AudioSource, Leg } from '../telephony/leg.ts';
import type { Telephony } from '../telephony/telephony.ts';
import { AgentDelivery } from './agent-delivery.ts';
import { whisperCase } from './agent-whisper.ts';
import { CallBook } from './call-book.ts';
import { type CallControl, createCallControl } from './call-control.ts';
import type { CallbackCallsOptions, Confirmation } from './callback-calls-options.ts';
import { CallbackCalls } from './callback-calls.ts';
import { askConfirmation, leaveMessage } from './confirmation.ts';
import { DialScreening } from './dial-permission.ts';
import { endOfBusinessDay } from './end-of-day.ts';
import { InboundCalls } from './inbound-calls.ts';
import { InvitationDesk } from './invitation-desk.ts';
import { OpenCallbacks } from './open-callbacks.ts';
import { QueueWaits } from './queue-waits.ts';
import { CallInMatcher } from './call-in-matcher.ts';
import type { CallInServiceOptions } from './call-in-service.ts';
import { NotCalledDesk } from './not-called-desk.ts';
import type { NotificationDesk } from './notification-desk.ts';
import type { ServiceDirectory } from './service-directory.ts';
import { SlotDesk } from './slot-desk.ts';

/** What the rooms need from outside. */
export interface EngineOptions {
  readonly telephony: Telephony;
  readonly store: UnitOfWork<CallbackTx & AgentTx & CallRecordTx>;
  readonly directory: ServiceDirectory;
  /** A checked flow by name; hot-reloadable. */
  readonly flow: (name: string) => FlowMachine | undefined;
  /** Lengths of audio files in ms. */
  readonly audioMs: ReadonlyMap<string, number>;
  readonly holdMusic: readonly AudioSource[];
  readonly recordings: RecordingBook;
  /** Requests to call in; default: there are none. */
  readonly callIns?: Pick<CallInServiceOptions, 'unitOfWork' | 'directory'>;
  /** Messages about callbacks; default: nobody is told anything. */
  readonly notifications?: Pick<NotificationDesk, 'ofChange' | 'ofCallIn' | 'stored'>;
  /** Dials in progress at most. */
  readonly dialsMax: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How a called customer is asked; default: the flow `outbound-confirm`. */
  readonly confirm?: (leg: Leg, callback: Callback, signal: AbortSignal) => Promise<Confirmation>;
}

/** The rooms, connected. */
export interface Engine {
  readonly runner: CallbackRunner;
  readonly router: Router;
  readonly registry: AgentRegistry;
  readonly waits: QueueWaits;
  readonly openCallbacks: OpenCallbacks;
  readonly slots: SlotDesk;
  readonly callbackCalls: CallbackCalls;
  readonly inboundCalls: InboundCalls;
  /** What agents are asked to take. */
  readonly invitations: InvitationDesk;
  /** Why agents who took a case get no customer after all. */
  readonly notCalled: NotCalledDesk;
  /** What is done with calls once customer and agent talk. */
  readonly callControl: CallControl;
  /** After a start: places and states as they were, lost calls decided; then inbound calls are taken. */
  recover(): Promise<{ openCount: number; lostCount: number }>;
  /** Stops timers and dialogues; calls are telephony's to end. */
  close(): Promise<void>;
}

/**
 * Connects the rooms of a call: queue and routing decide, callback remembers, dialing, ivr and bridging act.
 * The same wiring runs in production, in tests and in the simulation; only what comes in through the options
 * differs.
 */
export function createEngine(options: EngineOptions): Engine {
  const { telephony, store, clock } = options;
  const openCallbacks = new OpenCallbacks();
  const screening = new DialScreening({ ...options, openCallbacks });
  const recovery = { isRunning: false };
  const { registry, router, waits } = createRouting(options, recovery, {
    callbackCalls: () => callbackCalls,
    inboundCalls: () => inboundCalls,
    openCallbacks: () => openCallbacks,
  });
  const invitations = new InvitationDesk(options);
  const delivery = new AgentDelivery({
    ...options,
    desk: invitations,
    isHeld: (agentId, subjectId) => registry.isRinging(agentId, subjectId),
    whisper: (leg, about, signal) => whisperCase(options, leg, about, signal),
  });
  const later = { inbound: () => inboundCalls, runner: () => runner };
  const callControl = createCallControl({ ...options, ...later, registry, router });
  const { calls } = callControl;
  const slots = new SlotDesk({ directory: options.directory, unitOfWork: store, clock });
  const notCalled = new NotCalledDesk();
  const book = { openCallbacks, slots, notCalled };
  const callbacks = { ...book, screening, router, recovery, callbackCalls: () => callbackCalls };
  const runner = createRunner(options, callbacks);
  const agents = { router, registry, waits, desk: invitations, delivery, calls };
  const callbackCalls = createCallbackCalls(options, { ...agents, screening, runner: () => runner });
  const callBook = new CallBook(options);
  const callIns = options.callIns && new CallInMatcher({ ...options, ...options.callIns, runner });
  const inboundCalls = new InboundCalls({
    ...options,
    ...book,
    ...agents,
    runner,
    callBook,
    phones: callControl.phones,
    callIns,
  });
  telephony.onCanCall(() => router.matchAll());
  telephony.onAgentReachability((agentId, reachable) => {
    if (!reachable) callbackCalls.agentLost(agentId);
    registry.reachabilityChanged(agentId, reachable);
  });
  const agentRooms = { registry, invitations, callControl };
  const rooms = { ...book, ...agentRooms, runner, waits, router, callbackCalls, inboundCalls };
  const recoverAll = async (): ReturnType<Engine['recover']> => {
    await callIns?.recover();
    return recover(options, rooms);
  };
  return { ...rooms, recover: recoverAll, close: () => close(rooms, callBook) };
}

type Rooms = Omit<Engine, 'recover' | 'close'>;

/** What callbacks remember, and what follows from it. */
function createRunner(
  { store, clock, ids, log, metrics, directory, notifications }: EngineOptions,
  rooms: Pick<Engine, 'slots' | 'openCallbacks' | 'notCalled' | 'router'> & {
    readonly screening: DialScreening;
    readonly recovery: { isRunning: boolean };
    readonly callbackCalls: () => CallbackCalls;
  },
): CallbackRunner {
  const { slots, openCallbacks, notCalled, screening, router, recovery, callbackCalls } = rooms;
  const settingsOf = (queue: string) => directory.queue(queue);
  return new CallbackRunner({
    unitOfWork: store,
    clock,
    ids,
    log,
    settingsOf,
    endOfBusinessDay: (queue, atMs) => endOfBusinessDay(directory, queue, atMs),
    checks: [slots.changeCheck(), screeningCheck(settingsOf)],
    dialGate: (callback, nowMs) => screening.gate(callback, nowMs),
    onDialForbidden: (callback, agentId, why) => notCalled.tell(callback, agentId, why),
    ...(notifications && { notificationsOf: (change) => notifications.ofChange(change) }),
    onEffect: (callback, effect) => callbackCalls().onEffect(callback, effect),
    onStored: (callback, how) => {
      notifications?.stored();
      openCallbacks.stored(callback);
      if (how === 'created' || how === 'changed') countStored(metrics, callback, how);
    },
    onRecovered: (open) => {
      recovery.isRunning = true;
      router.atOnce(() => {
        for (const place of open) {
          openCallbacks.stored(place);
          if (place.state === 'QUEUED') callbackCalls().takePlace(place);
        }
      });
      recovery.isRunning = false;
    },
  });
}

/** The telephone side of callbacks. */
function createCallbackCalls(
  options: EngineOptions,
  parts: Pick<Engine, 'router' | 'registry' | 'waits'> &
    Pick<CallbackCallsOptions, 'desk' | 'delivery' | 'calls' | 'runner'> & {
      readonly screening: DialScreening;
    },
): CallbackCalls {
  const { directory, confirm } = options;
  const confirmation = { ...options, settingsOf: (queue: string) => directory.queue(queue) };
  return new CallbackCalls({
    ...confirmation,
    ...parts,
    confirm: confirm ?? ((leg, callback, signal) => askConfirmation(confirmation, leg, callback, signal)),
    leaveMessage: (leg, callback, signal) => leaveMessage(confirmation, leg, callback, signal),
    mayDialThrough: (trunk) => directory.mayDialThrough?.(trunk) ?? false,
    insteadOfDial: (id) => parts.screening.permissionOf(id),
    onWorkStarted: (queue, callbackId) => parts.waits.workStarted(queue, callbackId),
  });
}

/** Queue and routing: who waits, who can take them, and whom the decisions go to. */
function createRouting(
  { telephony, store, directory, clock, log, dialsMax }: EngineOptions,
  recovery: { readonly isRunning: boolean },
  rooms: { [K in 'callbackCalls' | 'inboundCalls' | 'openCallbacks']: () => Engine[K] },
): Pick<Engine, 'registry' | 'router' | 'waits'> {
  const registry: AgentRegistry = new AgentRegistry({
    unitOfWork: store,
    clock,
    log,
    isReachable: (agentId) => telephony.isAgentReachable(agentId),
    onReady: (agentId) => router.agentReady(agentId),
    onWorkEnded: (agentId, subjectId) => {
      waits.workEnded(subjectId);
      if (!subjectId.startsWith('callback_')) return;
      rooms.callbackCalls().workEnded(subjectId, agentId);
    },
    extensionOf: (subjectId) => {
      // After a restart only the record knows the queue.
      const queue = waits.queueOfWork(subjectId) ?? rooms.openCallbacks().find(subjectId)?.virtualQueue;
      const settings = queue === undefined ? undefined : directory.queue(queue);
      if (!settings) return undefined;
      return { stepMs: settings.wrapUpExtendSec * 1000, maxMs: settings.wrapUpMaxSec * 1000 };
    },
    staysReady: (agentId, subjectId) => {
      const queue = router.queueOf(subjectId)?.name;
      if (queue === undefined || directory.queue(queue)?.agentRejectNotReady !== false) return false;
      router.declined(subjectId, agentId);
      return true;
    },
  });
  const waits = new QueueWaits({ directory, agentCounts: (queue) => router.agentCounts(queue), clock });
  const router = new Router({
    registry,
    log,
    clock,
    directory,
    dialsMax,
    mayDial: () => telephony.canCall(),
    decisions: {
      dialGranted: (grant) => rooms.callbackCalls().dialGranted(grant),
      agentOffered: (offer) => {
        const { kind, confirmed, subjectId } = offer.token;
        if (kind === 'callback' || confirmed) rooms.callbackCalls().agentOffered(offer);
        else rooms.inboundCalls().agentOffered(subjectId, offer.agentId);
      },
      previewOffered: (offer) => rooms.callbackCalls().previewOffered(offer),
    },
    onArrival: (token, position) => {
      if (recovery.isRunning) waits.recovered(token);
      else waits.joined(token, position);
    },
    onLeft: (token) => waits.left(token),
    onDeparture: (queue, token) => {
      waits.served(token);
      rooms.inboundCalls().lineMoved(queue);
    },
  });
  return { registry, router, waits };
}

async function recover(
  { directory, telephony, store, clock }: EngineOptions,
  { runner, registry, router, inboundCalls, callControl }: Rooms,
): Promise<{ openCount: number; lostCount: number }> {
  await store.transact((tx) => tx.endUnfinishedCalls(clock.nowMs()));
  const recovered = await runner.recover();
  const wrapUpMs = Math.max(0, ...directory.queues().map(({ wrapUpSec }) => wrapUpSec)) * 1000;
  await registry.load(wrapUpMs);
  await callControl.transferred.recover();
  router.matchAll();
  telephony.onInboundCall((call) => inboundCalls.take(call));
  return recovered;
}

async function close(
  { inboundCalls, invitations, runner, registry, router }: Rooms,
  callBook: CallBook,
): Promise<void> {
  inboundCalls.close();
  invitations.close();
  runner.close();
  registry.close();
  router.close();
  await Promise.all([registry.flush(), callBook.flush()]);
}

function countStored(metrics: Metrics, callback: Callback, how: 'created' | 'changed'): void {
  const { virtualQueue: queue, origin, reason } = callback;
  if (how === 'created') metrics.count(MetricName.callbacksCreatedTotal, { queue, origin });
  else if (reason !== null) metrics.count(MetricName.callbacksCompletedTotal, { queue, reason });
}
