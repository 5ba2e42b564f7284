/** Agents remembered for one token; more than are ever tried. */
const SKIPPED_MAX = 50;

/** Until when an agent is not asked for a token. */
interface Skip {
  readonly untilMs: number;
  /** Said no and stays ready: not asked meanwhile even when nobody else is there. */
  readonly isFirm: boolean;
}

/** Who did not take which token: the phone rang out, or the agent declined. */
export class SkippedAgents {
  readonly #until = new Map<string, Map<string, Skip>>();

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  /** Tokens that skip somebody. */
  get subjectIds(): Iterable<string> {
    return this.#until.keys();
  }

  add(subjectId: string, agentId: string, skip: Skip): void {
    const agents = this.#until.get(subjectId) ?? new Map<string, Skip>();
    if (agents.size < SKIPPED_MAX) agents.set(agentId, skip);
    this.#until.set(subjectId, agents);
  }

  forget(subjectId: string): void {
    this.#until.delete(subjectId);
  }

  has(subjectId: string): boolean {
    return this.#until.has(subjectId);
  }

  /** Agents skipped for the subject now. */
  agentsOf(subjectId: string, nowMs: number): readonly string[] {
    const agents = this.#until.get(subjectId);
    if (!agents) return [];
    return [...agents].filter(([, { untilMs }]) => untilMs > nowMs).map(([agentId]) => agentId);
  }

  /** Whether the agent has said no, and not long ago. */
  isFirm(subjectId: string, agentId: string, nowMs: number): boolean {
    const skip = this.#until.get(subjectId)?.get(agentId);
    return skip?.isFirm === true && skip.untilMs > nowMs;
  }

  /** When the next of the subject's agents may be asked again; undefined when nobody is skipped any more. */
  nextExpiry(subjectId: string, nowMs: number): number | undefined {
    const skips = [...(this.#until.get(subjectId)?.values() ?? [])];
    const later = skips.map(({ untilMs }) => untilMs).filter((untilMs) => untilMs > nowMs);
    return later.length > 0 ? Math.min(...later) : undefined;
  }
}
