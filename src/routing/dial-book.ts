/** A customer being called, or about to be, by the router's leave. */
export interface Dial {
  readonly callbackId: string;
  readonly queue: string;
  /** Who backs it or is held for it; null: paced. */
  readonly agentId: string | null;
  readonly held: boolean;
  readonly grantedAtMs: number;
}

/** The dials in progress, by callback, by the agent who backs them, and counted. */
export class DialBook {
  readonly #dials = new Map<string, Dial>();
  /** Agent → callback whose dial this agent backs, unheld. */
  readonly #backed = new Map<string, string>();
  readonly #unheldByQueue = new Map<string, number>();

  /** Over all queues. */
  get count(): number {
    return this.#dials.size;
  }

  /** Of one queue, those for which no agent is held. */
  unheldCountOf(queue: string): number {
    return this.#unheldByQueue.get(queue) ?? 0;
  }

  begin(dial: Dial): void {
    this.#dials.set(dial.callbackId, dial);
    if (dial.held) return;
    this.#unheldByQueue.set(dial.queue, this.unheldCountOf(dial.queue) + 1);
    if (dial.agentId !== null) this.#backed.set(dial.agentId, dial.callbackId);
  }

  /** The dial's outcome is known. Undefined: the callback was not being dialled. */
  end(callbackId: string): Dial | undefined {
    const dial = this.#dials.get(callbackId);
    if (!dial) return undefined;
    this.#dials.delete(callbackId);
    if (dial.held) return dial;
    this.#unheldByQueue.set(dial.queue, this.unheldCountOf(dial.queue) - 1);
    if (dial.agentId !== null && this.#backed.get(dial.agentId) === callbackId) {
      this.#backed.delete(dial.agentId);
    }
    return dial;
  }

  /** Whether the agent backs a dial: one at a time. */
  isBacking(agentId: string): boolean {
    return this.#backed.has(agentId);
  }
}
