import type { Clock } from '../kernel/clock.ts';
import type { Binding } from './registration.ts';
import { sameSource } from './sip-source.ts';
import type { SipSource } from './sip-source.ts';

/** The bindings in memory, and which of them answer. */
export class BindingTable {
  readonly #clock: Clock;
  readonly #keepAliveFailuresMax: number;
  /** Agent id → contact URI → binding. */
  readonly #agents = new Map<string, Map<string, Binding>>();
  /** Unanswered keep-alives in a row, by agent id and contact URI. */
  readonly #failures = new Map<string, number>();
  readonly #reachable = new Set<string>();
  readonly #listeners = new Set<(agentId: string, reachable: boolean) => void>();

  constructor(clock: Clock, keepAliveFailuresMax: number) {
    this.#clock = clock;
    this.#keepAliveFailuresMax = keepAliveFailuresMax;
  }

  /** Inserts or replaces; a contact that registers counts as reachable. */
  put(binding: Binding): void {
    const contacts = this.#agents.get(binding.agentId) ?? new Map<string, Binding>();
    contacts.set(binding.contactUri, binding);
    this.#agents.set(binding.agentId, contacts);
    this.#failures.delete(keyOf(binding));
    this.#notify(binding.agentId);
  }

  remove(agentId: string, contactUri: string): void {
    const contacts = this.#agents.get(agentId);
    if (!contacts?.delete(contactUri)) return;
    if (contacts.size === 0) this.#agents.delete(agentId);
    this.#failures.delete(keyOf({ agentId, contactUri }));
    this.#notify(agentId);
  }

  /** Live bindings of an agent. */
  of(agentId: string): Binding[] {
    return [...(this.#agents.get(agentId)?.values() ?? [])].filter((binding) => this.#isLive(binding));
  }

  /** Live bindings that answer, by preference, then the newest first. */
  reachable(agentId: string): Binding[] {
    return this.of(agentId)
      .filter((binding) => (this.#failures.get(keyOf(binding)) ?? 0) < this.#keepAliveFailuresMax)
      .sort((a, b) => b.preference - a.preference || b.registeredAtMs - a.registeredAtMs);
  }

  /** Every binding, expired ones included. */
  all(): Binding[] {
    return [...this.#agents.values()].flatMap((contacts) => [...contacts.values()]);
  }

  live(): Binding[] {
    return this.all().filter((binding) => this.#isLive(binding));
  }

  isKnownSource(source: SipSource): boolean {
    return this.live().some((binding) => sameSource(binding.source, source));
  }

  keepAlive(binding: Binding, answered: boolean): void {
    if (this.#agents.get(binding.agentId)?.has(binding.contactUri) !== true) return;
    const key = keyOf(binding);
    if (answered) this.#failures.delete(key);
    else this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
    this.#notify(binding.agentId);
  }

  /** The phone has vanished from a call: not rung again before it registers or answers a keep-alive. */
  vanished(agentId: string, contactUri: string): void {
    if (this.#agents.get(agentId)?.has(contactUri) !== true) return;
    this.#failures.set(keyOf({ agentId, contactUri }), this.#keepAliveFailuresMax);
    this.#notify(agentId);
  }

  onReachability(listener: (agentId: string, reachable: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #isLive(binding: Binding): boolean {
    return binding.expiresAtMs > this.#clock.nowMs();
  }

  #notify(agentId: string): void {
    const reachable = this.reachable(agentId).length > 0;
    if (reachable === this.#reachable.has(agentId)) return;
    if (reachable) this.#reachable.add(agentId);
    else this.#reachable.delete(agentId);
    for (const listener of this.#listeners) listener(agentId, reachable);
  }
}

function keyOf(binding: Pick<Binding, 'agentId' | 'contactUri'>): string {
  return `${binding.agentId} ${binding.contactUri}`;
}
