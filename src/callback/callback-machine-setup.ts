import { assign, setup } from 'xstate';
import type { DialResult } from '../telephony/termination.ts';
import type { CallbackMachineEvent } from './callback-events.ts';
import { type CallbackPolicy, purgeOf, retryAfter } from './callback-policy.ts';
import type { Callback, CallbackReason } from './callback.ts';

/** The columns of the record that only the machine changes, beside `state` and `subState`. */
const machineColumns = [
  'placeAtMs',
  'desiredAtMs',
  'strategy',
  'attemptCount',
  'agentOfferCount',
  'previewRejectCount',
  'expiredPassCount',
  'snoozeCount',
  'agentId',
  'dueAtMs',
  'queuedAtMs',
  'purgeAtMs',
  'purgeCause',
  'pushCount',
  'pushedAtMs',
  'queueMissingSinceMs',
  'rescheduledTo',
  'reason',
] as const satisfies readonly (keyof Callback)[];
type MachineColumns = Pick<Callback, (typeof machineColumns)[number]>;

/** A record's share of the machine's context. */
export function machineColumnsOf(callback: MachineColumns): MachineColumns {
  return Object.fromEntries(machineColumns.map((column) => [column, callback[column]])) as never;
}

export type CallbackContext = MachineColumns & { readonly policy: CallbackPolicy };

/** Slack before the machine itself ends a state whose live part should have ended it: bounds a stuck call. */
const GUARD_MS = 15_000;
/** The confirmation prompt is spoken before its timeout starts; bounds a stuck dialogue. */
const CONFIRM_DIALOGUE_MS = 60_000;
/** Listening, and a message left on a machine; bounds a stuck detection. */
const DETECTION_MAX_MS = 120_000;
/** Longest conversation; bounds an agent who would stay "on call" for ever after a lost event. */
const CONVERSATION_MAX_MS = 12 * 3_600_000;
/** Each of so many "later" brings another call; the next one counts as an attempt that failed. */
export const SNOOZES_MAX = 3;
/** A calling window that is told to open at once opens after this: bounds a loop of grant and refusal. */
const WINDOW_PAUSE_MIN_MS = 60_000;
/** A customer who is on the telephone for another callback is looked at again after this at the earliest. */
const ENGAGED_PAUSE_MIN_MS = 60_000;
/** A callback whose queue is gone is looked at again after this, then after as long as the queue was gone. */
const QUEUE_MISSING_PAUSE_MS = 60_000;
/** A callback whose queue does not come back within this ends with ERROR. */
export const QUEUE_MISSING_MAX_MS = 3_600_000;

const cancelReasons = {
  admin: 'CANCELLED_BY_ADMIN',
  api: 'CANCELLED_BY_API',
  customer: 'CANCELLED_BY_CUSTOMER',
} as const;

interface Step {
  readonly context: CallbackContext;
  readonly event: CallbackMachineEvent;
}

const refuseToRun = (): never => {
  throw new Error('effects of the callback machine are data, the runner executes them');
};
const dueAfter = (durationOf: (policy: CallbackPolicy) => number) =>
  assign<CallbackContext, CallbackMachineEvent, undefined, CallbackMachineEvent, never>({
    dueAtMs: ({ context, event }) => event.nowMs + durationOf(context.policy),
  });

/** Attempts held against the limit: dials and passes in vain, less those that the customer put off. */
const usedAttempts = ({ attemptCount, expiredPassCount, snoozeCount }: CallbackContext): number =>
  attemptCount + expiredPassCount - snoozeCount;

/** The dial result that the retry rules see; an answered call that came to nothing counts as CONNECTED. */
function resultOf(event: CallbackMachineEvent): DialResult {
  const { type } = event;
  if (type === 'ATTEMPT_FAILED' || type === 'MACHINE_DETECTED') return event.result;
  const answered = type === 'NOT_CONFIRMED' || type === 'CUSTOMER_HUNG_UP' || type === 'SNOOZED';
  return answered ? 'CONNECTED' : 'UNKNOWN';
}

/** Queue's age, limits and due time of a callback that enters the line for the pass that begins now. */
function enterLine({ context, event: { nowMs } }: Step): Partial<CallbackContext> {
  const age = context.queuedAtMs === null ? { queuedAtMs: nowMs, ...purgeOf(context.policy, nowMs) } : {};
  const dueAtMs = nowMs + context.policy.queueTtlMs;
  return { ...age, dueAtMs, strategy: null, agentOfferCount: 0, queueMissingSinceMs: null };
}

/** Another desired time: place and age are those of a new promise, the attempts made are not forgotten. */
function moveTo({ context, event }: Step): Partial<CallbackContext> {
  if (event.type !== 'RESCHEDULED') return {};
  const { desiredAtMs, nowMs } = event;
  return {
    desiredAtMs,
    placeAtMs: Math.max(desiredAtMs, nowMs),
    dueAtMs: desiredAtMs - context.policy.readyLeadMs,
    queueMissingSinceMs: null,
    pushedAtMs: null,
    ...noAge,
  };
}
const noAge = { queuedAtMs: null, purgeAtMs: null, purgeCause: null } as const;

function waitForQueue({ context, event: { nowMs } }: Step): Partial<CallbackContext> {
  const sinceMs = context.queueMissingSinceMs ?? nowMs;
  const pauseMs = Math.max(QUEUE_MISSING_PAUSE_MS, nowMs - sinceMs);
  return { queueMissingSinceMs: sinceMs, dueAtMs: Math.min(nowMs + pauseMs, sinceMs + QUEUE_MISSING_MAX_MS) };
}

/** What the states of the machine are written with: named effects, assignments and guards. */
export const machineSetup = setup({
  types: {
    context: {} as CallbackContext,
    events: {} as CallbackMachineEvent,
    input: {} as CallbackContext,
  },
  actions: {
    takePlace: refuseToRun,
    leaveLine: refuseToRun,
    dial: (_step: unknown, _params: { attempt: number }) => refuseToRun(),
    askConfirmation: refuseToRun,
    seekAgent: refuseToRun,
    ringAgent: (_step: unknown, _params: { agentId: string }) => refuseToRun(),
    joinAgent: (_step: unknown, _params: { agentId: string }) => refuseToRun(),
    hangUpCustomer: refuseToRun,
    releaseAgent: (_step: unknown, _params: { agentId: string; wrapUp: boolean }) => refuseToRun(),
    showCase: (_step: unknown, _params: { agentId: string }) => refuseToRun(),

    dueAfterRetry: assign({
      dueAtMs: ({ context: { policy }, event }) => {
        const pauseMs = retryAfter(policy, resultOf(event));
        return event.nowMs + (pauseMs === 'never' ? policy.retryIntervalMs : pauseMs);
      },
    }),
    dueAfterSnooze: dueAfter(({ snoozeMs }) => snoozeMs),
    dueAfterDial: dueAfter(({ dialTimeoutMs }) => dialTimeoutMs + GUARD_MS),
    dueAfterDetection: dueAfter(() => DETECTION_MAX_MS),
    dueAfterConfirm: dueAfter(({ confirmTimeoutMs }) => confirmTimeoutMs + CONFIRM_DIALOGUE_MS),
    dueAfterWait: dueAfter(({ maxWaitForAgentMs }) => maxWaitForAgentMs),
    dueAfterRing: dueAfter(({ deliveryMaxMs }) => deliveryMaxMs + GUARD_MS),
    dueAfterPreview: dueAfter(({ previewTimeoutMs }) => previewTimeoutMs + GUARD_MS),
    dueAfterRedialPause: dueAfter(({ redialPauseMs }) => redialPauseMs ?? 0),
    dueAfterConversation: dueAfter(() => CONVERSATION_MAX_MS),
    dueAfterWrapUp: dueAfter(({ wrapUpMaxMs }) => wrapUpMaxMs + GUARD_MS),
    dueAfterEngagement: dueAfter(({ retryIntervalMs }) => Math.max(retryIntervalMs, ENGAGED_PAUSE_MIN_MS)),
    dueWhenWindowOpens: assign(({ event }) =>
      event.type === 'CALLING_WINDOW_CLOSED'
        ? { dueAtMs: Math.max(event.untilMs, event.nowMs + WINDOW_PAUSE_MIN_MS), pushedAtMs: null, ...noAge }
        : {},
    ),
    noDue: assign({ dueAtMs: null }),

    enterLine: assign(enterLine),
    /** The same pass goes on; its limit starts again, for the line has moved meanwhile. */
    backToLine: assign(({ context, event }) => ({
      strategy: null,
      dueAtMs: event.nowMs + context.policy.queueTtlMs,
    })),
    waitForQueue: assign(waitForQueue),
    moveTo: assign(moveTo),
    endPass: assign({ strategy: null }),
    beginPass: assign(({ event }) =>
      event.type === 'DIAL_GRANTED'
        ? { strategy: event.strategy, agentId: event.held ? event.agentId : null }
        : {},
    ),
    agentFirst: assign({ strategy: 'agent-first' }),
    beginPreview: assign(({ event }) =>
      event.type === 'PREVIEW_OFFERED' ? { strategy: event.strategy, agentId: event.agentId } : {},
    ),
    /** The agent was lost on the way to the customer: the customer waits for the next one. */
    customerFirst: assign({ strategy: 'customer-first' }),
    notePush: assign(({ context, event }) => {
      const pushedAtMs = context.pushedAtMs ?? event.nowMs;
      const dueAtMs = pushedAtMs + context.policy.pushExpiryMs;
      return { pushCount: context.pushCount + 1, pushedAtMs, dueAtMs };
    }),
    noPush: assign({ pushedAtMs: null }),

    /** The customer's consent is for one attempt. */
    countAttempt: assign({
      attemptCount: ({ context }) => context.attemptCount + 1,
      agentOfferCount: 0,
      pushedAtMs: null,
    }),
    countExpiredPass: assign({ expiredPassCount: ({ context }) => context.expiredPassCount + 1 }),
    countSnooze: assign({ snoozeCount: ({ context }) => context.snoozeCount + 1 }),
    countReject: assign({ previewRejectCount: ({ context }) => context.previewRejectCount + 1 }),
    countOffer: assign({ agentOfferCount: ({ context }) => context.agentOfferCount + 1 }),
    takeAgent: assign({
      agentId: ({ context, event }) =>
        event.type === 'AGENT_RESERVED' || event.type === 'HANDED_OVER' ? event.agentId : context.agentId,
    }),
    forgetAgent: assign({ agentId: null }),
    rememberNew: assign({
      rescheduledTo: ({ context, event }) =>
        event.type === 'RESCHEDULED_BY_AGENT' ? event.newId : context.rescheduledTo,
    }),
    endWith: assign((_, params: { reason: CallbackReason }) => ({ reason: params.reason })),
    endCancelled: assign({
      reason: ({ event }) => (event.type === 'CANCELLED' ? cancelReasons[event.by] : 'ERROR'),
    }),
    endRefused: assign({
      reason: ({ event }) => (event.type === 'NUMBER_REFUSED' ? event.reason : 'ERROR'),
    }),
    endPurged: assign({
      reason: ({ event }) =>
        event.type === 'PURGE_REACHED' && event.why === 'end-of-day' ? 'PURGED_END_OF_DAY' : 'PURGED_TIMEOUT',
    }),
  },
  guards: {
    attemptsLeft: ({ context }) => usedAttempts(context) < context.policy.maxAttempts,
    passesLeft: ({ context }) => usedAttempts(context) + 1 < context.policy.maxAttempts,
    offersLeft: ({ context }) => context.agentOfferCount < context.policy.maxAgentOffers,
    /** This rejection is not counted yet. */
    rejectsLeft: ({ context }) => context.previewRejectCount + 1 < context.policy.maxPreviewRejects,
    /** The agent is on the line: the customer is dialled again from there. */
    redials: ({ context }) =>
      context.strategy === 'agent-first' &&
      context.policy.redialPauseMs !== null &&
      usedAttempts(context) < context.policy.maxAttempts,
    /** One more agent may be tried after this one, who is not counted yet. */
    anotherLeft: ({ context }) => context.agentOfferCount + 1 < context.policy.maxAgentOffers,
    snoozesLeft: ({ context }) => context.snoozeCount < SNOOZES_MAX,
    pushesLeft: ({ context }) => context.pushCount < context.policy.maxPushes,
    noRetry: ({ context, event }) =>
      ((event.type === 'ATTEMPT_FAILED' || event.type === 'MACHINE_DETECTED') && event.final === true) ||
      (event.type === 'MACHINE_DETECTED' && machineRule({ context, event }) === 'FAIL') ||
      retryAfter(context.policy, resultOf(event)) === 'never',
    connectsMachine: (step) => machineRule(step) === 'CONNECT',
    connectsMachineToHeld: (step) => machineRule(step) === 'CONNECT' && step.context.agentId !== null,
    joinsMachine: (step) => machineRule(step) === 'CONNECT' && step.context.strategy === 'agent-first',
    grantFits: ({ event }) =>
      event.type === 'DIAL_GRANTED' &&
      event.strategy !== 'agent-first' &&
      event.strategy !== 'preview' &&
      event.held === (event.strategy === 'customer-first-reserved') &&
      (!event.held || event.agentId !== null),
    isLater: ({ context, event }) =>
      event.type === 'RESCHEDULED' && event.desiredAtMs - context.policy.readyLeadMs > event.nowMs,
    wantsDetection: ({ event }) => event.type === 'ANSWERED' && event.detecting === true,
    confirmRequired: ({ context }) => context.policy.requireConfirm,
    connectsHeldUnconfirmed: ({ context }) => context.policy.connectUnconfirmed && context.agentId !== null,
    connectUnconfirmed: ({ context }) => context.policy.connectUnconfirmed,
    isNotAgentFirst: ({ context }) => context.strategy !== 'agent-first',
    isAgentFirst: ({ context }) => context.strategy === 'agent-first',
    isAgentHeld: ({ context }) => context.agentId !== null,
    isAgentHeldAside: ({ context }) => context.agentId !== null && context.strategy !== 'agent-first',
    isNotJoining: ({ context }) => context.strategy !== 'agent-first' || context.agentOfferCount > 0,
    isJoining: ({ context }) => context.strategy === 'agent-first' && context.agentOfferCount === 0,
    isOtherAgent: ({ context, event }) =>
      event.type === 'WRAP_UP_DONE' &&
      event.agentId !== undefined &&
      context.agentId !== null &&
      event.agentId !== context.agentId,
    notRescheduled: ({ context }) => context.rescheduledTo === null,
    isRescheduled: ({ context }) => context.rescheduledTo !== null,
    wasMissing: ({ context }) => context.queueMissingSinceMs !== null,
    missingTooLong: ({ context, event }) =>
      context.queueMissingSinceMs !== null &&
      event.nowMs - context.queueMissingSinceMs >= QUEUE_MISSING_MAX_MS,
  },
});

function machineRule({ context, event }: Step): CallbackPolicy['onAnsweringMachine'] | undefined {
  return event.type === 'MACHINE_DETECTED' && event.result === 'ANSWERING_MACHINE'
    ? context.policy.onAnsweringMachine
    : undefined;
}
