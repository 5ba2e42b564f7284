import type { Id } from '../../kernel/ids.ts';

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
  /** scrypt in PHC string format: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, base64 without padding. */
  readonly passwordHash: string;
  /** The configured agent this person is; null for people who take no calls. */
  readonly agentId: string | null;
  /** False: cannot log in, and open sessions stop counting. */
  readonly enabled: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A program's credential. The key itself (`tk_` + 256 random bits) is shown once and never stored. */
export interface ApiKey {
  readonly id: Id<'key'>;
  /** What the key is for, in words; 1–128 characters. */
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the whole key as text, 64 lower-case hex digits; unique. */
  readonly keyHash: string;
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
  readonly expiresAtMs: number;
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
  findApiKeyByHash(keyHash: string): Promise<ApiKey | undefined>;
  insertApiKey(key: ApiKey): Promise<void>;
  /** False when there is none of that id. */
  deleteApiKey(id: Id<'key'>): Promise<boolean>;
  /** Sets `lastUsedAtMs`; harmless when the key is gone. */
  touchApiKey(id: Id<'key'>, usedAtMs: number): Promise<void>;

  findSession(tokenHash: string): Promise<Session | undefined>;
  insertSession(session: Session): Promise<void>;
  /** Harmless when there is none. */
  deleteSession(tokenHash: string): Promise<void>;
  deleteSessionsOf(userName: string): Promise<void>;
  /** Deletes sessions with `expiresAtMs <= nowMs`; returns how many. */
  deleteExpiredSessions(nowMs: number): Promise<number>;
}
