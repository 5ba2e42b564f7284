import { createHash, randomBytes } from 'node:crypto';
import type { Actor } from '../../callback/callback.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { AccessStore, ApiKey, User } from './access-store.ts';
import { Role } from './access-store.ts';
import { httpLimits } from './http-config.ts';
import { HttpError } from './http-errors.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';

/** Who a request comes from. */
export interface Principal {
  readonly actor: Actor;
  /** `user:<name>` or `api-key:<id>`; for limits and the error book. */
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  readonly agentId: string | null;
  /** Set for users: what `logout` deletes. */
  readonly sessionHash: string | null;
}

/** Password checks at the same time: each takes 32 MiB and a thread of libuv's four. */
const VERIFICATIONS_MAX = 2;
const VERIFICATIONS_WAITING_MAX = 16;
const TOUCH_INTERVAL_MS = 60_000;
const SECRET_BYTES = 32;
const SECRET_PATTERN = /^(tk|ts)_[A-Za-z0-9_-]{43}$/;

/** Recognises users and API keys, logs in and out. */
export class Access {
  readonly #store: AccessStore;
  readonly #clock: Clock;
  readonly #sessionMs: number;
  readonly #touchedAtMs = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #verifyingCount = 0;
  /** Verified against when there is no such user, so that the answer takes the same time. */
  #decoy: Promise<string> | undefined;

  constructor(store: AccessStore, clock: Clock, sessionMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#sessionMs = sessionMs;
  }

  /**
   * The principal of a credential (`tk_…` key or `ts_…` session token); undefined when it is none of ours.
   */
  async recognise(credential: string): Promise<Principal | undefined> {
    // Looked up by digest: the comparison's timing says nothing about the secret.
    if (!SECRET_PATTERN.test(credential)) return undefined;
    const digest = secretDigest(credential);
    return credential.startsWith('tk_')
      ? await this.#keyPrincipal(digest)
      : await this.#userPrincipal(digest);
  }

  /**
   * A session for the right password; undefined otherwise. Throws LOGIN_BUSY beyond the limit of password
   * checks.
   */
  async login(
    name: string,
    password: string,
  ): Promise<{ user: User; token: string; expiresAtMs: number } | undefined> {
    const user = await this.checkPassword(name, password);
    if (!user) return undefined;
    const token = newSecret('ts');
    const nowMs = this.#clock.nowMs();
    const expiresAtMs = nowMs + this.#sessionMs;
    const session = { tokenHash: secretDigest(token), userName: user.name, createdAtMs: nowMs, expiresAtMs };
    await this.#store.insertSession(session);
    return { user, token, expiresAtMs };
  }

  /**
   * The enabled user of that name when the password is right; takes the same time when there is no such user.
   */
  async checkPassword(name: string, password: string): Promise<User | undefined> {
    const user = await this.#store.findUser(name);
    const hash = user?.passwordHash ?? (await (this.#decoy ??= hashPassword(randomBytes(8).toString('hex'))));
    const correct = await this.#verify(password, hash);
    return user && correct && user.enabled ? user : undefined;
  }

  async #keyPrincipal(keyHash: string): Promise<Principal | undefined> {
    const key = await this.#store.findApiKeyByHash(keyHash);
    const nowMs = this.#clock.nowMs();
    if (!key || (key.expiresAtMs !== null && key.expiresAtMs <= nowMs)) return undefined;
    if (nowMs - (this.#touchedAtMs.get(key.id) ?? key.lastUsedAtMs ?? 0) >= TOUCH_INTERVAL_MS) {
      if (this.#touchedAtMs.size >= httpLimits.apiKeysMax) this.#touchedAtMs.clear();
      this.#touchedAtMs.set(key.id, nowMs);
      await this.#store.touchApiKey(key.id, nowMs);
    }
    return {
      actor: { kind: 'api-key', id: key.id },
      key: `api-key:${key.id}`,
      name: key.name,
      role: key.role,
      agentId: null,
      sessionHash: null,
    };
  }

  async #userPrincipal(tokenHash: string): Promise<Principal | undefined> {
    const session = await this.#store.findSession(tokenHash);
    if (!session || session.expiresAtMs <= this.#clock.nowMs()) return undefined;
    const user = await this.#store.findUser(session.userName);
    if (!user?.enabled) return undefined;
    return {
      // An agent's own doing is told from a supervisor's in the history.
      actor:
        user.role === Role.agent && user.agentId !== null
          ? { kind: 'agent', id: user.agentId }
          : { kind: 'user', id: user.name },
      key: `user:${user.name}`,
      name: user.name,
      role: user.role,
      agentId: user.agentId,
      sessionHash: tokenHash,
    };
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

/** A new API key: `secret` is shown once, `key` is what is stored. */
export function newApiKey(
  ids: IdSource,
  clock: Clock,
  wanted: { name: string; role: Role; createdBy: string; expiresAtMs: number | null },
): { secret: string; key: ApiKey } {
  const secret = newSecret('tk');
  const nowMs = clock.nowMs();
  return {
    secret,
    key: {
      id: ids.next('key'),
      ...wanted,
      keyHash: secretDigest(secret),
      createdAtMs: nowMs,
      lastUsedAtMs: null,
    },
  };
}

/**
 * On a first start (no user at all) makes the user `admin` with a generated password and returns it, to be
 * printed once; undefined when there are users already.
 */
export async function ensureAdministrator(
  store: AccessStore,
  clock: Clock,
): Promise<{ name: string; password: string } | undefined> {
  if ((await store.userCount()) > 0) return undefined;
  const password = randomBytes(15).toString('base64url');
  const nowMs = clock.nowMs();
  const inserted = await store.insertUser({
    name: 'admin',
    role: Role.administrator,
    passwordHash: await hashPassword(password),
    agentId: null,
    enabled: true,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  });
  return inserted ? { name: 'admin', password } : undefined;
}

/** SHA-256 in hex; enough for secrets of 256 random bits, which nobody can guess through a dictionary. */
export function secretDigest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function newSecret(prefix: 'tk' | 'ts'): string {
  return `${prefix}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}
