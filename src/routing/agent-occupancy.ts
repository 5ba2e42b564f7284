import type { AgentStatus } from './agent.ts';

/** Work that ended this long ago counts 1/e of what it did. */
export const OCCUPANCY_MEMORY_MS = 3_600_000;

interface Account {
  readonly loggedInAtMs: number;
  /** Work so far, weighted down by its age, as of `atMs`; 1 is work without pause for ever. */
  readonly worked: number;
  readonly atMs: number;
  readonly working: boolean;
}

/**
 * The share of time each agent works, over the last hour or since login where that is less: older work fades
 * exponentially instead of falling out of a window at once. That is what makes `least-occupied` a constant
 * order among idle agents: everybody's share falls by the same factor while idle, so an agent's place is
 * computed once, when the agent becomes ready, and a decision has nothing to scan.
 */
export class AgentOccupancy {
  readonly #accounts = new Map<string, Account>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The agent's state changed. */
  changed({ agentId, state }: AgentStatus): void {
    if (state === 'LOGGED_OUT') {
      this.#accounts.delete(agentId);
      return;
    }
    const nowMs = this.#nowMs();
    const working = state !== 'READY' && state !== 'NOT_READY';
    const account = this.#accounts.get(agentId);
    if (!account) {
      this.#accounts.set(agentId, { loggedInAtMs: nowMs, worked: 0, atMs: nowMs, working });
    } else if (account.working !== working) {
      const worked = workedAt(account, nowMs);
      this.#accounts.set(agentId, { ...account, worked, atMs: nowMs, working });
    }
  }

  /** 0–1. */
  shareOf(agentId: string): number {
    const account = this.#accounts.get(agentId);
    if (!account) return 0;
    const nowMs = this.#nowMs();
    const sinceLogin = 1 - Math.exp(-(nowMs - account.loggedInAtMs) / OCCUPANCY_MEMORY_MS);
    return sinceLogin <= 0 ? 0 : Math.min(1, workedAt(account, nowMs) / sinceLogin);
  }

  /**
   * Orders idle agents by their shares, smallest first, at whatever instant they became idle: ln share + t/τ
   * does not change while nobody works.
   */
  orderOf(agentId: string): number {
    const share = this.shareOf(agentId);
    return share === 0 ? -Infinity : Math.log(share) + this.#nowMs() / OCCUPANCY_MEMORY_MS;
  }
}

function workedAt({ worked, atMs, working }: Account, nowMs: number): number {
  const kept = Math.exp(-Math.max(0, nowMs - atMs) / OCCUPANCY_MEMORY_MS);
  return worked * kept + (working ? 1 - kept : 0);
}
