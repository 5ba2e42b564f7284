/**
 * One error answer with the request that caused it, found by its correlation id (product §8). Holds no
 * secret.
 */
export interface ErrorRecord {
  /** `corr_…`; also the answer's `x-correlation-id`. Unique. */
  readonly correlationId: string;
  readonly atMs: number;
  /** The HTTP status answered. */
  readonly status: number;
  /** The stable code of docs/errors.md. */
  readonly code: string;
  readonly message: string;
  readonly method: string;
  /** Path with its query, numbers masked, at most 2048 characters. */
  readonly path: string;
  /** `user:<name>`, `api-key:<id>` or null when nobody was recognised. */
  readonly actor: string | null;
  readonly address: string;
  /**
   * JSON text of the faults and of the request's body with secrets removed and numbers masked; at most 4096
   * characters.
   */
  readonly detail: string;
}

/**
 * Keeps error answers. Implemented in adapters/storage; the newest 10 000 and 14 days suffice. The HTTP
 * adapter asks its memory first and the store second.
 */
export interface ErrorStore {
  putError(record: ErrorRecord): Promise<void>;
  findError(correlationId: string): Promise<ErrorRecord | undefined>;
  /** Newest first, at most `limit` (1–200). */
  listErrors(limit: number): Promise<ErrorRecord[]>;
  /** Deletes the oldest beyond the newest `keepMax`, and all with `atMs < beforeMs`; returns how many. */
  trimErrors(beforeMs: number, keepMax: number): Promise<number>;
}
