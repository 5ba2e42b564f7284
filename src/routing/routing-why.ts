import type { AgentPool } from './agent-pool.ts';
import type { AgentSelection } from './agent-selection.ts';
import type { FirstWaiting } from './matcher.ts';
import type { RoutedStage } from './routed-queue.ts';
import type { RoutingCandidate } from './router-decisions.ts';

/** Candidates told of in a why; the others are counted. */
export const CANDIDATES_MAX = 10;

/** The part of a why that says who was compared. */
export interface Comparison {
  readonly order: string;
  readonly candidates: readonly RoutingCandidate[];
  readonly candidateCount: number;
}

const selectionOrders: Readonly<Record<AgentSelection, string>> = {
  'longest-idle': 'idle longest',
  'least-occupied': 'least occupied, then idle longest',
  'most-specific': 'fewest surplus skills, then idle longest',
};

/** The ready agents who were compared for a token, as the decision found them. */
export function compareAgents(
  pool: AgentPool,
  { groups }: RoutedStage,
  selection: AgentSelection,
  nowMs: number,
): Comparison {
  const candidates: RoutingCandidate[] = [];
  for (const { agentId, first, second } of pool.ready(groups, selection)) {
    if (candidates.length === CANDIDATES_MAX) break;
    const idleSec = seconds(nowMs - (selection === 'longest-idle' ? first : second));
    candidates.push({ agentId, value: valueOf(pool, selection, agentId, first, idleSec) });
  }
  // Agents in several groups of a widened target are counted in each: an upper bound, exact for one group.
  const candidateCount = groups.reduce((sum, { readyCount }) => sum + readyCount, 0);
  return { order: selectionOrders[selection], candidates, candidateCount };
}

/** The first tokens of the lines that were compared for an agent. */
export function compareWaiting({ first, count }: FirstWaiting, nowMs: number): Comparison {
  const candidates = first.map(({ token, queue, priority }) => {
    const confirmed = token.confirmed ? 'confirmed, ' : '';
    const waitedSec = seconds(nowMs - token.placeAtMs);
    return {
      subjectId: token.subjectId,
      value: `priority ${priority}, ${confirmed}waits ${waitedSec} s in ${queue.line.name}`,
    };
  });
  const order = 'priority, confirmed, age; the first of each line';
  return { order, candidates, candidateCount: count };
}

function valueOf(
  pool: AgentPool,
  selection: AgentSelection,
  agentId: string,
  first: number,
  idleSec: number,
): string {
  switch (selection) {
    case 'longest-idle':
      return `idle ${idleSec} s`;
    case 'least-occupied':
      return `occupied ${Math.round(pool.occupancy.shareOf(agentId) * 100)} %, idle ${idleSec} s`;
    case 'most-specific':
      return `surplus ${first}, idle ${idleSec} s`;
    default:
      return selection satisfies never;
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
