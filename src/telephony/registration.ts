import type { SipSource } from './sip-source.ts';

/** One contact of an agent's phone: where to ring it and until when (RFC 3261 §10.3). */
export interface Binding {
  readonly agentId: string;
  readonly sipUser: string;
  /** Contact URI as the phone gave it. */
  readonly contactUri: string;
  /** Preference 0–1000 (q × 1000); higher is better. */
  readonly preference: number;
  readonly callId: string;
  readonly cseq: number;
  /** UTC epoch ms. */
  readonly expiresAtMs: number;
  readonly registeredAtMs: number;
  /** The socket that the REGISTER came from; differs from the contact behind a NAT. */
  readonly source: SipSource;
  /** `+sip.instance` (RFC 5626): the same phone after a restart replaces its old contact. */
  readonly instance?: string;
  readonly userAgent?: string;
}

/** Keeps bindings across restarts. Implemented by storage; keyed by agent and contact URI. */
export interface RegistrationStore {
  /** All bindings; expired ones may be among them. */
  all(): Promise<readonly Binding[]>;
  /** Inserts or replaces. */
  put(binding: Binding): Promise<void>;
  /** Removing what is not there is fine. */
  remove(agentId: string, contactUri: string): Promise<void>;
}

/** Keeps bindings while the process lives: for tests and tools. */
export class MemoryRegistrationStore implements RegistrationStore {
  readonly #bindings = new Map<string, Binding>();

  all(): Promise<readonly Binding[]> {
    return Promise.resolve([...this.#bindings.values()]);
  }

  put(binding: Binding): Promise<void> {
    this.#bindings.set(`${binding.agentId} ${binding.contactUri}`, binding);
    return Promise.resolve();
  }

  remove(agentId: string, contactUri: string): Promise<void> {
    this.#bindings.delete(`${agentId} ${contactUri}`);
    return Promise.resolve();
  }
}
