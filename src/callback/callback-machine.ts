import { machineSetup } from './callback-machine-setup.ts';
import { processing } from './callback-processing-states.ts';
import { routing } from './callback-routing-states.ts';
import { queued, scheduled } from './callback-waiting-states.ts';

/**
 * The life of a callback: a pure statechart. Events in, the next state and a list of effects out; nothing is
 * done here.
 *
 *   SCHEDULED            QUEUED       ROUTING                                    PROCESSING      COMPLETED
 *   due-later ──due──▶   ●  ─grant─▶  dialing ─▶ detecting ─▶ confirming ─1─▶ waiting-for-agent
 *   retry-wait ─due──▶   ▲              │ fail        │ machine    │ no key      │ ▲ no answer
 *      ▲                 │              ▼             ▼            ▼             ▼ │
 *      └──── attempts left ─────────────┴─────────────┴────────────┘        ringing-agent ──▶ connected
 *                                  (none left: COMPLETED)                                         ▼
 *                        ● ─offer─▶  preview, pushed, or ringing-agent first ─▶ dialing    after-call-work ─▶ ■
 *
 * due-later          the customer wants the call at a later instant, asked for it with "later", or may not be
 *                    called before it
 * retry-wait         an attempt or a pass through the line came to nothing, or the customer was busy with
 *                    another callback; the next one is due
 * queued             its token waits in the virtual queue
 * preview            an agent looks at the case, and accepts or rejects it
 * pushed             the customer's device was told that the turn has come
 * dialing            the customer's phone is being called
 * redial-wait        `agent-first`: not reached; the agent stays on the line until the next attempt
 * detecting          answered; person or machine is being decided
 * confirming         the customer is asked to press 1
 * waiting-for-agent  the customer is on the line and next in line for an agent
 * ringing-agent      an agent's phone rings; for `agent-first` before the dial
 * connected          customer and agent talk
 * after-call-work    the agent finishes the case
 *
 * Strategies: `customer-first` and `paced` hold no agent until the customer waits for one;
 * `customer-first-reserved` holds one from the grant on and rings that one; `agent-first` rings the agent,
 * then dials, then joins; `preview` shows the case first, and goes on as one of the last two. After a failed
 * attempt the next pass may be of another strategy.
 *
 * Every state but COMPLETED has a due time. xstate loses `after` timers on restore and runs `invoke` again,
 * which would ring a customer twice: neither is used. Build snapshots with `resolveState`, step with xstate's
 * pure `transition`.
 */
export const callbackMachine = machineSetup.createMachine({
  id: 'callback',
  context: ({ input }) => input,
  initial: 'queued',
  states: { scheduled, queued, routing, processing, completed: { type: 'final', entry: 'noDue' } },
});
