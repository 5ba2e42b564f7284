import type { AccessStore, ApiKey, Session, User } from '../../src/adapters/http/access-store.ts';
import type { ErrorRecord, ErrorStore } from '../../src/adapters/http/error-store.ts';
import type { IdempotencyClaim, IdempotencyStore } from '../../src/adapters/http/idempotency-store.ts';

/** {@link AccessStore} in memory. */
export class MemoryAccessStore implements AccessStore {
  readonly users = new Map<string, User>();
  readonly keys = new Map<string, ApiKey>();
  readonly sessions = new Map<string, Session>();

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
    return [...this.keys.values()].find((key) => key.keyHash === keyHash);
  }
  async insertApiKey(key: ApiKey): Promise<void> {
    this.keys.set(key.id, key);
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
  async deleteSession(tokenHash: string): Promise<void> {
    this.sessions.delete(tokenHash);
  }
  async deleteSessionsOf(userName: string): Promise<void> {
    for (const [hash, session] of this.sessions)
      if (session.userName === userName) this.sessions.delete(hash);
  }
  async deleteExpiredSessions(nowMs: number): Promise<number> {
    let count = 0;
    for (const [hash, session] of this.sessions) {
      if (session.expiresAtMs <= nowMs && this.sessions.delete(hash)) count++;
    }
    return count;
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
  async listErrors(limit: number): Promise<ErrorRecord[]> {
    return [...this.records.values()].reverse().slice(0, limit);
  }
  async trimErrors(beforeMs: number, keepMax: number): Promise<number> {
    const before = this.records.size;
    for (const [id, record] of this.records) {
      if (record.atMs < beforeMs || this.records.size > keepMax) this.records.delete(id);
    }
    return before - this.records.size;
  }
}
