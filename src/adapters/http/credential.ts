import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { Scope } from './access-rules.ts';
import type { ApiKey, Role } from './access-store.ts';

const SECRET_BYTES = 32;

/** An API key or a session token of ours. */
export const credentialPattern = /^(?:tk|ts)_[A-Za-z0-9_-]{43}$/;

/** What a new API key is to be. */
export interface WantedKey {
  readonly name: string;
  readonly role: Role;
  readonly createdBy: string;
  readonly expiresAtMs: number | null;
  /** Default: the native API. */
  readonly scopes?: readonly Scope[];
  readonly origins?: readonly string[];
  readonly accessGroups?: readonly string[];
}

/** A new API key: `secret` is shown once, `key` is what is stored. */
export function newApiKey(ids: IdSource, clock: Clock, wanted: WantedKey): { secret: string; key: ApiKey } {
  const secret = newSecret('tk');
  return {
    secret,
    key: {
      id: ids.next('key'),
      scopes: ['native'],
      origins: [],
      accessGroups: [],
      ...wanted,
      keyHash: secretDigest(secret),
      previousHash: null,
      previousUntilMs: null,
      createdAtMs: clock.nowMs(),
      lastUsedAtMs: null,
    },
  };
}

/** The key with a new secret; the one before is valid until `previousUntilMs`. */
export function rotatedKey(key: ApiKey, previousUntilMs: number): { secret: string; key: ApiKey } {
  const secret = newSecret('tk');
  return {
    secret,
    key: { ...key, keyHash: secretDigest(secret), previousHash: key.keyHash, previousUntilMs },
  };
}

/** SHA-256 in hex; enough for secrets of 256 random bits, which nobody can guess through a dictionary. */
export function secretDigest(secret: string): string {
  return hash('sha256', secret);
}

/** `tk_` for a key, `ts_` for a session, and 256 random bits. */
export function newSecret(prefix: 'tk' | 'ts'): string {
  return `${prefix}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}
