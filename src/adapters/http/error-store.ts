import { mayReadQueue } from './access-rules.ts';

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
  /**
   * Those that this reader may see: the reader's own, and those that named one of the queues. Default: all.
   */
  readonly readableBy?: {
    readonly actor: string;
    /** Names, or beginnings of names that end in `*`. */
    readonly queues: readonly string[];
  };
  /** Go on behind this one, in the order of the list. */
  readonly after?: ErrorPlace;
  /** 1–201. */
  readonly limit: number;
}

/** Where in the list, newest first, an error answer stands. */
export type ErrorPlace = Pick<ErrorRecord, 'atMs' | 'correlationId'>;

/** For `sort`: the newest first. */
export function errorOrder(a: ErrorPlace, b: ErrorPlace): number {
  if (a.atMs !== b.atMs) return b.atMs - a.atMs;
  return a.correlationId === b.correlationId ? 0 : a.correlationId < b.correlationId ? 1 : -1;
}

/** True when the filter selects this one. */
export function isListed(record: ErrorRecord, filter: ErrorFilter): boolean {
  const { code, status, actor, fromMs = -Infinity, toMs = Infinity, readableBy, after } = filter;
  const { atMs, virtualQueue } = record;
  const mayBeRead =
    readableBy === undefined ||
    record.actor === readableBy.actor ||
    (virtualQueue !== null && mayReadQueue(readableBy, virtualQueue));
  return (
    mayBeRead &&
    record.code === (code ?? record.code) &&
    record.status === (status ?? record.status) &&
    record.actor === (actor ?? record.actor) &&
    atMs >= fromMs &&
    atMs <= toMs &&
    (after === undefined || errorOrder(after, record) < 0)
  );
}

/**
 * Keeps error answers. Implemented in adapters/storage; the newest 10 000 and 14 days suffice. The HTTP
 * adapter asks its memory first and the store second.
 */
export interface ErrorStore {
  putError(record: ErrorRecord): Promise<void>;
  findError(correlationId: string): Promise<ErrorRecord | undefined>;
  /** Newest first; see {@link errorOrder}. */
  listErrors(filter: ErrorFilter): Promise<ErrorRecord[]>;
  /** Deletes the oldest beyond the newest `keepMax`, and all with `atMs < beforeMs`; returns how many. */
  trimErrors(beforeMs: number, keepMax: number): Promise<number>;
}
