import type { QueueSettings } from '../callback/queue-settings.ts';
import { noAgeing, type PriorityAgeing, type Token } from '../queue/token.ts';
import { type AgeRange, VirtualQueue } from '../queue/virtual-queue.ts';
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
 * and agents are hot-reloadable; what is derived from them is kept until they change.
 */
export class RoutedQueue {
  readonly line: VirtualQueue;
  readonly #options: RoutedQueueOptions;
  #stages: readonly RoutedStage[] = [];
  #ageing: PriorityAgeing = noAgeing;
  #settings: QueueSettings | undefined;
  #generation = -1;

  constructor(name: string, options: RoutedQueueOptions) {
    this.#options = options;
    this.line = new VirtualQueue(name, { nowMs: options.nowMs, ageing: () => this.ageing });
  }

  /** Undefined when the queue was taken out of the configuration: nobody serves what is left in it. */
  get settings(): QueueSettings | undefined {
    this.#refresh();
    return this.#settings;
  }

  get ageing(): PriorityAgeing {
    this.#refresh();
    return this.#ageing;
  }

  /** By age, youngest first; the last one has no end. */
  get stages(): readonly RoutedStage[] {
    this.#refresh();
    return this.#stages;
  }

  /** Who may serve a token now. */
  stageOf({ placeAtMs }: Token): RoutedStage | undefined {
    const { stages } = this;
    const ageMs = this.#options.nowMs() - placeAtMs;
    return stages.length < 2 ? stages[0] : stages.find(({ untilMs }) => ageMs < untilMs);
  }

  /** The ages of tokens that this agent may serve, oldest first. */
  agesFor(agentId: string): ServableAges {
    const { stages } = this;
    if (stages.length === 1) return isIn(stages[0], agentId) ? undefined : none;
    const ages = stages.filter((stage) => isIn(stage, agentId));
    return ages.reverse();
  }

  /** The instant at which more agents may serve some waiting token; undefined: not by itself. */
  nextWidening(): number | undefined {
    const instants = this.stages.slice(1).flatMap(({ fromMs }) => this.line.nextReaching(fromMs) ?? []);
    return instants.length > 0 ? Math.min(...instants) : undefined;
  }

  #refresh(): void {
    const { pool, settingsOf } = this.#options;
    const settings = settingsOf(this.line.name);
    const { generation } = pool;
    if (settings === this.#settings && generation === this.#generation) return;
    this.#settings = settings;
    this.#generation = generation;
    this.#stages = settings ? stagesOf(settings, (expression) => pool.group(expression)) : [];
    this.#ageing = settings
      ? {
          increment: settings.priorityIncrement,
          intervalMs: settings.priorityIncrementIntervalSec * 1000,
          limit: settings.priorityLimit,
        }
      : noAgeing;
  }
}

/** The queue's expression first, then its targets in order of `afterSec`; stages without duration are left out. */
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

function isIn(stage: RoutedStage | undefined, agentId: string): boolean {
  return stage?.groups.some(({ members }) => members.has(agentId)) ?? false;
}
