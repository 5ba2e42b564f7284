import { connectAgent, type ConnectOutcome } from '../bridging/agent-connector.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { Clock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { CallId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import type { AudioSource, Leg } from '../telephony/leg.ts';
import type { Telephony } from '../telephony/telephony.ts';
import type { AgentDelivery } from './agent-delivery.ts';
import { callFacts } from './case-facts.ts';
import type { LiveCallDesk } from './live-call-desk.ts';
import type { LiveCallFacts } from './live-call.ts';
import type { QueueWaits } from './queue-waits.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface TransferredCallsOptions {
  readonly telephony: Telephony;
  readonly router: Router;
  readonly registry: AgentRegistry;
  readonly waits: QueueWaits;
  readonly directory: ServiceDirectory;
  readonly delivery: AgentDelivery;
  readonly desk: () => LiveCallDesk;
  readonly holdMusic: readonly AudioSource[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** A customer who waits for the next agent. */
interface Waiting {
  readonly id: CallId;
  /** The callback or call from which it was transferred. */
  readonly from: string;
  readonly customer: Leg;
  readonly facts: LiveCallFacts;
  readonly settings: QueueSettings;
  readonly log: Log;
}

/**
 * Customers whom an agent gave to a queue: live tokens at the place in time that they had before, whatever
 * brought them to us. Each is a call of its own from here on.
 */
export class TransferredCalls {
  readonly #options: TransferredCallsOptions;
  readonly #waiting = new Map<CallId, Waiting>();

  constructor(options: TransferredCallsOptions) {
    this.#options = options;
  }

  /** Customers in line or in conversation. */
  get callCount(): number {
    return this.#waiting.size;
  }

  /** The customer takes a place; hung up on when the queue does not exist any more. */
  take(customer: Leg, queue: string, before: LiveCallFacts): void {
    const { directory, ids, log, router, waits, holdMusic } = this.#options;
    const settings = directory.queue(queue);
    if (!settings) {
      log.error({ queue, subjectId: before.id }, 'customer transferred to a queue that was removed');
      void customer.hangUp();
      return;
    }
    const id = ids.next('call');
    const facts = { ...before, id, kind: 'call', virtualQueue: queue } as const;
    const callLog = log.child({ callId: id });
    callLog.info({ queue, before: before.id }, 'customer transferred to queue');
    this.#waiting.set(id, { id, from: before.id, customer, facts, settings, log: callLog });
    void customer.play(holdMusic, { loop: true });
    void customer.ended.then(() => {
      router.leave(id);
      waits.workEnded(id);
      this.#waiting.delete(id);
    });
    const { atMs: placeAtMs, priority } = before.place;
    router.enqueue({ queue, kind: 'call', subjectId: id, placeAtMs, priority, confirmed: false });
  }

  /** Queue and number of a customer in line or in conversation, and what they were transferred from. */
  callerOf(
    callId: string,
  ): { virtualQueue: string; customerNumber: string | null; from: string } | undefined {
    const waiting = this.#waiting.get(callId);
    if (!waiting) return undefined;
    const { facts, from } = waiting;
    return { virtualQueue: facts.virtualQueue, customerNumber: facts.customerNumber || null, from };
  }

  has(subjectId: string): boolean {
    return this.#waiting.has(subjectId);
  }

  /** The router has reserved an agent for one of them. */
  agentOffered(subjectId: string, agentId: string): void {
    const { registry, router } = this.#options;
    const waiting = this.#waiting.get(subjectId);
    if (!waiting || waiting.customer.termination) {
      // Not back into the line: the next agent would be offered at once, and the next.
      router.leave(subjectId);
      registry.release(agentId, subjectId, 'not-needed');
      return;
    }
    if (!registry.ringing(agentId, subjectId)) return router.offerFailed(subjectId);
    this.#serve(waiting, agentId).catch((error: unknown) => {
      waiting.log.error({ error: messageOf(error), agentId }, 'transferred customer could not be served');
      registry.release(agentId, subjectId, 'not-needed');
      router.offerFailed(subjectId);
    });
    return undefined;
  }

  async #serve(waiting: Waiting, agentId: string): Promise<void> {
    const { registry, router, waits, desk, directory, holdMusic } = this.#options;
    const { id, customer, facts, settings } = waiting;
    const outcome = await this.#connect(waiting, agentId);
    if (outcome.kind !== 'connected') {
      if (outcome.kind === 'customer-gone') router.leave(id);
      registry.release(agentId, id, outcome.kind === 'agent-failed' ? outcome.reason : 'not-needed');
      if (outcome.kind === 'customer-gone') return;
      void customer.play(holdMusic, { loop: true });
      router.offerFailed(id);
      return;
    }
    registry.connected(agentId, id);
    router.served(id);
    waits.workStarted(settings.name, id);
    const agentName = directory.agent(agentId)?.name ?? agentId;
    const call = desk().open({ ...facts, agentId, agentName }, outcome.conversation.takeOver(), {
      wrapUpMs: () => (directory.queue(settings.name) ?? settings).wrapUpSec * 1000,
      handedOver: () => undefined,
      leftAgents: () => undefined,
    });
    const endedBy = await call.ended;
    waiting.log.info({ agentId, endedBy }, 'conversation ended');
  }

  #connect(waiting: Waiting, agentId: string): Promise<ConnectOutcome> {
    const { telephony, delivery, ids, clock, directory } = this.#options;
    const { id, customer, facts, settings, log } = waiting;
    const callId = ids.next('call');
    const callerId = { number: facts.customerNumber, name: settings.name };
    const parts = { ...this.#options, settingsOf: (queue: string) => directory.queue(queue) };
    const { customerNumber: number, virtualQueue, language, place } = facts;
    const caller = { callId: id, number, virtualQueue, placeAtMs: place.atMs, language };
    const about = { callId, agentId, subjectId: id, kind: 'call', settings, callerId } as const;
    return connectAgent(telephony, log, {
      customer,
      target: { kind: 'agent', agentId },
      callId,
      callerId,
      ringTimeoutMs: settings.agentRingTimeoutSec * 1000,
      headers: {},
      originate: () => delivery.deliver({ ...about, facts: callFacts(parts, caller) }),
      signal: new AbortController().signal,
      clock,
    });
  }
}
