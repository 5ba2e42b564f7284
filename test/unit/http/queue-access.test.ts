import { beforeEach, describe, expect, it } from 'vitest';
import { newApiKey } from '../../../src/adapters/http/credential.ts';
import type { Scope } from '../../../src/adapters/http/access-rules.ts';
import type { Role } from '../../../src/adapters/http/access-store.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { closeFixtures, newFixture, type Fixture } from './http-fixture.ts';

closeFixtures();
const API = '/api/v1';
const FOREIGN_NUMBER = '+12025550177';

let fixture: Fixture;
let seed = 50;

async function keyFor(
  accessGroups: readonly string[],
  role: Role = 'Supervisor',
  scopes: readonly Scope[] = ['native'],
): Promise<Record<string, string>> {
  const ids = new IdSource(fixture.clock, new SeededRandom(seed++));
  const wanted = { name: 'k', role, scopes, accessGroups, createdBy: 'user:admin', expiresAtMs: null };
  const { secret, key } = newApiKey(ids, fixture.clock, wanted);
  await fixture.access.insertApiKey(key);
  return { 'x-api-key': secret };
}

async function callbackOf(virtualQueue: string, customerNumber: string): Promise<string> {
  const made = await fixture.ask('POST', `${API}/callbacks`, {
    role: 'Administrator',
    body: { virtualQueue, customerNumber },
  });
  return made.json().id;
}

beforeEach(async () => {
  fixture = await newFixture();
  const times = { createdAtMs: 1, updatedAtMs: 1 };
  await fixture.access.insertAccessGroup({ name: 'sales', queues: ['sales_*'], ...times });
  await fixture.access.insertAccessGroup({ name: 'service', queues: ['billing'], ...times });
});

describe('members of access groups', () => {
  it('find callbacks of their queues and none of others', async () => {
    const own = await callbackOf('billing', '+12025550123');
    const foreign = await callbackOf('sales_vip', FOREIGN_NUMBER);
    const headers = await keyFor(['service']);
    const list = (await fixture.ask('GET', `${API}/callbacks`, { headers })).json();
    expect(list.items.map(({ id }: { id: string }) => id)).toEqual([own]);
    const asked = await fixture.ask('GET', `${API}/callbacks?queue=sales_vip`, { headers });
    expect(asked.json().items).toEqual([]);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/replay'],
      ['POST', '/cancel'],
      ['POST', '/recreate'],
    ] as const) {
      const seen = await fixture.ask(method, `${API}/callbacks/${own}${path}`, { headers });
      expect([path, seen.statusCode < 300]).toEqual([path, true]);
      const hidden = await fixture.ask(method, `${API}/callbacks/${foreign}${path}`, { headers });
      expect([path, hidden.statusCode]).toEqual([path, 404]);
    }
    const body = { desiredAt: '2026-01-05T12:00:00Z' };
    const moved = await fixture.ask('POST', `${API}/callbacks/${foreign}/reschedule`, { headers, body });
    expect(moved.statusCode).toBe(404);
    expect(fixture.application.callbacks.get(foreign)?.state).not.toBe('COMPLETED');
  });

  it('get no number of a call-in group whose queue is another', async () => {
    const body = { groupName: 'app users' };
    for (const [group, asked] of [
      ['sales', []],
      ['service', [body]],
    ] as const) {
      const headers = await keyFor([group], 'Developer', ['ges']);
      const answer = await fixture.ask('POST', '/engagement/v3/call-in/requests/create', { headers, body });
      expect([group, answer.json().status.code]).toEqual([group, 40_002]);
      // The application, which knows no group here, hears of it only from those who may.
      expect([group, fixture.application.callIns]).toEqual([group, asked]);
    }
  });

  it('cancel several: those of other queues are not found and stay', async () => {
    const foreign = await callbackOf('sales_vip', FOREIGN_NUMBER);
    const own = await callbackOf('billing', '+12025550123');
    const headers = await keyFor(['service']);
    const body = { ids: [foreign, own, 'callback_00000000'] };
    const answer = await fixture.ask('POST', `${API}/callbacks/cancel`, { headers, body });
    expect(answer.json().results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'not-found',
      'cancelled',
      'not-found',
    ]);
    expect(fixture.application.callbacks.get(foreign)?.state).not.toBe('COMPLETED');
  });

  it('create callbacks on their queues only, and are not told that others exist', async () => {
    const headers = await keyFor(['sales']);
    const create = (virtualQueue: string): ReturnType<Fixture['ask']> =>
      fixture.ask('POST', `${API}/callbacks`, {
        headers,
        body: { virtualQueue, customerNumber: '+12025550123' },
      });
    expect((await create('sales_new')).statusCode).toBe(201);
    const refused = await create('billing');
    expect(refused.statusCode).toBe(404);
    expect(refused.json().error.code).toBe('UNKNOWN_QUEUE');
  });

  it.each(['', '/availability', '/open-for', '/estimators', '/settings'])(
    'see a queue only when it is theirs: /queues/billing%s',
    async (path) => {
      const seen = await fixture.ask('GET', `${API}/queues/billing${path}`, {
        headers: await keyFor(['service', 'sales']),
      });
      expect(seen.statusCode).toBe(200);
      const hidden = await fixture.ask('GET', `${API}/queues/billing${path}`, {
        headers: await keyFor(['sales']),
      });
      expect(hidden.statusCode).toBe(404);
    },
  );

  it('see no name and no figure of other queues in lists, rules and metrics', async () => {
    const headers = await keyFor(['sales'], 'Administrator');
    const restricted = await keyFor(['sales']);
    for (const path of [`${API}/queues`, `${API}/number-rules`, `${API}/capacity-rules`, '/metrics']) {
      const all = await fixture.ask('GET', path, { headers });
      expect([path, all.statusCode, all.body.includes('billing')]).toEqual([path, 200, true]);
      const some = await fixture.ask('GET', path, { headers: restricted });
      expect([path, some.statusCode, some.body.includes('billing')]).toEqual([path, 200, false]);
    }
    const body = { number: '+4915112345678', queue: 'billing' };
    const tested = await fixture.ask('POST', `${API}/number-rules/europe/test`, {
      headers: restricted,
      body,
    });
    expect(tested.json().error.code).toBe('UNKNOWN_QUEUE');
  });

  it('follow callbacks of their queues only, and see no other trace', async () => {
    const foreign = await callbackOf('sales_vip', FOREIGN_NUMBER);
    const own = await callbackOf('billing', '+12025550123');
    const headers = await keyFor(['service'], 'Developer');
    const trace = (subject: object, as: { headers?: Record<string, string>; role?: Role }) =>
      fixture.ask('POST', `${API}/traces`, { ...as, body: { subject } });
    const others = await trace({ kind: 'callback', callbackId: foreign }, { role: 'Developer' });
    expect((await trace({ kind: 'callback', callbackId: foreign }, { headers })).statusCode).toBe(403);
    expect((await trace({ kind: 'number', number: FOREIGN_NUMBER }, { headers })).statusCode).toBe(403);
    const made = await trace({ kind: 'callback', callbackId: own }, { headers });
    expect(made.statusCode).toBe(201);
    const list = (await fixture.ask('GET', `${API}/traces`, { headers })).json();
    expect(list.items.map(({ id }: { id: string }) => id)).toEqual([made.json().id]);
    const hidden = await fixture.ask('GET', `${API}/traces/${others.json().id}`, { headers });
    expect(hidden.statusCode).toBe(404);
  });

  it('see error answers of their own and of their queues', async () => {
    const headers = await keyFor(['service'], 'Developer');
    await fixture.ask('GET', `${API}/queues/sales_vip/settings`, { role: 'Administrator' });
    const ofQueue = await fixture.ask('GET', `${API}/queues/billing?x=1`, { role: 'Administrator' });
    expect(ofQueue.statusCode).toBe(200);
    const named = await fixture.ask('POST', `${API}/callbacks`, {
      role: 'Administrator',
      body: { virtualQueue: 'billing' },
    });
    const own = await fixture.ask('GET', `${API}/queues/sales_vip`, { headers });
    const list = (await fixture.ask('GET', `${API}/errors`, { headers })).json();
    const ids = list.items.map(({ correlationId }: { correlationId: string }) => correlationId);
    expect(new Set(ids)).toEqual(
      new Set([named.headers['x-correlation-id'], own.headers['x-correlation-id']]),
    );
  });

  it('read nothing when their groups name no queue, and everything when they are administrators', async () => {
    await fixture.access.insertAccessGroup({ name: 'empty', queues: [], createdAtMs: 1, updatedAtMs: 1 });
    await callbackOf('billing', '+12025550123');
    const none = await fixture.ask('GET', `${API}/callbacks`, { headers: await keyFor(['empty']) });
    expect(none.json().items).toEqual([]);
    const gone = await fixture.ask('GET', `${API}/queues`, { headers: await keyFor(['no-such-group']) });
    expect(gone.json().items).toEqual([]);
    const all = await fixture.ask('GET', `${API}/callbacks`, {
      headers: await keyFor(['empty'], 'Administrator'),
    });
    expect(all.json().items).toHaveLength(1);
  });
});

describe('access groups', () => {
  it('are added, changed, listed with their members, and kept while they have any', async () => {
    const { ask } = fixture;
    const role = 'Administrator';
    const body = { name: 'night', queues: ['night_*', 'billing'] };
    expect((await ask('POST', `${API}/access-groups`, { role, body })).statusCode).toBe(201);
    expect((await ask('POST', `${API}/access-groups`, { role, body })).statusCode).toBe(409);
    const wrong = { name: 'x', queues: ['a*b'] };
    expect((await ask('POST', `${API}/access-groups`, { role, body: wrong })).statusCode).toBe(400);
    const member = { name: 'mo', role: 'Monitor', password: 'long-enough-1', accessGroups: ['night'] };
    expect((await ask('POST', `${API}/users`, { role, body: member })).statusCode).toBe(201);
    const unknown = { ...member, name: 'ma', accessGroups: ['nowhere'] };
    expect((await ask('POST', `${API}/users`, { role, body: unknown })).json().error.faults[0]).toMatchObject(
      {
        path: 'accessGroups',
        value: 'nowhere',
      },
    );
    const url = `${API}/access-groups/night`;
    const changed = await ask('PUT', url, { role, body: { queues: ['billing'] } });
    expect(changed.json()).toMatchObject({ queues: ['billing'], members: ['user:mo'] });
    const kept = await ask('DELETE', url, { role });
    expect([kept.statusCode, kept.json().error.code]).toEqual([409, 'IN_USE']);
    await ask('PATCH', `${API}/users/mo`, { role, body: { accessGroups: [] } });
    expect((await ask('DELETE', url, { role })).statusCode).toBe(200);
    expect((await ask('DELETE', url, { role })).statusCode).toBe(404);
  });
});
