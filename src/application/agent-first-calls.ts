import { type Conversation, joinLegs, releaseReasonOf } from '../bridging/agent-connector.ts';
import type { CallbackHappening } from '../callback/callback-runner.ts';
import type { Actor, Callback } from '../callback/callback.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import { STORE_RETRY_MS } from '../callback/store-retry.ts';
import { type Clock, delay } from '../kernel/clock.ts';
import { assert } from '../kernel/errors.ts';
import type { CallbackId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { AudioSource, Leg } from '../telephony/leg.ts';
import type { OutboundCall, Telephony } from '../telephony/telephony.ts';
import type { AgentDelivery } from './agent-delivery.ts';
import { callbackFacts, type CaseFactsParts } from './case-facts.ts';

export interface AgentFirstCallsOptions extends CaseFactsParts {
  readonly telephony: Telephony;
  readonly delivery: AgentDelivery;
  /** The agent has taken the case on the screen already. */
  readonly isTakenBy: (callbackId: CallbackId, agentId: string) => boolean;
  /** What the agent hears between two attempts. */
  readonly holdMusic: readonly AudioSource[];
  readonly registry: AgentRegistry;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves true when the callback took the event. */
  readonly tell: (callback: Callback, happening: CallbackHappening, actor: Actor) => Promise<boolean>;
  /** Customer and agent are joined. */
  readonly onJoined: (callback: Callback, agentId: string, conversation: Conversation) => void;
}

/** The agent's leg of one pass. */
interface AgentCall {
  readonly callbackId: CallbackId;
  readonly agentId: string;
  readonly outbound: OutboundCall;
  leg: Leg | undefined;
  /** `alone`: waits for the customer; `joined`: the conversation has the leg; `over`: the pass has ended. */
  state: 'alone' | 'joining' | 'joined' | 'over';
  /** Frees the agent when the leg has ended; the conversation does it where there is one. */
  free: () => void;
}

/** What the agent hears while the customer's phone rings: the ringing tone of the agent's own side. */
const CUSTOMER_RINGS: readonly AudioSource[] = [
  { kind: 'tone', frequencies: [440, 480], onMs: 2000, offMs: 4000 },
];

const bridging: Actor = { kind: 'system', part: 'bridging' };

/**
 * `agent-first` (S6): the agent's phone is rung with the case, the customer is dialled from that call, and
 * both are joined at the answer. This room has the agent's leg until then.
 */
export class AgentFirstCalls {
  readonly #options: AgentFirstCallsOptions;
  readonly #calls = new Map<CallbackId, AgentCall>();
  /** The pass has ended, and the agent's phone is not quiet yet. */
  readonly #ending = new Set<AgentCall>();

  constructor(options: AgentFirstCallsOptions) {
    this.#options = options;
  }

  /** Agents' calls without a customer so far. */
  get callCount(): number {
    return this.#calls.size;
  }

  /** Rings the reserved agent; the callback hears AGENT_ANSWERED or AGENT_NOT_CONNECTED. */
  ring(callback: Callback, agentId: string): void {
    const { registry, log, settingsOf } = this.#options;
    if (!settingsOf(callback.virtualQueue) || !registry.ringing(agentId, callback.id)) {
      registry.release(agentId, callback.id, 'not-needed');
      void this.#options.tell(callback, { type: 'AGENT_NOT_CONNECTED' }, bridging);
      return;
    }
    this.#follow(callback, agentId).catch((error: unknown) => {
      log.error({ error, callbackId: callback.id, agentId }, "the agent's call failed");
      this.release(callback.id, agentId);
      void this.#options.tell(callback, { type: 'AGENT_NOT_CONNECTED' }, bridging);
    });
  }

  /** What the waiting agent hears: the customer's phone rings, or (`pauses`) the next attempt is to come. */
  hears(callbackId: CallbackId, what: 'rings' | 'pauses'): void {
    const call = this.#calls.get(callbackId);
    if (call?.state !== 'alone') return;
    void call.leg?.play(what === 'rings' ? CUSTOMER_RINGS : this.#options.holdMusic, { loop: true });
  }

  /** The customer has answered: joins both. Told AGENT_NOT_CONNECTED when the agent has gone. */
  async join(callback: Callback, customer: Leg | undefined): Promise<void> {
    const { telephony, log, tell, onJoined } = this.#options;
    const call = this.#calls.get(callback.id);
    if (!call?.leg || call.leg.termination || !customer) {
      if (call) this.#end(call);
      await tell(callback, { type: 'AGENT_NOT_CONNECTED' }, bridging);
      return;
    }
    call.state = 'joining';
    const conversation = await joinLegs(telephony, log, customer, call.leg);
    // The customer may have hung up meanwhile: then the pass is over, and the agent free once it is quiet.
    if (isOver(call)) return conversation?.end();
    this.#calls.delete(callback.id);
    call.state = conversation ? 'joined' : 'over';
    if (conversation) return onJoined(callback, call.agentId, conversation);
    await tell(callback, { type: 'AGENT_NOT_CONNECTED' }, bridging);
    return undefined;
  }

  /**
   * Silences or ends the agent's call, and frees the agent once it is quiet: by `free`, default without
   * after-call work. A call that is ending already is freed by `free`, too. False: there is none.
   */
  release(callbackId: CallbackId, agentId: string, free?: () => void): boolean {
    const calls = [this.#calls.get(callbackId), ...this.#ending];
    const call = calls.find((one) => one?.callbackId === callbackId && one.agentId === agentId);
    if (!call) return false;
    if (free) call.free = free;
    this.#end(call);
    return true;
  }

  #end(call: AgentCall): void {
    if (call.state === 'over') return;
    call.state = 'over';
    this.#calls.delete(call.callbackId);
    this.#ending.add(call);
    if (call.leg) void call.leg.hangUp();
    else call.outbound.cancel();
  }

  async #follow(callback: Callback, agentId: string): Promise<void> {
    const { delivery, registry, ids } = this.#options;
    const settings = this.#settingsFor(callback, agentId);
    assert(settings, 'the queue of an agent who is rung is configured');
    const outbound = delivery.deliver({
      callId: ids.next('call'),
      agentId,
      subjectId: callback.id,
      kind: 'callback',
      facts: callbackFacts(this.#options, callback),
      settings,
      callerId: { number: callback.customerNumber, name: callback.virtualQueue },
    });
    const call: AgentCall = {
      callbackId: callback.id,
      agentId,
      outbound,
      leg: undefined,
      state: 'alone',
      free: () => registry.standDown(agentId, callback.id),
    };
    this.#calls.set(callback.id, call);
    try {
      await this.#untilQuiet(callback, call);
    } finally {
      this.#ending.delete(call);
    }
  }

  async #untilQuiet(callback: Callback, call: AgentCall): Promise<void> {
    const { registry, clock, log, tell } = this.#options;
    const { agentId, outbound } = call;
    const outcome = await outbound.outcome;
    const agent: Actor = { kind: 'agent', id: agentId };
    if (outcome.kind === 'failed') {
      if (this.#calls.get(callback.id) === call) this.#calls.delete(callback.id);
      const isUnwanted = isOver(call);
      const reason = isUnwanted ? 'not-needed' : releaseReasonOf(outcome.termination);
      log.info(
        { callbackId: callback.id, agentId, termination: outcome.termination },
        'agent did not answer',
      );
      if (reason === 'not-needed' && !isUnwanted) await delay(clock, STORE_RETRY_MS);
      registry.release(agentId, callback.id, reason);
      if (!isUnwanted) await tell(callback, { type: 'AGENT_NOT_CONNECTED' }, agent);
      return;
    }
    call.leg = outcome.leg;
    registry.connected(agentId, callback.id);
    if (isOver(call)) await outcome.leg.hangUp();
    else await this.#wait(callback, call, outcome.leg, agent);
    // Whoever ends the conversation frees the agent of it.
    if (call.state !== 'joined') call.free();
  }

  /** Who has taken the case on the screen is not asked there again. */
  #settingsFor({ id, virtualQueue }: Callback, agentId: string): QueueSettings | undefined {
    const { settingsOf, isTakenBy } = this.#options;
    const settings = settingsOf(virtualQueue);
    return settings && isTakenBy(id, agentId) ? { ...settings, agentAccept: 'phone' } : settings;
  }

  /** The agent waits on the line until the customer answers, the pass ends or the agent hangs up. */
  async #wait(callback: Callback, call: AgentCall, leg: Leg, agent: Actor): Promise<void> {
    const { tell } = this.#options;
    void leg.play(CUSTOMER_RINGS, { loop: true });
    if (!(await tell(callback, { type: 'AGENT_ANSWERED' }, agent))) this.#end(call);
    await leg.ended;
    if (call.state !== 'alone') return;
    this.#end(call);
    await tell(callback, { type: 'AGENT_HUNG_UP' }, agent);
  }
}

/** Asked after a wait: others change the state meanwhile. */
function isOver({ state }: AgentCall): boolean {
  return state === 'over';
}

/** `agent-first`: the agent is rung before there is a customer. */
export function isBeforeDial({ strategy, subState }: Callback): boolean {
  return strategy === 'agent-first' && subState === 'ringing-agent';
}
