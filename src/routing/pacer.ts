import type { AgentPool } from './agent-pool.ts';
import type { DialBook } from './dial-book.ts';
import type { Waiting } from './matcher.ts';
import { PacingFacts } from './pacing-facts.ts';
import { decidePacing, type PacingDecision, type PacingInputs } from './pacing.ts';
import type { RoutedQueue } from './routed-queue.ts';

export interface PacerOptions {
  readonly pool: AgentPool;
  readonly dials: DialBook;
  readonly queue: (name: string) => RoutedQueue;
  readonly nowMs: () => number;
}

/** A decision with what it was taken from. */
export interface PacedDecision {
  readonly inputs: PacingInputs;
  readonly decision: PacingDecision;
}

/** Measures the queues whose strategy is `paced` and decides for them. */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #facts = new Map<string, PacingFacts>();

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** The facts of a paced queue; undefined when the queue is not paced. */
  of(queue: string): PacingFacts | undefined {
    const isPaced = this.#options.queue(queue).settings?.connectStrategy === 'paced';
    if (!isPaced) {
      this.#facts.delete(queue);
      return undefined;
    }
    let facts = this.#facts.get(queue);
    if (!facts) {
      facts = new PacingFacts(this.#options.nowMs);
      this.#facts.set(queue, facts);
    }
    return facts;
  }

  agentReady(agentId: string): void {
    for (const [name, facts] of this.#facts) if (this.#serves(agentId, name)) facts.agentReady();
  }

  /** The agent was given a token; `callbackQueue`: it was a callback of that queue. */
  agentTaken(agentId: string, callbackQueue: string | undefined): void {
    for (const [name, facts] of this.#facts) {
      if (name !== callbackQueue && this.#serves(agentId, name)) facts.agentTaken();
    }
  }

  decide({ token, queue }: Waiting, facts: PacingFacts): PacedDecision {
    const { dials } = this.#options;
    const groups = queue.stageOf(token)?.groups ?? [];
    const inputs: PacingInputs = {
      ...facts.inputs(),
      readyAgentCount: groups.reduce((sum, { readyCount }) => sum + readyCount, 0),
      callsAheadCount: queue.line.freeBefore(token, 'call'),
      dialCount: dials.unheldCountOf(queue.line.name),
    };
    return { inputs, decision: decidePacing(inputs) };
  }

  #serves(agentId: string, queue: string): boolean {
    const groups = this.#options.queue(queue).stages[0]?.groups ?? [];
    return groups.some(({ members }) => members.has(agentId));
  }
}
