/** An agent who did not take a token is not asked again for it this long, as long as others can be asked. */
export const SKIP_MS = 60_000;
/** Agents remembered for one token; more than are ever tried. */
const SKIPPED_MAX = 50;

/** Who did not take which token: the phone rang out, or the agent declined. */
export class SkippedAgents {
  readonly #until = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  /** Tokens that skip somebody. */
  get subjectIds(): Iterable<string> {
    return this.#until.keys();
  }

  add(subjectId: string, agentId: string, untilMs: number): void {
    const agents = this.#until.get(subjectId) ?? new Map<string, number>();
    if (agents.size < SKIPPED_MAX) agents.set(agentId, untilMs);
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
    return [...agents].filter(([, untilMs]) => untilMs > nowMs).map(([agentId]) => agentId);
  }

  /** When the next of the subject's agents may be asked again; undefined when nobody is skipped any more. */
  nextExpiry(subjectId: string, nowMs: number): number | undefined {
    const later = [...(this.#until.get(subjectId)?.values() ?? [])].filter((untilMs) => untilMs > nowMs);
    return later.length > 0 ? Math.min(...later) : undefined;
  }
}
