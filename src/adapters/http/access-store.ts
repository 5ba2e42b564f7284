import type { Id } from '../../kernel/ids.ts';
import type { Scope } from './access-rules.ts';

/** What a person or program may do (product §9); the table of what each may do is access-rules.ts. */
export const Role = {
  administrator: 'Administrator',
  supervisor: 'Supervisor',
  monitor: 'Monitor',
  developer: 'Developer',
  agent: 'Agent',
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** A person who logs in with a password. */
export interface User {
  /** 1–64 of letters, digits, `.`, `_`, `-`; unique, compared exactly. */
  readonly name: string;
  readonly role: Role;
  /**
   * scrypt in PHC string format: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, base64 without padding. Empty: has no
   * password and comes from an OpenID provider.
   */
  readonly passwordHash: string;
  /** The configured agent this person is; null for people who take no calls. */
  readonly agentId: string | null;
  /** False: cannot log in, and open sessions stop counting. */
  readonly enabled: boolean;
  /** Names of access groups; none: every queue may be read. At most 50 (groupsPerMemberMax). */
  readonly accessGroups: readonly string[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/**
 * A line of business: its members may read the queues of all their groups and no others. A user or key in no
 * group reads every queue.
 */
export interface AccessGroup {
  /** 1–64 of letters, digits, `.`, `_`, `-`; unique. */
  readonly name: string;
  /** Queue names, or beginnings of names that end in `*` (later queues included); at most 1000. */
  readonly queues: readonly string[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A program's credential. The key itself (`tk_` + 256 random bits) is shown once and never stored. */
export interface ApiKey {
  readonly id: Id<'key'>;
  /** What the key is for, in words; 1–128 characters. */
  readonly name: string;
  readonly role: Role;
  /** What it may be used for, bounded by its role; at least one. */
  readonly scopes: readonly Scope[];
  /**
   * Web pages that may use it: exact origins (RFC 6454 §6.2, `https://shop.example`), or `*` alone for every
   * page. None: no page of another origin.
   */
  readonly origins: readonly string[];
  /** As for users. */
  readonly accessGroups: readonly string[];
  /** SHA-256 of the whole key as text, 64 lower-case hex digits; unique. */
  readonly keyHash: string;
  /** The secret before the last rotation, valid until `previousUntilMs`. */
  readonly previousHash: string | null;
  readonly previousUntilMs: number | null;
  /** User or key that made it. */
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** Null: does not expire. */
  readonly expiresAtMs: number | null;
  /** Written at most once a minute per key; null until first use. */
  readonly lastUsedAtMs: number | null;
}

/** A logged-in user. The token (`ts_` + 256 random bits) is held by the client only. */
export interface Session {
  /** SHA-256 of the token, 64 lower-case hex digits; unique. */
  readonly tokenHash: string;
  readonly userName: string;
  readonly createdAtMs: number;
  /** However much it is used, it ends then. */
  readonly expiresAtMs: number;
  /** Written at most once a minute; the session ends when it stays unused. */
  readonly lastUsedAtMs: number;
}

/**
 * Users, API keys and sessions as the HTTP adapter needs them stored; durable when a promise resolves.
 * Implemented in adapters/storage. Every method rejects with an AppError when the store fails.
 */
export interface AccessStore {
  /** Number of users, whatever their role; 0 means a first start. */
  userCount(): Promise<number>;
  /** By name; never more than 1000 (usersMax). */
  listUsers(): Promise<User[]>;
  findUser(name: string): Promise<User | undefined>;
  /** False, and nothing stored, when the name is taken. */
  insertUser(user: User): Promise<boolean>;
  /** Replaces the row of the same name; false when there is none. */
  updateUser(user: User): Promise<boolean>;
  /** Deletes the user with all their sessions; false when there is none. */
  deleteUser(name: string): Promise<boolean>;

  /** Oldest first; never more than 1000 (apiKeysMax). */
  listApiKeys(): Promise<ApiKey[]>;
  /** By its secret's hash or by the one before. */
  findApiKeyByHash(keyHash: string): Promise<ApiKey | undefined>;
  insertApiKey(key: ApiKey): Promise<void>;
  /** Replaces the row of the same id, `lastUsedAtMs` excepted; false when there is none. */
  updateApiKey(key: ApiKey): Promise<boolean>;
  /** False when there is none of that id. */
  deleteApiKey(id: Id<'key'>): Promise<boolean>;
  /** Sets `lastUsedAtMs`; harmless when the key is gone. */
  touchApiKey(id: Id<'key'>, usedAtMs: number): Promise<void>;

  findSession(tokenHash: string): Promise<Session | undefined>;
  /** Keeps the user's newest 20 (sessionsPerUserMax). */
  insertSession(session: Session): Promise<void>;
  /** Sets `lastUsedAtMs`; harmless when there is none. */
  touchSession(tokenHash: string, usedAtMs: number): Promise<void>;
  /** Harmless when there is none. */
  deleteSession(tokenHash: string): Promise<void>;
  deleteSessionsOf(userName: string): Promise<void>;
  /** Deletes sessions with `expiresAtMs <= nowMs` or `lastUsedAtMs <= idleSinceMs`; returns how many. */
  deleteExpiredSessions(nowMs: number, idleSinceMs: number): Promise<number>;

  /** By name; never more than 500 (accessGroupsMax). */
  listAccessGroups(): Promise<AccessGroup[]>;
  /** False, and nothing stored, when the name is taken. */
  insertAccessGroup(group: AccessGroup): Promise<boolean>;
  /** False when there is none of that name. */
  updateAccessGroup(group: AccessGroup): Promise<boolean>;
  deleteAccessGroup(name: string): Promise<boolean>;

  /** True when this user has logged in from there since `sinceMs`. */
  isFamiliar(userName: string, address: string, sinceMs: number): Promise<boolean>;
  /** Remembers a log-in's address; keeps the user's newest 20 (familiarAddressesMax). */
  putFamiliarAddress(userName: string, address: string, atMs: number): Promise<void>;

  /** The user linked with an account of an identity provider. */
  findIdentity(issuer: string, subject: string): Promise<string | undefined>;
  /** The first link of an account stays. */
  insertIdentity(identity: Identity): Promise<void>;
}

/** An account of an OpenID provider and the user it stands for (OpenID Connect Core 1.0 §2: iss and sub). */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly userName: string;
  readonly linkedAtMs: number;
}
