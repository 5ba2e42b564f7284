import type { CallbackId } from '../kernel/ids.ts';
import type { DialResult } from '../telephony/termination.ts';
import type { PurgeCause } from './callback.ts';
import type { ConnectStrategy } from './queue-settings.ts';

/** Why the router decided as it did: plain JSON of at most 4 KiB, kept in the history as it is. */
export type DecisionRecord = Readonly<Record<string, unknown>>;

/** What can happen to a callback. `nowMs` is the instant it happened, UTC. */
export type CallbackMachineEvent = { readonly nowMs: number } & (
  | ClockEvent
  | RouterEvent
  | PreviewOrPushEvent
  | CallEvent
  | WishEvent
);

/** Time and the housekeeping that time asks for. */
type ClockEvent =
  | { readonly type: 'DUE_REACHED' }
  | { readonly type: 'PURGE_REACHED'; readonly why: PurgeCause }
  /** The queue is configured no more. The callback waits for it to come back, for an hour at most. */
  | { readonly type: 'QUEUE_MISSING' };

/** Decisions of queue and router, and of the checks before a dial. */
type RouterEvent =
  /**
   * The customer may be dialled. `customer-first`: `agentId` backs the dial and is not held;
   * `customer-first-reserved`: the agent is held from now on; `paced`: no agent. Refused for `agent-first`,
   * which begins with `AGENT_RESERVED`, and for `preview`, which begins with `PREVIEW_OFFERED`.
   */
  | {
      readonly type: 'DIAL_GRANTED';
      readonly agentId: string | null;
      readonly held: boolean;
      readonly strategy: ConnectStrategy;
      readonly why: DecisionRecord;
    }
  /** For a confirmed customer, or in QUEUED for a callback that begins with the agent (`agent-first`). */
  | { readonly type: 'AGENT_RESERVED'; readonly agentId: string; readonly why: DecisionRecord }
  | DialForbidden;

/**
 * What comes instead of a decision or a dial when the customer, looked at once more, must not be called now
 * (product §3 rule 6). Taken wherever a dial can follow.
 */
export type DialForbidden =
  /** The number may not be called at all (any more). */
  | {
      readonly type: 'NUMBER_REFUSED';
      readonly reason: 'NUMBER_BLOCKED' | 'COUNTRY_NOT_PERMITTED';
      readonly insteadOf?: string;
    }
  /** The customer's own local time forbids a call until then. `insteadOf`: the event it took the place of. */
  | { readonly type: 'CALLING_WINDOW_CLOSED'; readonly untilMs: number; readonly insteadOf?: string }
  /** The customer is called, or talks, for another callback of the queue. */
  | { readonly type: 'CUSTOMER_ENGAGED'; readonly insteadOf?: string };

/** The agent looks at the case first (S5); the customer's device is asked first (S8, S9). */
type PreviewOrPushEvent =
  /** `strategy`: how the customer is reached when the agent accepts. The agent is held from now on. */
  | {
      readonly type: 'PREVIEW_OFFERED';
      readonly agentId: string;
      readonly strategy: 'agent-first' | 'customer-first-reserved';
      readonly why: DecisionRecord;
    }
  | { readonly type: 'PREVIEW_ACCEPTED' }
  /** `reason`: the agent's own words, for the history. */
  | { readonly type: 'PREVIEW_REJECTED'; readonly reason?: string }
  | { readonly type: 'PREVIEW_TIMED_OUT' }
  | { readonly type: 'PUSHED'; readonly insteadOf?: string }
  /** The customer wants the call now: the callback takes its old place in line again. */
  | { readonly type: 'PUSH_ACCEPTED' }
  | { readonly type: 'PUSH_EXPIRED' };

/** What the telephone brings. */
type CallEvent =
  /** `detecting`: call-progress detection listens before the customer is asked anything. */
  | { readonly type: 'ANSWERED'; readonly detecting?: boolean }
  | { readonly type: 'PERSON_DETECTED' }
  /** Told when the message has been left, where one is. `final` as for `ATTEMPT_FAILED`. */
  | { readonly type: 'MACHINE_DETECTED'; readonly result: DialResult; readonly final?: boolean }
  /** `final`: the result forbids another attempt (for example a vacant number). */
  | { readonly type: 'ATTEMPT_FAILED'; readonly result: DialResult; readonly final: boolean }
  | { readonly type: 'CONFIRMED' }
  | { readonly type: 'NOT_CONFIRMED' }
  /** `agent-first`: the agent picked up and waits for the customer. */
  | { readonly type: 'AGENT_ANSWERED' }
  /** The agent did not take the call, or a held one is held no more; whoever tells it has freed the agent. */
  | { readonly type: 'AGENT_NOT_CONNECTED' }
  | { readonly type: 'CONNECTED' }
  | { readonly type: 'CUSTOMER_HUNG_UP' }
  | { readonly type: 'AGENT_HUNG_UP' }
  /** Legs were lost through our fault: restart, media server, SIP server. Their end is unknown: made. */
  | { readonly type: 'CALLS_LOST' }
  /** `agentId`: who has finished; refused when somebody else has the callback by now. */
  | { readonly type: 'WRAP_UP_DONE'; readonly agentId?: string }
  /** Another agent answers for the conversation in progress. */
  | { readonly type: 'HANDED_OVER'; readonly agentId: string }
  /** The customer is served on elsewhere, without this callback: its agent has left the conversation. */
  | {
      readonly type: 'TRANSFERRED';
      readonly to:
        | { readonly kind: 'queue'; readonly queue: string }
        | { readonly kind: 'external'; readonly number: string };
    };

/** What people want. */
type WishEvent =
  | { readonly type: 'SNOOZED' }
  | { readonly type: 'CANCELLED'; readonly by: 'admin' | 'api' | 'customer' }
  /** The customer called in and took the place on that call. */
  | { readonly type: 'SERVED_INBOUND' }
  | { readonly type: 'RESCHEDULED'; readonly desiredAtMs: number }
  /** By the agent who has the call: another callback was made for the new time. */
  | { readonly type: 'RESCHEDULED_BY_AGENT'; readonly desiredAtMs: number; readonly newId: CallbackId };

/** What is to be done after the step has been stored. */
export type CallbackEffect =
  /** The token is in the line at the record's place, free; also when it was held or at another place. */
  | { readonly type: 'takePlace' }
  | { readonly type: 'leaveLine' }
  | { readonly type: 'dial'; readonly params: { readonly attempt: number } }
  | { readonly type: 'askConfirmation' }
  | { readonly type: 'seekAgent' }
  /** With the customer on the line, or before the dial (`agent-first`: no attempt in progress). */
  | { readonly type: 'ringAgent'; readonly params: { readonly agentId: string } }
  /** `agent-first`: the customer answered; bridge with the agent's leg, then tell `CONNECTED`. */
  | { readonly type: 'joinAgent'; readonly params: { readonly agentId: string } }
  | { readonly type: 'hangUpCustomer' }
  /** `preview`: the agent is asked whether they take the case; the answer comes as an event. */
  | { readonly type: 'showCase'; readonly params: { readonly agentId: string } }
  /**
   * Silences the agent's phone and ends the agent's leg, if there is one; `wrapUp`: after-call work follows.
   */
  | {
      readonly type: 'releaseAgent';
      readonly params: { readonly agentId: string; readonly wrapUp: boolean };
    };
