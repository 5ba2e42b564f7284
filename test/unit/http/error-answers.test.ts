import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/kernel/errors.ts';
import { closeFixtures, newFixture, validRequest } from './http-fixture.ts';

closeFixtures();
const CALLBACKS = '/api/v1/callbacks';
const json = { 'content-type': 'application/json' };

describe('error answers', () => {
  it('name no whole body as the wrong value: one of text may have a password in it', async () => {
    const { ask, errors } = await newFixture();
    const text = '{"name":"admin","password":"correct horse"}';
    const answer = await ask('POST', '/api/v1/login', { text, headers: { 'content-type': 'text/csv' } });
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.json().error.faults).toMatchObject([{ path: 'body' }]);
    expect(answer.body + JSON.stringify([...errors.records.values()])).not.toContain('horse');
  });

  it.each([
    ['GET', '/nowhere', {}, 404, 'ROUTE_NOT_FOUND'],
    ['GET', '/api/v1/callbacks/x/y/z', {}, 404, 'ROUTE_NOT_FOUND'],
    ['DELETE', CALLBACKS, {}, 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/%E0%A4%A', {}, 400, 'BAD_REQUEST'],
    ['POST', CALLBACKS, { text: '{"a":', headers: json }, 400, 'MALFORMED_BODY'],
    ['POST', CALLBACKS, { text: '', headers: json }, 400, 'MALFORMED_BODY'],
    ['POST', CALLBACKS, { text: '{"__proto__":{"a":1}}', headers: json }, 400, 'MALFORMED_BODY'],
    [
      'POST',
      CALLBACKS,
      { text: 'hello', headers: { 'content-type': 'text/plain' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'POST',
      CALLBACKS,
      { text: 'a: 1', headers: { 'content-type': 'application/yaml' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'POST',
      '/api/v1/users',
      { text: `{"a":"${'x'.repeat(1_100_000)}"}`, headers: json },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
  ] as const)('%s %s → one envelope', async (method, url, ask, status, code) => {
    const { ask: send } = await newFixture();
    const answer = await send(method, url, { role: 'Administrator', ...ask });
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code]);
    const { error } = answer.json();
    expect(error.correlationId).toMatch(/^corr_[0-9a-z]+$/);
    expect(answer.headers['x-correlation-id']).toBe(error.correlationId);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(Object.keys(answer.json())).toEqual(['error']);
  });

  it('says which methods an address takes', async () => {
    const { ask } = await newFixture();
    const answer = await ask('DELETE', CALLBACKS);
    expect(answer.headers.allow).toBe('GET, POST');
  });

  it.each([
    [new Error('secret path /etc/shadow'), 500, 'INTERNAL_ERROR'],
    [new AppError('STORE_FAILED', 'secret path /etc/shadow'), 500, 'STORE_FAILED'],
    [new AppError('STORE_BUSY', 'secret path /etc/shadow', { retryable: true }), 503, 'STORE_BUSY'],
  ])('shows nothing of the inside when a route throws %s', async (thrown, status, code) => {
    const { ask, application } = await newFixture();
    application.throwNext = thrown;
    const answer = await ask('GET', `${CALLBACKS}/callback_00000000`, { role: 'Monitor' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code]);
    expect(answer.body).not.toMatch(/shadow|\.ts|stack/);
    expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
  });

  it('is found by its correlation id with the request that caused it, secrets removed and numbers masked', async () => {
    const { ask, errors } = await newFixture();
    const body = { name: 'x y', role: 'Monitor', password: 'hush-hush-hush', note: 'call +12025550123' };
    const wrong = await ask('POST', '/api/v1/users?n=%2B12025550123', { role: 'Administrator', body });
    const id = wrong.headers['x-correlation-id'] as string;
    const found = await ask('GET', `/api/v1/errors/${id}`, { role: 'Developer' });
    expect(found.json()).toMatchObject({
      correlationId: id,
      status: 400,
      code: 'VALIDATION_FAILED',
      method: 'POST',
      path: '/api/v1/users?n=[removed]',
      actor: expect.stringMatching(/^api-key:key_/),
      address: '192.0.2.9',
      at: '2026-01-05T09:00:00.000Z',
    });
    expect(found.body).not.toMatch(/hush|2025550123/);
    expect(errors.records.get(id)?.detail).toContain('"name":"x y"');
    const list = await ask('GET', '/api/v1/errors?limit=10', { role: 'Developer' });
    expect(list.json().items.map((item: { correlationId: string }) => item.correlationId)).toContain(id);
  });

  it('is found after a restart, when only the store knows it', async () => {
    const before = await newFixture();
    const id = (await before.ask('GET', '/nowhere')).headers['x-correlation-id'] as string;
    const record = before.errors.records.get(id);
    const after = await newFixture();
    if (record) await after.errors.putError(record);
    expect((await after.ask('GET', `/api/v1/errors/${id}`, { role: 'Developer' })).statusCode).toBe(200);
    expect((await after.ask('GET', '/api/v1/errors/corr_zzzzzzzz', { role: 'Developer' })).statusCode).toBe(
      404,
    );
  });

  it('does not take a correlation id from outside', async () => {
    const { ask } = await newFixture();
    const answer = await ask('GET', '/nowhere', {
      headers: { 'x-correlation-id': 'mine', 'request-id': 'mine' },
    });
    expect(answer.headers['x-correlation-id']).toMatch(/^corr_/);
  });
});

describe('limits', () => {
  it('answers 429 with Retry-After beyond the rate of an address, and lets others pass', async () => {
    const { ask, clock, errors } = await newFixture({ addressRate: { perMinuteMax: 60, burstMax: 3 } });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await ask('GET', '/api/v1/health')).statusCode);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const refused = await ask('GET', '/api/v1/health');
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.json().error.code).toBe('RATE_LIMITED');
    expect(errors.records.size).toBe(0);
    expect((await ask('GET', '/api/v1/health', { address: '192.0.2.10' })).statusCode).toBe(200);
    clock.advance(1000);
    expect((await ask('GET', '/api/v1/health')).statusCode).toBe(200);
    const id = refused.headers['x-correlation-id'] as string;
    clock.advance(1000);
    expect((await ask('GET', `/api/v1/errors/${id}`, { role: 'Developer' })).statusCode).toBe(200);
  });

  it('counts a key by itself, whatever address it comes from', async () => {
    const { ask } = await newFixture({ principalRate: { perMinuteMax: 60, burstMax: 2 } });
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const answer = await ask('GET', '/api/v1/queues', { role: 'Monitor', address: `192.0.2.${i}` });
      statuses.push(answer.statusCode);
    }
    expect(statuses).toEqual([200, 200, 429]);
    expect((await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest })).statusCode).toBe(201);
  });

  it('does not believe X-Forwarded-For unless the proxy is trusted', async () => {
    const rate = { addressRate: { perMinuteMax: 60, burstMax: 1 } };
    for (const [trustedProxies, second] of [
      [[], 429],
      [['192.0.2.9'], 200],
    ] as const) {
      const { ask } = await newFixture({ ...rate, trustedProxies });
      await ask('GET', '/api/v1/health', { headers: { 'x-forwarded-for': '198.51.100.1' } });
      const answer = await ask('GET', '/api/v1/health', { headers: { 'x-forwarded-for': '198.51.100.2' } });
      expect(answer.statusCode).toBe(second);
    }
  });
});
