import { randomBytes } from 'node:crypto';
import type { Actor } from '../../callback/callback.ts';
import type { Clock } from '../../kernel/clock.ts';
import { assert } from '../../kernel/errors.ts';
import { type Rights } from './access-rules.ts';
import type { AccessStore, ApiKey, Session, User } from './access-store.ts';
import { Role } from './access-store.ts';
import { credentialPattern, newSecret, secretDigest } from './credential.ts';
import { HttpError } from './http-errors.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';

/** Who a request comes from, and what they may do. */
export interface Principal extends Rights {
  readonly actor: Actor;
  /** `user:<name>` or `api-key:<id>`; for limits, the error book and the audit log. */
  readonly key: string;
  readonly name: string;
  readonly agentId: string | null;
  /** Set for users: what `logout` deletes. */
  readonly sessionHash: string | null;
  /** Of a key that ends; null: a key that does not, or a person. */
  readonly keyExpiresAtMs: number | null;
  /** Of a key: pages of other origins that may use it. */
  readonly origins: readonly string[];
  readonly accessGroups: readonly string[];
}

/** A session that has begun; the token is shown once. */
export interface NewSession {
  readonly user: User;
  readonly token: string;
  readonly expiresAtMs: number;
}

/** How long sessions last. */
export interface SessionLimits {
  /** Unused for this long it ends. */
  readonly idleMs: number;
  /** However much it is used, it ends then. */
  readonly maxMs: number;
}

/** Password checks at the same time: each takes 32 MiB and a thread of libuv's four. */
const VERIFICATIONS_MAX = 2;
const VERIFICATIONS_WAITING_MAX = 16;
const TOUCH_INTERVAL_MS = 60_000;
/** Uses remembered between two writes; beyond it the oldest are forgotten, which ends no session early. */
const USES_REMEMBERED_MAX = 10_000;
/**
 * How long a recognised credential is believed without asking the store again: at 1 000 requests a second
 * that is one look-up in a thousand. A change made here is seen at once ({@link Access.changed}).
 */
const BELIEVED_MS = 1000;
const BELIEVED_MAX = 2000;
/** More means that somebody listens with every request. */
const LISTENERS_MAX = 10;

interface Believed {
  readonly principal: Principal;
  readonly untilMs: number;
}

/** Recognises users and API keys, logs in. */
export class Access {
  readonly #store: AccessStore;
  readonly #clock: Clock;
  readonly #limits: SessionLimits;
  readonly #usedAtMs = new Map<string, number>();
  readonly #touchedAtMs = new Map<string, number>();
  readonly #believed = new Map<string, Believed>();
  readonly #waiting: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();
  #generation = 0;
  #verifyingCount = 0;
  /** Verified against when there is no such user, so that the answer takes the same time. */
  #decoy: Promise<string> | undefined;

  constructor(store: AccessStore, clock: Clock, limits: SessionLimits) {
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * To be called after every change of users, keys, groups and sessions: what was believed is asked again.
   */
  changed(): void {
    this.#forget();
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after every change of what somebody may do; for as long as the server lives. */
  onChange(listener: () => void): void {
    assert(this.#listeners.size < LISTENERS_MAX, `at most ${LISTENERS_MAX} listeners of access`);
    this.#listeners.add(listener);
  }

  /**
   * The principal of a credential (`tk_…` key or `ts_…` session token); undefined when it is none of ours.
   * @param background the request is a page's own polling: it keeps no session alive.
   */
  async recognise(credential: string, background = false): Promise<Principal | undefined> {
    if (!credentialPattern.test(credential)) return undefined;
    // Looked up by digest: the comparison's timing says nothing about the secret.
    const digest = secretDigest(credential);
    const believed = this.#believed.get(digest);
    let principal = believed?.principal;
    if (believed === undefined || believed.untilMs <= this.#clock.monotonicMs()) {
      this.#believed.delete(digest);
      const generation = this.#generation;
      principal = credential.startsWith('tk_')
        ? await this.#keyPrincipal(digest)
        : await this.#userPrincipal(digest);
      // What was read before a change must not be believed after it.
      if (principal && generation === this.#generation) this.#believe(digest, principal);
    }
    if (principal && !background) await this.#use(principal, digest);
    return principal;
  }

  /**
   * A session for the right password; undefined otherwise. Throws LOGIN_BUSY beyond the limit of password
   * checks.
   */
  async login(name: string, password: string): Promise<NewSession | undefined> {
    const user = await this.checkPassword(name, password);
    if (!user) return undefined;
    const session = await this.openSession(user);
    // Checking takes a while: a password that was changed meanwhile gives no new session.
    const now = await this.#store.findUser(name);
    if (now?.passwordHash === user.passwordHash) return session;
    await this.#store.deleteSession(secretDigest(session.token));
    this.changed();
    return undefined;
  }

  /** A session for a user who has proved who they are. */
  async openSession(user: User): Promise<NewSession> {
    const token = newSecret('ts');
    const nowMs = this.#clock.nowMs();
    const expiresAtMs = nowMs + this.#limits.maxMs;
    await this.#store.insertSession({
      tokenHash: secretDigest(token),
      userName: user.name,
      createdAtMs: nowMs,
      expiresAtMs,
      lastUsedAtMs: nowMs,
    });
    // It may have pushed out the user's oldest. Nobody's rights have changed: nobody else is told.
    this.#forget();
    return { user, token, expiresAtMs };
  }

  /**
   * The enabled user of that name when the password is right; takes the same time when there is no such user.
   */
  async checkPassword(name: string, password: string): Promise<User | undefined> {
    const user = await this.#store.findUser(name);
    // People who come from an OpenID provider have no password: that, too, must take the same time.
    const decoy = (this.#decoy ??= hashPassword(randomBytes(8).toString('hex')));
    const hash = user?.passwordHash ? user.passwordHash : await decoy;
    const correct = await this.#verify(password, hash);
    return user?.passwordHash && correct && user.enabled ? user : undefined;
  }

  /** The queues that members of these groups may read; null: all. */
  async queuesOf(role: Role, accessGroups: readonly string[]): Promise<readonly string[] | null> {
    if (role === Role.administrator || accessGroups.length === 0) return null;
    const groups = await this.#store.listAccessGroups();
    // A group that is gone gives nothing: its former members must not see more than before.
    return groups.filter(({ name }) => accessGroups.includes(name)).flatMap(({ queues }) => queues);
  }

  #forget(): void {
    this.#generation++;
    this.#believed.clear();
  }

  async #keyPrincipal(digest: string): Promise<Principal | undefined> {
    const key = await this.#store.findApiKeyByHash(digest);
    if (!key || !isValidNow(key, digest, this.#clock.nowMs())) return undefined;
    const { id, name, role, scopes, origins, accessGroups, expiresAtMs } = key;
    const queues = await this.queuesOf(role, accessGroups);
    return {
      actor: { kind: 'api-key', id },
      key: `api-key:${id}`,
      agentId: null,
      sessionHash: null,
      keyExpiresAtMs: expiresAtMs,
      name,
      role,
      scopes,
      origins,
      accessGroups,
      queues,
    };
  }

  async #userPrincipal(tokenHash: string): Promise<Principal | undefined> {
    const session = await this.#store.findSession(tokenHash);
    if (!session || !this.#isAlive(session)) return undefined;
    const user = await this.#store.findUser(session.userName);
    if (!user?.enabled) return undefined;
    const { name, role, agentId, accessGroups } = user;
    return {
      // An agent's own doing is told from a supervisor's in the history.
      actor:
        role === Role.agent && agentId !== null ? { kind: 'agent', id: agentId } : { kind: 'user', id: name },
      key: `user:${name}`,
      sessionHash: tokenHash,
      keyExpiresAtMs: null,
      scopes: null,
      origins: [],
      queues: await this.queuesOf(role, accessGroups),
      name,
      role,
      agentId,
      accessGroups,
    };
  }

  #isAlive({ tokenHash, expiresAtMs, lastUsedAtMs }: Session): boolean {
    const nowMs = this.#clock.nowMs();
    const usedAtMs = Math.max(lastUsedAtMs, this.#usedAtMs.get(tokenHash) ?? 0);
    return expiresAtMs > nowMs && usedAtMs + this.#limits.idleMs > nowMs;
  }

  #believe(digest: string, principal: Principal): void {
    if (this.#believed.size >= BELIEVED_MAX) this.#believed.clear();
    this.#believed.set(digest, { principal, untilMs: this.#clock.monotonicMs() + BELIEVED_MS });
  }

  /** Notes a use at once, and in the store once a minute. */
  async #use(principal: Principal, digest: string): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const subject = principal.sessionHash ?? principal.key;
    this.#usedAtMs.delete(subject);
    this.#usedAtMs.set(subject, nowMs);
    const touchedAtMs = this.#touchedAtMs.get(subject);
    if (touchedAtMs !== undefined && nowMs - touchedAtMs < TOUCH_INTERVAL_MS) return;
    this.#touchedAtMs.set(subject, nowMs);
    forgetOldest(this.#usedAtMs);
    forgetOldest(this.#touchedAtMs);
    if (principal.sessionHash !== null) await this.#store.touchSession(digest, nowMs);
    else if (principal.actor.kind === 'api-key') await this.#store.touchApiKey(principal.actor.id, nowMs);
  }

  async #verify(password: string, hash: string): Promise<boolean> {
    if (this.#verifyingCount >= VERIFICATIONS_MAX) {
      if (this.#waiting.length >= VERIFICATIONS_WAITING_MAX) {
        throw new HttpError('LOGIN_BUSY', 'too many logins at once', { retryAfterSec: 2 });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#verifyingCount++;
    }
    try {
      return await verifyPassword(password, hash);
    } finally {
      // The slot goes to the next in line; only with nobody waiting is it given back.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#verifyingCount--;
    }
  }
}

/** Not expired, and not the secret before a rotation whose time of grace is over. */
export function isValidNow(key: ApiKey, digest: string, nowMs: number): boolean {
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return false;
  return key.keyHash === digest || (key.previousUntilMs !== null && key.previousUntilMs > nowMs);
}

function forgetOldest(uses: Map<string, number>): void {
  const oldest = uses.keys().next();
  if (uses.size > USES_REMEMBERED_MAX && !oldest.done) uses.delete(oldest.value);
}
