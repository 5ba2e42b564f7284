import { type Clock, delay } from '../kernel/clock.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { ReleaseReason } from '../routing/agent-registry.ts';
import type { Leg } from '../telephony/leg.ts';
import type {
  Bridge,
  OriginateOutcome,
  OriginateRequest,
  OutboundCall,
  Telephony,
} from '../telephony/telephony.ts';
import type { Termination, TerminationReason } from '../telephony/termination.ts';
import type { EndedBy } from './conversation-state.ts';
import type { JoinedLegs } from './conversation.ts';

/** Customer and agent joined. */
export interface Conversation {
  /** Resolves once, when both legs have ended. */
  readonly ended: Promise<EndedBy>;
  /** Ends both legs. */
  end(): Promise<void>;
  /** Both legs, for whoever goes on with them: nobody is hung up from here any more. */
  takeOver(): JoinedLegs;
}

export type ConnectOutcome =
  | { readonly kind: 'connected'; readonly conversation: Conversation }
  /** The customer hung up first; the agent's phone has been silenced. */
  | { readonly kind: 'customer-gone' }
  | { readonly kind: 'agent-failed'; readonly reason: ReleaseReason; readonly termination: Termination };

export interface ConnectRequest {
  readonly customer: Leg;
  /** The agent's phone, or a number that the flow transfers to. */
  readonly target: OriginateRequest['target'];
  /** Id of the agent's leg. */
  readonly callId: CallId;
  readonly callerId: { readonly number: string; readonly name?: string };
  readonly ringTimeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted when the call is no longer wanted (cancelled, given to somebody else). */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** How the target is called; default: {@link Telephony.originate}. */
  readonly originate?: (request: OriginateRequest) => OutboundCall;
}

/**
 * After a fault of ours (overload, media) the same agent is not tried again before this; bounds a busy loop.
 */
const FAULT_PAUSE_MS = 500;

const releaseReasons: Partial<Record<TerminationReason, ReleaseReason>> = {
  busy: 'REJECTED',
  declined: 'REJECTED',
  'no-answer': 'RONA',
  'not-registered': 'UNREACHABLE',
  'not-found': 'UNREACHABLE',
  'no-response': 'UNREACHABLE',
  unavailable: 'UNREACHABLE',
  'network-failure': 'UNREACHABLE',
  gone: 'UNREACHABLE',
  forbidden: 'REJECTED',
  redirected: 'REJECTED',
};

/** What becomes of an agent whose phone did not take the call; our own failures leave the agent as before. */
export function releaseReasonOf(termination: Termination): ReleaseReason {
  return releaseReasons[termination.reason] ?? 'not-needed';
}

/**
 * Rings the agent and joins both parties. The customer keeps hearing what they heard (music) until the agent
 * answers. Who ends whom: docs/hangup.md.
 */
export async function connectAgent(
  telephony: Telephony,
  log: Log,
  request: ConnectRequest,
): Promise<ConnectOutcome> {
  const { customer, target, callId, callerId, ringTimeoutMs, headers, signal } = request;
  if (customer.termination || signal.aborted) return { kind: 'customer-gone' };
  const outgoing = { callId, target, callerId, ringTimeoutMs, headers };
  const call = request.originate?.(outgoing) ?? telephony.originate(outgoing);
  const outcome = await firstOf(call, customer, signal);
  if (outcome === 'gone') return { kind: 'customer-gone' };
  if (outcome.kind === 'failed') {
    const { termination } = outcome;
    log.info({ callId, target, termination }, 'agent did not take the call');
    const reason = releaseReasonOf(termination);
    if (reason === 'not-needed') await delay(request.clock, FAULT_PAUSE_MS);
    return { kind: 'agent-failed', reason, termination };
  }
  const agent = outcome.leg;
  const isWithdrawn = (): boolean => customer.termination !== undefined || signal.aborted;
  let bridge: Bridge;
  try {
    bridge = await telephony.bridge(customer, agent);
  } catch (error) {
    await agent.hangUp();
    if (isWithdrawn()) return { kind: 'customer-gone' };
    log.error({ callId, target, error }, 'bridge failed');
    await delay(request.clock, FAULT_PAUSE_MS);
    const termination = { bucket: 'server_error', reason: 'media-server-failure' } as const;
    return { kind: 'agent-failed', reason: 'not-needed', termination };
  }
  // Nobody wants it any more. A customer who has hung up meanwhile has been heard, and may have heard.
  if (signal.aborted) {
    await agent.hangUp();
    return { kind: 'customer-gone' };
  }
  return { kind: 'connected', conversation: converse({ customer, agent, bridge }) };
}

/** The agent's answer or failure, unless the customer goes or the request is withdrawn first. */
async function firstOf(
  call: OutboundCall,
  customer: Leg,
  signal: AbortSignal,
): Promise<OriginateOutcome | 'gone'> {
  const withdrawn = new Promise<'gone'>((resolve) => {
    signal.addEventListener('abort', () => resolve('gone'), { once: true });
  });
  const first = await Promise.race([call.outcome, customer.ended.then(() => 'gone' as const), withdrawn]);
  if (first !== 'gone') return first;
  call.cancel();
  // The answer may have crossed the CANCEL: then there is a leg to end.
  const late = await call.outcome;
  if (late.kind === 'answered') await late.leg.hangUp();
  return 'gone';
}

/**
 * Joins two legs that are up. Undefined: they could not be joined; the agent's leg has been ended, the
 * customer's is as it was.
 */
export async function joinLegs(
  telephony: Telephony,
  log: Log,
  customer: Leg,
  agent: Leg,
): Promise<Conversation | undefined> {
  try {
    const bridge = await telephony.bridge(customer, agent);
    return converse({ customer, agent, bridge });
  } catch (error) {
    await agent.hangUp();
    if (!customer.termination) log.error({ callId: customer.callId, error }, 'bridge failed');
    return undefined;
  }
}

function converse(legs: JoinedLegs): Conversation {
  const { customer, agent } = legs;
  let isTakenOver = false;
  const ended = (async (): Promise<EndedBy> => {
    const first = await Promise.race([
      customer.ended.then((termination) => ({ by: 'customer' as const, termination })),
      agent.ended.then((termination) => ({ by: 'agent' as const, termination })),
    ]);
    if (!isTakenOver) await Promise.all([customer.hangUp(), agent.hangUp()]);
    return first.termination.reason === 'remote-hangup' ? first.by : 'system';
  })();
  return {
    ended,
    end: async () => {
      await Promise.all([customer.hangUp(), agent.hangUp()]);
    },
    takeOver: () => {
      isTakenOver = true;
      return legs;
    },
  };
}
