import type { CallbackId } from '../../kernel/ids.ts';

/**
 * One `Idempotency-Key` of one caller of the API, with what was asked under it and the callback it stands
 * for.
 */
export interface IdempotencyClaim {
  /** Who sent it, `user:<name>` or `api-key:<id>`: keys of different callers never meet. */
  readonly scope: string;
  /** The header as sent, 1–255 visible ASCII characters. */
  readonly key: string;
  /** SHA-256 of the request's meaning, 64 hex digits. */
  readonly requestHash: string;
  /**
   * Chosen before the callback is made, so that a crash between the two leaves one callback or none, never
   * two.
   */
  readonly callbackId: CallbackId;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Remembers idempotency keys for 24 h (product §3 rule 1: nobody is rung twice). Unique by (scope, key).
 * Durable when a promise resolves. Implemented in adapters/storage.
 */
export interface IdempotencyStore {
  /**
   * Stores `claim` unless an unexpired one (`expiresAtMs > claim.createdAtMs`) of the same scope and key is
   * stored; atomically. Returns the one that is in force afterwards: `claim` itself, or the earlier one. An
   * expired one is replaced.
   */
  claim(claim: IdempotencyClaim): Promise<IdempotencyClaim>;
  /**
   * Forgets a claim whose request was refused, so that the key can be used again; harmless when there is
   * none.
   */
  release(scope: string, key: string): Promise<void>;
  /** Deletes claims with `expiresAtMs <= nowMs`, at most `limit`; returns how many. */
  deleteExpired(nowMs: number, limit: number): Promise<number>;
}
