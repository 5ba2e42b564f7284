import { type CallbackContext, machineSetup } from './callback-machine-setup.ts';
import type { CallbackReason } from './callback.ts';

type WithContext = { readonly context: CallbackContext };

/** Parts of transitions that more than one state of the callback machine is written with. */
export const ringsAgent = {
  type: 'ringAgent' as const,
  params: ({ context }: WithContext) => ({ agentId: context.agentId ?? '' }),
};
export const joinsAgent = {
  type: 'joinAgent' as const,
  params: ({ context }: WithContext) => ({ agentId: context.agentId ?? '' }),
};
export const showsCase = {
  type: 'showCase' as const,
  params: ({ context }: WithContext) => ({ agentId: context.agentId ?? '' }),
};
export const dials = {
  type: 'dial' as const,
  params: ({ context }: WithContext) => ({ attempt: context.attemptCount }),
};
/** The agent goes on to after-call work and stays on the record. */
export const releasesForWrapUp = {
  type: 'releaseAgent' as const,
  params: ({ context }: WithContext) => ({ agentId: context.agentId ?? '', wrapUp: true }),
};
export const ended = (reason: CallbackReason) => ({ type: 'endWith' as const, params: { reason } });

/** Releases the agent that this callback holds, if any. */
export const freeAgent = machineSetup.enqueueActions(({ context, enqueue }) => {
  if (context.agentId === null) return;
  enqueue({ type: 'releaseAgent', params: { agentId: context.agentId, wrapUp: false } });
  enqueue('forgetAgent');
});

export const cancelled = {
  target: '#callback.completed',
  actions: [freeAgent, 'leaveLine', 'hangUpCustomer', 'endCancelled'],
} as const;

export const servedInbound = {
  target: '#callback.completed',
  actions: ['leaveLine', ended('SERVED_INBOUND')],
} as const;

export const purged = { target: '#callback.completed', actions: ['leaveLine', 'endPurged'] } as const;

/** A removed queue: the callback waits where it is, and ends when the queue does not come back. */
export const queueMissing = [
  { guard: 'missingTooLong', target: '#callback.completed', actions: ['leaveLine', ended('ERROR')] },
  { actions: ['waitForQueue'] },
] as const;

const stopCalling = [freeAgent, 'leaveLine', 'hangUpCustomer'] as const;

/** After an attempt that came to nothing: wait and try again, or end when no attempt is left (rule 3). */
export const failedAttempt = (lastReason: CallbackReason) =>
  [
    { guard: 'noRetry', target: '#callback.completed', actions: [...stopCalling, ended(lastReason)] },
    {
      guard: 'attemptsLeft',
      target: '#callback.scheduled.retry-wait',
      actions: [...stopCalling, 'dueAfterRetry', 'endPass'],
    },
    { target: '#callback.completed', actions: [...stopCalling, ended(lastReason)] },
  ] as const;

/** The customer asks to be called a little later; after the last such wish it is an attempt in vain. */
export const snoozed = [
  {
    guard: 'snoozesLeft',
    target: '#callback.scheduled.due-later',
    actions: [...stopCalling, 'countSnooze', 'dueAfterSnooze', 'endPass'],
  },
  ...failedAttempt('CUSTOMER_NOT_CONFIRMED'),
] as const;

/**
 * The customer must not be called now after all: nobody is held for it, and no attempt counts. It ends, or is
 * due again when the reason is gone, at its old place.
 */
export const dialForbidden = {
  NUMBER_REFUSED: { target: '#callback.completed', actions: [freeAgent, 'leaveLine', 'endRefused'] },
  CALLING_WINDOW_CLOSED: {
    target: '#callback.scheduled.due-later',
    actions: [freeAgent, 'leaveLine', 'dueWhenWindowOpens', 'endPass'],
  },
  CUSTOMER_ENGAGED: {
    target: '#callback.scheduled.retry-wait',
    actions: [freeAgent, 'leaveLine', 'dueAfterEngagement', 'endPass'],
  },
} as const;

/** No attempt was made: the callback is free at its old place again. */
export const backInLine = {
  target: '#callback.queued',
  actions: [freeAgent, 'backToLine', 'takePlace'],
} as const;

const joined = {
  target: '#callback.processing.connected',
  actions: ['dueAfterConversation', 'leaveLine', joinsAgent],
} as const;
const ringsHeldAgent = {
  target: '#callback.routing.ringing-agent',
  actions: ['countOffer', 'dueAfterRing', ringsAgent],
} as const;
const waitsForAgent = {
  target: '#callback.routing.waiting-for-agent',
  actions: ['dueAfterWait', 'seekAgent'],
} as const;

/** The customer is on the line and wants to talk: to the held agent at once, else to the next one. */
export const toAgent = [{ ...ringsHeldAgent, guard: 'isAgentHeld' }, waitsForAgent] as const;

/** A customer who pressed nothing, where the queue connects such customers, too. */
export const toAgentUnconfirmed = [
  { ...ringsHeldAgent, guard: 'connectsHeldUnconfirmed' },
  { ...waitsForAgent, guard: 'connectUnconfirmed' },
] as const;

/** A person answered: joined with the waiting agent, asked to confirm, or connected at once. */
export const toPerson = [
  { ...joined, guard: 'isAgentFirst' },
  {
    guard: 'confirmRequired',
    target: '#callback.routing.confirming',
    actions: ['dueAfterConfirm', 'askConfirmation'],
  },
  ...toAgent,
] as const;

/** A machine answered and the queue wants it connected: it cannot be asked to confirm. */
export const toMachine = [
  { ...joined, guard: 'joinsMachine' },
  { ...ringsHeldAgent, guard: 'connectsMachineToHeld' },
  { ...waitsForAgent, guard: 'connectsMachine' },
] as const;

/** An agent did not take the customer who is on the line: the next one, up to the limit. */
export const nextAgent = [
  {
    guard: 'offersLeft',
    target: '#callback.routing.waiting-for-agent',
    actions: [freeAgent, 'dueAfterWait', 'seekAgent'],
  },
  {
    target: '#callback.completed',
    actions: [freeAgent, 'leaveLine', 'hangUpCustomer', ended('NO_AGENT')],
  },
] as const;
