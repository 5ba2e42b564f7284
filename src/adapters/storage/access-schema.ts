/** A person who logs in. */
export interface UserAccountRow {
  name: string;
  role: string;
  passwordHash: string;
  agentId: string | null;
  enabled: number;
  /** JSON array of names. */
  accessGroups: string;
  createdAtMs: number;
  updatedAtMs: number;
}

/** A program's credential, by the hash of its key. */
export interface ApiKeyRow {
  id: string;
  name: string;
  role: string;
  /** JSON arrays of texts. */
  scopes: string;
  origins: string;
  accessGroups: string;
  keyHash: string;
  previousHash: string | null;
  previousUntilMs: number | null;
  createdBy: string;
  createdAtMs: number;
  expiresAtMs: number | null;
  lastUsedAtMs: number | null;
}

/** A logged-in user, by the hash of the token. */
export interface SessionRow {
  tokenHash: string;
  userName: string;
  createdAtMs: number;
  expiresAtMs: number;
  lastUsedAtMs: number;
}

/** One error answer of the API. */
export interface ErrorRecordRow {
  correlationId: string;
  atMs: number;
  status: number;
  code: string;
  message: string;
  method: string;
  path: string;
  actor: string | null;
  address: string;
  virtualQueue: string | null;
  cause: string | null;
  detail: string;
}

/** One idempotency key of one caller of the API. */
export interface IdempotencyRow {
  scope: string;
  key: string;
  requestHash: string;
  callbackId: string;
  createdAtMs: number;
  expiresAtMs: number;
}

/** A line of business: its members read these queues. */
export interface AccessGroupRow {
  name: string;
  /** JSON array of names and beginnings. */
  queues: string;
  createdAtMs: number;
  updatedAtMs: number;
}

/** An address that a user has logged in from. */
export interface FamiliarAddressRow {
  userName: string;
  address: string;
  atMs: number;
}

/** An account of an identity provider and its user. */
export interface IdentityRow {
  issuer: string;
  subject: string;
  userName: string;
  linkedAtMs: number;
}

/** One line of the audit log. */
export interface AuditRow {
  id: string;
  atMs: number;
  actor: string;
  actorName: string;
  address: string;
  correlationId: string;
  action: string;
  target: string;
  before: string | null;
  after: string | null;
}

/** Values that a client of the GMS-compatible API keeps for a time. */
export interface StorageAreaRow {
  id: string;
  owner: string;
  gmsUser: string | null;
  expiresAtMs: number;
  /** Of all its values. */
  byteCount: number;
}

/** One value of an area. */
export interface StorageValueRow {
  areaId: string;
  key: string;
  /** Null: text. */
  contentType: string | null;
  fileName: string | null;
  byteCount: number;
  /** Text, or a file in base64. */
  value: string;
}
