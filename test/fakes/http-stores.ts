import type {
  AccessGroup,
  AccessStore,
  ApiKey,
  Identity,
  Session,
  User,
} from '../../src/adapters/http/access-store.ts';
import type {
  AuditEntry,
  AuditFilter,
  AuditStore,
  Creation,
  CreationFilter,
} from '../../src/adapters/http/audit-store.ts';
import {
  errorOrder,
  type ErrorFilter,
  type ErrorRecord,
  type ErrorStore,
  isListed,
} from '../../src/adapters/http/error-store.ts';
import {
  type AreaStore,
  areaLimits,
  type PutOutcome,
  type StorageArea,
  type StoredEntry,
  type StoredValue,
} from '../../src/adapters/http/gms/storage-area-store.ts';
import type { IdempotencyClaim, IdempotencyStore } from '../../src/adapters/http/idempotency-store.ts';

/** {@link AccessStore} in memory. */
export class MemoryAccessStore implements AccessStore {
  readonly users = new Map<string, User>();
  readonly keys = new Map<string, ApiKey>();
  readonly sessions = new Map<string, Session>();
  readonly groups = new Map<string, AccessGroup>();
  readonly familiar = new Map<string, number>();
  readonly identities: Identity[] = [];

  async userCount(): Promise<number> {
    return this.users.size;
  }
  async listUsers(): Promise<User[]> {
    return [...this.users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  async findUser(name: string): Promise<User | undefined> {
    return this.users.get(name);
  }
  async insertUser(user: User): Promise<boolean> {
    if (this.users.has(user.name)) return false;
    this.users.set(user.name, user);
    return true;
  }
  async updateUser(user: User): Promise<boolean> {
    if (!this.users.has(user.name)) return false;
    this.users.set(user.name, user);
    return true;
  }
  async deleteUser(name: string): Promise<boolean> {
    await this.deleteSessionsOf(name);
    return this.users.delete(name);
  }
  async listApiKeys(): Promise<ApiKey[]> {
    return [...this.keys.values()];
  }
  async findApiKeyByHash(keyHash: string): Promise<ApiKey | undefined> {
    return [...this.keys.values()].find((key) => key.keyHash === keyHash || key.previousHash === keyHash);
  }
  async insertApiKey(key: ApiKey): Promise<void> {
    this.keys.set(key.id, key);
  }
  async updateApiKey(key: ApiKey): Promise<boolean> {
    const before = this.keys.get(key.id);
    if (before) this.keys.set(key.id, { ...key, lastUsedAtMs: before.lastUsedAtMs });
    return before !== undefined;
  }
  async deleteApiKey(id: string): Promise<boolean> {
    return this.keys.delete(id);
  }
  async touchApiKey(id: string, usedAtMs: number): Promise<void> {
    const key = this.keys.get(id);
    if (key) this.keys.set(id, { ...key, lastUsedAtMs: usedAtMs });
  }
  async findSession(tokenHash: string): Promise<Session | undefined> {
    return this.sessions.get(tokenHash);
  }
  async insertSession(session: Session): Promise<void> {
    this.sessions.set(session.tokenHash, session);
  }
  async touchSession(tokenHash: string, usedAtMs: number): Promise<void> {
    const session = this.sessions.get(tokenHash);
    if (session) this.sessions.set(tokenHash, { ...session, lastUsedAtMs: usedAtMs });
  }
  async deleteSession(tokenHash: string): Promise<void> {
    this.sessions.delete(tokenHash);
  }
  async deleteSessionsOf(userName: string): Promise<void> {
    for (const [hash, session] of this.sessions)
      if (session.userName === userName) this.sessions.delete(hash);
  }
  async deleteExpiredSessions(nowMs: number, idleSinceMs: number): Promise<number> {
    let count = 0;
    for (const [hash, session] of this.sessions) {
      const over = session.expiresAtMs <= nowMs || session.lastUsedAtMs <= idleSinceMs;
      if (over && this.sessions.delete(hash)) count++;
    }
    return count;
  }
  async listAccessGroups(): Promise<AccessGroup[]> {
    return [...this.groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  async insertAccessGroup(group: AccessGroup): Promise<boolean> {
    if (this.groups.has(group.name)) return false;
    this.groups.set(group.name, group);
    return true;
  }
  async updateAccessGroup(group: AccessGroup): Promise<boolean> {
    if (!this.groups.has(group.name)) return false;
    this.groups.set(group.name, group);
    return true;
  }
  async deleteAccessGroup(name: string): Promise<boolean> {
    return this.groups.delete(name);
  }
  async isFamiliar(userName: string, address: string, sinceMs: number): Promise<boolean> {
    return (this.familiar.get(`${userName} ${address}`) ?? -Infinity) >= sinceMs;
  }
  async putFamiliarAddress(userName: string, address: string, atMs: number): Promise<void> {
    this.familiar.set(`${userName} ${address}`, atMs);
  }
  async findIdentity(issuer: string, subject: string): Promise<string | undefined> {
    return this.identities.find((known) => known.issuer === issuer && known.subject === subject)?.userName;
  }
  async insertIdentity(identity: Identity): Promise<void> {
    if ((await this.findIdentity(identity.issuer, identity.subject)) === undefined) {
      this.identities.push(identity);
    }
  }
}

/** {@link AuditStore} in memory. */
export class MemoryAuditStore implements AuditStore {
  readonly entries: AuditEntry[] = [];

  async putAudit(entry: AuditEntry): Promise<void> {
    this.entries.push(entry);
  }
  async listAudit(filter: AuditFilter): Promise<AuditEntry[]> {
    const { actor, action, target, fromMs = -Infinity, toMs = Infinity, afterId, limit } = filter;
    return this.entries
      .toReversed()
      .filter((entry) => entry.actor === (actor ?? entry.actor) && entry.target === (target ?? entry.target))
      .filter((entry) =>
        action?.endsWith('*')
          ? entry.action.startsWith(action.slice(0, -1))
          : entry.action === (action ?? entry.action),
      )
      .filter(({ atMs, id }) => atMs >= fromMs && atMs <= toMs && (afterId === undefined || id < afterId))
      .slice(0, limit);
  }
  /** Set by a test. */
  creations: Creation[] = [];
  async listCreations({ actor, callbackId, limit }: CreationFilter): Promise<Creation[]> {
    return this.creations
      .filter((made) => made.actor === (actor ?? made.actor))
      .filter((made) => made.callbackId === (callbackId ?? made.callbackId))
      .slice(0, limit);
  }
  async trimAudit(beforeMs: number): Promise<number> {
    const kept = this.entries.filter(({ atMs }) => atMs >= beforeMs);
    return this.entries.length - this.entries.splice(0, this.entries.length, ...kept).length;
  }
}

/** {@link IdempotencyStore} in memory. */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly claims = new Map<string, IdempotencyClaim>();

  async claim(claim: IdempotencyClaim): Promise<IdempotencyClaim> {
    const key = `${claim.scope} ${claim.key}`;
    const earlier = this.claims.get(key);
    if (earlier && earlier.expiresAtMs > claim.createdAtMs) return earlier;
    this.claims.set(key, claim);
    return claim;
  }
  async release(scope: string, key: string): Promise<void> {
    this.claims.delete(`${scope} ${key}`);
  }
  async deleteExpired(nowMs: number, limit: number): Promise<number> {
    let count = 0;
    for (const [key, claim] of this.claims) {
      if (count < limit && claim.expiresAtMs <= nowMs && this.claims.delete(key)) count++;
    }
    return count;
  }
}

/** {@link ErrorStore} in memory. */
export class MemoryErrorStore implements ErrorStore {
  readonly records = new Map<string, ErrorRecord>();

  async putError(record: ErrorRecord): Promise<void> {
    this.records.set(record.correlationId, record);
  }
  async findError(correlationId: string): Promise<ErrorRecord | undefined> {
    return this.records.get(correlationId);
  }
  async listErrors(filter: ErrorFilter): Promise<ErrorRecord[]> {
    const listed = [...this.records.values()].filter((record) => isListed(record, filter));
    return listed.sort(errorOrder).slice(0, filter.limit);
  }
  async trimErrors(beforeMs: number, keepMax: number): Promise<number> {
    const before = this.records.size;
    for (const [id, record] of this.records) {
      if (record.atMs < beforeMs || this.records.size > keepMax) this.records.delete(id);
    }
    return before - this.records.size;
  }
}

/** {@link AreaStore} in memory. */
export class MemoryAreaStore implements AreaStore {
  readonly areas = new Map<string, { area: StorageArea; values: Map<string, StoredValue> }>();

  async findArea(id: string, nowMs: number): Promise<StorageArea | undefined> {
    const found = this.areas.get(id)?.area;
    return found && found.expiresAtMs > nowMs ? found : undefined;
  }
  async entries(areaId: string): Promise<StoredEntry[]> {
    const values = [...(this.areas.get(areaId)?.values.values() ?? [])];
    return values.map(({ key, contentType, bytes }) =>
      contentType === null
        ? { key, text: bytes.toString('utf8') }
        : { key, contentType, byteCount: bytes.length },
    );
  }
  async value(areaId: string, key: string): Promise<StoredValue | undefined> {
    return this.areas.get(areaId)?.values.get(key);
  }
  async put(area: StorageArea, values: readonly StoredValue[], nowMs: number): Promise<PutOutcome> {
    const before = this.areas.get(area.id);
    const kept = before && before.area.expiresAtMs > nowMs ? before.values : new Map<string, StoredValue>();
    const all = new Map([...kept, ...values.map((value) => [value.key, value] as const)]);
    if (all.size > areaLimits.keysMax) return { ok: false, limit: 'keysMax' };
    const byteCount = [...all.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (byteCount > areaLimits.areaBytesMax) return { ok: false, limit: 'areaBytesMax' };
    const owner = before?.area.owner ?? area.owner;
    this.areas.set(area.id, { area: { ...area, owner }, values: all });
    return { ok: true };
  }
  async removeValue(areaId: string, key: string): Promise<boolean> {
    return this.areas.get(areaId)?.values.delete(key) ?? false;
  }
  async removeArea(id: string): Promise<boolean> {
    return this.areas.delete(id);
  }
  async deleteExpired(nowMs: number, limit: number): Promise<number> {
    const over = [...this.areas].filter(([, { area }]) => area.expiresAtMs <= nowMs).slice(0, limit);
    for (const [id] of over) this.areas.delete(id);
    return over.length;
  }
}
