import type { UnitOfWork } from '../../callback/callback-store.ts';
import type { Id } from '../../kernel/ids.ts';
import { inTurns } from '../../kernel/turns.ts';
import type { OpenLeg, OpenLegStore } from '../../telephony/open-leg.ts';
import type { Binding, RegistrationStore } from '../../telephony/registration.ts';
import type { AccessGroup, AccessStore, ApiKey, Identity, Session, User } from '../http/access-store.ts';
import type { AuditEntry, AuditFilter, AuditStore, Creation, CreationFilter } from '../http/audit-store.ts';
import type { ErrorFilter, ErrorRecord, ErrorStore } from '../http/error-store.ts';
import type {
  AreaStore,
  PutOutcome,
  StorageArea,
  StoredEntry,
  StoredValue,
} from '../http/gms/storage-area-store.ts';
import type { IdempotencyClaim, IdempotencyStore } from '../http/idempotency-store.ts';
import * as groups from './access-group-queries.ts';
import * as access from './access-queries.ts';
import * as audit from './audit-queries.ts';
import * as agents from './agent-queries.ts';
import * as legs from './open-leg-queries.ts';
import * as requests from './request-queries.ts';
import * as areas from './storage-area-queries.ts';
import type { StorageTx } from './storage-tx.ts';

type Transactions = UnitOfWork<StorageTx>;

/** Batches of one trimming: more errors than these come in no minute. */
const TRIM_BATCHES_MAX = 100;

/** Contacts of agents' phones, one transaction a call. */
export class StoredRegistrations implements RegistrationStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  all(): Promise<readonly Binding[]> {
    return this.#transactions.transact((tx) => agents.bindings(tx.executor));
  }

  put(binding: Binding): Promise<void> {
    return this.#transactions.transact((tx) => agents.putBinding(tx.executor, binding));
  }

  remove(agentId: string, contactUri: string): Promise<void> {
    return this.#transactions.transact((tx) => agents.removeBinding(tx.executor, agentId, contactUri));
  }
}

/** What is up at the SIP server, one transaction a call. */
export class StoredOpenLegs implements OpenLegStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  all(): Promise<readonly OpenLeg[]> {
    return this.#transactions.transact((tx) => legs.openLegs(tx.executor));
  }

  change(opened: readonly OpenLeg[], closed: readonly string[]): Promise<void> {
    return this.#transactions.transact((tx) => legs.changeOpenLegs(tx.executor, opened, closed));
  }
}

/** Users, API keys and sessions, one transaction a call. */
export class StoredAccess implements AccessStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  userCount(): Promise<number> {
    return this.#transactions.transact((tx) => access.userCount(tx.executor));
  }

  listUsers(): Promise<User[]> {
    return this.#transactions.transact((tx) => access.listUsers(tx.executor));
  }

  findUser(name: string): Promise<User | undefined> {
    return this.#transactions.transact((tx) => access.findUser(tx.executor, name));
  }

  insertUser(user: User): Promise<boolean> {
    return this.#transactions.transact((tx) => access.insertUser(tx.executor, user));
  }

  updateUser(user: User): Promise<boolean> {
    return this.#transactions.transact((tx) => access.updateUser(tx.executor, user));
  }

  deleteUser(name: string): Promise<boolean> {
    return this.#transactions.transact((tx) => access.deleteUser(tx.executor, name));
  }

  listApiKeys(): Promise<ApiKey[]> {
    return this.#transactions.transact((tx) => access.listApiKeys(tx.executor));
  }

  findApiKeyByHash(keyHash: string): Promise<ApiKey | undefined> {
    return this.#transactions.transact((tx) => access.findApiKeyByHash(tx.executor, keyHash));
  }

  insertApiKey(key: ApiKey): Promise<void> {
    return this.#transactions.transact((tx) => access.insertApiKey(tx.executor, key));
  }

  updateApiKey(key: ApiKey): Promise<boolean> {
    return this.#transactions.transact((tx) => access.updateApiKey(tx.executor, key));
  }

  deleteApiKey(id: Id<'key'>): Promise<boolean> {
    return this.#transactions.transact((tx) => access.deleteApiKey(tx.executor, id));
  }

  touchApiKey(id: Id<'key'>, usedAtMs: number): Promise<void> {
    return this.#transactions.transact((tx) => access.touchApiKey(tx.executor, id, usedAtMs));
  }

  findSession(tokenHash: string): Promise<Session | undefined> {
    return this.#transactions.transact((tx) => access.findSession(tx.executor, tokenHash));
  }

  insertSession(session: Session): Promise<void> {
    return this.#transactions.transact((tx) => access.insertSession(tx.executor, session));
  }

  touchSession(tokenHash: string, usedAtMs: number): Promise<void> {
    return this.#transactions.transact((tx) => access.touchSession(tx.executor, tokenHash, usedAtMs));
  }

  deleteSession(tokenHash: string): Promise<void> {
    return this.#transactions.transact((tx) => access.deleteSession(tx.executor, tokenHash));
  }

  deleteSessionsOf(userName: string): Promise<void> {
    return this.#transactions.transact((tx) => access.deleteSessionsOf(tx.executor, userName));
  }

  deleteExpiredSessions(nowMs: number, idleSinceMs: number): Promise<number> {
    return this.#transactions.transact((tx) => access.deleteExpiredSessions(tx.executor, nowMs, idleSinceMs));
  }

  listAccessGroups(): Promise<AccessGroup[]> {
    return this.#transactions.transact((tx) => groups.listAccessGroups(tx.executor));
  }

  insertAccessGroup(group: AccessGroup): Promise<boolean> {
    return this.#transactions.transact((tx) => groups.insertAccessGroup(tx.executor, group));
  }

  updateAccessGroup(group: AccessGroup): Promise<boolean> {
    return this.#transactions.transact((tx) => groups.updateAccessGroup(tx.executor, group));
  }

  deleteAccessGroup(name: string): Promise<boolean> {
    return this.#transactions.transact((tx) => groups.deleteAccessGroup(tx.executor, name));
  }

  isFamiliar(userName: string, address: string, sinceMs: number): Promise<boolean> {
    return this.#transactions.transact((tx) => groups.isFamiliar(tx.executor, userName, address, sinceMs));
  }

  putFamiliarAddress(userName: string, address: string, atMs: number): Promise<void> {
    return this.#transactions.transact((tx) =>
      groups.putFamiliarAddress(tx.executor, userName, address, atMs),
    );
  }

  findIdentity(issuer: string, subject: string): Promise<string | undefined> {
    return this.#transactions.transact((tx) => groups.findIdentity(tx.executor, issuer, subject));
  }

  insertIdentity(identity: Identity): Promise<void> {
    return this.#transactions.transact((tx) => groups.insertIdentity(tx.executor, identity));
  }
}

/** The audit log, one transaction a call. */
export class StoredAudit implements AuditStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  putAudit(entry: AuditEntry): Promise<void> {
    return this.#transactions.transact((tx) => audit.putAudit(tx.executor, entry));
  }

  listAudit(filter: AuditFilter): Promise<AuditEntry[]> {
    return inTurns(filter.limit, (limit, below) => {
      const wanted = { ...filter, limit, ...(below !== undefined && { afterId: below }) };
      return this.#transactions.transact((tx) => audit.listAuditTurn(tx.executor, wanted), 'patient');
    });
  }

  listCreations(filter: CreationFilter): Promise<Creation[]> {
    return this.#transactions.transact((tx) => audit.listCreations(tx.executor, filter), 'patient');
  }

  trimAudit(beforeMs: number): Promise<number> {
    return this.#transactions.transact((tx) => audit.trimAudit(tx.executor, beforeMs));
  }
}

/** Error answers of the API, one transaction a call. */
export class StoredErrors implements ErrorStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  putError(record: ErrorRecord): Promise<void> {
    return this.#transactions.transact((tx) => requests.putError(tx.executor, record));
  }

  findError(correlationId: string): Promise<ErrorRecord | undefined> {
    return this.#transactions.transact((tx) => requests.findError(tx.executor, correlationId));
  }

  listErrors(filter: ErrorFilter): Promise<ErrorRecord[]> {
    return this.#transactions.transact((tx) => requests.listErrors(tx.executor, filter), 'patient');
  }

  async trimErrors(beforeMs: number, keepMax: number): Promise<number> {
    let count = 0;
    for (let batch = 0; batch < TRIM_BATCHES_MAX; batch++) {
      const trim = (tx: StorageTx): Promise<number> => requests.trimErrors(tx.executor, beforeMs, keepMax);
      const trimmed = await this.#transactions.transact(trim, 'patient');
      if (trimmed === 0) break;
      count += trimmed;
    }
    return count;
  }
}

/** Idempotency keys of the API, one transaction a call. */
export class StoredIdempotency implements IdempotencyStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  claim(claim: IdempotencyClaim): Promise<IdempotencyClaim> {
    return this.#transactions.transact((tx) => requests.claim(tx.executor, claim));
  }

  release(scope: string, key: string): Promise<void> {
    return this.#transactions.transact((tx) => requests.release(tx.executor, scope, key));
  }

  deleteExpired(nowMs: number, limit: number): Promise<number> {
    return this.#transactions.transact((tx) => requests.deleteExpiredClaims(tx.executor, nowMs, limit));
  }
}

/** Values of the GMS-compatible API, one transaction a call. */
export class StoredAreas implements AreaStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  findArea(id: string, nowMs: number): Promise<StorageArea | undefined> {
    return this.#transactions.transact((tx) => areas.findArea(tx.executor, id, nowMs));
  }

  entries(areaId: string): Promise<StoredEntry[]> {
    return this.#transactions.transact((tx) => areas.areaEntries(tx.executor, areaId));
  }

  value(areaId: string, key: string): Promise<StoredValue | undefined> {
    return this.#transactions.transact((tx) => areas.areaValue(tx.executor, areaId, key));
  }

  put(area: StorageArea, values: readonly StoredValue[], nowMs: number): Promise<PutOutcome> {
    return this.#transactions.transact((tx) => areas.putValues(tx.executor, area, values, nowMs));
  }

  removeValue(areaId: string, key: string): Promise<boolean> {
    return this.#transactions.transact((tx) => areas.removeValue(tx.executor, areaId, key));
  }

  removeArea(id: string): Promise<boolean> {
    return this.#transactions.transact((tx) => areas.removeArea(tx.executor, id));
  }

  deleteExpired(nowMs: number, limit: number): Promise<number> {
    return this.#transactions.transact((tx) => areas.deleteExpiredAreas(tx.executor, nowMs, limit));
  }
}
