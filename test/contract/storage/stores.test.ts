import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey, Session, User } from '../../../src/adapters/http/access-store.ts';
import type { ErrorRecord } from '../../../src/adapters/http/error-store.ts';
import type { IdempotencyClaim } from '../../../src/adapters/http/idempotency-store.ts';
import type { TransferredCustomer } from '../../../src/callback/transferred-customer.ts';
import type { AgentStatus } from '../../../src/routing/agent.ts';
import type { CallRecord } from '../../../src/telephony/call-record.ts';
import type { Binding } from '../../../src/telephony/registration.ts';
import { implementations, testIds, type TestedStorage } from './implementations.ts';

const user: User = {
  name: 'ada',
  role: 'Administrator',
  passwordHash: '$scrypt$ln=15,r=8,p=3$c2FsdA$aGFzaA',
  agentId: null,
  enabled: true,
  accessGroups: [],
  createdAtMs: 1,
  updatedAtMs: 1,
};

describe.each(implementations)('stores in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  it('keeps the last state of each agent', async () => {
    const ready: AgentStatus = {
      agentId: '1001',
      state: 'READY',
      notReadyReason: null,
      sinceMs: 1,
      idleSinceMs: 1,
      subjectId: null,
      dueAtMs: null,
      afterWork: null,
    };
    const busy: AgentStatus = { ...ready, state: 'ON_CALL', subjectId: 'callback_1', sinceMs: 2 };
    await tested.storage.transact(async (tx) => {
      await tx.putAgentStatus(ready);
      await tx.putAgentStatus({ ...ready, agentId: '1000', state: 'NOT_READY', notReadyReason: 'RONA' });
      await tx.putAgentStatus(busy);
    });
    await tested.reopen();
    const statuses = await tested.storage.transact((tx) => tx.agentStatuses());
    expect(statuses.map(({ agentId, state }) => [agentId, state])).toEqual([
      ['1000', 'NOT_READY'],
      ['1001', 'ON_CALL'],
    ]);
    expect(statuses[1]).toEqual(busy);
  });

  it('keeps registrations by agent and contact', async () => {
    const binding: Binding = {
      agentId: '1001',
      sipUser: '1001',
      contactUri: 'sip:1001@192.0.2.7:5062',
      preference: 1000,
      callId: 'abc',
      cseq: 1,
      expiresAtMs: 5000,
      registeredAtMs: 1000,
      source: { address: '192.0.2.7', port: 5062, transport: 'udp' } as unknown as Binding['source'],
    };
    const { registrations } = tested.storage;
    await registrations.put(binding);
    await registrations.put({ ...binding, cseq: 2, userAgent: 'phone' });
    await registrations.put({ ...binding, contactUri: 'sip:1001@192.0.2.8' });
    await registrations.remove('1001', 'sip:1001@192.0.2.8');
    await registrations.remove('1001', 'sip:unknown');
    const storage = await tested.reopen();
    expect(await storage.registrations.all()).toEqual([{ ...binding, cseq: 2, userAgent: 'phone' }]);
  });

  it('keeps users, whose names are unique', async () => {
    const { access } = tested.storage;
    expect(await access.userCount()).toBe(0);
    expect(await access.insertUser(user)).toBe(true);
    expect(await access.insertUser({ ...user, role: 'Agent' })).toBe(false);
    expect(await access.insertUser({ ...user, name: 'Ada', enabled: false, agentId: '1001' })).toBe(true);
    expect(await access.findUser('ada')).toEqual(user);
    expect((await access.listUsers()).map(({ name }) => name)).toEqual(['Ada', 'ada']);
    expect(await access.updateUser({ ...user, role: 'Monitor', updatedAtMs: 2 })).toBe(true);
    expect(await access.findUser('ada')).toMatchObject({ role: 'Monitor', updatedAtMs: 2 });
    expect(await access.updateUser({ ...user, name: 'nobody' })).toBe(false);
    expect(await access.deleteUser('ada')).toBe(true);
    expect(await access.deleteUser('ada')).toBe(false);
    expect(await access.userCount()).toBe(1);
  });

  it('ends the sessions of a deleted user and the expired ones', async () => {
    const { access } = tested.storage;
    const session = (tokenHash: string, expiresAtMs: number): Session => ({
      tokenHash,
      userName: 'ada',
      createdAtMs: 1,
      expiresAtMs,
      lastUsedAtMs: 1,
    });
    await access.insertUser(user);
    for (const [hash, expires] of [
      ['a', 10],
      ['b', 20],
      ['c', 30],
      ['d', 40],
    ] as const) {
      await access.insertSession(session(hash, expires));
    }
    expect(await access.deleteExpiredSessions(20, 0)).toBe(2);
    await access.deleteSession('c');
    expect(await access.findSession('c')).toBeUndefined();
    expect(await access.findSession('d')).toEqual(session('d', 40));
    await access.deleteUser('ada');
    expect(await access.findSession('d')).toBeUndefined();
  });

  it('finds API keys by their hash', async () => {
    const { access } = tested.storage;
    const key: ApiKey = {
      id: testIds.next('key'),
      name: 'web site',
      role: 'Developer',
      scopes: ['native'],
      origins: [],
      accessGroups: [],
      keyHash: 'ab'.repeat(32),
      previousHash: null,
      previousUntilMs: null,
      createdBy: 'ada',
      createdAtMs: 1,
      expiresAtMs: null,
      lastUsedAtMs: null,
    };
    await access.insertApiKey(key);
    await access.touchApiKey(key.id, 77);
    expect(await access.findApiKeyByHash(key.keyHash)).toEqual({ ...key, lastUsedAtMs: 77 });
    expect(await access.listApiKeys()).toHaveLength(1);
    await expect(access.insertApiKey({ ...key, id: testIds.next('key') })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    expect(await access.deleteApiKey(key.id)).toBe(true);
    expect(await access.deleteApiKey(key.id)).toBe(false);
    expect(await access.findApiKeyByHash(key.keyHash)).toBeUndefined();
  });

  it('gives one claim of an idempotency key to everybody until it expires', async () => {
    const { idempotency } = tested.storage;
    const claim = (fields: Partial<IdempotencyClaim> = {}): IdempotencyClaim => ({
      scope: 'user:ada',
      key: 'k1',
      requestHash: 'h',
      callbackId: testIds.next('callback'),
      createdAtMs: 1000,
      expiresAtMs: 2000,
      ...fields,
    });
    const [first, second] = await Promise.all([idempotency.claim(claim()), idempotency.claim(claim())]);
    expect(second).toEqual(first);
    const other = claim({ scope: 'user:ben' });
    expect(await idempotency.claim(other)).toEqual(other);
    const late = claim({ createdAtMs: 2000, expiresAtMs: 3000 });
    expect(await idempotency.claim(late)).toEqual(late);
    await idempotency.release('user:ada', 'k1');
    const again = claim({ createdAtMs: 2001, expiresAtMs: 2500 });
    expect(await idempotency.claim(again)).toEqual(again);
    expect(await idempotency.deleteExpired(2500, 1)).toBe(1);
    expect(await idempotency.deleteExpired(2500, 10)).toBe(1);
    expect(await idempotency.deleteExpired(2500, 10)).toBe(0);
  });

  it('keeps the newest errors', async () => {
    const { errors } = tested.storage;
    const record = (atMs: number): ErrorRecord => ({
      correlationId: `corr_${atMs}`,
      atMs,
      status: 500,
      code: 'X',
      message: 'm',
      method: 'GET',
      path: '/',
      actor: null,
      address: '127.0.0.1',
      virtualQueue: null,
      cause: null,
      detail: '{}',
    });
    for (const atMs of [1, 2, 3, 4, 5]) await errors.putError(record(atMs));
    expect(await errors.findError('corr_3')).toEqual(record(3));
    expect((await errors.listErrors({ limit: 2 })).map(({ atMs }) => atMs)).toEqual([5, 4]);
    expect(await errors.trimErrors(2, 3)).toBe(2);
    expect((await errors.listErrors({ limit: 10 })).map(({ atMs }) => atMs)).toEqual([5, 4, 3]);
  });

  it('keeps transferred customers until they are served, oldest place first', async () => {
    const customer: TransferredCustomer = {
      callId: testIds.next('call'),
      callbackId: testIds.next('callback'),
      promisedBy: testIds.next('callback'),
      virtualQueue: 'sales',
      customerNumber: '+12125550147',
      language: 'en',
      dialledNumber: null,
      placeAtMs: 1_700_000_000_000,
      priority: 3,
    };
    const older = { ...customer, callId: testIds.next('call'), placeAtMs: 5, dialledNumber: '5000' };
    await tested.storage.transact(async (tx) => {
      await tx.putTransferredCustomer(customer);
      await tx.putTransferredCustomer({ ...customer, virtualQueue: 'support' });
      await tx.putTransferredCustomer(older);
    });
    await tested.reopen();
    const kept = { ...customer, virtualQueue: 'support' };
    const all = () => tested.storage.transact((tx) => tx.transferredCustomers());
    expect(await all()).toEqual([older, kept]);
    await tested.storage.transact((tx) => tx.removeTransferredCustomer(older.callId));
    await tested.storage.transact((tx) => tx.removeTransferredCustomer(older.callId));
    expect(await all()).toEqual([kept]);
  });

  it('keeps inbound calls and ends the ones that a crash cut off', async () => {
    const call: CallRecord = {
      callId: testIds.next('call'),
      dialled: '5000',
      callerNumber: null,
      source: 'trunk:demo',
      virtualQueue: null,
      startedAtMs: 10,
      answeredAtMs: null,
      endedAtMs: null,
      outcome: null,
      agentId: null,
      callbackId: null,
    };
    const ended: CallRecord = { ...call, callId: testIds.next('call'), startedAtMs: 20, endedAtMs: 30 };
    const outcome = await tested.storage.transact(async (tx) => {
      await tx.putCallRecord(call);
      await tx.putCallRecord({ ...call, virtualQueue: 'support' });
      await tx.putCallRecord(ended);
      return { list: await tx.listCallRecords({ limit: 10 }), lost: await tx.endUnfinishedCalls(99) };
    });
    expect(outcome.list.map(({ callId }) => callId)).toEqual([ended.callId, call.callId]);
    expect(outcome.lost).toBe(1);
    const found = await tested.storage.transact((tx) => tx.findCallRecord(call.callId));
    expect(found).toMatchObject({ virtualQueue: 'support', endedAtMs: 99, outcome: 'lost-at-restart' });
    const page = await tested.storage.transact((tx) =>
      tx.listCallRecords({ limit: 1, beforeMs: 20, virtualQueue: 'support' }),
    );
    expect(page.map(({ callId }) => callId)).toEqual([call.callId]);
  });
});
