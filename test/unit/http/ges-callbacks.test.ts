import { describe, expect, it } from 'vitest';
import { settle } from '../../fakes/fake-telephony.ts';
import { type GesCounter, gesCounter, gesKey } from '../../fakes/ges-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

const NOON = '2026-01-05T12:00:00.000Z';
const UNKNOWN = 'callback_00000000';

function told(answer: Awaited<ReturnType<GesCounter['post']>>): [number, number, string] {
  const { status } = answer.json();
  return [answer.statusCode, status.code, status.message];
}

/** Takes a callback to ROUTING and, answered and confirmed with an agent, to PROCESSING. */
async function dialled({ house }: GesCounter): Promise<void> {
  house.registry.want('a1', 'READY', 'test');
  await settle();
}

async function connected(counter: GesCounter): Promise<void> {
  const { house } = counter;
  await dialled(counter);
  await house.answers(house.last);
  await house.says('confirmed');
  await house.answers(house.last);
}

describe('POST /callbacks/retrieve', () => {
  it('shows place and wait in the line, and neither before nor after', async () => {
    const counter = await gesCounter();
    const { book, post } = counter;
    const show = async (id: string) => (await post('/callbacks/retrieve', { id })).json().data;
    const later = await book({ desiredTime: NOON });
    expect(await show(later)).toEqual({
      id: later,
      desiredTime: NOON,
      callbackState: 'SCHEDULED',
      phoneNumber: '+12025550123',
    });
    await book();
    const second = await book({ phoneNumber: '+12025550124' });
    expect(await show(second)).toMatchObject({
      callbackState: 'QUEUED',
      positionInQueue: 2,
      estimatedWaitTime: -1,
    });
    await post('/callbacks/cancel', { id: second });
    const ended = await show(second);
    expect(ended).toMatchObject({ callbackState: 'COMPLETED', callbackReason: 'CANCELLED_BY_API' });
    expect(Object.keys(ended)).not.toContain('positionInQueue');
  });

  it('shows who is being served out of the line', async () => {
    const counter = await gesCounter();
    const id = await counter.book();
    await connected(counter);
    const { data } = (await counter.post('/callbacks/retrieve', { id })).json();
    expect(data).toMatchObject({ callbackState: 'PROCESSING', positionInQueue: 0, estimatedWaitTime: 0 });
    expect(told(await counter.post('/callbacks/cancel', { id }))).toEqual([
      400,
      40_004,
      expect.stringContaining('PROCESSING'),
    ]);
    expect(counter.house.now(id).state).toBe('PROCESSING');
  });

  it.each([
    ['an id that is none of ours', { id: 'x' }, 404, 40_401],
    ['an id that leads nowhere', { id: UNKNOWN }, 404, 40_401],
    ['no id', {}, 400, 40_001],
    ['a number', { id: 5 }, 400, 40_001],
    ['an endless id', { id: 'x'.repeat(129) }, 400, 40_001],
    ['an unknown field', { id: 'x', name: 'y' }, 400, 40_001],
  ])('refuses %s', async (_, body, status, code) => {
    const { post } = await gesCounter();
    for (const path of ['/callbacks/retrieve', '/callbacks/cancel']) {
      expect(told(await post(path, body)).slice(0, 2)).toEqual([status, code]);
    }
  });
});

describe('POST /callbacks/cancel', () => {
  it('cancels once', async () => {
    const { book, post, house } = await gesCounter();
    const id = await book();
    const answer = await post('/callbacks/cancel', { id });
    expect(answer.json()).toEqual({
      status: { code: 0, message: 'Successful', corrId: answer.headers['x-correlation-id'] },
      data: { id },
    });
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CANCELLED_BY_API' });
    expect(told(await post('/callbacks/cancel', { id })).slice(0, 2)).toEqual([400, 40_004]);
  });
});

describe('POST /callbacks/reschedule', () => {
  it('gives another time, to a free slot only', async () => {
    const { book, post } = await gesCounter();
    const id = await book({ desiredTime: NOON });
    const moved = await post('/callbacks/reschedule', { id, desiredTime: '2026-01-05T13:00:00Z' });
    expect(moved.json().data).toEqual({ id, desiredTime: '2026-01-05T13:00:00.000Z' });
    const other = await book({ desiredTime: NOON, alwaysCheckCapacity: true });
    const full = await post('/callbacks/reschedule', { id, desiredTime: NOON });
    expect(told(full).slice(0, 2)).toEqual([429, 42_901]);
    expect(Object.keys(full.json().data.slots)).toContain('2026-01-05T12:15:00.000Z');
    await post('/callbacks/cancel', { id: other });
    expect(told(await post('/callbacks/reschedule', { id: other, desiredTime: NOON })).slice(0, 2)).toEqual([
      400, 40_004,
    ]);
  });

  it('asks for room on a lenient queue where the request does', async () => {
    const { book, post } = await gesCounter({ bookingCheck: 'lenient' });
    await book({ desiredTime: NOON });
    const id = await book({ desiredTime: '2026-01-05T13:00:00Z' });
    const wanted = { id, desiredTime: NOON };
    const strict = await post('/callbacks/reschedule', { ...wanted, alwaysCheckCapacity: true });
    expect(told(strict).slice(0, 2)).toEqual([429, 42_901]);
    expect((await post('/callbacks/reschedule', wanted)).statusCode).toBe(200);
  });

  it('needs a time', async () => {
    const { post } = await gesCounter();
    const answer = await post('/callbacks/reschedule', { id: UNKNOWN });
    expect(told(answer)).toEqual([400, 40_001, expect.stringContaining('desiredTime is required')]);
  });
});

describe('POST /callbacks/recreate', () => {
  it('repeats an ended callback once', async () => {
    const { book, post, house } = await gesCounter();
    const id = await book({ channel: 'WEB' });
    expect(told(await post('/callbacks/recreate', { id })).slice(0, 2)).toEqual([400, 40_004]);
    await post('/callbacks/cancel', { id });
    const made = await post('/callbacks/recreate', { id, desiredTime: NOON });
    const again = await post('/callbacks/recreate', { id, desiredTime: NOON });
    expect(again.json().data).toEqual(made.json().data);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(house.store.callbacks.get(made.json().data.id)).toMatchObject({
      recreatedFrom: id,
      details: { channel: 'WEB' },
      desiredAtMs: Date.parse(NOON),
    });
    expect(told(await post('/callbacks/recreate', { id: UNKNOWN })).slice(0, 2)).toEqual([404, 40_401]);
  });
});

describe('POST /callbacks/query and GET /callbacks/queues/{queue}', () => {
  it('finds by number, state, desired time and user data', async () => {
    const { book, post, house } = await gesCounter();
    const first = await book({ desiredTime: NOON, userData: { order: 'A' } });
    house.clock.advance(1000);
    const second = await book({ phoneNumber: '+12025550124', userData: { order: 'B' } });
    await post('/callbacks/cancel', { id: second });
    const ids = async (wanted: object): Promise<string[]> =>
      (await post('/callbacks/query', wanted)).json().data.items.map(({ id }: { id: string }) => id);
    expect(await ids({})).toEqual([second, first]);
    expect(await ids({ phoneNumber: '1 (202) 555-0124' })).toEqual([second]);
    expect(await ids({ states: ['SCHEDULED', 'QUEUED'] })).toEqual([first]);
    expect(await ids({ from: NOON, to: NOON })).toEqual([first]);
    expect(await ids({ to: '2026-01-05T11:59:59Z' })).toEqual([second]);
    expect(await ids({ userData: { order: 'A' } })).toEqual([first]);
    expect(await ids({ userData: { order: 'A', colour: 'blue' } })).toEqual([]);
    expect(await ids({ userData: { toString: 'A' } })).toEqual([]);
  });

  it('reads a national number for the country of the queue that is named, as a creation does', async () => {
    const { book, post } = await gesCounter({ name: 'billing', defaultCountry: 'DE' });
    const id = await book({ serviceName: 'billing', phoneNumber: '030 12345678' });
    const found = async (wanted: object): Promise<{ id: string }[]> =>
      (await post('/callbacks/query', { phoneNumber: '030 12345678', ...wanted })).json().data.items;
    expect(await found({ serviceName: 'billing' })).toMatchObject([{ id }]);
    expect(await found({})).toEqual([]);
  });

  it('lists a queue page by page', async () => {
    const { book, get, house } = await gesCounter();
    const made: string[] = [];
    for (let count = 0; count < 5; count++) {
      made.unshift(await book({ phoneNumber: `+1202555012${count}` }));
      house.clock.advance(1000);
    }
    const pages: string[][] = [];
    let cursor = '';
    do {
      const { data } = (await get(`/callbacks/queues/support?limit=2&states=QUEUED${cursor}`)).json();
      pages.push(data.items.map(({ id }: { id: string }) => id));
      cursor = data.nextCursor === null ? '' : `&cursor=${data.nextCursor}`;
    } while (cursor !== '');
    expect(pages).toEqual([made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
  });

  it('lists a time range by desired time, the latest first, page by page', async () => {
    const { book, get, post } = await gesCounter({ slotCapacity: 5 });
    const at = (minute: number): string => `2026-01-05T12:${String(minute).padStart(2, '0')}:00.000Z`;
    const late = await book({ desiredTime: at(30) });
    const early = await book({ desiredTime: at(0) });
    const between = await book({ desiredTime: at(15) });
    const alike = await book({ desiredTime: at(15) });
    await book({ desiredTime: at(45) });
    const inOrder = [late, alike, between, early];
    const range = `from=${at(0)}&to=${at(30)}`;
    for (const page of [
      (cursor: string) => get(`/callbacks/queues/support?${range}&limit=1${cursor && `&cursor=${cursor}`}`),
      (cursor: string) =>
        post('/callbacks/query', { from: at(0), to: at(30), limit: 1, ...(cursor && { cursor }) }),
    ]) {
      const listed: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const data: { items: { id: string }[]; nextCursor: string | null } = (await page(cursor)).json().data;
        listed.push(...data.items.map(({ id }) => id));
        cursor = data.nextCursor;
      }
      expect(listed).toEqual(inOrder);
    }
    const foreign = await get(`/callbacks/queues/support?${range}&cursor=${late}`);
    expect(told(foreign)).toEqual([400, 40_001, expect.stringContaining('cursor')]);
  });

  it('fills the pages of a key that may not read what lies between', async () => {
    const { book, fixture, house, post } = await gesCounter();
    const ids: string[] = [];
    for (let count = 0; count < 6; count++) {
      const id = await book({ phoneNumber: `+1202555012${count}`, userData: { order: 'A' } });
      house.clock.advance(1000);
      ids.unshift(id);
      // As if it were of another queue.
      const own = house.store.callbacks.get(id);
      if (own) house.store.callbacks.set(`${id}x`, { ...own, id: `${id}x`, virtualQueue: 'sales' });
    }
    const times = { createdAtMs: 1, updatedAtMs: 1 };
    await fixture.access.insertAccessGroup({ name: 'theirs', queues: ['support'], ...times });
    const headers = { 'x-api-key': await gesKey(fixture, house.clock, { accessGroups: ['theirs'] }) };
    for (const wanted of [{}, { userData: { order: 'A' } }]) {
      const first = (await post('/callbacks/query', { ...wanted, limit: 4 }, headers)).json().data;
      expect(first.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 4));
      const cursor = first.nextCursor;
      const rest = (await post('/callbacks/query', { ...wanted, limit: 4, cursor }, headers)).json().data;
      expect(rest.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(4));
      expect(rest.nextCursor).toBeNull();
    }
  });

  it.each([
    ['/callbacks/queues/nowhere', 40_002],
    ['/callbacks/queues/support?states=GONE', 40_001],
    ['/callbacks/queues/support?limit=251', 40_001],
    ['/callbacks/queues/support?limit=0', 40_001],
    ['/callbacks/queues/support?from=noon', 40_001],
    [`/callbacks/queues/support?from=${NOON}&to=2026-01-05T11:59:59Z`, 40_001],
  ])('refuses %s', async (path, code) => {
    const { get } = await gesCounter();
    expect(told(await get(path)).slice(0, 2)).toEqual([400, code]);
  });

  it.each([
    { states: [] },
    { states: ['GONE'] },
    { limit: 251 },
    { from: 5 },
    { to: '2026-01-05T11:00:00Z', from: NOON },
    { colour: 'blue' },
    { userData: 'x' },
    { userData: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`key${at}`, ''])) },
  ])('refuses to query %j', async (wanted) => {
    const { post } = await gesCounter();
    const [status, code, message] = told(await post('/callbacks/query', wanted));
    expect([status, code]).toEqual([400, 40_001]);
    expect(message).toContain(Object.keys(wanted)[0]);
  });
});

describe('POST /callbacks/bulk-cancel', () => {
  it('cancels by ids, each by itself', async () => {
    const { book, post, house } = await gesCounter();
    const one = await book();
    const two = await book({ phoneNumber: '+12025550124' });
    await post('/callbacks/cancel', { id: two });
    const answer = await post('/callbacks/bulk-cancel', { ids: [one, two, UNKNOWN, one] });
    expect(answer.json().data).toEqual({
      results: [
        { id: one, ok: true },
        { id: two, ok: false, reason: expect.stringContaining('COMPLETED') },
        { id: UNKNOWN, ok: false, reason: 'there is no such callback' },
      ],
      more: false,
    });
    expect(house.now(one).state).toBe('COMPLETED');
  });

  it('cancels what is wanted in a time range, and what is being served goes on', async () => {
    const counter = await gesCounter();
    const { book, post, house } = counter;
    const served = await book();
    await connected(counter);
    const noon = await book({ desiredTime: NOON });
    const evening = await book({ desiredTime: '2026-01-05T16:00:00Z' });
    const range = { from: '2026-01-05T09:00:00Z', to: '2026-01-05T13:00:00Z' };
    const answer = await post('/callbacks/bulk-cancel', { ...range, queues: ['support'] });
    expect(answer.json().data).toEqual({ results: [{ id: noon, ok: true }], more: false });
    expect([served, evening].map((id) => house.now(id).state)).toEqual(['PROCESSING', 'SCHEDULED']);
  });

  it.each([
    {},
    { ids: [] },
    { ids: Array(251).fill(UNKNOWN) },
    { from: NOON },
    { ids: [UNKNOWN], from: NOON, to: NOON },
    { ids: [UNKNOWN], queues: ['support'] },
    { from: NOON, to: NOON, queues: [] },
    { from: NOON, to: '2026-01-05T11:00:00Z' },
  ])('refuses %j', async (wanted) => {
    const { post } = await gesCounter();
    expect(told(await post('/callbacks/bulk-cancel', wanted)).slice(0, 2)).toEqual([400, 40_001]);
  });
});

it('POST /callbacks/bulk-cancel goes on behind empty pages', async () => {
  const { application, book, post } = await gesCounter();
  const id = await book({ desiredTime: NOON });
  const places: unknown[] = [];
  const search = application.searchCallbacks.bind(application);
  application.searchCallbacks = (wanted) => {
    places.push(wanted.after);
    const next = { id: 'callback_1', desiredAtMs: Date.parse(NOON) + 1 };
    return places.length < 3 ? Promise.resolve({ items: [], next }) : search(wanted);
  };
  const { data } = (await post('/callbacks/bulk-cancel', { from: NOON, to: '2026-01-06T00:00:00Z' })).json();
  expect(data).toEqual({ results: [{ id, ok: true }], more: false });
  expect(places.slice(0, 2)).toEqual([undefined, { id: 'callback_1', desiredAtMs: Date.parse(NOON) + 1 }]);
});

it('POST /callbacks/bulk-cancel refuses a queue that is not configured, and cancels nothing', async () => {
  const { book, post, house } = await gesCounter();
  const id = await book({ desiredTime: NOON });
  const answer = await post('/callbacks/bulk-cancel', {
    from: NOON,
    to: NOON,
    queues: ['support', 'suport'],
  });
  expect(told(answer)).toEqual([400, 40_002, expect.stringContaining('queues "suport" is not configured')]);
  expect(house.now(id).state).toBe('SCHEDULED');
});

describe('access to the v3 API', () => {
  it.each([
    ['no credentials', {}],
    ['a session cookie', { cookie: `turnkeeper_session=ts_${'a'.repeat(43)}` }],
    ['a key that is none', { 'x-api-key': 'tk_wrong' }],
    ['an empty key', { 'x-api-key': '' }],
  ])('is refused with %s', async (_, headers) => {
    const { fixture } = await gesCounter();
    const answer = await fixture.ask('POST', '/engagement/v3/callbacks/retrieve', {
      body: { id: 'x' },
      headers,
    });
    expect(told(answer).slice(0, 2)).toEqual([401, 40_101]);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('is refused to a key without the scope', async () => {
    const { fixture, house } = await gesCounter();
    const headers = { 'x-api-key': await gesKey(fixture, house.clock, { scopes: ['native'] }) };
    const answer = await fixture.ask('POST', '/engagement/v3/callbacks/retrieve', {
      body: { id: 'x' },
      headers,
    });
    expect(told(answer)).toEqual([403, 40_101, 'the key lacks the scope ges']);
  });

  it('hides what another line of business has', async () => {
    const counter = await gesCounter();
    const { fixture, house, book, post, get } = counter;
    const id = await book({ desiredTime: NOON });
    const times = { createdAtMs: 1, updatedAtMs: 1 };
    await fixture.access.insertAccessGroup({ name: 'sales', queues: ['sales'], ...times });
    const headers = { 'x-api-key': await gesKey(fixture, house.clock, { accessGroups: ['sales'] }) };
    const code = async (answer: ReturnType<GesCounter['post']>): Promise<number> =>
      (await answer).json().status.code;
    for (const path of ['retrieve', 'cancel', 'recreate']) {
      expect(await code(post(`/callbacks/${path}`, { id }, headers))).toBe(40_401);
    }
    expect(await code(post('/callbacks/reschedule', { id, desiredTime: NOON }, headers))).toBe(40_401);
    const wanted = { serviceName: 'support', phoneNumber: '+12025550123' };
    expect(await code(post('/callbacks/create', wanted, headers))).toBe(40_002);
    for (const path of ['availability', 'open-for', 'queue-status', 'queues']) {
      expect(await code(get(`/callbacks/${path}/support`, headers))).toBe(40_002);
    }
    expect(await code(get('/estimated-wait-time?virtual-queues=support', headers))).toBe(40_002);
    expect((await post('/callbacks/query', {}, headers)).json().data.items).toEqual([]);
    const range = { from: NOON, to: NOON };
    expect((await post('/callbacks/bulk-cancel', range, headers)).json().data.results).toEqual([]);
    const byId = (await post('/callbacks/bulk-cancel', { ids: [id] }, headers)).json().data.results;
    expect(byId).toEqual([{ id, ok: false, reason: 'there is no such callback' }]);
    const figures = await post('/statistics/operations/get-statistic-ex', undefined, headers);
    expect(figures.json().data.statistics).toEqual([]);
    expect(house.now(id).state).toBe('SCHEDULED');
  });

  it('answers addresses that lead to no route in its own envelope, and keeps the error', async () => {
    const { fixture } = await gesCounter();
    const broken = await fixture.ask('GET', '/engagement/v3/callbacks/queue-status/%zz');
    expect(told(broken).slice(0, 2)).toEqual([400, 40_001]);
    expect(fixture.errors.records.has(broken.json().status.corrId)).toBe(true);
    expect(told(await fixture.ask('GET', '/engagement/v3?a=b')).slice(0, 2)).toEqual([404, 40_402]);
    expect((await fixture.ask('GET', '/genesys/1/service/%zz')).json()).toMatchObject({ code: 400 });
    expect((await fixture.ask('GET', '/engagement/v33')).json()).toHaveProperty('error');
  });

  it.each([
    ['GET', '/engagement/v3/nothing'],
    ['GET', '/engagement/v3/callbacks/create'],
    ['PUT', '/engagement/v3/callbacks/retrieve'],
    ['GET', `/engagement/v3/callbacks/queue-status/${'x'.repeat(300)}`],
  ] as const)('answers %s %s in its own envelope', async (method, url) => {
    const { fixture } = await gesCounter();
    const answer = await fixture.ask(method, url);
    expect(told(answer).slice(0, 2)).toEqual([404, 40_402]);
  });
});
