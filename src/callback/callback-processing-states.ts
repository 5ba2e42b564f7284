import { machineSetup } from './callback-machine-setup.ts';
import { ended, releasesForWrapUp } from './callback-transitions.ts';

/** The agent arranged another time during the call: this callback will end with that reason. */
const rescheduledByAgent = { guard: 'notRescheduled', actions: ['rememberNew'] } as const;
const finishes = [
  { guard: 'isRescheduled', target: '#callback.completed', actions: [ended('RESCHEDULED_BY_AGENT')] },
  { target: '#callback.completed', actions: [ended('COMPLETED_BY_AGENT')] },
] as const;
const toAfterCallWork = {
  target: 'after-call-work',
  actions: ['hangUpCustomer', 'dueAfterWrapUp', releasesForWrapUp],
} as const;

/** Customer and agent talk; then the agent finishes the case. */
export const processing = machineSetup.createStateConfig({
  initial: 'connected',
  states: {
    connected: {
      on: {
        /** `agent-first` joins after the answer: the step to here was taken when the customer answered. */
        CONNECTED: { guard: 'isJoining', actions: ['countOffer', 'dueAfterConversation'] },
        /** The agent had gone when the customer answered: the customer waits for the next one. */
        AGENT_NOT_CONNECTED: [
          { guard: 'isNotJoining' },
          {
            guard: 'anotherLeft',
            target: '#callback.routing.waiting-for-agent',
            actions: ['forgetAgent', 'countOffer', 'customerFirst', 'dueAfterWait', 'seekAgent'],
          },
          {
            target: '#callback.completed',
            actions: ['forgetAgent', 'countOffer', 'hangUpCustomer', ended('NO_AGENT')],
          },
        ],
        CUSTOMER_HUNG_UP: toAfterCallWork,
        AGENT_HUNG_UP: toAfterCallWork,
        CALLS_LOST: toAfterCallWork,
        DUE_REACHED: toAfterCallWork,
        HANDED_OVER: { actions: ['takeAgent'] },
        /** The agent has after-call work; the customer's leg is not this callback's any more. */
        TRANSFERRED: { target: 'after-call-work', actions: ['dueAfterWrapUp'] },
        RESCHEDULED_BY_AGENT: rescheduledByAgent,
      },
    },
    'after-call-work': {
      on: {
        /** Who gave the call to somebody else has work of their own to finish. */
        WRAP_UP_DONE: [{ guard: 'isOtherAgent' }, ...finishes],
        DUE_REACHED: finishes,
        RESCHEDULED_BY_AGENT: rescheduledByAgent,
      },
    },
  },
});
