/**
 * The life of a callback: a pure statechart. Events in, the next state and a list of effects out; nothing is
 * done here.
 *
 *   SCHEDULED            QUEUED       ROUTING                                   PROCESSING      COMPLETED
 *   due-later ──due──▶   ●  ─grant─▶  dialing ─answer─▶ confirming ─1─▶ waiting-for-agent
 *   retry-wait ─due──▶   ▲              │ fail             │ no key        │ ▲ no answer
 *      ▲                 │              ▼                  ▼               ▼ │
 *      └──── attempts left ─────────────┴──────────────────┘          ringing-agent ──▶ connected ─▶ after-call-work ─▶ ■
 *                                    (none left: COMPLETED)
 *
 * due-later          the customer wants the call at a later instant, or asked for it with "later"
 * retry-wait         an attempt failed; the next is due after the retry interval
 * queued             its token waits in the virtual queue
 * dialing            the customer's phone is being called
 * confirming         the customer answered and is asked to press 1
 * waiting-for-agent  the customer is on the line and next in line for an agent
 * ringing-agent      an agent's phone rings
 * connected          customer and agent talk
 * after-call-work    the agent finishes the case
 *
 * xstate loses `after` timers on restore and runs `invoke` again, which would ring a customer twice: neither
 * is used.
 */
import { assign, setup } from 'xstate';
import type { DialResult } from '../telephony/termination.ts';
import type { CallbackReason } from './callback.ts';

/** What the queue's settings say, in milliseconds; read afresh for every step, never stored. */
export interface CallbackPolicy {
  readonly maxAttempts: number;
  readonly retryIntervalMs: number;
  readonly dialTimeoutMs: number;
  readonly requireConfirm: boolean;
  readonly confirmTimeoutMs: number;
  readonly maxWaitForAgentMs: number;
  readonly maxAgentOffers: number;
  readonly agentRingTimeoutMs: number;
  readonly wrapUpMs: number;
  readonly snoozeMs: number;
}

export interface CallbackContext {
  readonly policy: CallbackPolicy;
  readonly attemptCount: number;
  readonly agentOfferCount: number;
  readonly agentId: string | null;
  readonly desiredAtMs: number;
  readonly dueAtMs: number | null;
  readonly reason: CallbackReason | null;
}

/** What can happen to a callback. `nowMs` is the instant it happened, UTC. */
export type CallbackMachineEvent = { readonly nowMs: number } & (
  | { readonly type: 'DUE_REACHED' }
  /** The router let the first due callback be dialled because `agentId` is ready; that agent is not held. */
  | { readonly type: 'DIAL_GRANTED'; readonly agentId: string }
  | { readonly type: 'ANSWERED' }
  /** `final`: the result forbids another attempt (for example a vacant number). */
  | { readonly type: 'ATTEMPT_FAILED'; readonly result: DialResult; readonly final: boolean }
  | { readonly type: 'CONFIRMED' }
  | { readonly type: 'NOT_CONFIRMED' }
  | { readonly type: 'SNOOZED' }
  | { readonly type: 'AGENT_RESERVED'; readonly agentId: string }
  | { readonly type: 'AGENT_NOT_CONNECTED' }
  | { readonly type: 'CONNECTED' }
  | { readonly type: 'CUSTOMER_HUNG_UP' }
  | { readonly type: 'AGENT_HUNG_UP' }
  /**
   * Legs were lost through our fault: restart, media server, SIP server. Their end is unknown and counts as
   * made.
   */
  | { readonly type: 'CALLS_LOST' }
  | { readonly type: 'WRAP_UP_DONE' }
  | { readonly type: 'CANCELLED'; readonly by: 'admin' | 'api' | 'customer' }
  /** The customer called in and took the place on that call. */
  | { readonly type: 'SERVED_INBOUND' }
);

/** What is to be done after the step has been stored. */
export type CallbackEffect =
  | { readonly type: 'takePlace' }
  | { readonly type: 'leaveLine' }
  | { readonly type: 'dial'; readonly params: { readonly attempt: number } }
  | { readonly type: 'askConfirmation' }
  | { readonly type: 'seekAgent' }
  | { readonly type: 'ringAgent'; readonly params: { readonly agentId: string } }
  | { readonly type: 'hangUpCustomer' }
  | {
      readonly type: 'releaseAgent';
      readonly params: { readonly agentId: string; readonly wrapUp: boolean };
    };

/** Slack before the machine itself ends a state whose live part should have ended it: bounds a stuck call. */
const GUARD_MS = 15_000;
/** The confirmation prompt is spoken before its timeout starts; bounds a stuck dialogue. */
const CONFIRM_DIALOGUE_MS = 60_000;
/** Longest conversation; bounds an agent who would stay "on call" for ever after a lost event. */
export const CONVERSATION_MAX_MS = 12 * 3_600_000;

const cancelReasons = {
  admin: 'CANCELLED_BY_ADMIN',
  api: 'CANCELLED_BY_API',
  customer: 'CANCELLED_BY_CUSTOMER',
} as const;

const refuseToRun = (params?: unknown): never => {
  throw new Error(
    `effects of the callback machine are data, the runner executes them: ${JSON.stringify(params)}`,
  );
};

const machineSetup = setup({
  types: {
    context: {} as CallbackContext,
    events: {} as CallbackMachineEvent,
    input: {} as CallbackContext,
  },
  actions: {
    takePlace: refuseToRun,
    leaveLine: refuseToRun,
    dial: (_: unknown, params: { attempt: number }) => refuseToRun(params),
    askConfirmation: refuseToRun,
    seekAgent: refuseToRun,
    ringAgent: (_: unknown, params: { agentId: string }) => refuseToRun(params),
    hangUpCustomer: refuseToRun,
    releaseAgent: (_: unknown, params: { agentId: string; wrapUp: boolean }) => refuseToRun(params),
    dueAfterRetry: assign({ dueAtMs: ({ context, event }) => event.nowMs + context.policy.retryIntervalMs }),
    dueAfterSnooze: assign({ dueAtMs: ({ context, event }) => event.nowMs + context.policy.snoozeMs }),
    dueAfterDial: assign({
      dueAtMs: ({ context, event }) => event.nowMs + context.policy.dialTimeoutMs + GUARD_MS,
    }),
    dueAfterConfirm: assign({
      dueAtMs: ({ context, event }) => event.nowMs + context.policy.confirmTimeoutMs + CONFIRM_DIALOGUE_MS,
    }),
    dueAfterWait: assign({ dueAtMs: ({ context, event }) => event.nowMs + context.policy.maxWaitForAgentMs }),
    dueAfterRing: assign({
      dueAtMs: ({ context, event }) => event.nowMs + context.policy.agentRingTimeoutMs + GUARD_MS,
    }),
    dueAfterConversation: assign({ dueAtMs: ({ event }) => event.nowMs + CONVERSATION_MAX_MS }),
    dueAfterWrapUp: assign({
      dueAtMs: ({ context, event }) => event.nowMs + context.policy.wrapUpMs + GUARD_MS,
    }),
    noDue: assign({ dueAtMs: null }),
    countAttempt: assign({ attemptCount: ({ context }) => context.attemptCount + 1, agentOfferCount: 0 }),
    rememberAgent: assign({
      agentId: ({ context, event }) => (event.type === 'AGENT_RESERVED' ? event.agentId : context.agentId),
      agentOfferCount: ({ context }) => context.agentOfferCount + 1,
    }),
    forgetAgent: assign({ agentId: null }),
    endWith: assign((_, params: { reason: CallbackReason }) => ({ reason: params.reason })),
    endCancelled: assign({
      reason: ({ event }) => (event.type === 'CANCELLED' ? cancelReasons[event.by] : 'ERROR'),
    }),
  },
  guards: {
    attemptsLeft: ({ context }) => context.attemptCount < context.policy.maxAttempts,
    offersLeft: ({ context }) => context.agentOfferCount < context.policy.maxAgentOffers,
    isFinal: ({ event }) => event.type === 'ATTEMPT_FAILED' && event.final,
    confirmNotRequired: ({ context }) => !context.policy.requireConfirm,
  },
});

const ringsAgent = {
  type: 'ringAgent' as const,
  params: ({ context }: { context: CallbackContext }) => ({ agentId: context.agentId ?? '' }),
};
const releases = (wrapUp: boolean) => ({
  type: 'releaseAgent' as const,
  params: ({ context }: { context: CallbackContext }) => ({ agentId: context.agentId ?? '', wrapUp }),
});
const ended = (reason: CallbackReason) => ({ type: 'endWith' as const, params: { reason } });
const cancelled = {
  target: '#callback.completed',
  actions: ['leaveLine', 'hangUpCustomer', 'endCancelled'],
} as const;
const servedInbound = {
  target: '#callback.completed',
  actions: ['leaveLine', ended('SERVED_INBOUND')],
} as const;

/** After an attempt that reached nobody: wait and try again, or end when no attempt is left. */
const failedAttempt = (lastReason: CallbackReason) =>
  [
    {
      guard: 'isFinal',
      target: '#callback.completed',
      actions: ['leaveLine', 'hangUpCustomer', ended(lastReason)],
    },
    {
      guard: 'attemptsLeft',
      target: '#callback.scheduled.retry-wait',
      actions: ['leaveLine', 'hangUpCustomer', 'dueAfterRetry'],
    },
    { target: '#callback.completed', actions: ['leaveLine', 'hangUpCustomer', ended(lastReason)] },
  ] as const;

/** After a confirmed customer was cut off through our fault, with an agent possibly involved. */
const lostWithAgent = failedAttempt('MAX_ATTEMPTS_REACHED').map((branch) => ({
  ...branch,
  actions: [releases(false), 'forgetAgent' as const, ...branch.actions],
}));

/** After an agent did not take the confirmed customer: the next one, up to the limit. */
const nextAgent = [
  {
    guard: 'offersLeft',
    target: '#callback.routing.waiting-for-agent',
    actions: ['forgetAgent', 'dueAfterWait', 'seekAgent'],
  },
  {
    target: '#callback.completed',
    actions: ['forgetAgent', 'leaveLine', 'hangUpCustomer', ended('NO_AGENT')],
  },
] as const;

const finish = { target: '#callback.completed', actions: [ended('COMPLETED_BY_AGENT')] } as const;

/**
 * The statechart. Build snapshots with `callbackMachine.resolveState`, step with xstate's pure `transition`.
 */
export const callbackMachine = machineSetup.createMachine({
  id: 'callback',
  context: ({ input }) => input,
  initial: 'queued',
  states: {
    scheduled: {
      initial: 'due-later',
      on: { CANCELLED: cancelled, SERVED_INBOUND: servedInbound },
      states: {
        'due-later': { on: { DUE_REACHED: { target: '#callback.queued', actions: ['noDue', 'takePlace'] } } },
        'retry-wait': {
          on: { DUE_REACHED: { target: '#callback.queued', actions: ['noDue', 'takePlace'] } },
        },
      },
    },
    queued: {
      on: {
        DIAL_GRANTED: {
          target: 'routing.dialing',
          actions: [
            'countAttempt',
            'dueAfterDial',
            { type: 'dial', params: ({ context }) => ({ attempt: context.attemptCount }) },
          ],
        },
        CANCELLED: cancelled,
        SERVED_INBOUND: servedInbound,
      },
    },
    routing: {
      initial: 'dialing',
      states: {
        dialing: {
          on: {
            ANSWERED: [
              {
                guard: 'confirmNotRequired',
                target: 'waiting-for-agent',
                actions: ['dueAfterWait', 'seekAgent'],
              },
              { target: 'confirming', actions: ['dueAfterConfirm', 'askConfirmation'] },
            ],
            ATTEMPT_FAILED: failedAttempt('MAX_ATTEMPTS_REACHED'),
            DUE_REACHED: failedAttempt('MAX_ATTEMPTS_REACHED'),
            CALLS_LOST: failedAttempt('MAX_ATTEMPTS_REACHED'),
            CANCELLED: cancelled,
          },
        },
        confirming: {
          on: {
            CONFIRMED: { target: 'waiting-for-agent', actions: ['dueAfterWait', 'seekAgent'] },
            NOT_CONFIRMED: failedAttempt('CUSTOMER_NOT_CONFIRMED'),
            CUSTOMER_HUNG_UP: failedAttempt('CUSTOMER_NOT_CONFIRMED'),
            DUE_REACHED: failedAttempt('CUSTOMER_NOT_CONFIRMED'),
            CALLS_LOST: failedAttempt('MAX_ATTEMPTS_REACHED'),
            SNOOZED: {
              target: '#callback.scheduled.due-later',
              actions: ['leaveLine', 'hangUpCustomer', 'dueAfterSnooze'],
            },
            CANCELLED: cancelled,
          },
        },
        'waiting-for-agent': {
          on: {
            AGENT_RESERVED: {
              target: 'ringing-agent',
              actions: ['rememberAgent', 'dueAfterRing', ringsAgent],
            },
            CUSTOMER_HUNG_UP: {
              target: '#callback.completed',
              actions: ['leaveLine', ended('CUSTOMER_ABANDONED')],
            },
            DUE_REACHED: {
              target: '#callback.completed',
              actions: ['leaveLine', 'hangUpCustomer', ended('NO_AGENT')],
            },
            CALLS_LOST: failedAttempt('MAX_ATTEMPTS_REACHED'),
            CANCELLED: cancelled,
          },
        },
        'ringing-agent': {
          on: {
            CONNECTED: {
              target: '#callback.processing.connected',
              actions: ['dueAfterConversation', 'leaveLine'],
            },
            AGENT_NOT_CONNECTED: nextAgent,
            DUE_REACHED: nextAgent.map((branch) => ({
              ...branch,
              actions: [releases(false), ...branch.actions],
            })),
            CUSTOMER_HUNG_UP: {
              target: '#callback.completed',
              actions: [releases(false), 'forgetAgent', 'leaveLine', ended('CUSTOMER_ABANDONED')],
            },
            CALLS_LOST: lostWithAgent,
            CANCELLED: { ...cancelled, actions: [releases(false), 'forgetAgent', ...cancelled.actions] },
          },
        },
      },
    },
    processing: {
      initial: 'connected',
      states: {
        connected: {
          on: Object.fromEntries(
            (['CUSTOMER_HUNG_UP', 'AGENT_HUNG_UP', 'CALLS_LOST', 'DUE_REACHED'] as const).map((type) => [
              type,
              { target: 'after-call-work', actions: ['hangUpCustomer', 'dueAfterWrapUp', releases(true)] },
            ]),
          ),
        },
        'after-call-work': { on: { WRAP_UP_DONE: finish, DUE_REACHED: finish } },
      },
    },
    completed: { type: 'final', entry: 'noDue' },
  },
});
