import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey, Session, User } from '../../../src/adapters/http/access-store.ts';
import type { AuditEntry } from '../../../src/adapters/http/audit-store.ts';
import { errorOrder, type ErrorRecord } from '../../../src/adapters/http/error-store.ts';
import type { Actor } from '../../../src/callback/callback.ts';
import { implementations, testIds, type TestedStorage } from './implementations.ts';

const user: User = {
  name: 'ada',
  role: 'Monitor',
  passwordHash: '',
  agentId: null,
  enabled: true,
  accessGroups: ['sales', 'night'],
  createdAtMs: 1,
  updatedAtMs: 1,
};
const key: ApiKey = {
  id: testIds.next('key'),
  name: 'web site',
  role: 'Developer',
  scopes: ['ges', 'native:readQueues'],
  origins: ['https://shop.example'],
  accessGroups: ['sales'],
  keyHash: 'ab'.repeat(32),
  previousHash: null,
  previousUntilMs: null,
  createdBy: 'ada',
  createdAtMs: 1,
  expiresAtMs: null,
  lastUsedAtMs: null,
};

const record = (atMs: number, fields: Partial<ErrorRecord> = {}): ErrorRecord => ({
  correlationId: `corr_${atMs}`,
  atMs,
  status: 404,
  code: 'NOT_FOUND',
  message: 'm',
  method: 'GET',
  path: '/',
  actor: 'user:ada',
  address: '127.0.0.1',
  virtualQueue: 'billing',
  cause: null,
  detail: '{}',
  ...fields,
});

describe.each(implementations)('access in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  it('keeps users and keys with their groups, scopes and origins', async () => {
    await tested.storage.access.insertUser(user);
    await tested.storage.access.insertApiKey(key);
    await tested.reopen();
    const { access } = tested.storage;
    expect(await access.findUser('ada')).toEqual(user);
    expect(await access.findApiKeyByHash(key.keyHash)).toEqual(key);
    await access.updateUser({ ...user, accessGroups: [] });
    expect((await access.findUser('ada'))?.accessGroups).toEqual([]);
  });

  it('changes a key, finds it by its old hash, and never overwrites its last use', async () => {
    const { access } = tested.storage;
    await access.insertApiKey(key);
    await access.touchApiKey(key.id, 50);
    const rotated: ApiKey = {
      ...key,
      keyHash: 'cd'.repeat(32),
      previousHash: key.keyHash,
      previousUntilMs: 99,
    };
    expect(await access.updateApiKey(rotated)).toBe(true);
    expect(await access.findApiKeyByHash(key.keyHash)).toEqual({ ...rotated, lastUsedAtMs: 50 });
    expect(await access.findApiKeyByHash(rotated.keyHash)).toEqual({ ...rotated, lastUsedAtMs: 50 });
    expect(await access.updateApiKey({ ...rotated, id: testIds.next('key') })).toBe(false);
  });

  it('keeps access groups by name', async () => {
    const { access } = tested.storage;
    const group = { name: 'sales', queues: ['sales_*', 'vip'], createdAtMs: 1, updatedAtMs: 1 };
    expect(await access.insertAccessGroup(group)).toBe(true);
    expect(await access.insertAccessGroup({ ...group, queues: [] })).toBe(false);
    await access.insertAccessGroup({ ...group, name: 'night' });
    const changed = { ...group, queues: [], updatedAtMs: 2 };
    expect(await access.updateAccessGroup(changed)).toBe(true);
    expect(await access.updateAccessGroup({ ...group, name: 'nowhere' })).toBe(false);
    expect((await access.listAccessGroups()).map(({ name }) => name)).toEqual(['night', 'sales']);
    expect((await access.listAccessGroups())[1]).toEqual(changed);
    expect(await access.deleteAccessGroup('night')).toBe(true);
    expect(await access.deleteAccessGroup('night')).toBe(false);
  });

  it("keeps a user's newest 20 sessions, and ends those unused", async () => {
    const { access } = tested.storage;
    await access.insertUser(user);
    await access.insertUser({ ...user, name: 'ben' });
    const session = (i: number, userName = 'ada'): Session => ({
      tokenHash: `${userName}${String(i).padStart(2, '0')}`,
      userName,
      createdAtMs: i,
      expiresAtMs: 1000,
      lastUsedAtMs: i,
    });
    await access.insertSession(session(0, 'ben'));
    for (let i = 0; i < 22; i++) await access.insertSession(session(i));
    expect(await access.findSession('ada01')).toBeUndefined();
    expect(await access.findSession('ada02')).toEqual(session(2));
    expect(await access.findSession('ben00')).toEqual(session(0, 'ben'));
    await access.touchSession('ada02', 500);
    expect(await access.deleteExpiredSessions(10, 20)).toBe(19);
    expect((await access.findSession('ada02'))?.lastUsedAtMs).toBe(500);
    expect((await access.findSession('ada21'))?.lastUsedAtMs).toBe(21);
  });

  it('remembers the newest 20 addresses of a user, and forgets them with the user', async () => {
    const { access } = tested.storage;
    await access.insertUser(user);
    for (let i = 0; i < 21; i++) await access.putFamiliarAddress('ada', `192.0.2.${i}`, i);
    expect(await access.isFamiliar('ada', '192.0.2.0', 0)).toBe(false);
    expect(await access.isFamiliar('ada', '192.0.2.1', 1)).toBe(true);
    expect(await access.isFamiliar('ada', '192.0.2.1', 2)).toBe(false);
    await access.putFamiliarAddress('ada', '192.0.2.1', 100);
    expect(await access.isFamiliar('ada', '192.0.2.1', 100)).toBe(true);
    await access.deleteUser('ada');
    await access.insertUser(user);
    expect(await access.isFamiliar('ada', '192.0.2.1', 0)).toBe(false);
  });

  it('links an account of a provider with the first user it was linked with', async () => {
    const { access } = tested.storage;
    await access.insertUser(user);
    await access.insertUser({ ...user, name: 'ben' });
    const identity = { issuer: 'https://id.example', subject: 's', userName: 'ada', linkedAtMs: 1 };
    await access.insertIdentity(identity);
    await access.insertIdentity({ ...identity, userName: 'ben' });
    expect(await access.findIdentity('https://id.example', 's')).toBe('ada');
    expect(await access.findIdentity('https://other.example', 's')).toBeUndefined();
    await access.deleteUser('ada');
    expect(await access.findIdentity('https://id.example', 's')).toBeUndefined();
  });

  it('lists the audit log by actor, action, target and time, in pages, and forgets what is old', async () => {
    const { audit } = tested.storage;
    const entries = Array.from({ length: 6 }, (_none, i): AuditEntry => ({
      id: testIds.next('audit'),
      atMs: i,
      actor: i % 2 === 0 ? 'user:ada' : 'api-key:key_1',
      actorName: 'x',
      address: '192.0.2.1',
      correlationId: `corr_${i}`,
      action: i < 3 ? 'login' : i === 3 ? 'login.failed' : 'user.changed',
      target: `user:${i}`,
      before: i === 0 ? null : '{"a":1}',
      after: null,
    }));
    for (const entry of entries) await audit.putAudit(entry);
    const found = async (filter: object): Promise<number[]> =>
      (await audit.listAudit({ limit: 10, ...filter })).map(({ atMs }) => atMs);
    expect(await audit.listAudit({ limit: 1 })).toEqual([entries[5]]);
    expect(await found({})).toEqual([5, 4, 3, 2, 1, 0]);
    expect(await found({ limit: 2, afterId: entries[4]?.id })).toEqual([3, 2]);
    expect(await found({ actor: 'user:ada' })).toEqual([4, 2, 0]);
    expect(await found({ action: 'login' })).toEqual([2, 1, 0]);
    expect(await found({ action: 'login*' })).toEqual([3, 2, 1, 0]);
    expect(await found({ target: 'user:3' })).toEqual([3]);
    expect(await found({ fromMs: 1, toMs: 2 })).toEqual([2, 1]);
    expect(await audit.trimAudit(4)).toBe(4);
    expect(await found({})).toEqual([5, 4]);
  });

  it('lists error answers by code, status, actor and time', async () => {
    const { errors } = tested.storage;
    const failure = record(2, { status: 500, code: 'INTERNAL_ERROR', cause: 'disk', actor: null });
    for (const error of [record(1), failure, record(3)]) await errors.putError(error);
    const found = async (filter: object): Promise<number[]> =>
      (await errors.listErrors({ limit: 10, ...filter })).map(({ atMs }) => atMs);
    expect(await errors.listErrors({ limit: 10, code: 'INTERNAL_ERROR' })).toEqual([failure]);
    expect(await found({ status: 404 })).toEqual([3, 1]);
    expect(await found({ actor: 'user:ada', toMs: 2 })).toEqual([1]);
    expect(await found({ fromMs: 2 })).toEqual([3, 2]);
  });

  it('lists the errors that a reader may see, page after page, and no others', async () => {
    const { errors } = tested.storage;
    const queues = ['sales', 'sales_north', 'sales%', 'support', null];
    const stored: ErrorRecord[] = [];
    for (let at = 0; at < 40; at++) {
      const virtualQueue = queues[at % 5] ?? null;
      const actor = at % 7 === 0 ? 'user:me' : 'user:ada';
      // Many at one instant.
      const made = record(at, { atMs: Math.floor(at / 8), virtualQueue, actor });
      stored.push(made);
      await errors.putError(made);
    }
    const readableBy = { actor: 'user:me', queues: ['sales_*', 'support'] };
    const expected = stored
      .filter(
        ({ actor, virtualQueue }) =>
          ['sales_north', 'support'].includes(virtualQueue ?? '') || actor === 'user:me',
      )
      .sort(errorOrder);
    const listed: ErrorRecord[] = [];
    for (;;) {
      const after = listed.at(-1);
      const page = await errors.listErrors({ limit: 4, readableBy, ...(after && { after }) });
      if (page.length === 0) break;
      listed.push(...page);
    }
    expect(listed).toEqual(expected);
    const none = { actor: 'user:nobody', queues: [] };
    expect(await errors.listErrors({ limit: 4, readableBy: none })).toEqual([]);
  });

  it('tells who made which callback, newest first, by whom or of which, and when the callback is gone', async () => {
    const { storage } = tested;
    const make = async (atMs: number, actor: Actor, kind = 'CREATED'): Promise<string> => {
      const callbackId = testIds.next('callback');
      const data = { through: 'ges', virtualQueue: 'sales' };
      const event = { callbackId, atMs, kind, actor, state: 'QUEUED', subState: null, data } as const;
      await storage.transact((tx) => tx.appendEvent(event));
      return callbackId;
    };
    const web: Actor = { kind: 'api-key', id: 'key_1' };
    const first = await make(5, web);
    await make(6, { kind: 'user', id: 'ada' });
    await make(6, web, 'CANCELLED');
    const third = await make(7, web);
    const fourth = await make(7, web);
    const clock = await make(8, { kind: 'system', part: 'clock' });
    const made = async (filter: object): Promise<string[]> =>
      (await storage.audit.listCreations({ limit: 10, ...filter })).map(({ callbackId }) => callbackId);
    expect(await made({ actor: 'api-key:key_1' })).toEqual([fourth, third, first]);
    expect(await made({ actor: 'api-key:key_1', limit: 1 })).toEqual([fourth]);
    const [newest] = await storage.audit.listCreations({ limit: 1, actor: 'api-key:key_1' });
    expect(newest).toMatchObject({ actor: 'api-key:key_1', atMs: 7, data: { through: 'ges' } });
    expect(await made({ actor: 'api-key:key_1', after: newest })).toEqual([third, first]);
    expect(await made({ actor: 'api-key:key_1', fromMs: 5, toMs: 6 })).toEqual([first]);
    expect(await made({ actor: 'system:clock' })).toEqual([clock]);
    expect(await made({ callbackId: third })).toEqual([third]);
    expect(await made({ callbackId: third, actor: 'user:ada' })).toEqual([]);
  });
});
