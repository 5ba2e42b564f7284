import { assert } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { compareTokens, type Token } from '../queue/token.ts';
import { VirtualQueue } from '../queue/virtual-queue.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { RouterDecisions, RoutingRule, RoutingWhy } from './router-decisions.ts';

export interface RouterOptions {
  readonly registry: AgentRegistry;
  readonly log: Log;
  readonly nowMs: () => number;
  /** Ids of the agents who satisfy the queue's skill expression; hot-reloadable, so asked for each time. */
  readonly agentsOf: (queue: string) => readonly string[];
  readonly decisions: RouterDecisions;
  /** Dials in progress at most, over all queues; keeps outbound attempts inside what telephony admits. */
  readonly dialsMax: number;
  /** False while nothing can be dialled: callbacks keep their places and no attempt is spent. */
  readonly mayDial: () => boolean;
  /** A token left its line for an agent; feeds the wait estimators. */
  readonly onDeparture: (queue: string) => void;
}

/**
 * Matches tokens with agents, driven by events only: a token arrives, an agent becomes ready, a dial or an
 * offer ends.
 *
 * `customer-first` (product §2): an agent who becomes ready lets the first due callback be dialled and stays
 * free for the live calls behind it. One ready agent backs one dial at a time. The head of the line is never
 * passed: when it is a callback that the agent cannot back, the agent waits rather than serve a younger equal
 * token.
 */
export class Router {
  readonly #options: RouterOptions;
  readonly #queues = new Map<string, VirtualQueue>();
  /** Agent → callback whose dial this agent backs. */
  readonly #dialBackedBy = new Map<string, string>();
  readonly #queueOf = new Map<string, string>();

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** The line of a queue, made on first use. */
  queue(name: string): VirtualQueue {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = new VirtualQueue(name);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  /** The line in which the subject has a token. */
  queueOf(subjectId: string): VirtualQueue | undefined {
    const name = this.#queueOf.get(subjectId);
    return name === undefined ? undefined : this.queue(name);
  }

  /** A token takes its place: a new one, or one that comes back to its old place. */
  enqueue(token: Token): void {
    this.queue(token.queue).add(token);
    this.#queueOf.set(token.subjectId, token.queue);
    this.#matchQueue(token.queue);
  }

  /** The subject needs no agent any more. Frees the agent's dial budget when it was being dialled. */
  leave(subjectId: string): void {
    const queue = this.queueOf(subjectId);
    this.#queueOf.delete(subjectId);
    queue?.remove(subjectId);
    this.#dialEnded(subjectId);
    if (queue) this.#matchQueue(queue.name);
  }

  /**
   * The offered agent did not take the call, or the dial was not begun: the token is free again at its old
   * place.
   */
  offerFailed(subjectId: string): void {
    const queue = this.queueOf(subjectId);
    queue?.release(subjectId);
    this.#dialEnded(subjectId);
    if (queue) this.#matchQueue(queue.name);
  }

  /** The agent has the call: the token's work is done. */
  served(subjectId: string): void {
    const queue = this.queueOf(subjectId);
    if (!queue) return;
    this.#queueOf.delete(subjectId);
    queue.remove(subjectId);
    this.#dialEnded(subjectId);
    this.#options.onDeparture(queue.name);
  }

  /** Gives the agent the first work they may do; call when an agent became ready. */
  agentReady(agentId: string): void {
    for (;;) {
      if (this.#options.registry.status(agentId).state !== 'READY') return;
      const token = this.#firstFor(agentId);
      if (!token) return;
      if (token.kind === 'callback') {
        if (!this.#mayGrant(agentId)) return;
        this.#grantDial(token, agentId);
      } else {
        this.#offer(token, agentId);
        return;
      }
    }
  }

  /** Looks at every line again, for example after the configuration changed. */
  matchAll(): void {
    for (const name of this.#queues.keys()) this.#matchQueue(name);
  }

  #matchQueue(name: string): void {
    const { agentsOf, registry } = this.#options;
    if (!this.queue(name).head()) return;
    const ready = agentsOf(name)
      .map((agentId) => registry.status(agentId))
      .filter((status) => status.state === 'READY')
      .sort((a, b) => a.idleSinceMs - b.idleSinceMs || (a.agentId < b.agentId ? -1 : 1));
    for (const { agentId } of ready) {
      this.agentReady(agentId);
      if (!this.queue(name).head()) return;
    }
  }

  #firstFor(agentId: string): Token | undefined {
    let first: Token | undefined;
    for (const queue of this.#queues.values()) {
      const head = queue.head();
      if (!head || (first && compareTokens(first, head) <= 0)) continue;
      if (this.#options.agentsOf(queue.name).includes(agentId)) first = head;
    }
    return first;
  }

  #mayGrant(agentId: string): boolean {
    const { dialsMax, mayDial } = this.#options;
    return !this.#dialBackedBy.has(agentId) && this.#dialBackedBy.size < dialsMax && mayDial();
  }

  #grantDial(token: Token, agentId: string): void {
    this.queue(token.queue).hold(token.subjectId);
    this.#dialBackedBy.set(agentId, token.subjectId);
    this.#options.log.info({ agentId, queue: token.queue, subjectId: token.subjectId }, 'dial granted');
    this.#options.decisions.dialGranted({
      callbackId: token.subjectId,
      agentId,
      held: false,
      strategy: 'customer-first',
      why: this.#why(token, 'agent-backs-dial', agentId),
    });
  }

  #offer(token: Token, agentId: string): void {
    const reserved = this.#options.registry.reserve(agentId, token.subjectId);
    assert(reserved, `ready agent ${agentId} can be reserved`);
    this.queue(token.queue).hold(token.subjectId);
    this.#options.log.info({ agentId, queue: token.queue, subjectId: token.subjectId }, 'agent offered');
    const why = this.#why(token, 'agent-for-call', agentId);
    this.#options.decisions.agentOffered({ token, agentId, why });
  }

  #why({ queue, subjectId }: Token, rule: RoutingRule, agentId: string): RoutingWhy {
    return {
      atMs: this.#options.nowMs(),
      queue,
      strategy: 'customer-first',
      rule,
      order: 'priority, confirmed, age',
      candidates: [{ subjectId, value: 'first in line' }],
      candidateCount: 1,
      choice: agentId,
    };
  }

  /** The dial's outcome is known: its agent may back another. */
  #dialEnded(subjectId: string): void {
    for (const [agentId, callbackId] of this.#dialBackedBy) {
      if (callbackId !== subjectId) continue;
      const wasFull = this.#dialBackedBy.size >= this.#options.dialsMax;
      this.#dialBackedBy.delete(agentId);
      this.agentReady(agentId);
      if (wasFull) this.matchAll();
      return;
    }
  }

  /** A confirmed customer is on the line: a live call now, with the callback's age, before equal callers. */
  confirmed(token: Token): void {
    assert(token.kind === 'call' && token.confirmed, 'a confirmed customer waits as a live call');
    this.queue(token.queue).add(token);
    this.#queueOf.set(token.subjectId, token.queue);
    this.#dialEnded(token.subjectId);
    this.#matchQueue(token.queue);
  }
}
