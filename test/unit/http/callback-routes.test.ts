import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/kernel/errors.ts';
import type { Refusal } from '../../../src/application/application.ts';
import { closeFixtures, newFixture, validRequest } from './http-fixture.ts';
import type { Fixture } from './http-fixture.ts';

closeFixtures();
const CALLBACKS = '/api/v1/callbacks';

async function createdId({ ask }: Fixture, body: object = validRequest): Promise<string> {
  const answer = await ask('POST', CALLBACKS, { role: 'Developer', body });
  expect(answer.statusCode).toBe(201);
  return answer.json().id as string;
}

describe('POST /callbacks', () => {
  it('makes a callback and says where it is', async () => {
    const { ask, application } = await newFixture();
    const answer = await ask('POST', CALLBACKS, {
      role: 'Developer',
      body: { ...validRequest, desiredAt: '2026-01-05T12:00:00+02:00', userData: { case: 'A1' } },
    });
    expect(answer.statusCode).toBe(201);
    const body = answer.json();
    expect(body).toMatchObject({
      virtualQueue: 'billing',
      customerNumber: '+12025550123',
      state: 'QUEUED',
      desiredAt: '2026-01-05T10:00:00.000Z',
      userData: { case: 'A1' },
    });
    expect(answer.headers.location).toBe(`${CALLBACKS}/${body.id}`);
    expect(application.actors).toEqual([{ kind: 'api-key', id: expect.stringMatching(/^key_/) }]);
  });

  it('lists every fault of a wrong body with its path and value', async () => {
    const { ask, application } = await newFixture();
    const answer = await ask('POST', CALLBACKS, {
      role: 'Developer',
      body: { virtualQueue: 'two  spaces', priority: 'high', extra: 1 },
    });
    expect(answer.statusCode).toBe(400);
    const { error } = answer.json();
    expect(error.code).toBe('VALIDATION_FAILED');
    expect(error.faults.map((fault: { path: string }) => fault.path).sort()).toEqual([
      'body',
      'customerNumber',
      'priority',
      'virtualQueue',
    ]);
    expect(error.faults).toContainEqual(
      expect.objectContaining({ path: 'virtualQueue', value: 'two  spaces' }),
    );
    expect(application.callbacks.size).toBe(0);
  });

  it.each<[Refusal, number, string, object]>([
    [{ kind: 'unknown-queue', virtualQueue: 'x' }, 404, 'UNKNOWN_QUEUE', {}],
    [{ kind: 'invalid-number', reason: 'too short' }, 422, 'INVALID_NUMBER', {}],
    [
      { kind: 'number-not-permitted', step: 'country', reason: 'belongs to DE' },
      422,
      'COUNTRY_NOT_PERMITTED',
      { step: 'country', faults: [{ path: 'customerNumber', message: 'belongs to DE' }] },
    ],
    [
      { kind: 'number-not-permitted', step: 'premium', reason: 'is a premium-rate number' },
      422,
      'NUMBER_BLOCKED',
      { step: 'premium' },
    ],
    [
      { kind: 'number-not-permitted', step: 'pattern', reason: 'pattern 1' },
      422,
      'NUMBER_BLOCKED',
      { step: 'pattern' },
    ],
    [{ kind: 'duplicate', openCount: 2, max: 2 }, 409, 'DUPLICATE_CALLBACK', { openCount: 2, max: 2 }],
    [
      { kind: 'throttled', max: 6, windowMs: 86_400_000, retryAfterSec: 77 },
      429,
      'THROTTLED',
      { max: 6, windowSec: 86_400 },
    ],
    [{ kind: 'queue-full', max: 10 }, 503, 'QUEUE_FULL', { max: 10 }],
    [{ kind: 'not-found' }, 404, 'NOT_FOUND', {}],
    [
      { kind: 'not-allowed', state: 'PROCESSING', allowed: ['QUEUED'] },
      409,
      'NOT_ALLOWED_IN_STATE',
      { state: 'PROCESSING', allowed: ['QUEUED'] },
    ],
  ])('answers the refusal %j with %i %s', async (refusal, status, code, extra) => {
    const { ask, application } = await newFixture();
    application.refuseNext = refusal;
    const answer = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().error).toMatchObject({ code, ...extra });
    expect(answer.headers['retry-after']).toBe({ 503: '60', 429: '77' }[status]);
  });

  it('refuses a body over 64 KiB', async () => {
    const { ask } = await newFixture();
    const body = { ...validRequest, userData: { big: 'x'.repeat(66_000) } };
    const answer = await ask('POST', CALLBACKS, { role: 'Developer', body });
    expect(answer.statusCode).toBe(413);
    expect(answer.json().error.code).toBe('PAYLOAD_TOO_LARGE');
  });
});

describe('Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'order-1' };

  it('returns the same callback for the same key and body, whatever the order of the members', async () => {
    const { ask, application } = await newFixture();
    const first = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    const { virtualQueue, customerNumber } = validRequest;
    const second = await ask('POST', CALLBACKS, {
      role: 'Developer',
      body: { customerNumber, virtualQueue },
      headers,
    });
    expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
    expect(second.json().id).toBe(first.json().id);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(application.callbacks.size).toBe(1);
  });

  it('refuses the same key with another body', async () => {
    const { ask, application } = await newFixture();
    await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    const body = { ...validRequest, priority: 5 };
    const answer = await ask('POST', CALLBACKS, { role: 'Developer', body, headers });
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(application.callbacks.size).toBe(1);
  });

  it('keeps the keys of different callers apart', async () => {
    const { ask, application } = await newFixture();
    await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    const answer = await ask('POST', CALLBACKS, { role: 'Supervisor', body: validRequest, headers });
    expect(answer.statusCode).toBe(201);
    expect(application.callbacks.size).toBe(2);
  });

  it('makes one callback when the same request comes twice at the same moment', async () => {
    const { ask, application } = await newFixture();
    let open: () => void = () => undefined;
    application.gate = new Promise((resolve) => (open = resolve));
    const first = ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    const second = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    expect([second.statusCode, second.json().error.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    expect(second.headers['retry-after']).toBe('1');
    open();
    expect((await first).statusCode).toBe(201);
    expect(application.callbacks.size).toBe(1);
  });

  it('makes one callback when the process stopped before, or after, the first was stored', async () => {
    const { ask, application } = await newFixture();
    application.throwNext = new AppError('STORE_FAILED', 'disk gone', { retryable: true });
    const lost = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    expect(lost.statusCode).toBe(503);
    const made = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    expect(made.statusCode).toBe(201);
    const again = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    expect(again.json().id).toBe(made.json().id);
    expect(application.callbacks.size).toBe(1);
  });

  it('gives the key free when the request was refused, and after 24 hours', async () => {
    const { ask, application, clock } = await newFixture();
    application.refuseNext = { kind: 'queue-full', max: 1 };
    await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    const first = await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers });
    expect(first.statusCode).toBe(201);
    clock.advance(24 * 3_600_000 - 1);
    expect(
      (await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers })).statusCode,
    ).toBe(200);
    clock.advance(1);
    expect(
      (await ask('POST', CALLBACKS, { role: 'Developer', body: validRequest, headers })).statusCode,
    ).toBe(201);
  });
});

describe('GET /callbacks', () => {
  it('pages through the list, newest first, until there is no cursor', async () => {
    const fixture = await newFixture();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      fixture.clock.advance(1000);
      ids.unshift(await createdId(fixture));
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null && page < 10; page++) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const body = (await fixture.ask('GET', `${CALLBACKS}?limit=2${query}`, { role: 'Monitor' })).json();
      seen.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(ids);
  });

  it('filters by state, queue, number and time of creation', async () => {
    const fixture = await newFixture();
    const first = await createdId(fixture);
    fixture.clock.advance(60_000);
    const second = await createdId(fixture, { virtualQueue: 'sales', customerNumber: '+12025550199' });
    const list = async (query: string): Promise<string[]> => {
      const answer = await fixture.ask('GET', `${CALLBACKS}?${query}`, { role: 'Supervisor' });
      expect(answer.statusCode).toBe(200);
      return answer.json().items.map((item: { id: string }) => item.id);
    };
    expect(await list('queue=billing')).toEqual([first]);
    expect(await list('number=%2B12025550199')).toEqual([second]);
    expect(await list('createdFrom=2026-01-05T09:00:30Z')).toEqual([second]);
    expect(await list('createdTo=2026-01-05T09:00:30Z')).toEqual([first]);
    expect(await list('state=QUEUED,ROUTING')).toEqual([second, first]);
    expect(await list('state=COMPLETED')).toEqual([]);
  });

  it.each(['limit=0', 'limit=201', 'state=LOST', 'createdFrom=yesterday', 'cursor=1', 'colour=red'])(
    'refuses the query %s',
    async (query) => {
      const { ask } = await newFixture();
      const answer = await ask('GET', `${CALLBACKS}?${query}`, { role: 'Supervisor' });
      expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_FAILED']);
    },
  );

  it('hides numbers from a monitor, in the list, the detail, the history and the search', async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture, { ...validRequest, userData: { phone: '+12025550123', case: 'A1' } });
    for (const url of [CALLBACKS, `${CALLBACKS}/${id}`]) {
      const answer = await fixture.ask('GET', url, { role: 'Monitor' });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('+********123');
      expect(answer.body).not.toContain('2025550123');
    }
    const search = await fixture.ask('GET', `${CALLBACKS}?number=%2B12025550123`, { role: 'Monitor' });
    expect(search.statusCode).toBe(403);
    const open = await fixture.ask('GET', `${CALLBACKS}/${id}`, { role: 'Supervisor' });
    expect(open.json()).toMatchObject({
      customerNumber: '+12025550123',
      userData: { phone: '+12025550123' },
    });
  });
});

describe('GET /callbacks/{id}', () => {
  it('shows attempts, events and position', async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    const answer = await fixture.ask('GET', `${CALLBACKS}/${id}`, { role: 'Supervisor' });
    expect(answer.json()).toMatchObject({
      id,
      position: 1,
      attempts: [],
      events: [{ at: '2026-01-05T09:00:00.000Z', kind: 'CREATED', actor: { kind: 'api-key' } }],
    });
  });

  it('shows an agent only the callback they serve, with its number', async () => {
    const fixture = await newFixture();
    const id = await createdId(fixture);
    expect((await fixture.ask('GET', `${CALLBACKS}/${id}`, { role: 'Agent' })).statusCode).toBe(404);
    const callback = fixture.application.callbacks.get(id);
    if (callback)
      fixture.application.callbacks.set(id, { ...callback, agentId: 'alice', state: 'PROCESSING' });
    const answer = await fixture.ask('GET', `${CALLBACKS}/${id}`, { role: 'Agent' });
    expect(answer.json()).toMatchObject({ customerNumber: '+12025550123' });
  });

  it('answers 404 for one that does not exist and 400 for what is no id', async () => {
    const { ask } = await newFixture();
    expect((await ask('GET', `${CALLBACKS}/callback_00000000`, { role: 'Monitor' })).statusCode).toBe(404);
    expect((await ask('GET', `${CALLBACKS}/..%2F..%2Fetc`, { role: 'Monitor' })).statusCode).toBe(400);
  });
});

describe('POST /callbacks/{id}/cancel', () => {
  it('cancels, and passes a refusal on with state and what is allowed', async () => {
    const fixture = await newFixture();
    const url = `${CALLBACKS}/${await createdId(fixture)}/cancel`;
    fixture.application.refuseNext = { kind: 'not-allowed', state: 'PROCESSING', allowed: ['QUEUED'] };
    expect((await fixture.ask('POST', url, { role: 'Supervisor' })).statusCode).toBe(409);
    const answer = await fixture.ask('POST', url, { role: 'Supervisor' });
    expect(answer.json()).toMatchObject({ state: 'COMPLETED', reason: 'CANCELLED_BY_API' });
  });
});
