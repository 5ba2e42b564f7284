import { beforeEach, describe, expect, it } from 'vitest';
import { isOrigin } from '../../../src/adapters/http/cors.ts';
import type { Ask, Fixture } from './http-fixture.ts';
import { closeFixtures, newFixture } from './http-fixture.ts';

closeFixtures();
const API = '/api/v1';
const SHOP = 'https://shop.example';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await newFixture();
});

async function makeKey(body: object = {}, as: Ask = { role: 'Administrator' }) {
  const made = await fixture.ask('POST', `${API}/api-keys`, {
    ...as,
    body: { name: 'k', role: 'Developer', ...body },
  });
  return { made, id: made.json().id as string, headers: { 'x-api-key': made.json().key as string } };
}

const status = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, ask: Ask): Promise<number> =>
  (await fixture.ask(method, `${API}${path}`, ask)).statusCode;

describe('scopes of an API key', () => {
  it('open what they name and nothing else, within the role', async () => {
    const { headers } = await makeKey({ scopes: ['native:readQueues', 'native:configure'] });
    expect(await status('GET', '/queues', { headers })).toBe(200);
    expect(await status('GET', '/callbacks', { headers })).toBe(403);
    const config = await fixture.ask('GET', `${API}/config`, { headers });
    expect(config.json().error.message).toContain('role');
    const me = (await fixture.ask('GET', `${API}/me`, { headers })).json();
    expect(me).toMatchObject({ permissions: ['signedIn', 'readQueues'], queues: null });
  });

  it('give what comes with a wider permission', async () => {
    const { headers } = await makeKey({ role: 'Monitor', scopes: ['native:readCallbacks'] });
    expect(await status('GET', '/callbacks', { headers })).toBe(200);
    expect(await status('GET', '/callbacks/callback_00000000', { headers })).toBe(404);
    expect(await status('GET', '/agents', { headers })).toBe(403);
  });

  it('hide numbers when the role could see them and the scope does not say so', async () => {
    await fixture.ask('POST', `${API}/callbacks`, {
      role: 'Administrator',
      body: { virtualQueue: 'billing', customerNumber: '+12025550123' },
    });
    const { headers } = await makeKey({ scopes: ['native:readCallbacks'] });
    expect((await fixture.ask('GET', `${API}/callbacks`, { headers })).body).not.toContain('12025550123');
    expect(await status('GET', '/callbacks?number=%2B12025550123', { headers })).toBe(403);
  });

  it('are worth nothing beyond the end of the key that gives them', async () => {
    const end = '2026-02-01T00:00:00.000Z';
    const scopes = ['native:manageApiKeys'];
    const { id, headers } = await makeKey({ scopes, expiresAt: end });
    const longer = { expiresAt: '2026-02-01T00:00:01.000Z' };
    for (const wanted of [longer, { expiresAt: null }]) {
      expect(await status('PATCH', `/api-keys/${id}`, { headers, body: wanted })).toBe(403);
    }
    expect((await makeKey({ scopes, ...longer }, { headers })).made.statusCode).toBe(403);
    const { made } = await makeKey({ scopes }, { headers });
    expect([made.statusCode, made.json().expiresAt]).toEqual([201, end]);
    expect((await makeKey({ scopes, expiresAt: '2026-01-20T00:00:00Z' }, { headers })).made.statusCode).toBe(
      201,
    );
    const { id: lasting } = await makeKey({ scopes });
    expect(await status('POST', `/api-keys/${lasting}/rotate`, { headers, body: {} })).toBe(403);
    expect(await status('PATCH', `/api-keys/${id}`, { role: 'Administrator', body: longer })).toBe(200);
  });

  it('of a family of APIs do not open the native one', async () => {
    const { headers } = await makeKey({ scopes: ['ges', 'gms'] });
    for (const path of ['/queues', '/me', '/callbacks']) {
      const answer = await fixture.ask('GET', `${API}${path}`, { headers });
      expect([path, answer.statusCode, answer.json().error.message]).toEqual([
        path,
        403,
        'the key lacks the scope native',
      ]);
    }
  });

  it('are checked: at least one, known, each once', async () => {
    for (const scopes of [[], ['everything'], ['native:fly'], ['ges', 'ges']]) {
      expect((await makeKey({ scopes })).made.statusCode).toBe(400);
    }
  });

  it('cannot be handed on by a key that has not got them', async () => {
    const { headers } = await makeKey({ scopes: ['native:manageApiKeys', 'native:readQueues'] });
    expect((await makeKey({ scopes: ['native:readQueues'] }, { headers })).made.statusCode).toBe(201);
    for (const scopes of [['native'], ['ges'], ['native:readErrors']]) {
      expect((await makeKey({ scopes }, { headers })).made.statusCode).toBe(403);
    }
  });
});

describe('access groups of an API key', () => {
  it('are those of its maker when the maker is restricted, never more', async () => {
    const times = { createdAtMs: 1, updatedAtMs: 1 };
    await fixture.access.insertAccessGroup({ name: 'sales', queues: ['sales'], ...times });
    await fixture.access.insertAccessGroup({ name: 'service', queues: ['billing'], ...times });
    const { headers, id } = await makeKey({ accessGroups: ['sales'] });
    const child = await makeKey({}, { headers });
    expect(child.made.json().accessGroups).toEqual(['sales']);
    for (const accessGroups of [[], ['service'], ['sales', 'service']]) {
      expect((await makeKey({ accessGroups }, { headers })).made.statusCode).toBe(403);
      expect(await status('PATCH', `/api-keys/${id}`, { headers, body: { accessGroups } })).toBe(403);
    }
    const other = await makeKey({ accessGroups: ['service'] });
    expect(await status('GET', `/api-keys/${other.id}`, { headers })).toBe(404);
    expect(await status('DELETE', `/api-keys/${other.id}`, { headers })).toBe(404);
    const seen = (await fixture.ask('GET', `${API}/api-keys`, { headers })).json().items;
    expect(seen.map((key: { id: string }) => key.id)).toEqual([id, child.id]);
    const unknown = await makeKey({ accessGroups: ['nowhere'] });
    expect(unknown.made.json().error.faults[0].path).toBe('accessGroups');
  });
});

describe('the secret of an API key', () => {
  it('is rotated: both work until the time of grace is over, a third does not', async () => {
    const { id, headers } = await makeKey();
    const rotate = async (): Promise<Record<string, string>> => {
      const answer = await fixture.ask('POST', `${API}/api-keys/${id}/rotate`, {
        role: 'Administrator',
        body: { graceSec: 60 },
      });
      expect(answer.statusCode).toBe(200);
      return { 'x-api-key': answer.json().key };
    };
    const second = await rotate();
    expect([
      await status('GET', '/me', { headers }),
      await status('GET', '/me', { headers: second }),
    ]).toEqual([200, 200]);
    fixture.clock.advance(60_000);
    expect([
      await status('GET', '/me', { headers }),
      await status('GET', '/me', { headers: second }),
    ]).toEqual([401, 200]);
    const third = await rotate();
    await rotate();
    expect(await status('GET', '/me', { headers: second })).toBe(401);
    expect(await status('GET', '/me', { headers: third })).toBe(200);
    const names = fixture.audit.entries.map(({ action }) => action);
    expect(names).toEqual(['api-key.made', 'api-key.rotated', 'api-key.rotated', 'api-key.rotated']);
    expect(JSON.stringify(fixture.audit.entries)).not.toMatch(/tk_[\w-]{43}|[0-9a-f]{64}/);
  });

  it('is told valid or not, whoever it belongs to', async () => {
    const { id, headers } = await makeKey({ expiresAt: '2026-01-05T10:00:00Z' });
    const validate = async (apiKey: string): Promise<unknown> =>
      (await fixture.ask('POST', `${API}/api-keys/validate`, { role: 'Developer', body: { apiKey } })).json();
    expect(await validate(headers['x-api-key'])).toMatchObject({ valid: true, key: { id } });
    expect(await validate(`tk_${'x'.repeat(43)}`)).toEqual({ valid: false, key: null });
    expect(await validate('x')).toEqual({ valid: false, key: null });
    fixture.clock.advance(3_600_000);
    expect(await validate(headers['x-api-key'])).toEqual({ valid: false, key: null });
  });

  it('is never kept in an error record, wherever it was sent', async () => {
    const { headers } = await makeKey();
    const secret = headers['x-api-key'];
    const body = { apiKey: secret, note: `my key is ${secret}` };
    const wrong = await fixture.ask('POST', `${API}/api-keys/validate?key=${secret}`, { headers, body });
    expect(wrong.statusCode).toBe(400);
    expect(JSON.stringify([...fixture.errors.records.values()])).not.toContain(secret);
    expect(fixture.errors.records.size).toBe(1);
  });
});

describe('a change of an API key', () => {
  it('takes effect with the next request and is audited with before and after', async () => {
    const { id, headers } = await makeKey();
    expect(await status('GET', '/queues', { headers })).toBe(200);
    const changed = await fixture.ask('PATCH', `${API}/api-keys/${id}`, {
      role: 'Administrator',
      body: { scopes: ['ges'], origins: [SHOP], name: 'shop' },
    });
    expect(changed.json()).toMatchObject({ name: 'shop', scopes: ['ges'], origins: [SHOP] });
    expect(await status('GET', '/queues', { headers })).toBe(403);
    const entries = (
      await fixture.ask('GET', `${API}/audit?action=api-key.changed`, { role: 'Administrator' })
    ).json().items;
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      target: `api-key:${id}`,
      before: { name: 'k', scopes: ['native'] },
      after: { name: 'shop', scopes: ['ges'] },
    });
    expect(entries[0].actor).toMatch(/^api-key:key_/);
    await fixture.ask('DELETE', `${API}/api-keys/${id}`, { role: 'Administrator' });
    expect(await status('GET', '/queues', { headers })).toBe(401);
  });

  it('is refused to those who could not have made it', async () => {
    const { id } = await makeKey({ role: 'Administrator' });
    for (const [method, path, body] of [
      ['PATCH', '', { name: 'mine' }],
      ['POST', '/rotate', {}],
      ['DELETE', '', undefined],
    ] as const) {
      expect(await status(method, `/api-keys/${id}${path}`, { role: 'Developer', body })).toBe(403);
    }
    const { id: own } = await makeKey();
    const body = { role: 'Administrator' };
    expect(await status('PATCH', `/api-keys/${own}`, { role: 'Developer', body })).toBe(403);
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string): ReturnType<Fixture['ask']> =>
    fixture.server.fastify.inject({
      method: 'OPTIONS',
      url: `${API}/queues`,
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'x-api-key',
      },
    });

  it('are answered a preflight when some key names them', async () => {
    await makeKey({ origins: [SHOP] });
    const allowed = await preflight(SHOP);
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': SHOP,
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Headers',
    });
    expect(allowed.headers['access-control-allow-headers']).toContain('x-api-key');
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    for (const origin of ['https://evil.example', 'http://shop.example', `${SHOP}:8443`, 'null']) {
      const refused = await preflight(origin);
      expect([origin, refused.statusCode, refused.json().error.code]).toEqual([
        origin,
        403,
        'ORIGIN_NOT_ALLOWED',
      ]);
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('may use a key that names them, and no other', async () => {
    const shop = await makeKey({ origins: [SHOP] });
    const blog = await makeKey({ origins: ['https://blog.example'] });
    const any = await makeKey({ origins: ['*'] });
    const none = await makeKey();
    const use = async (key: typeof shop, origin: string): Promise<[number, unknown]> => {
      const headers = { ...key.headers, origin };
      const answer = await fixture.ask('GET', `${API}/queues`, { headers });
      return [answer.statusCode, answer.headers['access-control-allow-origin']];
    };
    expect(await use(shop, SHOP)).toEqual([200, SHOP]);
    expect(await use(any, 'https://else.example')).toEqual([200, 'https://else.example']);
    expect(await use(shop, 'https://blog.example')).toEqual([403, undefined]);
    expect(await use(blog, SHOP)).toEqual([403, undefined]);
    expect(await use(none, SHOP)).toEqual([403, undefined]);
    expect(await status('GET', '/queues', { headers: none.headers })).toBe(200);
  });

  it('can read why their key was refused', async () => {
    await makeKey({ origins: [SHOP] });
    const answer = await fixture.ask('GET', `${API}/queues`, {
      headers: { origin: SHOP, 'x-api-key': `tk_${'x'.repeat(43)}` },
    });
    expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([401, SHOP]);
  });

  it('are forgotten with the key, its origin and its expiry', async () => {
    const { id } = await makeKey({ origins: [SHOP], expiresAt: '2026-01-05T10:00:00Z' });
    const origins = async (): Promise<unknown> =>
      (await fixture.ask('GET', `${API}/cors-origins`, { role: 'Developer' })).json().items;
    expect(await origins()).toEqual([{ origin: SHOP, keys: [id] }]);
    expect((await preflight(SHOP)).statusCode).toBe(204);
    fixture.clock.advance(3_600_000);
    expect((await preflight(SHOP)).statusCode).toBe(403);
    await status('PATCH', `/api-keys/${id}`, { role: 'Administrator', body: { expiresAt: null } });
    expect((await preflight(SHOP)).statusCode).toBe(204);
    await status('PATCH', `/api-keys/${id}`, { role: 'Administrator', body: { origins: [] } });
    expect((await preflight(SHOP)).statusCode).toBe(403);
  });

  it('are written as browsers send them', async () => {
    const good = [SHOP, 'http://localhost:3000', 'https://[2001:db8::1]:8443', 'capacitor://localhost'];
    const bad = [
      'https://shop.example/',
      'https://Shop.example',
      'https://shop.example:443',
      'shop.example',
      'https://*.example',
      'https://u@shop.example',
      'null',
      '',
      `https://${'a'.repeat(300)}.example`,
    ];
    expect(good.filter(isOrigin)).toEqual(good);
    expect(bad.filter(isOrigin)).toEqual([]);
    for (const origins of [[bad[0]], ['*', SHOP], [SHOP, SHOP]]) {
      expect((await makeKey({ origins })).made.statusCode).toBe(400);
    }
  });
});
