import type { Clock } from '../kernel/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { AuthThrottle } from './auth-throttle.ts';
import type { AuthThrottleLimits } from './auth-throttle.ts';
import { BindingTable } from './binding-table.ts';
import type { Counters } from './counters.ts';
import { DigestAuthenticator, readDigestCredentials } from './digest.ts';
import type { DigestAlgorithm } from './digest.ts';
import { readWantedContacts } from './register-request.ts';
import type { RegisterRequest, RegisterResponse, WantedContact } from './register-request.ts';
import type { Binding, RegistrationStore } from './registration.ts';
import { sameSource } from './sip-source.ts';
import type { SipSource } from './sip-source.ts';
import type { TelephonyDirectory } from './telephony-directory.ts';

/** Bounds of a registration. */
export interface RegistrarLimits {
  /** Shorter ones get 423 (RFC 3261 §10.3 step 7). */
  readonly expiresMinSec: number;
  readonly expiresMaxSec: number;
  readonly contactsMax: number;
  /** Unanswered OPTIONS in a row after which a contact is not rung any more. */
  readonly keepAliveFailuresMax: number;
}

export const REGISTRAR_LIMITS: RegistrarLimits = {
  expiresMinSec: 60,
  expiresMaxSec: 3600,
  contactsMax: 10,
  keepAliveFailuresMax: 3,
};

/** What the registrar is made of. */
export interface RegistrarOptions {
  readonly directory: TelephonyDirectory;
  readonly store: RegistrationStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly limits?: RegistrarLimits;
  readonly throttle?: AuthThrottleLimits;
  /** Digest algorithms in the order of the challenges. Default MD5 alone. */
  readonly algorithms?: readonly DigestAlgorithm[];
}

/** Who a request with credentials is from. */
export type AuthenticationResult =
  | { readonly kind: 'agent'; readonly agentId: string; readonly sipUser: string }
  | { readonly kind: 'challenge'; readonly stale: boolean }
  | { readonly kind: 'refused' };

/**
 * The registrar for agents' phones (RFC 3261 §10): authenticates, keeps the bindings, knows which phones can
 * be rung. An unknown user and a wrong password are answered alike, at the same cost.
 */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #limits: RegistrarLimits;
  readonly #throttle: AuthThrottle;
  readonly #table: BindingTable;
  readonly digest: DigestAuthenticator;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#limits = options.limits ?? REGISTRAR_LIMITS;
    this.#throttle = new AuthThrottle(options.clock, options.throttle);
    this.#table = new BindingTable(options.clock, this.#limits.keepAliveFailuresMax);
    this.digest = new DigestAuthenticator(options.clock, options.algorithms);
  }

  /** Takes the bindings of the previous run that have not expired; call once before serving. */
  async load(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    for (const binding of await this.#options.store.all()) {
      const known = this.#options.directory.agentBySipUser(binding.sipUser)?.agentId === binding.agentId;
      if (known && binding.expiresAtMs > nowMs) this.#table.put(binding);
      else await this.#forget(binding.agentId, binding.contactUri);
    }
  }

  /** Answers a REGISTER. Never rejects. */
  async register(request: RegisterRequest): Promise<RegisterResponse> {
    const identity = this.authenticate('REGISTER', request.authorization, request.source);
    if (identity.kind === 'challenge') {
      const challenges = this.digest.challenges(
        this.#options.directory.realm,
        request.source.address,
        identity.stale,
      );
      return { status: 401, headers: { 'WWW-Authenticate': challenges } };
    }
    // RFC 3261 §10.3 step 4: who may change these bindings? Only the user of that address of record.
    if (identity.kind === 'refused' || identity.sipUser !== request.aorUser) {
      this.#options.counters.increment('registrations_refused', 'credentials');
      return { status: 403, headers: {} };
    }
    return this.#applyContacts(request, identity.agentId);
  }

  /**
   * Checks credentials of any request against the agents. A source that keeps failing is refused unchecked,
   * except the socket of a phone that is registered.
   */
  authenticate(method: string, header: string | undefined, source: SipSource): AuthenticationResult {
    const { directory, counters } = this.#options;
    const credentials = readDigestCredentials(header);
    if (!credentials) return { kind: 'challenge', stale: false };
    if (this.isThrottled(source)) {
      counters.increment('registrations_refused', 'throttled');
      return { kind: 'refused' };
    }
    const agent = directory.agentBySipUser(credentials.username);
    const verdict = this.digest.check(
      credentials,
      { method, realm: directory.realm, sourceAddress: source.address },
      agent?.ha1,
    );
    if (verdict === 'stale') return { kind: 'challenge', stale: true };
    if (verdict === 'wrong' || !agent) {
      this.#throttle.failed(source.address);
      return { kind: 'refused' };
    }
    return { kind: 'agent', agentId: agent.agentId, sipUser: credentials.username };
  }

  /** True while the source has tried too many wrong passwords; never for the socket of a registered phone. */
  isThrottled(source: SipSource): boolean {
    return this.#throttle.isBlocked(source.address) && !this.#table.isKnownSource(source);
  }

  /** A wrong password came from the source in a request that was checked elsewhere (trunks). */
  authenticationFailed(source: SipSource): void {
    this.#throttle.failed(source.address);
  }

  /** Contacts to ring, best first: live and not found unreachable. */
  contacts(agentId: string): Binding[] {
    return this.#table.reachable(agentId);
  }

  /** All live bindings, reachable or not. */
  bindings(): Binding[] {
    return this.#table.live();
  }

  /** The agent whose phone registered from exactly this socket. */
  agentBySource(sipUser: string, source: SipSource): string | undefined {
    return this.#table
      .live()
      .find((binding) => binding.sipUser === sipUser && sameSource(binding.source, source))?.agentId;
  }

  isReachable(agentId: string): boolean {
    return this.#table.reachable(agentId).length > 0;
  }

  /** Calls `listener` when an agent's first contact comes or the last one goes; returns the way to stop. */
  onReachability(listener: (agentId: string, reachable: boolean) => void): () => void {
    return this.#table.onReachability(listener);
  }

  /** The answer to a keep-alive OPTIONS, or that none came. */
  keepAlive(binding: Binding, answered: boolean): void {
    this.#table.keepAlive(binding, answered);
  }

  /** The contact has vanished from a call; see {@link BindingTable.vanished}. */
  vanished(agentId: string, contactUri: string): void {
    this.#table.vanished(agentId, contactUri);
  }

  /** Drops what has expired, and bindings of agents who are gone from the directory. */
  async sweep(): Promise<void> {
    const gone = this.#table
      .all()
      .filter(
        (binding) =>
          binding.expiresAtMs <= this.#options.clock.nowMs() ||
          this.#options.directory.agentBySipUser(binding.sipUser)?.agentId !== binding.agentId,
      );
    for (const binding of gone) {
      this.#table.remove(binding.agentId, binding.contactUri);
      await this.#forget(binding.agentId, binding.contactUri);
    }
  }

  async #applyContacts(request: RegisterRequest, agentId: string): Promise<RegisterResponse> {
    const wanted = readWantedContacts(request);
    if (wanted.kind === 'malformed') return { status: 400, headers: {} };
    const current = this.#table.of(agentId);
    // RFC 3261 §10.3 steps 6 and 7: a request older than what a binding was made by is refused as a whole.
    const touched =
      wanted.kind === 'list' ? wanted.contacts.map(({ uri }) => uri) : current.map((b) => b.contactUri);
    const outOfOrder = current.some(
      (binding) =>
        wanted.kind !== 'none' &&
        touched.includes(binding.contactUri) &&
        binding.callId === request.callId &&
        request.cseq <= binding.cseq,
    );
    if (outOfOrder) return { status: 500, headers: {} };
    if (wanted.kind === 'all') {
      for (const binding of current) await this.#remove(binding);
    }
    if (wanted.kind === 'list') {
      const refusal = this.#refusalOf(wanted.contacts, current);
      if (refusal) return refusal;
      for (const contact of wanted.contacts) await this.#applyContact(request, agentId, contact);
    }
    return { status: 200, headers: { Contact: this.#contactHeaders(agentId) } };
  }

  #refusalOf(contacts: readonly WantedContact[], current: readonly Binding[]): RegisterResponse | undefined {
    const { expiresMinSec, contactsMax } = this.#limits;
    const seconds = (contact: WantedContact): number => contact.expiresSec ?? this.#limits.expiresMaxSec;
    if (contacts.some((contact) => seconds(contact) > 0 && seconds(contact) < expiresMinSec)) {
      return { status: 423, headers: { 'Min-Expires': String(expiresMinSec) } };
    }
    const removed = contacts.filter((contact) => seconds(contact) === 0).map(({ uri }) => uri);
    const instances = new Set(contacts.map(({ instance }) => instance).filter((i) => i !== undefined));
    const kept = current.filter(
      (binding) =>
        !removed.includes(binding.contactUri) &&
        !(binding.instance !== undefined && instances.has(binding.instance)),
    );
    const after = new Set([
      ...kept.map(({ contactUri }) => contactUri),
      ...contacts.filter((contact) => seconds(contact) > 0).map(({ uri }) => uri),
    ]);
    if (after.size <= contactsMax) return undefined;
    this.#options.counters.increment('registrations_refused', 'contacts');
    return { status: 403, headers: { Warning: `399 registrar "at most ${contactsMax} contacts"` } };
  }

  async #applyContact(request: RegisterRequest, agentId: string, contact: WantedContact): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const existing = this.#table.of(agentId);
    const replaced = existing.filter(
      ({ contactUri, instance }) =>
        contactUri === contact.uri || (instance !== undefined && instance === contact.instance),
    );
    for (const binding of replaced) {
      if (contact.expiresSec === 0 || binding.contactUri !== contact.uri) await this.#remove(binding);
    }
    if (contact.expiresSec === 0) return;
    const expiresSec = Math.min(contact.expiresSec ?? this.#limits.expiresMaxSec, this.#limits.expiresMaxSec);
    const binding: Binding = {
      agentId,
      sipUser: request.aorUser,
      contactUri: contact.uri,
      preference: contact.preference,
      callId: request.callId,
      cseq: request.cseq,
      expiresAtMs: nowMs + expiresSec * 1000,
      registeredAtMs: nowMs,
      source: request.source,
      ...(contact.instance !== undefined && { instance: contact.instance }),
      ...(request.userAgent !== undefined && { userAgent: request.userAgent.slice(0, 128) }),
    };
    this.#table.put(binding);
    this.#options.counters.increment('registrations', 'accepted');
    await this.#stored(() => this.#options.store.put(binding));
  }

  async #remove(binding: Binding): Promise<void> {
    this.#table.remove(binding.agentId, binding.contactUri);
    await this.#forget(binding.agentId, binding.contactUri);
  }

  #forget(agentId: string, contactUri: string): Promise<void> {
    return this.#stored(() => this.#options.store.remove(agentId, contactUri));
  }

  /**
   * A phone stays registered though the store fails: it only would have to register again after a restart.
   */
  async #stored(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (thrown) {
      this.#options.counters.increment('registration_store_failures');
      this.#options.log.error({ error: messageOf(thrown) }, 'a registration could not be stored');
    }
  }

  #contactHeaders(agentId: string): string[] {
    const nowMs = this.#options.clock.nowMs();
    return this.#table.of(agentId).map((binding) => {
      const expiresSec = Math.max(1, Math.ceil((binding.expiresAtMs - nowMs) / 1000));
      const q = binding.preference === 1000 ? '' : `;q=${binding.preference / 1000}`;
      return `<${binding.contactUri}>;expires=${expiresSec}${q}`;
    });
  }
}
