import { assert } from '../kernel/errors.ts';
import type { AgentMedia } from '../telephony/directory.ts';
import type { AgentRegistry } from './agent-registry.ts';
import { AgentOccupancy } from './agent-occupancy.ts';
import { type AgentSelection, type Skills, surplusSkills } from './agent-selection.ts';
import type { AgentState, AgentStatus } from './agent.ts';
import { compareReadyPlaces, ReadyLine, type ReadyPlace } from './ready-line.ts';
import { parseSkillExpression, satisfiesSkills, type SkillExpression } from './skill-expression.ts';

/** An agent as routing needs it. */
export interface RoutingAgent {
  readonly id: string;
  readonly skills: Skills;
  /** What the agent takes, and how much at once; undefined: everything. */
  readonly media?: AgentMedia | undefined;
}

/** Everybody who satisfies one skill expression. */
export interface AgentGroup {
  readonly expression: string;
  readonly members: ReadonlySet<string>;
  /** Ready this moment. */
  readonly readyCount: number;
  /** Ready or at work: they will serve somebody without anyone doing anything. */
  readonly servingCount: number;
  readonly loggedInCount: number;
}

interface Group extends AgentGroup {
  readonly parsed: SkillExpression;
  readonly members: Set<string>;
  readonly lines: Map<AgentSelection, ReadyLine>;
  readyCount: number;
  servingCount: number;
  loggedInCount: number;
}

const noGroups: ReadonlySet<AgentGroup> = new Set();
const isServing = (state: AgentState): boolean => state !== 'LOGGED_OUT' && state !== 'NOT_READY';

/**
 * Agents by skill expression: who satisfies it, how many are ready or at work, and the ready ones in the
 * order in which they are chosen. Queues with the same expression share one group. Membership is worked out
 * when an expression is first used after the list of agents has changed; states are followed one by one.
 */
export class AgentPool {
  readonly #registry: AgentRegistry;
  readonly #agents: () => readonly RoutingAgent[];
  readonly #groups = new Map<string, Group>();
  #groupsOf: ReadonlyMap<string, Set<Group>> = new Map();
  readonly occupancy: AgentOccupancy;
  #list: readonly RoutingAgent[] | undefined;
  #byId: ReadonlyMap<string, RoutingAgent> = new Map();
  #hasMediaRules = false;
  #generation = 0;

  /** @param agents the configured agents; the same array until the configuration changes */
  constructor(registry: AgentRegistry, agents: () => readonly RoutingAgent[], nowMs: () => number) {
    this.#registry = registry;
    this.#agents = agents;
    this.occupancy = new AgentOccupancy(nowMs);
    registry.watch((status, before) => this.#changed(status, before));
  }

  /** Raised when the list of agents has changed: groups asked for before are worthless. */
  get generation(): number {
    const list = this.#agents();
    if (list !== this.#list) {
      this.#list = list;
      this.#byId = new Map(list.map((agent) => [agent.id, agent]));
      this.#hasMediaRules = list.some(({ media }) => media !== undefined);
      this.#groups.clear();
      this.#groupsOf = new Map(list.map(({ id }) => [id, new Set()]));
      this.#generation++;
    }
    return this.#generation;
  }

  /** Whether any agent takes less than everything. */
  get hasMediaRules(): boolean {
    return this.#hasMediaRules;
  }

  agent(agentId: string): RoutingAgent | undefined {
    return this.#byId.get(agentId);
  }

  /** Every group the agent is in, of those asked for so far; more may come into the set. */
  groupsOf(agentId: string): ReadonlySet<AgentGroup> {
    assert(this.generation > 0, 'the list of agents has been read');
    return this.#groupsOf.get(agentId) ?? noGroups;
  }

  isServing(agentId: string): boolean {
    return isServing(this.#registry.status(agentId).state);
  }

  /** Those who satisfy a (checked) skill expression. */
  group(expression: string): AgentGroup {
    assert(this.generation > 0, 'the list of agents has been read');
    return this.#groups.get(expression) ?? this.#makeGroup(expression);
  }

  /** Ready agents of any of these groups, best first, each once. */
  *ready(groups: readonly AgentGroup[], selection: AgentSelection): Generator<ReadyPlace> {
    const lines = groups.map((group) => this.#line(group as Group, selection));
    const [only] = lines;
    if (only && lines.length === 1) return yield* only;
    const heads = lines.map((line) => line[Symbol.iterator]());
    const next = heads.map((head) => head.next().value as ReadyPlace | undefined);
    const seen = new Set<string>();
    for (;;) {
      let best = -1;
      for (const [at, place] of next.entries()) {
        const first = next[best];
        if (place && (!first || compareReadyPlaces(place, first) < 0)) best = at;
      }
      const place = next[best];
      if (!place) return undefined;
      next[best] = heads[best]?.next().value as ReadyPlace | undefined;
      if (seen.has(place.agentId)) continue;
      seen.add(place.agentId);
      yield place;
    }
  }

  #makeGroup(expression: string): Group {
    const outcome = parseSkillExpression(expression);
    assert(outcome.kind === 'parsed', `the skill expression ${expression} was checked when it was applied`);
    const group: Group = {
      expression,
      parsed: outcome.expression,
      members: new Set(),
      lines: new Map(),
      readyCount: 0,
      servingCount: 0,
      loggedInCount: 0,
    };
    for (const { id, skills } of this.#list ?? []) {
      if (!satisfiesSkills(group.parsed, skills)) continue;
      group.members.add(id);
      this.#groupsOf.get(id)?.add(group);
      count(group, this.#registry.status(id).state, 1);
    }
    this.#groups.set(expression, group);
    return group;
  }

  /** Made at first use: most queues choose their agents in one of the three ways only. */
  #line(group: Group, selection: AgentSelection): ReadyLine {
    let line = group.lines.get(selection);
    if (!line) {
      line = new ReadyLine();
      for (const agentId of group.members) {
        const status = this.#registry.status(agentId);
        if (status.state === 'READY') line.add(this.#placeOf(status, group, selection));
      }
      group.lines.set(selection, line);
    }
    return line;
  }

  #changed(status: AgentStatus, before: AgentStatus): void {
    this.occupancy.changed(status);
    for (const group of this.#groupsOf.get(status.agentId) ?? []) {
      count(group, before.state, -1);
      count(group, status.state, 1);
      for (const [selection, line] of group.lines) {
        if (before.state === 'READY') line.remove(status.agentId);
        if (status.state === 'READY') line.add(this.#placeOf(status, group, selection));
      }
    }
  }

  #placeOf({ agentId, idleSinceMs }: AgentStatus, group: Group, selection: AgentSelection): ReadyPlace {
    switch (selection) {
      case 'longest-idle':
        return { agentId, first: idleSinceMs, second: 0 };
      case 'least-occupied':
        return { agentId, first: this.occupancy.orderOf(agentId), second: idleSinceMs };
      case 'most-specific': {
        const surplus = surplusSkills(group.parsed, this.#byId.get(agentId)?.skills ?? {});
        return { agentId, first: surplus, second: idleSinceMs };
      }
      default:
        return selection satisfies never;
    }
  }
}

function count(group: Group, state: AgentState, by: number): void {
  if (state === 'READY') group.readyCount += by;
  if (isServing(state)) group.servingCount += by;
  if (state !== 'LOGGED_OUT') group.loggedInCount += by;
}
