import { assert } from '../kernel/errors.ts';
import type { Token } from '../queue/token.ts';
import { mediumOf } from '../queue/token.ts';
import type { VirtualQueue } from '../queue/virtual-queue.ts';
import { AgentPool } from './agent-pool.ts';
import { type AgentStatus, isSystemReason } from './agent.ts';
import { Assigner } from './assigner.ts';
import { Blending } from './blending.ts';
import { DialBook } from './dial-book.ts';
import { FirstWaiting, Matcher, type Waiting } from './matcher.ts';
import { Pacer } from './pacer.ts';
import { QueueAlarms } from './queue-alarms.ts';
import { RoutedQueue } from './routed-queue.ts';
import type { RouterOptions } from './router-options.ts';
import { CANDIDATES_MAX, type Comparison, compareAgents, compareWaiting } from './routing-why.ts';
import { SkippedAgents } from './skipped-agents.ts';

/**
 * Matches tokens with agents, driven by events only: a token arrives, an agent becomes ready, a dial or an
 * offer ends, a target widens, a pacing instant comes.
 *
 * Between events nothing more can be matched: no ready agent may take any free token. So an event looks at
 * what it changed: at one agent (the first token of all lines for them) or at one line (its first tokens, for
 * each the best agent whose first token it is). The first token for an agent is never passed: when it is a
 * callback that may not be dialled now, the agent waits rather than serve a younger one.
 */
export class Router {
  readonly #options: RouterOptions;
  readonly #queues = new Map<string, RoutedQueue>();
  readonly #queueOf = new Map<string, string>();
  readonly #dials = new DialBook();
  readonly #skips = new SkippedAgents();
  readonly #blending = new Blending();
  readonly #pool: AgentPool;
  readonly #matcher: Matcher;
  readonly #pacer: Pacer;
  readonly #alarms: QueueAlarms;
  readonly #assigner: Assigner;
  readonly #changedQueues = new Set<string>();
  readonly #changedAgents = new Set<string>();
  #isSettling = false;

  constructor(options: RouterOptions) {
    this.#options = options;
    const { registry, clock, directory } = options;
    const nowMs = (): number => clock.nowMs();
    // Seen before the router's own watcher: lines are in order when it looks at them.
    const pool = new AgentPool(registry, () => directory.agents(), nowMs);
    registry.watch((status, before) => this.#agentChanged(status, before));
    const parts = { pool, blending: this.#blending, skips: this.#skips, dials: this.#dials, nowMs };
    const queue = (name: string): RoutedQueue => this.#routed(name);
    const matcher = new Matcher({ ...parts, queues: () => this.#queues.values() });
    const pacer = new Pacer({ ...parts, queue });
    const alarms = new QueueAlarms({ ...parts, clock, onDue: (name) => this.#lineChanged(name) });
    this.#pool = pool;
    this.#matcher = matcher;
    this.#pacer = pacer;
    this.#alarms = alarms;
    this.#assigner = new Assigner({ ...options, ...parts, matcher, pacer, alarms });
  }

  /** The line of a queue, made on first use. */
  queue(name: string): VirtualQueue {
    return this.#routed(name).line;
  }

  /** The line in which the subject has a token. */
  queueOf(subjectId: string): VirtualQueue | undefined {
    const name = this.#queueOf.get(subjectId);
    return name === undefined ? undefined : this.queue(name);
  }

  /** Who serves a queue, of its first target: counts for views and estimates. */
  agentCounts(queue: string): { ready: number; serving: number; loggedIn: number } {
    const group = this.#routed(queue).stages[0]?.groups[0];
    return {
      ready: group?.readyCount ?? 0,
      serving: group?.servingCount ?? 0,
      loggedIn: group?.loggedInCount ?? 0,
    };
  }

  /** Many changes at once: matched when all of them are made. */
  atOnce(changes: () => void): void {
    this.#during(changes);
  }

  /** A token takes its place: a new one, or one that comes back to its old place. */
  enqueue(token: Token): void {
    this.#during(() => {
      this.#withdraw(token.subjectId, false);
      const isNew = !this.#queueOf.has(token.subjectId);
      const line = this.queue(token.queue);
      line.add(token);
      this.#queueOf.set(token.subjectId, token.queue);
      this.#changedQueues.add(token.queue);
      if (isNew) this.#options.onArrival?.(token, line.positionOf(token.subjectId) ?? 1);
    });
  }

  /** A confirmed customer is on the line: a live call now, with the callback's age, before equal callers. */
  confirmed(token: Token): void {
    assert(token.kind === 'call' && token.confirmed, 'a confirmed customer waits as a live call');
    this.#during(() => {
      this.#withdraw(token.subjectId, true);
      this.queue(token.queue).add(token);
      this.#queueOf.set(token.subjectId, token.queue);
      this.#changedQueues.add(token.queue);
      this.#pacer.of(token.queue)?.waitBegan(token.subjectId);
    });
  }

  /** The subject needs no agent any more. Frees whom it held or kept busy. */
  leave(subjectId: string): void {
    this.#during(() => this.#forget(subjectId, false));
  }

  /**
   * The offered agent did not take the call, or the dial was not begun: the token is free again at its old
   * place.
   */
  offerFailed(subjectId: string): void {
    this.#during(() => {
      const queue = this.queueOf(subjectId);
      queue?.release(subjectId);
      this.#withdraw(subjectId, false);
      if (!queue) return;
      this.#changedQueues.add(queue.name);
      if (queue.find(subjectId)?.confirmed) this.#pacer.of(queue.name)?.waitBegan(subjectId);
    });
  }

  /** The agent has said no to this token and stays ready: is asked again after `agentSkipSec` only. */
  declined(subjectId: string, agentId: string): void {
    this.#skip(subjectId, agentId, true);
  }

  /** The agent has the call: the token's work is done. */
  served(subjectId: string): void {
    const queue = this.queueOf(subjectId);
    const token = queue?.find(subjectId);
    if (!queue || !token) return;
    this.#during(() => {
      const agentId = this.#assigner.agentOf(subjectId);
      if (agentId !== undefined) {
        this.#blending.served(agentId, this.#pool.agent(agentId)?.media, mediumOf(token));
      }
      this.#forget(subjectId, true);
    });
    this.#options.onDeparture(queue.name, token);
  }

  /** Gives the agent the first work they may do; call when an agent became ready. */
  agentReady(agentId: string): void {
    this.#during(() => this.#changedAgents.add(agentId));
  }

  /** Looks at every line again, for example after the configuration changed. */
  matchAll(): void {
    this.#during(() => {
      for (const name of this.#queues.keys()) this.#changedQueues.add(name);
    });
  }

  /** Stops the timers. */
  close(): void {
    this.#alarms.close();
  }

  #routed(name: string): RoutedQueue {
    let queue = this.#queues.get(name);
    if (!queue) {
      const { directory, clock } = this.#options;
      queue = new RoutedQueue(name, {
        pool: this.#pool,
        settingsOf: (queueName) => directory.queue(queueName),
        nowMs: () => clock.nowMs(),
      });
      this.#queues.set(name, queue);
    }
    return queue.refresh();
  }

  /** Notes a change, then matches until nothing more can be; what the decisions change is looked at, too. */
  #during(change: () => void): void {
    if (this.#isSettling) return change();
    this.#isSettling = true;
    try {
      change();
      for (;;) {
        const [agentId] = this.#changedAgents;
        const [queue] = this.#changedQueues;
        if (agentId !== undefined) {
          this.#changedAgents.delete(agentId);
          this.#matchAgent(agentId);
        } else if (queue !== undefined) {
          this.#changedQueues.delete(queue);
          this.#matchQueue(this.#routed(queue));
        } else break;
      }
    } finally {
      this.#isSettling = false;
    }
    return undefined;
  }

  #lineChanged(name: string): void {
    this.#during(() => this.#changedQueues.add(name));
  }

  #agentChanged(status: AgentStatus, before: AgentStatus): void {
    const { agentId, state, notReadyReason } = status;
    if (state === 'READY') this.#pacer.agentReady(agentId);
    const wasAsked = before.state === 'RESERVED' || before.state === 'RINGING';
    const refused = state === 'NOT_READY' && isSystemReason(notReadyReason);
    if (wasAsked && refused && before.subjectId !== null) this.#skip(before.subjectId, agentId, false);
    if (state !== 'NOT_READY' && state !== 'LOGGED_OUT') return;
    // With one agent less, one who was skipped may be the only one left.
    for (const subjectId of this.#skips.subjectIds) {
      const queue = this.#queueOf.get(subjectId);
      if (queue !== undefined) this.#lineChanged(queue);
    }
  }

  #skip(subjectId: string, agentId: string, isFirm: boolean): void {
    const { clock, directory } = this.#options;
    const settings = directory.queue(this.#queueOf.get(subjectId) ?? '');
    if (!settings) return;
    this.#skips.add(subjectId, agentId, { untilMs: clock.nowMs() + settings.agentSkipSec * 1000, isFirm });
  }

  /** The subject is out of every line and keeps nobody busy. */
  #forget(subjectId: string, isServed: boolean): void {
    const queue = this.queueOf(subjectId);
    this.#queueOf.delete(subjectId);
    this.#skips.forget(subjectId);
    const token = queue?.remove(subjectId);
    if (token && !isServed) this.#options.onLeft?.(token);
    this.#withdraw(subjectId, isServed);
    if (!queue) return;
    this.#pacer.of(queue.name)?.waitEnded(subjectId);
    this.#changedQueues.add(queue.name);
  }

  /** Ends the dial or offer of the subject; whom it held or kept busy may do something else. */
  #withdraw(subjectId: string, isConfirmed: boolean): void {
    const wereFull = !this.#assigner.mayStartDial();
    const dial = this.#assigner.withdraw(subjectId, isConfirmed);
    if (!dial) return;
    if (dial.agentId !== null) this.#changedAgents.add(dial.agentId);
    this.#changedQueues.add(dial.queue);
    if (!wereFull) return;
    for (const [name, { line }] of this.#queues) if (line.freeCount > 0) this.#changedQueues.add(name);
  }

  #matchAgent(agentId: string): void {
    const { registry, clock } = this.#options;
    while (registry.status(agentId).state === 'READY') {
      const compared = new FirstWaiting(CANDIDATES_MAX);
      const first = this.#matcher.firstFor(agentId, compared);
      const compare = (): Comparison => compareWaiting(compared, clock.nowMs());
      if (!first || !this.#assigner.assign(first, agentId, compare)) return;
    }
  }

  #matchQueue(queue: RoutedQueue): void {
    while (queue.line.freeCount > 0 && this.#matchOne(queue));
    this.#alarms.arm(queue);
  }

  /** True when a token of the line was given to somebody. */
  #matchOne(queue: RoutedQueue): boolean {
    const passed: Waiting[] = [];
    for (const waiting of this.#matcher.candidates(queue)) {
      const isNobodys = passed.some((earlier) => this.#matcher.covers(earlier, waiting));
      if (isNobodys) continue;
      if (this.#matchToken(waiting)) return true;
      passed.push(waiting);
    }
    return false;
  }

  #matchToken(waiting: Waiting): boolean {
    const { token, queue } = waiting;
    const stage = queue.stageOf(token);
    const { settings } = queue;
    if (!stage || !settings) return false;
    const compare = (): Comparison =>
      compareAgents(this.#pool, stage, settings.agentSelection, this.#options.clock.nowMs());
    if (token.kind === 'callback') {
      if (!this.#assigner.mayStartDial()) return false;
      if (settings.connectStrategy === 'paced') return this.#assigner.pace(waiting, undefined, compare);
    }
    if (stage.groups.every(({ readyCount }) => readyCount === 0)) return false;
    const backsOne = token.kind === 'callback' && settings.connectStrategy === 'customer-first';
    const usable = (agentId: string): boolean => !backsOne || !this.#dials.isBacking(agentId);
    const agentId = this.#matcher.agentFor(waiting, usable);
    return agentId !== undefined && this.#assigner.assign(waiting, agentId, compare);
  }
}
