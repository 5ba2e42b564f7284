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
  /** The virtual queue that the request named; null when it named none. */
  readonly virtualQueue: string | null;
  /**
   * What lies behind a fault of ours, numbers masked, at most 1024 characters; null for the client's faults.
   */
  readonly cause: string | null;
  /**
   * JSON text of the faults and of the request's body with secrets removed and numbers masked; at most 4096
   * characters.
   */
  readonly detail: string;
}

/** Which error answers; every limit is inclusive. */
export interface ErrorFilter {
  readonly code?: string;
  readonly status?: number;
  readonly actor?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** 1–200. */
  readonly limit: number;
}

/**
 * Keeps error answers. Implemented in adapters/storage; the newest 10 000 and 14 days suffice. The HTTP
 * adapter asks its memory first and the store second.
 */
export interface ErrorStore {
  putError(record: ErrorRecord): Promise<void>;
  findError(correlationId: string): Promise<ErrorRecord | undefined>;
  /** Newest first. */
  listErrors(filter: ErrorFilter): Promise<ErrorRecord[]>;
  /** Deletes the oldest beyond the newest `keepMax`, and all with `atMs < beforeMs`; returns how many. */
  trimErrors(beforeMs: number, keepMax: number): Promise<number>;
}
