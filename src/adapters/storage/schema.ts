import type { Generated } from 'kysely';
import type {
  AccessGroupRow,
  ApiKeyRow,
  AuditRow,
  ErrorRecordRow,
  FamiliarAddressRow,
  IdempotencyRow,
  IdentityRow,
  SessionRow,
  StorageAreaRow,
  StorageValueRow,
  UserAccountRow,
} from './access-schema.ts';
import type { CaseFileRow, CaseNoteRow, CaseWorkRow } from './case-rows.ts';
import type { GoneDeviceRow, NotificationRow } from './notification-rows.ts';

/**
 * The tables, one interface a table. Columns carry the names of the code's own fields, so that a value has
 * one name everywhere. Instants are integer epoch milliseconds UTC, flags are 0 or 1, structured values are
 * JSON text: the same schema and query text fit SQLite and PostgreSQL.
 */
export interface Schema {
  readonly callback: CallbackRow;
  readonly callbackProperty: CallbackPropertyRow;
  readonly newCallback: NewCallbackRow;
  readonly attempt: AttemptRow;
  readonly event: EventRow;
  readonly eventRetention: EventRetentionRow;
  readonly agentStatus: AgentStatusRow;
  readonly registration: RegistrationRow;
  readonly openLeg: OpenLegRow;
  readonly slotHold: SlotHoldRow;
  readonly callIn: CallInRow;
  readonly callRecord: CallRecordRow;
  readonly recording: RecordingRow;
  readonly configuration: ConfigurationRow;
  readonly userAccount: UserAccountRow;
  readonly apiKey: ApiKeyRow;
  readonly session: SessionRow;
  readonly errorRecord: ErrorRecordRow;
  readonly idempotency: IdempotencyRow;
  readonly caseFile: CaseFileRow;
  readonly caseWork: CaseWorkRow;
  readonly caseNote: CaseNoteRow;
  readonly accessGroup: AccessGroupRow;
  readonly familiarAddress: FamiliarAddressRow;
  readonly identity: IdentityRow;
  readonly audit: AuditRow;
  readonly notification: NotificationRow;
  readonly goneDevice: GoneDeviceRow;
  readonly storageArea: StorageAreaRow;
  readonly storageValue: StorageValueRow;
  readonly transferredCustomer: TransferredCustomerRow;
}

/** A customer whom an agent gave to a queue, until they are served. */
interface TransferredCustomerRow {
  callId: string;
  callbackId: string;
  promisedBy: string;
  virtualQueue: string;
  customerNumber: string;
  language: string;
  dialledNumber: string | null;
  placeAtMs: number;
  priority: number;
}

/** A callback's state: the projection of its events. */
export interface CallbackRow {
  id: string;
  virtualQueue: string;
  customerNumber: string;
  state: string;
  subState: string | null;
  reason: string | null;
  origin: string;
  originCallId: string | null;
  dialledNumber: string | null;
  language: string;
  createdAtMs: number;
  placeAtMs: number;
  priority: number;
  desiredAtMs: number;
  strategy: string | null;
  attemptCount: number;
  agentOfferCount: number;
  previewRejectCount: number;
  expiredPassCount: number;
  snoozeCount: number;
  agentId: string | null;
  attemptId: string | null;
  dueAtMs: number | null;
  queuedAtMs: number | null;
  purgeAtMs: number | null;
  purgeCause: string | null;
  pushCount: number;
  pushedAtMs: number | null;
  queueMissingSinceMs: number | null;
  completedAtMs: number | null;
  recreatedFrom: string | null;
  recreatedTo: string | null;
  rescheduledFrom: string | null;
  rescheduledTo: string | null;
  /** JSON object. */
  userData: string;
  /** JSON object. */
  details: string;
  version: number;
}

/** One property that a callback is found by; gone with the callback. */
export interface CallbackPropertyRow {
  /** `propertyKey` of the property. */
  key: number;
  callbackId: string;
}

/** A callback whose rows of `callbackProperty` have not been made yet; a trigger inserts it. */
export interface NewCallbackRow {
  /** In the order of coming. */
  at: Generated<number>;
  callbackId: string;
}

/** One outbound call of a callback. */
export interface AttemptRow {
  id: string;
  callbackId: string;
  number: number;
  startedAtMs: number;
  answeredAtMs: number | null;
  endedAtMs: number | null;
  result: string | null;
  /** JSON of a Termination. */
  termination: string | null;
  confirmed: number;
}

/** The append-only history of callbacks and agents; triggers refuse changes (see `eventRetention`). */
export interface EventRow {
  sequence: Generated<number>;
  /** `callback`, `agent` or `case`. */
  subjectKind: string;
  subjectId: string;
  atMs: number;
  kind: string;
  /** JSON of an Actor, or a JSON string. */
  actor: string;
  state: string | null;
  subState: string | null;
  /** JSON object. */
  data: string;
}

/** Exactly one row: events older than `beforeMs` may be deleted, no others. */
export interface EventRetentionRow {
  id: number;
  beforeMs: number;
}

/** An agent's state now. */
export interface AgentStatusRow {
  agentId: string;
  state: string;
  notReadyReason: string | null;
  sinceMs: number;
  idleSinceMs: number;
  subjectId: string | null;
  dueAtMs: number | null;
  afterWork: string | null;
}

/** A registered contact of a phone; the record itself is JSON of the registrar's own type. */
export interface RegistrationRow {
  agentId: string;
  contactUri: string;
  expiresAtMs: number;
  /** JSON of the whole Binding. */
  data: string;
}

/** An INVITE, dialog or media channel that is up at a server; the whole table is read at a start. */
export interface OpenLegRow {
  reference: string;
  /** `invite`, `dialog` or `channel`. */
  kind: string;
  dialogId: string | null;
  callId: string;
  openedAtMs: number;
}

/** A place in a slot kept for a caller who is still deciding; it counts until `expiresAtMs`. */
export interface SlotHoldRow {
  holderId: string;
  virtualQueue: string;
  slotStartMs: number;
  expiresAtMs: number;
}

/** A request to call in. */
export interface CallInRow {
  id: string;
  groupName: string;
  state: string;
  toNumber: string;
  /** `toNumber` without its plus. */
  toDigits: string;
  fromNumber: string | null;
  accessCode: string | null;
  /** JSON object. */
  userData: string;
  callbackId: string | null;
  /** JSON of an Actor. */
  createdBy: string;
  createdAtMs: number;
  expiresAtMs: number;
  matchedAtMs: number | null;
  /** JSON list of criteria. */
  matchedBy: string;
  callId: string | null;
  endedAtMs: number | null;
}

/** One inbound call, for lists and reports. */
export interface CallRecordRow {
  callId: string;
  dialled: string;
  callerNumber: string | null;
  source: string;
  virtualQueue: string | null;
  startedAtMs: number;
  answeredAtMs: number | null;
  endedAtMs: number | null;
  outcome: string | null;
  agentId: string | null;
  callbackId: string | null;
}

/** One recording; its file lies in the recordings folder. */
export interface RecordingRow {
  id: string;
  kind: string;
  state: string;
  callId: string | null;
  callbackId: string | null;
  agentId: string | null;
  virtualQueue: string | null;
  path: string;
  startedAtMs: number;
  endedAtMs: number | null;
  durationMs: number | null;
  bytes: number | null;
  expiresAtMs: number;
}

/** One applied configuration document; the highest version is in force. */
export interface ConfigurationRow {
  version: number;
  appliedAtMs: number;
  /** JSON of an Actor. */
  actor: string;
  fileName: string;
  /** JSON of the normal form of the document, secrets sealed. */
  document: string;
  /** JSON of the difference from the version before. */
  diff: string;
}
