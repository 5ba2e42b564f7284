import type { ReplayOutcome } from '../callback/replay.ts';
import type { Scope } from '../adapters/http/access-rules.ts';
import type { Role } from '../adapters/http/access-store.ts';
import type { NumberTestRequest } from '../provisioning/number-test.ts';
import type { ApplyOutcome } from '../provisioning/provisioning.ts';

/** What a number rule says of a number. */
export interface NumberTestAnswer {
  readonly permitted: boolean;
  /** The number as read; null when it cannot be read. */
  readonly e164: string | null;
  readonly country: string | null;
  /** The step that refused it; null when it may be called. */
  readonly step: string | null;
  readonly message: string;
}

/** A user as operator commands show it. */
export interface UserLine {
  readonly name: string;
  readonly role: string;
  readonly enabled: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** An API key as operator commands show it. */
export interface ApiKeyLine {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** A callback with its history, as `turnkeeper why` tells it. */
export interface CallbackStory {
  readonly id: string;
  readonly virtualQueue: string;
  readonly state: string;
  readonly reason: string | null;
  readonly events: readonly {
    /** ISO 8601, UTC. */
    readonly at: string;
    readonly kind: string;
    readonly actor: { readonly kind: string; readonly id: string | null };
    readonly state: string;
    readonly subState: string | null;
    readonly data: Readonly<Record<string, unknown>>;
  }[];
}

/** What an API key made by an operator is to be. */
export interface WantedApiKey {
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly origins: readonly string[];
}

/**
 * What operator commands may do with an installation, whether a server runs on it or not: `DirectOperator`
 * works on the database, `ServerOperator` through the running server's API. Every method may reject with an
 * AppError.
 */
export interface Operator {
  readonly kind: 'direct' | 'server';
  apply(text: string, fileName: string, options: { readonly dryRun: boolean }): Promise<ApplyOutcome>;
  export(): Promise<string>;
  /**
   * Tries a number on a number rule. @throws AppError ARGUMENT_INVALID when there is no such rule or queue.
   */
  testNumber(rule: string, request: NumberTestRequest): Promise<NumberTestAnswer>;
  listUsers(): Promise<UserLine[]>;
  /** @throws AppError USER_EXISTS when the name is taken (direct), SERVER_REFUSED (server). */
  addUser(user: { readonly name: string; readonly role: Role; readonly password: string }): Promise<void>;
  /** False when there is no such user. */
  removeUser(name: string): Promise<boolean>;
  /** False when there is no such user. Ends the user's sessions. */
  setPassword(name: string, password: string): Promise<boolean>;
  listApiKeys(): Promise<ApiKeyLine[]>;
  /** The key, shown once. */
  createApiKey(wanted: WantedApiKey): Promise<{ id: string; key: string }>;
  /** False when there is none of that id. */
  revokeApiKey(id: string): Promise<boolean>;
  /** Undefined when there is no such callback. */
  replay(callbackId: string): Promise<ReplayOutcome | undefined>;
  /** Undefined when there is no such callback. Telephone numbers in it are masked. */
  findStory(callbackId: string): Promise<CallbackStory | undefined>;
  close(): Promise<void>;
}
