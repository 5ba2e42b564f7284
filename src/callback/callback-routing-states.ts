import { machineSetup } from './callback-machine-setup.ts';
import {
  backInLine,
  cancelled,
  dialForbidden,
  dials,
  ended,
  failedAttempt,
  freeAgent,
  nextAgent,
  ringsAgent,
  servedInbound,
  snoozed,
  toAgent,
  toAgentUnconfirmed,
  toMachine,
  toPerson,
} from './callback-transitions.ts';

/** Chosen first where a strategy does not know the event: no target, no action, so the event is refused. */
const refusedUnlessAgentFirst = { guard: 'isNotAgentFirst' } as const;
const refusedIfAgentFirst = { guard: 'isAgentFirst' } as const;

/** An agent held for the dial is held no more: the customer will get the next one who is ready. */
const agentLost = { guard: 'isAgentHeldAside', actions: ['forgetAgent'] } as const;
/** `agent-first`: the agent left before the customer answered. */
const agentLeft = [refusedUnlessAgentFirst, ...failedAttempt('MAX_ATTEMPTS_REACHED')] as const;

/** The agent is shown the case and decides (S5); held meanwhile. */
const preview = machineSetup.createStateConfig({
  on: {
    PREVIEW_ACCEPTED: [
      { guard: 'isAgentFirst', target: 'ringing-agent', actions: ['dueAfterRing', ringsAgent] },
      { target: 'dialing', actions: ['countAttempt', 'dueAfterDial', dials] },
    ],
    ...dialForbidden,
    PREVIEW_REJECTED: [
      { ...backInLine, guard: 'rejectsLeft', actions: ['countReject', ...backInLine.actions] },
      {
        target: '#callback.completed',
        actions: ['countReject', freeAgent, 'leaveLine', ended('PREVIEW_REJECTED')],
      },
    ],
    PREVIEW_TIMED_OUT: backInLine,
    DUE_REACHED: backInLine,
    AGENT_NOT_CONNECTED: { ...backInLine, actions: ['forgetAgent', ...backInLine.actions] },
    CALLS_LOST: backInLine,
    CANCELLED: cancelled,
  },
});

const pushExpired = { target: '#callback.completed', actions: ['leaveLine', ended('PUSH_EXPIRED')] } as const;

/** The customer's device was told that the turn has come; the token is held until the customer decides. */
const pushed = machineSetup.createStateConfig({
  on: {
    PUSHED: { guard: 'pushesLeft', actions: ['notePush'] },
    PUSH_ACCEPTED: backInLine,
    PUSH_EXPIRED: pushExpired,
    DUE_REACHED: pushExpired,
    SNOOZED: {
      // Only while the customer can be asked again.
      guard: 'pushesLeft',
      target: '#callback.scheduled.due-later',
      actions: ['leaveLine', 'noPush', 'dueAfterSnooze', 'endPass'],
    },
    SERVED_INBOUND: servedInbound,
    CANCELLED: cancelled,
  },
});

const [withoutRetry, ...withRetry] = failedAttempt('MAX_ATTEMPTS_REACHED');

/** The customer's phone is being called; `agent-first`: the agent listens. */
const dialing = machineSetup.createStateConfig({
  on: {
    ANSWERED: [{ guard: 'wantsDetection', target: 'detecting', actions: ['dueAfterDetection'] }, ...toPerson],
    ATTEMPT_FAILED: [
      withoutRetry,
      { guard: 'redials', target: 'redial-wait', actions: ['dueAfterRedialPause'] },
      ...withRetry,
    ],
    DUE_REACHED: failedAttempt('MAX_ATTEMPTS_REACHED'),
    CALLS_LOST: failedAttempt('MAX_ATTEMPTS_REACHED'),
    AGENT_NOT_CONNECTED: agentLost,
    AGENT_HUNG_UP: agentLeft,
    CANCELLED: cancelled,
  },
});

/** `agent-first`: the customer was not reached; the agent stays on the line for the next attempt. */
const redialWait = machineSetup.createStateConfig({
  on: {
    DUE_REACHED: { target: 'dialing', actions: ['countAttempt', 'dueAfterDial', dials] },
    ...dialForbidden,
    AGENT_HUNG_UP: failedAttempt('MAX_ATTEMPTS_REACHED'),
    CALLS_LOST: failedAttempt('MAX_ATTEMPTS_REACHED'),
    CANCELLED: cancelled,
  },
});

/** Answered; person or machine is not known yet. */
const detecting = machineSetup.createStateConfig({
  on: {
    PERSON_DETECTED: toPerson,
    MACHINE_DETECTED: [...toMachine, ...failedAttempt('MAX_ATTEMPTS_REACHED')],
    CUSTOMER_HUNG_UP: failedAttempt('CUSTOMER_NOT_CONFIRMED'),
    DUE_REACHED: failedAttempt('MAX_ATTEMPTS_REACHED'),
    CALLS_LOST: failedAttempt('MAX_ATTEMPTS_REACHED'),
    AGENT_NOT_CONNECTED: agentLost,
    AGENT_HUNG_UP: agentLeft,
    CANCELLED: cancelled,
  },
});

/** The customer is asked to press 1. */
const confirming = machineSetup.createStateConfig({
  on: {
    CONFIRMED: toAgent,
    /** The question began because nobody could tell yet; then the machine gave itself away. */
    MACHINE_DETECTED: [...toMachine, ...failedAttempt('MAX_ATTEMPTS_REACHED')],
    NOT_CONFIRMED: [...toAgentUnconfirmed, ...failedAttempt('CUSTOMER_NOT_CONFIRMED')],
    CUSTOMER_HUNG_UP: failedAttempt('CUSTOMER_NOT_CONFIRMED'),
    DUE_REACHED: failedAttempt('CUSTOMER_NOT_CONFIRMED'),
    CALLS_LOST: failedAttempt('MAX_ATTEMPTS_REACHED'),
    SNOOZED: snoozed,
    AGENT_NOT_CONNECTED: agentLost,
    CANCELLED: cancelled,
  },
});

/** The customer is on the line, next for an agent. */
const waitingForAgent = machineSetup.createStateConfig({
  on: {
    AGENT_RESERVED: {
      target: 'ringing-agent',
      actions: ['takeAgent', 'countOffer', 'dueAfterRing', ringsAgent],
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
});

const backFromAgentFirst = { ...backInLine, guard: 'isAgentFirst' } as const;
const forgetAgentFirst = {
  ...backFromAgentFirst,
  actions: ['forgetAgent', ...backInLine.actions],
} as const;

/** An agent's phone rings: for the customer on the line, or (`agent-first`) before the customer is called. */
const ringingAgent = machineSetup.createStateConfig({
  on: {
    AGENT_ANSWERED: {
      guard: 'isAgentFirst',
      target: 'dialing',
      actions: ['countAttempt', 'dueAfterDial', dials],
    },
    NUMBER_REFUSED: [refusedUnlessAgentFirst, dialForbidden.NUMBER_REFUSED],
    CALLING_WINDOW_CLOSED: [refusedUnlessAgentFirst, dialForbidden.CALLING_WINDOW_CLOSED],
    CUSTOMER_ENGAGED: [refusedUnlessAgentFirst, dialForbidden.CUSTOMER_ENGAGED],
    CONNECTED: [
      refusedIfAgentFirst,
      { target: '#callback.processing.connected', actions: ['dueAfterConversation', 'leaveLine'] },
    ],
    AGENT_NOT_CONNECTED: [
      forgetAgentFirst,
      ...nextAgent.map((branch) => ({ ...branch, actions: ['forgetAgent' as const, ...branch.actions] })),
    ],
    DUE_REACHED: [backFromAgentFirst, ...nextAgent],
    CUSTOMER_HUNG_UP: [
      refusedIfAgentFirst,
      {
        target: '#callback.completed',
        actions: [freeAgent, 'leaveLine', ended('CUSTOMER_ABANDONED')],
      },
    ],
    CALLS_LOST: [backFromAgentFirst, ...failedAttempt('MAX_ATTEMPTS_REACHED')],
    CANCELLED: cancelled,
  },
});

/** An agent is reserved, previews, or the customer is being contacted. */
export const routing = machineSetup.createStateConfig({
  initial: 'dialing',
  states: {
    preview,
    pushed,
    dialing,
    'redial-wait': redialWait,
    detecting,
    confirming,
    'waiting-for-agent': waitingForAgent,
    'ringing-agent': ringingAgent,
  },
});
