import { beforeEach, describe, expect, it } from 'vitest';
import type { Creation } from '../../../src/adapters/http/audit-store.ts';
import { newApiKey } from '../../../src/adapters/http/credential.ts';
import { AppError } from '../../../src/kernel/errors.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { closeFixtures, newFixture, type Fixture, validRequest } from './http-fixture.ts';

closeFixtures();
const API = '/api/v1';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await newFixture();
});

describe('the audit log', () => {
  it('has every change, with who, when, what, before and after, secrets removed and numbers masked', async () => {
    const role = 'Administrator';
    const body = { name: 'sue', role: 'Supervisor', password: 'a-long-password' };
    await fixture.ask('POST', `${API}/users`, { role, body });
    fixture.clock.advance(1000);
    await fixture.ask('PATCH', `${API}/users/sue`, {
      role,
      body: { role: 'Monitor', password: 'another-password' },
    });
    await fixture.ask('DELETE', `${API}/users/sue`, { role });
    await fixture.ask('PUT', `${API}/agents/alice/state`, { role, body: { state: 'READY' } });
    const answer = await fixture.ask('GET', `${API}/audit`, { role });
    const { items } = answer.json();
    expect(items.map(({ action, target }: Record<string, string>) => [action, target])).toEqual([
      ['PUT /api/v1/agents/:id/state', '/api/v1/agents/alice/state'],
      ['user.deleted', 'user:sue'],
      ['user.changed', 'user:sue'],
      ['user.added', 'user:sue'],
    ]);
    expect(items[2]).toMatchObject({
      before: { role: 'Supervisor' },
      after: { role: 'Monitor', password: '[removed]' },
      address: '192.0.2.9',
      at: '2026-01-05T09:00:01.000Z',
    });
    expect([items[3].before, items[1].after]).toEqual([null, null]);
    expect(items[0].after).toEqual({ state: 'READY' });
    expect(answer.body).not.toMatch(/a-long-password|another-password|scrypt/);
    const pages = await fixture.ask('GET', `${API}/audit?action=user.*&limit=2`, { role });
    const { nextCursor } = pages.json();
    const rest = await fixture.ask('GET', `${API}/audit?action=user.*&limit=2&cursor=${nextCursor}`, {
      role,
    });
    expect(rest.json()).toMatchObject({ items: [{ action: 'user.added' }], nextCursor: null });
  });

  it('has nothing of reads, of refused changes and of callbacks that programs make', async () => {
    await fixture.ask('GET', `${API}/users`, { role: 'Administrator' });
    await fixture.ask('DELETE', `${API}/users/nobody`, { role: 'Administrator' });
    await fixture.ask('POST', `${API}/users`, { role: 'Monitor', body: {} });
    const made = await fixture.ask('POST', `${API}/callbacks`, { role: 'Developer', body: validRequest });
    expect(fixture.audit.entries).toEqual([]);
    const { id } = made.json();
    await fixture.ask('POST', `${API}/callbacks/${id}/cancel`, { role: 'Developer' });
    expect(fixture.audit.entries).toMatchObject([{ action: 'callback.cancelled', target: `callback:${id}` }]);
    const [entry] = fixture.audit.entries;
    expect([JSON.parse(entry?.before ?? ''), JSON.parse(entry?.after ?? '')]).toMatchObject([
      { state: 'QUEUED', customerNumber: expect.stringMatching(/^\+\*+123$/) },
      { state: 'COMPLETED' },
    ]);
  });

  it('is followed by who made which callback, through which API, page by page', async () => {
    const role = 'Administrator';
    const creation = (at: number, actor: string, through?: string): Creation => ({
      callbackId: `callback_0000000${at}`,
      atMs: Date.UTC(2026, 0, 5, 9, 0, at),
      sequence: at,
      actor,
      data: { virtualQueue: 'billing', origin: 'api', desiredAtMs: 0, ...(through && { through }) },
    });
    fixture.audit.creations = [
      creation(3, 'api-key:key_1', 'gms'),
      creation(2, 'api-key:key_1', 'ges'),
      creation(1, 'user:sue'),
    ];
    const first = await fixture.ask('GET', `${API}/audit/creations?actor=api-key:key_1&limit=1`, { role });
    const { items, nextCursor } = first.json();
    expect(items).toEqual([
      {
        callbackId: 'callback_00000003',
        at: '2026-01-05T09:00:03.000Z',
        actor: 'api-key:key_1',
        through: 'gms',
        virtualQueue: 'billing',
        desiredAt: '1970-01-01T00:00:00.000Z',
        recreatedFrom: null,
        rescheduledFrom: null,
      },
    ]);
    expect(nextCursor).toBe(`${Date.UTC(2026, 0, 5, 9, 0, 3)}.3`);
    const one = await fixture.ask('GET', `${API}/audit/creations?callbackId=callback_00000001`, { role });
    expect(one.json()).toMatchObject({ items: [{ actor: 'user:sue', through: null }], nextCursor: null });
    const own = await fixture.ask('GET', `${API}/audit/creations`, { role });
    expect(own.json()).toEqual({ items: [], nextCursor: null });
    for (const query of ['limit=0', 'actor=bob', 'actor=api-key:', 'cursor=1&actor=customer']) {
      const answer = await fixture.ask('GET', `${API}/audit/creations?${query}`, { role });
      expect([query, answer.statusCode]).toEqual([query, 400]);
    }
  });

  it('that cannot be written does not undo what was done', async () => {
    fixture.audit.putAudit = () => Promise.reject(new AppError('STORAGE_FAILED', 'disk full'));
    const body = { name: 'sue', role: 'Supervisor', password: 'a-long-password' };
    const answer = await fixture.ask('POST', `${API}/users`, { role: 'Administrator', body });
    expect([answer.statusCode, fixture.access.users.has('sue')]).toEqual([201, true]);
  });
});

describe('error records', () => {
  const list = async (query: string): Promise<Record<string, unknown>[]> =>
    (await fixture.ask('GET', `${API}/errors?${query}`, { role: 'Developer' })).json().items;

  it('are found by code, status, key and time', async () => {
    await fixture.ask('GET', `${API}/queues/nowhere`, { role: 'Monitor' });
    fixture.clock.advance(1000);
    const wrong = { virtualQueue: 'billing', customerNumber: '+12025550123', extra: 1 };
    const refused = await fixture.ask('POST', `${API}/callbacks`, { role: 'Supervisor', body: wrong });
    expect(await list('code=NOT_FOUND')).toHaveLength(1);
    const [record] = await list('status=400');
    expect(record).toMatchObject({
      correlationId: refused.headers['x-correlation-id'],
      code: 'VALIDATION_FAILED',
      virtualQueue: 'billing',
      cause: null,
    });
    expect(JSON.stringify(record)).not.toContain('12025550123');
    expect(await list(`key=${String(record?.['actor'])}`)).toHaveLength(1);
    expect(await list('to=2026-01-05T09:00:00.500Z')).toHaveLength(1);
    expect(await list('from=2026-01-05T09:00:00.500Z&code=NOT_FOUND')).toEqual([]);
    const bad = await fixture.ask('GET', `${API}/errors?key=%27or%201=1`, { role: 'Developer' });
    expect(bad.statusCode).toBe(400);
  });

  it('come in full pages to members of access groups, and to nobody twice', async () => {
    const times = { createdAtMs: 1, updatedAtMs: 1 };
    await fixture.access.insertAccessGroup({ name: 'group', queues: ['sales_*', 'billing'], ...times });
    const ids = new IdSource(fixture.clock, new SeededRandom(9));
    const { secret, key } = newApiKey(ids, fixture.clock, {
      name: 'theirs',
      role: 'Developer',
      scopes: ['native'],
      accessGroups: ['group'],
      createdBy: 'user:admin',
      expiresAtMs: null,
    });
    await fixture.access.insertApiKey(key);
    const theirs = { 'x-api-key': secret };
    const seen: unknown[] = [];
    for (let at = 0; at < 60; at++) {
      const queue = ['support', 'sales', 'billing', 'sales_north', 'support'][at % 5];
      const body = { virtualQueue: queue, customerNumber: '+12025550123', extra: 1 };
      const answer = await fixture.ask('POST', `${API}/callbacks`, { role: 'Developer', body });
      if (at % 5 === 2 || at % 5 === 3) seen.unshift(answer.headers['x-correlation-id']);
      if (at % 2 === 0) fixture.clock.advance(1);
    }
    const own = await fixture.ask('GET', `${API}/queues/support`, { headers: theirs });
    seen.unshift(own.headers['x-correlation-id']);
    const pages: string[][] = [];
    for (let cursor = ''; ;) {
      const answer = await fixture.ask('GET', `${API}/errors?limit=10${cursor}`, { headers: theirs });
      const { items, nextCursor } = answer.json();
      pages.push(items.map(({ correlationId }: { correlationId: string }) => correlationId));
      if (nextCursor === null) break;
      cursor = `&cursor=${nextCursor}`;
    }
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(new Set(pages.flat())).toEqual(new Set(seen));
  });

  it('have the cause of a fault of ours, numbers masked, which the answer has not', async () => {
    const cause = new Error('row of +12025550123 is locked');
    fixture.application.throwNext = new AppError('STORAGE_FAILED', 'the database failed', { cause });
    const answer = await fixture.ask('GET', `${API}/callbacks/callback_00000000`, { role: 'Developer' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toMatch(/locked|database/);
    const id = String(answer.headers['x-correlation-id']);
    const record = (await fixture.ask('GET', `${API}/errors/${id}`, { role: 'Developer' })).json();
    expect(record.cause).toMatch(/^the database failed ← row of \+\*+123 is locked$/);
  });

  it('keep the query without numbers and secrets, whatever separates them', async () => {
    const query = 'number=%2B12025550123&token=abc&captchaToken=def&note=call%20%2B49%20151%201234567';
    const answer = await fixture.ask('GET', `${API}/callbacks?${query}`, { role: 'Developer' });
    expect(answer.statusCode).toBe(400);
    const [record] = await list('status=400');
    expect(record?.['path']).not.toMatch(/12025550123|151 1234567|abc|def/);
    expect(record?.['path']).toContain('token=[removed]');
    expect(record?.['path']).toContain('number=+********123');
  });

  it('keep no access code and nothing that a device is reached by', async () => {
    const role = 'Developer';
    const device = 'fcm-token-of-a-telephone';
    const answers = [
      await fixture.ask('POST', '/genesys/1/service/match-interaction', {
        role,
        body: { _access_number: '+493099990001', _access_code: '481905' },
      }),
      await fixture.ask('POST', '/genesys/1/service/callback/nowhere', {
        role,
        body: { _customer_number: '1', _device_notification_id: device, _media_type: 'chat' },
      }),
      await fixture.ask('PUT', '/genesys/1/service/callback/billing/callback_00000000', {
        role,
        body: { insurance: 'AB 123 456' },
      }),
      await fixture.ask('POST', '/engagement/v3/callbacks/create', {
        role,
        body: { serviceName: 'x', phoneNumber: '1', pushTargets: [{ channel: 'APNS', target: device }] },
      }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 400, 404, 400]);
    for (const { headers } of answers) {
      const path = `${API}/errors/${String(headers['x-correlation-id'])}`;
      const { body } = await fixture.ask('GET', path, { role: 'Administrator' });
      expect(body).toContain('[removed]');
      expect(body).not.toMatch(/481905|fcm-token|AB 123/);
    }
  });

  it('of people without a credential fill neither the disk nor the list of the others', async () => {
    await fixture.ask('GET', `${API}/queues/nowhere`, { role: 'Monitor' });
    let last = '';
    for (let requestCount = 0; requestCount < 700; requestCount++) {
      last = String((await fixture.ask('GET', `${API}/nowhere`, {})).headers['x-correlation-id']);
    }
    const strangers = [...fixture.errors.records.values()].filter(({ actor }) => actor === null);
    expect(strangers).toHaveLength(600);
    expect(await list('code=NOT_FOUND')).toHaveLength(1);
    // The client that has the id finds it all the same.
    const found = await fixture.ask('GET', `${API}/errors/${last}`, { role: 'Developer' });
    expect(found.json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  });

  it('are valid JSON and bounded, however large the request was', async () => {
    const body = { virtualQueue: 'billing', note: '"'.repeat(8000) };
    await fixture.ask('POST', `${API}/callbacks`, { role: 'Developer', body });
    const [record] = await list('status=400');
    const detail = String(record?.['detail']);
    expect(detail.length).toBeLessThanOrEqual(4096);
    expect(Object.keys(JSON.parse(detail) as object)).toEqual(['cut']);
  });
});
