import type { Id } from '../../kernel/ids.ts';

/** One thing that somebody did to the installation, or tried to: who, when, what, before and after. */
export interface AuditEntry {
  /** Time-ordered. */
  readonly id: Id<'audit'>;
  readonly atMs: number;
  /** `user:<name>` or `api-key:<id>`; of a failed log-in the name that was tried. */
  readonly actor: string;
  /** The user's or key's name at that time. */
  readonly actorName: string;
  readonly address: string;
  /** Of the request. */
  readonly correlationId: string;
  /** Such as `api-key.rotated`, `user.changed`, `login.failed`; for other changes method and route. */
  readonly action: string;
  /** What it was done to, such as `api-key:key_…` or `user:sue`. */
  readonly target: string;
  /** JSON text with secrets removed and numbers masked, at most 4096 characters; null: did not exist. */
  readonly before: string | null;
  /** The same afterwards; null: does not exist any more, or nothing is known. */
  readonly after: string | null;
}

/** Which entries; every limit is inclusive. */
export interface AuditFilter {
  readonly actor?: string;
  /** The whole action, or its beginning when it ends in `*`. */
  readonly action?: string;
  readonly target?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Continue after this id (newest first). */
  readonly afterId?: string;
  /** 1–201. */
  readonly limit: number;
}

/** The making of one callback, as its history has it. */
export interface Creation {
  readonly callbackId: string;
  readonly atMs: number;
  /** Orders those of the same instant. */
  readonly sequence: number;
  /** `api-key:<id>`, `user:<name>`, `agent:<id>`, `system:<part>` or `customer`. */
  readonly actor: string;
  /** What the history tells: queue, desired time, through which API. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Which creations: by whom, or of one callback (of both: all must hold); every limit is inclusive. */
export interface CreationFilter {
  readonly actor?: string;
  readonly callbackId?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Go on behind this one, newest first. */
  readonly after?: Pick<Creation, 'atMs' | 'sequence'>;
  /** 1–201. */
  readonly limit: number;
}

/** Keeps the audit log: rows are added, and deleted when they are old, never changed. */
export interface AuditStore {
  putAudit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  listAudit(filter: AuditFilter): Promise<AuditEntry[]>;
  /** Newest first. */
  listCreations(filter: CreationFilter): Promise<Creation[]>;
  /** Deletes at most 1000 entries with `atMs < beforeMs`, oldest first; returns how many. */
  trimAudit(beforeMs: number): Promise<number>;
}
