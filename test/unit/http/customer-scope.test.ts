import { expect, it } from 'vitest';
import { gesKey } from '../../fakes/ges-counter.ts';
import { gmsCounter } from '../../fakes/gms-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();
const NUMBER = '+12025550123';

it('a key that a page carries books and asks, and neither lists customers nor cancels in bulk', async () => {
  const { fixture, house, book } = await gmsCounter();
  const id = await book({ _customer_number: NUMBER });
  const scopes = ['ges:customers', 'gms:customers'] as const;
  const headers = { 'x-api-key': await gesKey(fixture, house.clock, { scopes }) };
  const ask = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: object) =>
    fixture.ask(method, url, { headers, ...(body && { body }) });
  const soon = { _customer_number: '+12025550124' };
  const wanted = { serviceName: 'support', phoneNumber: '+12025550125' };
  const window = { from: '2020-01-01T00:00:00Z', to: '2040-01-01T00:00:00Z' };
  const dialled = { _access_number: '+493099990001', _access_code: '123456' };
  const ofCustomers = [
    await ask('POST', '/engagement/v3/callbacks/create', wanted),
    await ask('POST', '/engagement/v3/callbacks/retrieve', { id }),
    await ask('GET', '/engagement/v3/callbacks/queue-status/support'),
    await ask('GET', '/engagement/v3/callbacks/availability/support'),
    await ask('POST', '/genesys/1/service/callback/support', soon),
    await ask('GET', `/genesys/1/service/callback?_id=${id}`),
    await ask('GET', `/genesys/1/service/${id}/check-queue-position`),
    await ask('GET', '/genesys/2/service/callback/support/availability'),
  ];
  expect(ofCustomers.map(({ statusCode }) => statusCode)).toEqual(ofCustomers.map(() => 200));
  const ofStaff = [
    await ask('POST', '/engagement/v3/callbacks/query', { phoneNumber: NUMBER }),
    await ask('GET', '/engagement/v3/callbacks/queues/support'),
    await ask('POST', '/engagement/v3/callbacks/bulk-cancel', window),
    await ask('GET', '/genesys/1/service/callback/support'),
    await ask('GET', '/genesys/1/admin/callback/queues'),
    await ask('GET', '/genesys/1/admin/callback/watermarks'),
    await ask('POST', '/genesys/1/admin/callback/cancel', { ids: [id] }),
    await ask('POST', '/genesys/1/admin/callback/reportcancelled', {}),
    await ask('POST', '/genesys/1/service/match-interaction', dialled),
  ];
  expect(ofStaff.map(({ statusCode }) => statusCode)).toEqual(ofStaff.map(() => 403));
  expect(ofStaff.map(({ body }) => body).join('')).not.toContain(NUMBER);
  expect((await ask('GET', '/api/v1/callbacks')).statusCode).toBe(403);
  expect((await ask('POST', '/engagement/v3/callbacks/cancel', { id })).statusCode).toBe(200);
});

it('a key of a whole family may give the narrower scope of it, and not the other way round', async () => {
  const { fixture, house } = await gmsCounter();
  const give = async (own: 'ges' | 'ges:customers', scope: string): Promise<number> => {
    const scopes = ['native:manageApiKeys', own] as const;
    const headers = { 'x-api-key': await gesKey(fixture, house.clock, { scopes }) };
    const body = { name: 'web', role: 'Developer', scopes: [scope] };
    return (await fixture.ask('POST', '/api/v1/api-keys', { headers, body })).statusCode;
  };
  expect(await give('ges', 'ges:customers')).toBe(201);
  expect(await give('ges:customers', 'ges:customers')).toBe(201);
  expect(await give('ges:customers', 'ges')).toBe(403);
  expect(await give('ges', 'gms:customers')).toBe(403);
});

it('one visitor of a page uses up what there is for one, and no other visitor’s', async () => {
  const { fixture, house } = await gmsCounter();
  const ask = async (key: string, address: string): Promise<number> => {
    const url = '/engagement/v3/callbacks/queue-status/support';
    return (await fixture.ask('GET', url, { headers: { 'x-api-key': key }, address })).statusCode;
  };
  const carried = await gesKey(fixture, house.clock, { scopes: ['ges:customers'] });
  const own = await gesKey(fixture, house.clock, { scopes: ['ges'] });
  const statuses = new Map<number, number>();
  for (let requestCount = 0; requestCount < 301; requestCount++) {
    const status = await ask(carried, '192.0.2.1');
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect(await ask(own, '192.0.2.1')).toBe(200);
  }
  expect([...statuses]).toEqual([
    [200, 300],
    [429, 1],
  ]);
  expect(await ask(carried, '192.0.2.2')).toBe(200);
});

it('one visitor of a page asks for few numbers to call in, which are not others’ to wait for', async () => {
  const { fixture, house } = await gmsCounter();
  const ask = async (key: string, address: string, path: string): Promise<number> => {
    const body = path.startsWith('/genesys')
      ? { _resource_group: 'nobody', _phone_number: NUMBER }
      : { groupName: 'nobody' };
    return (await fixture.ask('POST', path, { headers: { 'x-api-key': key }, address, body })).statusCode;
  };
  const ges = '/engagement/v3/call-in/requests/create';
  const gms = '/genesys/1/service/request-interaction';
  const scopes = ['ges:customers', 'gms:customers'] as const;
  const carried = await gesKey(fixture, house.clock, { scopes });
  const own = await gesKey(fixture, house.clock, { scopes: ['ges'] });
  for (let requestCount = 0; requestCount < 30; requestCount++) {
    const path = requestCount % 2 === 0 ? ges : gms;
    expect(await ask(carried, '192.0.2.1', path)).not.toBe(429);
    expect(await ask(own, '192.0.2.1', ges)).not.toBe(429);
  }
  expect(await ask(carried, '192.0.2.1', ges)).toBe(429);
  expect(await ask(carried, '192.0.2.1', gms)).toBe(429);
  expect(await ask(carried, '192.0.2.2', ges)).not.toBe(429);
  expect(await ask(own, '192.0.2.1', ges)).not.toBe(429);
});

it('the document tells which operations the narrower scope is enough for', async () => {
  const { fixture } = await gmsCounter();
  const { paths } = (await fixture.ask('GET', '/api/openapi.json')).json();
  const narrower = (path: string, method: string): unknown => paths[path][method]['x-scope-narrower'];
  expect(narrower('/engagement/v3/callbacks/create', 'post')).toBe('ges:customers');
  expect(narrower('/engagement/v3/callbacks/query', 'post')).toBeUndefined();
  expect(narrower('/genesys/1/service/callback/{serviceName}', 'post')).toBe('gms:customers');
  expect(narrower('/genesys/1/service/callback/{serviceName}', 'get')).toBeUndefined();
});
