import { compareTokens, mediumOf, type Token } from '../queue/token.ts';
import type { TokenFilter } from '../queue/token-class.ts';
import type { AgentPool } from './agent-pool.ts';
import type { Blending } from './blending.ts';
import type { RoutedQueue, RoutedStage } from './routed-queue.ts';
import type { SkippedAgents } from './skipped-agents.ts';

export interface MatcherOptions {
  readonly pool: AgentPool;
  readonly blending: Blending;
  readonly skips: SkippedAgents;
  readonly queues: () => Iterable<RoutedQueue>;
  readonly nowMs: () => number;
}

/** A free token with the line it stands in. */
export interface Waiting {
  readonly token: Token;
  readonly queue: RoutedQueue;
  readonly priority: number;
}

/** The first tokens of those added, in serving order, and how many were added. */
export class FirstWaiting {
  readonly first: Waiting[] = [];
  readonly #max: number;
  count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(token: Token, queue: RoutedQueue, priority: number): void {
    this.count++;
    let at = this.first.length;
    for (; at > 0; at--) {
      const before = this.first[at - 1];
      if (before && compareTokens(before.token, before.priority, token, priority) <= 0) break;
    }
    if (at >= this.#max) return;
    this.first.splice(at, 0, { token, queue, priority });
    if (this.first.length > this.#max) this.first.pop();
  }
}

/**
 * Who is for whom: the first token of all lines for an agent, and the agent for a token. Both directions
 * agree: an agent is found for a token only if that token is the agent's first.
 */
export class Matcher {
  readonly #options: MatcherOptions;

  constructor(options: MatcherOptions) {
    this.#options = options;
  }

  /**
   * The first token that the agent may take, over all lines. `compared` is given the first of every line that
   * has one.
   */
  firstFor(agentId: string, compared?: FirstWaiting): Waiting | undefined {
    const { pool, blending } = this.#options;
    for (const medium of blending.orderFor(agentId, pool.agent(agentId)?.media)) {
      const first = this.#firstOfMedium(agentId, medium, compared);
      if (first) return first;
    }
    return undefined;
  }

  /** Whether the agent may take this token, whatever else waits. */
  serves(agentId: string, token: Token, queue: RoutedQueue): boolean {
    const { pool, blending } = this.#options;
    const stage = queue.stageOf(token);
    if (!stage?.groups.some(({ members }) => members.has(agentId))) return false;
    const [first, second] = blending.orderFor(agentId, pool.agent(agentId)?.media);
    const medium = mediumOf(token);
    // With a share to keep, a token of the other kind is not passed over: it was not this agent's turn.
    const takes = second === undefined ? first === undefined || first === medium : first === medium;
    return takes && !this.#isSkipped(agentId, token, stage);
  }

  /** The best ready agent whose first token this is, of those who are `usable` for it. */
  agentFor({ token, queue }: Waiting, usable: (agentId: string) => boolean): string | undefined {
    const stage = queue.stageOf(token);
    const { settings } = queue;
    if (!stage || !settings) return undefined;
    for (const { agentId } of this.#options.pool.ready(stage.groups, settings.agentSelection)) {
      if (usable(agentId) && this.firstFor(agentId)?.token === token) return agentId;
    }
    return undefined;
  }

  /**
   * Tokens of a line that can be the first one for some agent, in serving order: the first of each class and
   * stage, and behind one that skips agents the first that skips nobody.
   */
  candidates(queue: RoutedQueue): Waiting[] {
    const { skips } = this.#options;
    const { line, stages } = queue.refresh();
    const isSkipping = ({ subjectId }: Token): boolean => skips.has(subjectId);
    const found = new Set<Token>();
    const add = (filter: TokenFilter): void => {
      for (const token of line.firstOfEach(filter)) {
        found.add(token);
        if (!isSkipping(token)) continue;
        for (const next of line.firstOfEach({ ...filter, isSkipped: isSkipping })) found.add(next);
      }
    };
    if (stages.length === 1) add({});
    else for (const stage of stages) add({ ages: [stage] });
    return [...found]
      .map((token) => ({ token, queue, priority: line.priorityOf(token) }))
      .sort((a, b) => compareTokens(a.token, a.priority, b.token, b.priority));
  }

  /**
   * Whether everybody who could take `later` could take `earlier`, which precedes it: then nobody has `later`
   * first.
   */
  covers(earlier: Waiting, later: Waiting): boolean {
    const { pool, skips } = this.#options;
    if (pool.hasMediaRules || skips.has(earlier.token.subjectId)) return false;
    const stage = earlier.queue.stageOf(earlier.token);
    const other = later.queue.stageOf(later.token);
    if (!stage || !other) return false;
    return stage === other || other.groups.every((group) => stage.groups.includes(group));
  }

  #firstOfMedium(
    agentId: string,
    medium: TokenFilter['medium'],
    compared: FirstWaiting | undefined,
  ): Waiting | undefined {
    const { queues, skips, pool } = this.#options;
    const groups = pool.groupsOf(agentId);
    const plain: TokenFilter = { medium };
    const skipsNobody = skips.isEmpty;
    let first: Waiting | undefined;
    for (const queue of queues()) {
      const { line } = queue;
      if (line.freeCount === 0) continue;
      const ages = queue.refresh().agesFor(groups);
      if (ages?.length === 0) continue;
      const isPlain = ages === undefined && skipsNobody;
      const filter = isPlain ? plain : { ages, medium, isSkipped: this.#skipFilter(agentId, queue) };
      const token = line.firstFor(filter);
      if (!token) continue;
      const priority = line.priorityOf(token);
      compared?.add(token, queue, priority);
      if (first && compareTokens(token, priority, first.token, first.priority) >= 0) continue;
      first = { token, queue, priority };
    }
    return first;
  }

  #skipFilter(agentId: string, queue: RoutedQueue): TokenFilter['isSkipped'] {
    if (this.#options.skips.isEmpty) return undefined;
    return (token) => {
      const stage = queue.stageOf(token);
      return stage !== undefined && this.#isSkipped(agentId, token, stage);
    };
  }

  /**
   * Not again the agent who did not take it, as long as somebody else is at work who could; who has said no
   * and stays ready in no case.
   */
  #isSkipped(agentId: string, { subjectId }: Token, { groups }: RoutedStage): boolean {
    const { skips, pool, nowMs } = this.#options;
    if (!skips.has(subjectId)) return false;
    const skipped = skips.agentsOf(subjectId, nowMs());
    if (!skipped.includes(agentId)) return false;
    if (skips.isFirm(subjectId, agentId, nowMs())) return true;
    return groups.some(({ servingCount, members }) => {
      const spentCount = skipped.filter((id) => members.has(id) && pool.isServing(id)).length;
      return servingCount > spentCount;
    });
  }
}
