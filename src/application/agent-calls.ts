import { type Conversation, connectAgent } from '../bridging/agent-connector.ts';
import type { CallbackHappening } from '../callback/callback-runner.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallbackId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Leg } from '../telephony/leg.ts';
import type { Telephony } from '../telephony/telephony.ts';
import type { AgentDelivery } from './agent-delivery.ts';
import { callbackFacts, type CaseFactsParts } from './case-facts.ts';

export interface AgentCallsOptions extends CaseFactsParts {
  readonly telephony: Telephony;
  readonly delivery: AgentDelivery;
  readonly registry: AgentRegistry;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (callback: Callback, happening: CallbackHappening, actor: Actor) => void;
}

/** An agent to be rung for a customer who is on the line. */
export interface AgentCall {
  readonly callback: Callback;
  readonly agentId: string;
  readonly customer: Leg;
  readonly settings: QueueSettings;
  /** Aborted when the agent is not needed any more. */
  readonly signal: AbortSignal;
}

/** Rings agents whose state is RINGING for customers on the line, and joins them. */
export class AgentCalls {
  readonly #options: AgentCallsOptions;
  /** Agents whose phone rings or is being silenced, and for whom: they are free once it is quiet. */
  readonly #ringing = new Map<string, CallbackId>();

  constructor(options: AgentCallsOptions) {
    this.#options = options;
  }

  isRinging(agentId: string, callbackId: CallbackId): boolean {
    return this.#ringing.get(agentId) === callbackId;
  }

  /** Resolves when `connected` has, or the agent is free again and the callback knows. Never rejects. */
  async ring(
    { callback, agentId, customer, settings, signal }: AgentCall,
    connected: (conversation: Conversation) => Promise<void>,
  ): Promise<void> {
    const { registry, telephony, delivery, log, ids, clock, tell } = this.#options;
    const { id, virtualQueue, customerNumber } = callback;
    const callId = ids.next('call');
    const callerId = { number: customerNumber, name: virtualQueue };
    const facts = callbackFacts(this.#options, callback);
    const about = { callId, agentId, subjectId: id, kind: 'callback', settings, callerId } as const;
    this.#ringing.set(agentId, id);
    try {
      const outcome = await connectAgent(telephony, log.child({ callbackId: id }), {
        customer,
        target: { kind: 'agent', agentId },
        callId,
        callerId,
        ringTimeoutMs: settings.agentRingTimeoutSec * 1000,
        headers: {},
        originate: () => delivery.deliver({ ...about, facts }),
        signal,
        clock,
      }).finally(() => this.#ringing.delete(agentId));
      if (outcome.kind === 'connected') return await connected(outcome.conversation);
      const reason = outcome.kind === 'agent-failed' ? outcome.reason : 'not-needed';
      registry.release(agentId, id, reason);
      if (outcome.kind !== 'agent-failed') return;
      tell(callback, { type: 'AGENT_NOT_CONNECTED' }, { kind: 'agent', id: agentId });
    } catch (error) {
      log.error({ error, callbackId: id }, 'agent could not be rung');
      registry.release(agentId, id, 'not-needed');
      tell(callback, { type: 'AGENT_NOT_CONNECTED' }, { kind: 'system', part: 'bridging' });
    }
  }
}
