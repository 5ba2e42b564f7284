import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GesCounter, gesCounter, MORNING } from '../../fakes/ges-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

const valid = { serviceName: 'support', phoneNumber: '+12025550123' };
const NOON = '2026-01-05T12:00:00.000Z';
const long = (length: number): string => 'x'.repeat(length);
const deep = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));

/** What is sent, the code it is refused with, and what the message must name: the field and the rule. */
const badInput: readonly [string, unknown, number, readonly string[]][] = [
  ['no body', undefined, 40_001, ['JSON object']],
  ['a list', [], 40_001, ['JSON object']],
  ['a text', '"x"', 40_001, ['JSON object']],
  ['nothing in it', {}, 40_001, ['serviceName is required', 'phoneNumber is required']],
  ['serviceName missing', { phoneNumber: '+12025550123' }, 40_001, ['serviceName is required']],
  ['serviceName null', { ...valid, serviceName: null }, 40_001, ['serviceName is required']],
  ['serviceName a number', { ...valid, serviceName: 5 }, 40_001, ['serviceName', 'must be text']],
  ['serviceName empty', { ...valid, serviceName: '' }, 40_001, ['serviceName', '1–255 characters']],
  ['serviceName too long', { ...valid, serviceName: long(256) }, 40_001, ['serviceName', '1–255']],
  [
    'serviceName unknown',
    { ...valid, serviceName: 'sales' },
    40_002,
    ['serviceName "sales" is not configured'],
  ],
  ['serviceName of a prototype', { ...valid, serviceName: '__proto__' }, 40_002, ['serviceName']],
  ['serviceName with SQL', { ...valid, serviceName: "'; drop table callback; --" }, 40_002, ['serviceName']],
  ['serviceName with a path', { ...valid, serviceName: '../../etc/passwd' }, 40_002, ['serviceName']],
  ['phoneNumber missing', { serviceName: 'support' }, 40_001, ['phoneNumber is required']],
  ['phoneNumber a number', { ...valid, phoneNumber: 12_025_550_123 }, 40_001, ['phoneNumber', 'text']],
  ['phoneNumber empty', { ...valid, phoneNumber: '' }, 40_001, ['phoneNumber', '2–32 characters']],
  ['phoneNumber blank', { ...valid, phoneNumber: '   ' }, 40_001, ['phoneNumber', '2–32 characters']],
  ['phoneNumber too long', { ...valid, phoneNumber: '1'.repeat(33) }, 40_001, ['phoneNumber', '2–32']],
  ['phoneNumber of letters', { ...valid, phoneNumber: 'call me' }, 40_003, ['phoneNumber']],
  ['phoneNumber impossible', { ...valid, phoneNumber: '+1202555' }, 40_003, ['phoneNumber']],
  ['phoneNumber with a header', { ...valid, phoneNumber: '+1202\r\nX: y' }, 40_003, ['phoneNumber']],
  ['phoneNumber premium', { ...valid, phoneNumber: '+19005550123' }, 40_003, ['phoneNumber']],
  ['desiredTime a number', { ...valid, desiredTime: 5 }, 40_001, ['desiredTime', 'ISO 8601']],
  [
    'desiredTime no time',
    { ...valid, desiredTime: 'tomorrow' },
    40_001,
    ['desiredTime "tomorrow"', 'ISO 8601'],
  ],
  ['desiredTime of no day', { ...valid, desiredTime: '2026-02-30T09:00:00Z' }, 40_001, ['desiredTime']],
  ['desiredTime too long', { ...valid, desiredTime: long(41) }, 40_001, ['desiredTime']],
  ['desiredTime too far', { ...valid, desiredTime: '2027-01-05T12:00:00Z' }, 42_901, ['too-far']],
  ['cbOfferType a number', { ...valid, cbOfferType: 1 }, 40_001, ['cbOfferType', 'must be text']],
  ['cbOfferType too long', { ...valid, cbOfferType: long(1025) }, 40_001, ['cbOfferType', 'at most 1024']],
  ['language a number', { ...valid, language: 7 }, 40_001, ['language', 'must be text']],
  ['language a path', { ...valid, language: '../en' }, 40_001, ['language', 'en-US']],
  ['inboundVQ a list', { ...valid, inboundVQ: [] }, 40_001, ['inboundVQ', 'must be text']],
  ['inboundVQ too long', { ...valid, inboundVQ: long(256) }, 40_001, ['inboundVQ', 'at most 255']],
  ['offerThreshold a text', { ...valid, offerThreshold: '60' }, 40_001, ['offerThreshold', '0 to 86400']],
  ['offerThreshold below 0', { ...valid, offerThreshold: -1 }, 40_001, ['offerThreshold', '0 to 86400']],
  ['channel a truth', { ...valid, channel: true }, 40_001, ['channel', 'must be text']],
  ['channel too long', { ...valid, channel: long(65) }, 40_001, ['channel', 'at most 64']],
  ['offerTiming an object', { ...valid, offerTiming: {} }, 40_001, ['offerTiming', 'must be text']],
  ['cbOriginationIxnId long', { ...valid, cbOriginationIxnId: long(256) }, 40_001, ['cbOriginationIxnId']],
  ['surveyRP a number', { ...valid, surveyRP: 1 }, 40_001, ['surveyRP', 'must be text']],
  ['priority a text', { ...valid, priority: 'high' }, 40_001, ['priority', '0 to 2000']],
  ['priority a fraction', { ...valid, priority: 1.5 }, 40_001, ['priority', 'whole number']],
  ['priority too high', { ...valid, priority: 2001 }, 40_001, ['priority 2001', '0 to 2000']],
  [
    'priority without end',
    `{"serviceName":"support","phoneNumber":"+12025550123","priority":1e999}`,
    40_001,
    ['priority'],
  ],
  ['routePoint too long', { ...valid, routePoint: long(65) }, 40_001, ['routePoint', 'at most 64']],
  ['userData a text', { ...valid, userData: 'x' }, 40_001, ['userData', 'object']],
  ['userData a list', { ...valid, userData: ['x'] }, 40_001, ['userData', 'object']],
  ['userData too large', { ...valid, userData: { a: long(8192) } }, 40_001, ['userData', '8192 characters']],
  ['userData too deep', { ...valid, userData: deep(200) }, 40_001, ['32 levels']],
  ['captchaToken a number', { ...valid, captchaToken: 1 }, 40_001, ['captchaToken', 'must be text']],
  ['pushTargets an object', { ...valid, pushTargets: {} }, 40_001, ['pushTargets', 'list']],
  ['pushTargets of texts', { ...valid, pushTargets: ['t'] }, 40_001, ['pushTargets', 'FCM']],
  [
    'pushTargets of another channel',
    { ...valid, pushTargets: [{ channel: 'APNS', target: 't' }] },
    40_001,
    ['pushTargets[0].channel', 'must be FCM'],
  ],
  [
    'pushTargets without a target',
    { ...valid, pushTargets: [{ channel: 'FCM' }] },
    40_001,
    ['pushTargets[0].target is required'],
  ],
  [
    'too many pushTargets',
    { ...valid, pushTargets: Array.from({ length: 11 }, () => ({ channel: 'FCM', target: 't' })) },
    40_001,
    ['pushTargets', 'at most 10'],
  ],
  [
    'alwaysCheckCapacity a text',
    { ...valid, alwaysCheckCapacity: 'true' },
    40_001,
    ['alwaysCheckCapacity', 'true or false'],
  ],
  ['an unknown field', { ...valid, colour: 'blue' }, 40_001, ['unknown field colour', 'phoneNumber']],
  [
    'a prototype',
    '{"serviceName":"support","phoneNumber":"+12025550123","__proto__":{"a":1}}',
    40_001,
    ['JSON'],
  ],
  ['broken JSON', '{"serviceName":', 40_001, ['JSON']],
  ['more than the body may have', { ...valid, userData: { a: long(100_000) } }, 40_001, ['too large']],
];

describe('POST /callbacks/create', () => {
  // Building a server takes longer than all these requests; not one of them leaves anything behind.
  let shared: GesCounter;
  beforeAll(async () => {
    shared = await gesCounter({}, { keepOpen: true });
  });
  afterAll(() => shared.fixture.server.close());

  it.each(badInput)('refuses %s, names field and rule, and stores nothing', async (_, sent, code, named) => {
    const { post, house } = shared;
    const answer = await post('/callbacks/create', sent, { 'content-type': 'application/json' });
    const { status } = answer.json();
    expect([answer.statusCode, status.code]).toEqual([Math.floor(code / 100), code]);
    for (const words of named) expect(status.message).toContain(words);
    expect(status.corrId).toBe(answer.headers['x-correlation-id']);
    expect(house.store.callbacks.size).toBe(0);
    expect(house.store.events).toEqual([]);
  });

  it('takes a null time as none, and an address that ends in a slash', async () => {
    const { post, application } = await gesCounter();
    const answer = await post('/callbacks/create/', { ...valid, desiredTime: null });
    expect(answer.statusCode).toBe(200);
    expect(await application.findCallback(answer.json().data.id)).toMatchObject({
      state: 'QUEUED',
      details: { offerType: 'ASAP' },
    });
  });

  it('needs a content type of JSON', async () => {
    const { fixture, post } = await gesCounter();
    const answer = await post('/callbacks/create', JSON.stringify(valid), { 'content-type': 'text/xml' });
    expect([answer.statusCode, answer.json().status.code]).toEqual([400, 40_001]);
    expect(fixture.application.callbacks.size).toBe(0);
  });

  it('makes an immediate callback of the two fields that are needed', async () => {
    const { post, house } = await gesCounter();
    const answer = await post('/callbacks/create', valid);
    expect(answer.statusCode).toBe(200);
    const corrId = answer.headers['x-correlation-id'];
    const [made] = house.store.callbacks.values();
    expect(answer.json()).toEqual({
      status: { code: 0, message: 'Successful', corrId },
      data: { id: made?.id },
    });
    expect(made).toMatchObject({
      state: 'QUEUED',
      customerNumber: '+12025550123',
      language: 'en-US',
      origin: 'api',
      details: { channel: 'UNKNOWN', offerType: 'ASAP' },
    });
  });

  it('keeps everything that is told', async () => {
    const { post, house, fixture } = await gesCounter();
    const answer = await post('/callbacks/create', {
      serviceName: 'support',
      phoneNumber: '(202) 555-0123',
      desiredTime: NOON,
      cbOfferType: 'COMBINED_SCHEDULED_AND_ASAP',
      language: 'de_de',
      inboundVQ: 'support_VQ',
      offerThreshold: 120,
      channel: 'web',
      offerTiming: 'OFF-HOURS',
      cbOriginationIxnId: 'ixn-1',
      surveyRP: '8100',
      priority: 7,
      routePoint: 'backup',
      userData: { order: 'A-1', 'not valid': 'x', count: 3, nested: { a: [1] }, $ok: true },
      pushTargets: [{ channel: 'FCM', target: 'device' }],
      alwaysCheckCapacity: true,
    });
    expect(answer.statusCode).toBe(200);
    const [made] = house.store.callbacks.values();
    expect(house.store.events[0]).toMatchObject({
      kind: 'CREATED',
      actor: { kind: 'api-key', id: expect.stringContaining('key_') },
      data: { through: 'ges' },
    });
    expect(made).toMatchObject({
      state: 'SCHEDULED',
      customerNumber: '+12025550123',
      desiredAtMs: Date.parse(NOON),
      language: 'de-DE',
      priority: 7,
      userData: { order: 'A-1', count: '3', nested: '{"a":[1]}', $ok: 'true' },
      details: {
        channel: 'WEB',
        offerType: 'COMBINED_SCHEDULED_AND_ASAP',
        offerTiming: 'OFF-HOURS',
        inboundQueue: 'support_VQ',
        offerThresholdSec: 120,
        originInteractionId: 'ixn-1',
        surveyRoutingPoint: '8100',
        routingPoint: 'backup',
        pushTargets: [{ channel: 'FCM', target: 'device' }],
      },
    });
    expect(Object.keys(made?.userData ?? {})).not.toContain('not valid');
    const told = JSON.stringify(house.store.events);
    expect(told).toContain('COMBINED_SCHEDULED_AND_ASAP');
    expect(told).not.toMatch(/device|A-1|12025550123/);
    const shown = await fixture.ask('GET', `/api/v1/callbacks/${made?.id}`, { role: 'Developer' });
    expect(shown.json().details).toMatchObject({ channel: 'WEB', pushTargetCount: 1 });
    expect(shown.json().details).not.toHaveProperty('pushTargets');
  });

  it('takes null for what may be absent, and reads a time without an offset as UTC', async () => {
    const { post, house } = await gesCounter();
    const nothing = { priority: null, userData: null, channel: null, pushTargets: null, language: null };
    await post('/callbacks/create', { ...valid, ...nothing, desiredTime: '2026-01-05T12:00:00' });
    const [made] = house.store.callbacks.values();
    expect(made).toMatchObject({ desiredAtMs: Date.parse(NOON), userData: {}, priority: 0 });
  });

  it('takes empty text for what may be absent, as forms send it, and rounds what is for reports', async () => {
    const { post, house } = await gesCounter();
    const names = ['desiredTime', 'cbOfferType', 'language', 'inboundVQ', 'channel', 'offerTiming'];
    const others = ['cbOriginationIxnId', 'surveyRP', 'routePoint', 'captchaToken'];
    const empty = Object.fromEntries([...names, ...others].map((name) => [name, '']));
    const answer = await post('/callbacks/create', { ...valid, ...empty, offerThreshold: 90.5 });
    expect(answer.statusCode).toBe(200);
    const [made] = house.store.callbacks.values();
    expect(made).toMatchObject({ state: 'QUEUED', language: 'en-US' });
    expect(made?.details).toEqual({ offerThresholdSec: 91, channel: 'UNKNOWN', offerType: 'ASAP' });
  });

  it('never writes user data into the error book', async () => {
    const { post, fixture } = await gesCounter();
    await post('/callbacks/create', { ...valid, priority: -1, userData: { secretOfMine: 'rosebud' } });
    expect(JSON.stringify([...fixture.errors.records.values()])).not.toMatch(/rosebud|secretOfMine/);
    expect(fixture.errors.records.size).toBe(1);
  });

  it('shows of a wrong value what it begins with, and of a secret nothing', async () => {
    const { post } = await gesCounter();
    const message = async (fields: object): Promise<string> =>
      (await post('/callbacks/create', { ...valid, ...fields })).json().status.message;
    expect(await message({ channel: long(65) })).toContain(
      `channel "${long(64)}…" must have at most 64 characters`,
    );
    expect(await message({ language: 'e' })).toContain('language "e" must be a language');
    expect(await message({ alwaysCheckCapacity: 1 })).toContain(
      'alwaysCheckCapacity 1 must be true or false',
    );
    expect(await message({ captchaToken: 4711 })).not.toContain('4711');
  });

  it('keeps refusals for want of room in the error book, and answers to floods in memory only', async () => {
    const { post, fixture } = await gesCounter({ throttlePerNumberPerDay: 1 });
    const later = { ...valid, desiredTime: '2027-01-05T12:00:00Z' };
    const { corrId } = (await post('/callbacks/create', later)).json().status;
    expect(fixture.errors.records.get(corrId)).toMatchObject({
      status: 429,
      code: 'SLOT_FULL',
      detail: expect.stringContaining('"reason":"too-far"'),
    });
    await post('/callbacks/create', valid);
    expect((await post('/callbacks/create', valid)).json().status.code).toBe(42_902);
    expect(fixture.errors.records.size).toBe(1);
  });
});

describe('booking by the v3 API', () => {
  it('is lenient: outside hours and disabled, callbacks are taken', async () => {
    const { book, house } = await gesCounter({ immediateEnabled: false, scheduledEnabled: false });
    house.clock.advance(9 * 3_600_000);
    await book();
    await book({ desiredTime: '2026-01-06T03:00:00Z' });
    const made = [...house.store.callbacks.values()];
    expect(made.map(({ desiredAtMs }) => new Date(desiredAtMs).toISOString())).toEqual([
      '2026-01-05T19:00:00.000Z',
      '2026-01-06T03:00:00.000Z',
    ]);
  });

  it('moves a callback from a full slot to the nearest free one', async () => {
    const { book, post } = await gesCounter();
    await book({ desiredTime: NOON });
    const id = await book({ desiredTime: NOON });
    const { data } = (await post('/callbacks/retrieve', { id })).json();
    expect(data.desiredTime).toBe('2026-01-05T12:15:00.000Z');
  });

  it.each([
    ['the request says so', {}, true],
    ['the queue says so', { bookingCheck: 'strict' }, false],
    ['the request says so on a lenient queue', { bookingCheck: 'lenient' }, true],
  ] as const)('refuses a full slot with free ones where %s', async (_, settings, alwaysCheckCapacity) => {
    const { book, post, house } = await gesCounter(settings);
    await book({ desiredTime: NOON });
    const answer = await post('/callbacks/create', { ...valid, desiredTime: NOON, alwaysCheckCapacity });
    expect(answer.statusCode).toBe(429);
    const { status, data } = answer.json();
    expect(status.code).toBe(42_901);
    expect(data.slots['2026-01-05T12:15:00.000Z']).toBe(1);
    expect(data.slots[NOON]).toBeUndefined();
    expect(house.store.callbacks.size).toBe(1);
  });

  it('counts a time that is now or past as a slot where the request asks for room', async () => {
    const { post, house } = await gesCounter();
    house.clock.advance(60_000);
    const wanted = { ...valid, desiredTime: MORNING, alwaysCheckCapacity: true };
    const made = await post('/callbacks/create', wanted);
    expect(made.statusCode).toBe(200);
    // It has taken the one place of the slot that is now.
    expect(house.now(made.json().data.id).state).toBe('QUEUED');
    const full = await post('/callbacks/create', { ...wanted, phoneNumber: '+12025550124' });
    expect([full.statusCode, full.json().status.message]).toEqual([429, expect.stringContaining('full')]);
    const [next] = Object.keys(full.json().data.slots);
    expect(next).toBe('2026-01-05T10:15:00.000Z');
    house.clock.advance(10 * 3_600_000);
    const now = new Date(house.clock.nowMs()).toISOString();
    const closed = await post('/callbacks/create', { ...wanted, desiredTime: now });
    expect([closed.statusCode, closed.json().status.message]).toEqual([
      429,
      expect.stringContaining('closed'),
    ]);
  });

  it.each([
    ['a quarter of an hour ago', '2026-01-05T09:45:00.000Z'],
    ['years ago', '1999-01-05T10:00:00.000Z'],
  ])('refuses a time of %s with free slots where the request asks for room', async (_, desiredTime) => {
    const { post, house } = await gesCounter();
    const answer = await post('/callbacks/create', { ...valid, desiredTime, alwaysCheckCapacity: true });
    expect([answer.statusCode, answer.json().status.code]).toEqual([429, 42_901]);
    expect(answer.json().status.message).toContain('past');
    expect(Object.keys(answer.json().data.slots)[0]).toBe('2026-01-05T10:00:00.000Z');
    expect(house.store.callbacks.size).toBe(0);
    // Without, it is one for as soon as possible.
    const { id } = (await post('/callbacks/create', { ...valid, desiredTime })).json().data;
    expect(house.store.callbacks.get(id)).toMatchObject({
      state: 'QUEUED',
      desiredAtMs: Date.parse(MORNING),
    });
  });

  it('refuses what a strict queue does not take now', async () => {
    const { post } = await gesCounter({ bookingCheck: 'strict', immediateEnabled: false });
    const answer = await post('/callbacks/create', valid);
    expect([answer.statusCode, answer.json().status.code]).toEqual([400, 40_008]);
  });

  it('refuses a number that has an open callback, and one that asks too often', async () => {
    const { post, book } = await gesCounter({ duplicateCheck: 'STRICT', throttlePerNumberPerDay: 1 });
    const id = await book();
    const duplicate = await post('/callbacks/create', valid);
    expect([duplicate.statusCode, duplicate.json().status.code]).toEqual([400, 40_007]);
    await post('/callbacks/cancel', { id });
    const throttled = await post('/callbacks/create', valid);
    expect([throttled.statusCode, throttled.json().status.code]).toEqual([429, 42_902]);
    expect(Number(throttled.headers['retry-after'])).toBeGreaterThan(0);
    expect(throttled.json().data).toBeUndefined();
  });

  it('needs a device where the customer dials in', async () => {
    const { post } = await gesCounter({ callDirection: 'USERORIGINATED' });
    const answer = await post('/callbacks/create', { ...valid, pushTargets: [] });
    expect([answer.statusCode, answer.json().status.code]).toEqual([400, 40_006]);
    expect(answer.json().status.message).toContain('pushTargets');
    const pushTargets = [{ channel: 'FCM', target: 'device' }];
    expect((await post('/callbacks/create', { ...valid, pushTargets })).statusCode).toBe(200);
  });
});

describe('an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'once' };

  it('makes one callback of the same request sent twice', async () => {
    const { post, house } = await gesCounter();
    const first = await post('/callbacks/create', valid, headers);
    const second = await post(
      '/callbacks/create',
      { phoneNumber: '+12025550123', serviceName: 'support' },
      headers,
    );
    expect(second.json().data).toEqual(first.json().data);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(house.store.callbacks.size).toBe(1);
  });

  it('is refused with another request, and free again after a refusal', async () => {
    const { post } = await gesCounter();
    const refused = await post('/callbacks/create', { ...valid, serviceName: 'sales' }, headers);
    expect(refused.json().status.code).toBe(40_002);
    expect((await post('/callbacks/create', valid, headers)).statusCode).toBe(200);
    const other = await post('/callbacks/create', { ...valid, priority: 3 }, headers);
    expect([other.statusCode, other.json().status.code]).toEqual([400, 40_009]);
  });
});
