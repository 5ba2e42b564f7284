import { releaseReasonOf } from '../bridging/agent-connector.ts';
import type { Lease } from '../bridging/party-lines.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';

/** What a lease follows. */
export interface LeaseOptions {
  readonly registry: AgentRegistry;
  readonly agentId: string;
  /** The callback or call that the agent works on. */
  readonly subjectId: string;
  /** After-call work of an agent who talked with the customer. */
  readonly wrapUpMs: () => number;
}

/**
 * Reserves an agent who is READY for a call in progress, or one who is NOT_READY where `evenNotReady`. From
 * here on the agent's state follows the phone: it becomes what it was, whatever happens. Undefined: somebody
 * was quicker, or the agent takes no calls now.
 */
export function leaseAgent(options: LeaseOptions, { evenNotReady = false } = {}): Lease | undefined {
  const { registry, agentId, subjectId } = options;
  const isReady = registry.reserve(agentId, subjectId);
  if (!isReady && !(evenNotReady && registry.borrow(agentId, subjectId))) return undefined;
  registry.ringing(agentId, subjectId);
  return {
    answered: () => {
      registry.connected(agentId, subjectId);
    },
    failed: (termination) => {
      // Who was not ready anyway stays so, for their own reason.
      const reason = termination && isReady ? releaseReasonOf(termination) : 'not-needed';
      registry.release(agentId, subjectId, reason);
    },
    over: (metCustomer) => over(options, metCustomer),
  };
}

/** For an agent who is on the call already. */
export function leaseOfTalking(options: LeaseOptions): Lease {
  return { ...noLease, over: (metCustomer) => over(options, metCustomer) };
}

function over({ registry, agentId, subjectId, wrapUpMs }: LeaseOptions, metCustomer: boolean): void {
  if (metCustomer) registry.workOver(agentId, subjectId, wrapUpMs());
  else registry.standDown(agentId, subjectId);
}

/**
 * For a phone whose owner's state is nobody's business here: an outside party, a supervisor at other work.
 */
export const noLease: Lease = {
  answered: () => undefined,
  failed: () => undefined,
  over: () => undefined,
};
