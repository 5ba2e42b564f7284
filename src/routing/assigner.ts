import { assert } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Token } from '../queue/token.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { Dial, DialBook } from './dial-book.ts';
import type { Matcher, Waiting } from './matcher.ts';
import type { PacedDecision, Pacer } from './pacer.ts';
import type { QueueAlarms } from './queue-alarms.ts';
import type { DialGrant, RouterDecisions, RoutingRule, RoutingWhy } from './router-decisions.ts';
import type { Comparison } from './routing-why.ts';

export interface AssignerOptions {
  readonly registry: AgentRegistry;
  readonly log: Log;
  readonly clock: Clock;
  readonly decisions: RouterDecisions;
  readonly dialsMax: number;
  readonly mayDial: () => boolean;
  readonly matcher: Matcher;
  readonly dials: DialBook;
  readonly pacer: Pacer;
  readonly alarms: QueueAlarms;
}

/** Slack over what a dial and its confirmation may take, after which a held agent is given back anyhow. */
const HOLD_SLACK_MS = 75_000;

/**
 * Carries a match out as the queue's strategy says: holds the token, reserves the agent where the strategy
 * does, remembers the dial, tells the decision and why. And takes it back.
 */
export class Assigner {
  readonly #options: AssignerOptions;
  /** Token → agent who is offered it, or held for its dial. */
  readonly #agents = new Map<string, string>();

  constructor(options: AssignerOptions) {
    this.#options = options;
  }

  /** The agent who was offered the subject or is held for it. */
  agentOf(subjectId: string): string | undefined {
    return this.#agents.get(subjectId);
  }

  /**
   * The offer or dial of the subject is over. A reserved agent whose phone does not ring yet is given back;
   * the dial is returned when there was one.
   */
  withdraw(subjectId: string, isConfirmed: boolean): Dial | undefined {
    const { registry, dials, pacer } = this.#options;
    const agentId = this.#agents.get(subjectId);
    this.#agents.delete(subjectId);
    const dial = dials.end(subjectId);
    const facts = dial && pacer.of(dial.queue);
    if (isConfirmed) facts?.dialConfirmed(dial?.grantedAtMs ?? 0);
    else facts?.dialFailed();
    if (agentId !== undefined) {
      const { state, subjectId: current } = registry.status(agentId);
      if (state === 'RESERVED' && current === subjectId) registry.release(agentId, subjectId, 'not-needed');
    }
    return dial;
  }

  /** Gives the token to the agent as the strategy says; false: not now. */
  assign(waiting: Waiting, agentId: string, compare: () => Comparison): boolean {
    const { token, queue } = waiting;
    if (token.kind === 'call') {
      this.#offer(waiting, agentId, this.#why(waiting, 'agent-for-call', compare(), agentId));
      return true;
    }
    if (!this.mayStartDial()) return false;
    const strategy = queue.settings?.connectStrategy ?? 'customer-first';
    switch (strategy) {
      case 'customer-first': {
        if (this.#options.dials.isBacking(agentId)) return false;
        const why = this.#why(waiting, 'agent-backs-dial', compare(), agentId);
        this.#grant(waiting, { agentId, held: false, strategy, why });
        return true;
      }
      case 'customer-first-reserved': {
        const why = this.#why(waiting, 'agent-held-for-dial', compare(), agentId);
        this.#grant(waiting, { agentId, held: true, strategy, why });
        return true;
      }
      case 'agent-first':
        this.#begin(waiting, agentId, true);
        this.#offer(waiting, agentId, this.#why(waiting, 'agent-first', compare(), agentId));
        return true;
      case 'preview':
        this.#preview(waiting, agentId, this.#why(waiting, 'agent-previews', compare(), agentId));
        return true;
      case 'paced':
        return this.pace(waiting, agentId, compare);
      default:
        return strategy satisfies never;
    }
  }

  /**
   * Asks the pacing of the queue whether its first callback may be dialled; with a ready agent, or for lack
   * of one with the best, when it says to reserve.
   */
  pace(waiting: Waiting, readyAgentId: string | undefined, compare: () => Comparison): boolean {
    const { token, queue } = waiting;
    const facts = this.#options.pacer.of(token.queue);
    if (!facts) return false;
    const paced = this.#options.pacer.decide(waiting, facts);
    const { kind, reason, retryInMs } = paced.decision;
    const usable = (): boolean => true;
    if (kind === 'dial') {
      const why = this.#why(waiting, 'paced', compare(), null, paced);
      this.#grant(waiting, { agentId: null, held: false, strategy: 'paced', why });
      return true;
    }
    const agentId =
      kind === 'reserve' ? (readyAgentId ?? this.#options.matcher.agentFor(waiting, usable)) : undefined;
    if (agentId !== undefined) {
      const why = this.#why(waiting, 'paced-reserves', compare(), agentId, paced);
      this.#grant(waiting, { agentId, held: true, strategy: 'customer-first-reserved', why });
      return true;
    }
    const isAnybodyAtWork = queue.stageOf(token)?.groups.some(({ servingCount }) => servingCount > 0);
    if (retryInMs !== null && isAnybodyAtWork === true) this.#options.alarms.look(queue, retryInMs);
    if (facts.refusedFor(reason)) {
      const why = this.#why(waiting, 'paced-waits', compare(), null, paced);
      this.#options.decisions.dialRefused?.({ callbackId: token.subjectId, why });
    }
    return false;
  }

  /** False while nothing can be dialled, or nothing more. */
  mayStartDial(): boolean {
    return this.#options.dials.count < this.#options.dialsMax && this.#options.mayDial();
  }

  #why(
    { token, queue }: Waiting,
    rule: RoutingRule,
    { order, candidates, candidateCount }: Comparison,
    choice: string | null,
    paced?: PacedDecision,
  ): RoutingWhy {
    const strategy = queue.settings?.connectStrategy ?? 'customer-first';
    const about = { atMs: this.#options.clock.nowMs(), queue: token.queue, strategy, rule };
    const pacing = paced && { ...paced.inputs, ...paced.decision };
    return { ...about, order, candidates, candidateCount, choice, ...(pacing && { pacing }) };
  }

  #grant(waiting: Waiting, grant: Omit<DialGrant, 'callbackId'>): void {
    const { token } = waiting;
    const { agentId, held } = grant;
    this.#begin(waiting, agentId, held);
    this.#hold(waiting, agentId);
    if (held && agentId !== null) {
      const { dialTimeoutSec = 0, confirmTimeoutSec = 0 } = waiting.queue.settings ?? {};
      this.#reserve(token, agentId, (dialTimeoutSec + confirmTimeoutSec) * 1000 + HOLD_SLACK_MS);
    }
    const { log, decisions, pacer } = this.#options;
    pacer.of(token.queue)?.granted();
    log.info({ agentId, queue: token.queue, subjectId: token.subjectId, held }, 'dial granted');
    decisions.dialGranted({ callbackId: token.subjectId, ...grant });
  }

  #offer(waiting: Waiting, agentId: string, why: RoutingWhy): void {
    const { token } = waiting;
    this.#hold(waiting, agentId);
    this.#reserve(token, agentId);
    const { log, decisions, pacer } = this.#options;
    pacer.of(token.queue)?.waitEnded(token.subjectId);
    log.info({ agentId, queue: token.queue, subjectId: token.subjectId }, 'agent offered');
    decisions.agentOffered({ token, agentId, why });
  }

  #preview(waiting: Waiting, agentId: string, why: RoutingWhy): void {
    const { subjectId: callbackId, queue } = waiting.token;
    this.#begin(waiting, agentId, true);
    this.#hold(waiting, agentId);
    this.#reserve(waiting.token, agentId);
    this.#options.log.info({ agentId, queue, subjectId: callbackId }, 'preview offered');
    this.#options.decisions.previewOffered({ callbackId, agentId, why });
  }

  #begin({ token }: Waiting, agentId: string | null, held: boolean): void {
    const { dials, clock } = this.#options;
    const { queue, subjectId: callbackId } = token;
    dials.begin({ callbackId, queue, agentId, held, grantedAtMs: clock.nowMs() });
  }

  /** An agent passes what they may not serve; a paced dial has no agent, and passes live calls. */
  #hold({ token, queue }: Waiting, agentId: string | null): void {
    const { matcher } = this.#options;
    queue.line.hold(token.subjectId, (passed) =>
      agentId === null ? passed.kind === 'callback' : matcher.serves(agentId, passed, queue),
    );
  }

  #reserve({ subjectId, queue, kind, confirmed }: Token, agentId: string, holdMs?: number): void {
    const { registry, pacer } = this.#options;
    const isReserved = registry.reserve(agentId, subjectId, holdMs);
    assert(isReserved, `ready agent ${agentId} can be reserved`);
    this.#agents.set(subjectId, agentId);
    pacer.agentTaken(agentId, kind === 'callback' || confirmed ? queue : undefined);
  }
}
