import type { QueueSettings } from '../callback/queue-settings.ts';
import { noAgeing, type Token } from '../queue/token.ts';
import type { AgeRange } from '../queue/token-class.ts';
import { VirtualQueue } from '../queue/virtual-queue.ts';
import type { AgentGroup, AgentPool } from './agent-pool.ts';

/** Who may serve a token of this age. */
export interface RoutedStage extends AgeRange {
  readonly groups: readonly AgentGroup[];
}

export interface RoutedQueueOptions {
  readonly pool: AgentPool;
  readonly settingsOf: (queue: string) => QueueSettings | undefined;
  readonly nowMs: () => number;
}

/** Ages of a queue that widens: `undefined` every age, empty none. */
export type ServableAges = readonly AgeRange[] | undefined;

const none: readonly AgeRange[] = [];

/**
 * A line and who may serve it: the targets of its settings, which widen with the time in the line. Settings
 * and agents are hot-reloadable: {@link refresh} before reading; what is derived is kept until they change.
 */
export class RoutedQueue {
  readonly line: VirtualQueue;
  readonly #options: RoutedQueueOptions;
  /** By age, youngest first; the last one has no end. */
  stages: readonly RoutedStage[] = [];
  /** Undefined when the queue was taken out of the configuration: nobody serves what is left in it. */
  settings: QueueSettings | undefined;
  #generation = -1;

  constructor(name: string, options: RoutedQueueOptions) {
    this.#options = options;
    this.line = new VirtualQueue(name, options.nowMs);
  }

  /** Takes over what has changed in the configuration. */
  refresh(): this {
    const { pool, settingsOf } = this.#options;
    const settings = settingsOf(this.line.name);
    const { generation } = pool;
    if (settings === this.settings && generation === this.#generation) return this;
    this.settings = settings;
    this.#generation = generation;
    this.stages = settings ? stagesOf(settings, (expression) => pool.group(expression)) : [];
    this.line.ageing = settings
      ? {
          increment: settings.priorityIncrement,
          intervalMs: settings.priorityIncrementIntervalSec * 1000,
          limit: settings.priorityLimit,
        }
      : noAgeing;
    return this;
  }

  /** Who may serve a token now. */
  stageOf({ placeAtMs }: Token): RoutedStage | undefined {
    const { stages } = this;
    const ageMs = this.#options.nowMs() - placeAtMs;
    return stages.length < 2 ? stages[0] : stages.find(({ untilMs }) => ageMs < untilMs);
  }

  /** The ages of tokens that an agent of these groups may serve, oldest first. */
  agesFor(agentGroups: ReadonlySet<AgentGroup>): ServableAges {
    const { stages } = this;
    const [only] = stages;
    if (only && stages.length === 1) {
      const [group] = only.groups;
      return group && agentGroups.has(group) ? undefined : none;
    }
    return stages.filter(({ groups }) => groups.some((group) => agentGroups.has(group))).reverse();
  }

  /** The instant at which more agents may serve some waiting token; undefined: not by itself. */
  nextWidening(): number | undefined {
    const instants = this.stages.slice(1).flatMap(({ fromMs }) => this.line.nextReaching(fromMs) ?? []);
    return instants.length > 0 ? Math.min(...instants) : undefined;
  }
}

/**
 * The queue's expression first, then its targets in order of `afterSec`; stages without duration are left
 * out.
 */
function stagesOf(
  { skillExpression, targets }: QueueSettings,
  groupOf: (expression: string) => AgentGroup,
): RoutedStage[] {
  const sorted = targets.toSorted((a, b) => a.afterSec - b.afterSec);
  let expressions = [skillExpression];
  let fromMs = Number.NEGATIVE_INFINITY;
  const stages: RoutedStage[] = [];
  const close = (untilMs: number): void => {
    const groups = [...new Set(expressions)].map(groupOf);
    if (untilMs > fromMs) stages.push({ fromMs, untilMs, groups });
    fromMs = untilMs;
  };
  for (const { expression, afterSec, keepEarlier } of sorted) {
    close(afterSec * 1000);
    expressions = keepEarlier ? [...expressions, expression] : [expression];
  }
  close(Number.POSITIVE_INFINITY);
  return stages;
}
