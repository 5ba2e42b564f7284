import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainedOptions, ignoredBecause } from '../../../src/adapters/http/gms/gms-options.ts';
import { MORNING, gesKey } from '../../fakes/ges-counter.ts';
import { type GmsCounter, gmsCounter } from '../../fakes/gms-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

const START = '/1/service/callback/support';
const NOON = '2026-01-05T12:00:00.000Z';
const LATER = '2026-01-05T12:15:00.000Z';
const valid = { _customer_number: '+12025550123' };
const long = (length: number): string => 'x'.repeat(length);

/** What is sent, where, the status and phrase it is refused with, and what the message must name. */
const badInput: readonly [string, unknown, number, string, readonly string[]][] = [
  ['no body', undefined, 400, 'BAD_PARAMETER', ['object']],
  ['a list', [], 400, 'BAD_PARAMETER', ['object']],
  ['a text', '"x"', 400, 'BAD_PARAMETER', ['object']],
  ['no number', {}, 400, 'BAD_PARAMETER', ['_customer_number is required']],
  ['a number that is null', { _customer_number: null }, 400, 'BAD_PARAMETER', ['is required']],
  ['a number of objects', { _customer_number: {} }, 400, 'BAD_PARAMETER', ['_customer_number must be text']],
  ['an empty number', { _customer_number: '' }, 400, 'BAD_PARAMETER', ['2–32 characters']],
  ['a long number', { _customer_number: '1'.repeat(33) }, 400, 'BAD_PARAMETER', ['2–32 characters']],
  ['a number of letters', { _customer_number: 'call me' }, 400, 'BAD_NUMBER', ['_customer_number']],
  ['an impossible number', { _customer_number: '+1202555' }, 400, 'BAD_NUMBER', ['_customer_number']],
  ['a premium number', { _customer_number: '+19005550123' }, 400, 'BAD_NUMBER', ['_customer_number']],
  ['no time', { ...valid, _desired_time: 'tomorrow' }, 400, 'BAD_PARAMETER', ['_desired_time', 'ISO 8601']],
  ['a time of no day', { ...valid, _desired_time: '2026-02-30T09:00:00Z' }, 400, 'BAD_PARAMETER', ['ISO']],
  ['a time too far', { ...valid, _desired_time: '2027-01-05T12:00:00Z' }, 400, 'SLOT_NOT_AVAILABLE', []],
  ['a closed time', { ...valid, _desired_time: '2026-01-05T20:00:00Z' }, 400, 'SLOT_NOT_AVAILABLE', []],
  ['a priority', { ...valid, _urs_vq_priority: 'high' }, 400, 'BAD_PARAMETER', ['_urs_vq_priority', '2000']],
  ['too much priority', { ...valid, _urs_vq_priority: 2001 }, 400, 'BAD_PARAMETER', ['2000']],
  ['chat', { ...valid, _media_type: 'chat' }, 400, 'BAD_PARAMETER', ['_media_type "chat" must be voice']],
  ['a state', { ...valid, _callback_state: 'COMPLETED' }, 400, 'BAD_PARAMETER', ['SCHEDULED or QUEUED']],
  ['a long queue', { ...valid, _urs_virtual_queue: long(256) }, 400, 'BAD_PARAMETER', ['at most 255']],
  [
    'a long device',
    { ...valid, _device_notification_id: long(4097) },
    400,
    'BAD_PARAMETER',
    ['at most 4096'],
  ],
  ['too much data', { ...valid, a: long(8192) }, 400, 'BAD_PARAMETER', ['8192 characters']],
  ['a prototype', '{"_customer_number":"+12025550123","__proto__":{}}', 400, 'BAD_PARAMETER', ['JSON']],
  ['broken JSON', '{"_customer_number":', 400, 'BAD_PARAMETER', ['JSON']],
  ['more than a body may have', { ...valid, a: long(2_100_000) }, 413, 'PAYLOAD_TOO_LARGE', ['too large']],
];

describe('POST /service/callback/{service}', () => {
  let shared: GmsCounter;
  beforeAll(async () => {
    shared = await gmsCounter({}, { keepOpen: true });
  });
  afterAll(() => shared.fixture.server.close());

  it.each(badInput)('refuses %s, and stores nothing', async (_, sent, status, phrase, named) => {
    const { ask, house } = shared;
    const answer = await ask('POST', START, sent, { 'content-type': 'application/json' });
    const body = answer.json();
    expect([answer.statusCode, body.code, body.phrase]).toEqual([status, status, phrase]);
    expect(body.exception).toMatch(/Exception/);
    for (const words of named) expect(body.message).toContain(words);
    expect(house.store.callbacks.size).toBe(0);
  });

  it('refuses unknown services, foreign ones and other content types', async () => {
    const { ask, fixture, house } = shared;
    expect((await ask('POST', '/1/service/callback/sales', valid)).statusCode).toBe(404);
    const nowMs = house.clock.nowMs();
    const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
    await fixture.access.insertAccessGroup({ name: 'sales', queues: ['sales'], ...times });
    const foreign = await gesKey(fixture, house.clock, { scopes: ['gms'], accessGroups: ['sales'] });
    expect((await ask('POST', START, valid, { 'x-api-key': foreign })).statusCode).toBe(404);
    const text = await ask('POST', START, 'hello', { 'content-type': 'text/plain' });
    expect([text.statusCode, text.json().phrase]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const ges = await gesKey(fixture, house.clock);
    expect((await ask('POST', START, valid, { 'x-api-key': ges })).json()).toMatchObject({ code: 403 });
    expect((await ask('POST', START, valid, { 'x-api-key': '' })).json()).toMatchObject({ code: 401 });
    expect((await ask('GET', '/1/nothing')).json()).toMatchObject({ code: 404, phrase: 'NOT_FOUND' });
  });

  it('starts an immediate callback, answers a dialog, and names what had no effect', async () => {
    const { ask, application, house } = await gmsCounter();
    const answer = await ask('POST', START, {
      ...valid,
      _urs_vq_priority: 7,
      _cb_dim_channel: 'web',
      _max_dial_attempts: 9,
      _on_dial_persons: 1,
      'no-name': 'x',
      orderNumber: 1047,
    });
    expect(answer.statusCode).toBe(200);
    const body = answer.json();
    expect(body).toMatchObject({ _action: 'ConfirmationDialog', _okTitle: 'OK', _dialog_id: body._id });
    expect(house.store.events[0]).toMatchObject({ kind: 'CREATED', data: { through: 'gms' } });
    expect(body._dialogId).toBe(body._id);
    expect(body._text).toContain('as soon as');
    expect(body._ignored_options).toEqual([
      { option: '_max_dial_attempts', reason: 'is the setting maxAttempts of the virtual queue' },
      { option: '_on_dial_persons', reason: 'is not supported' },
      { option: 'no-name', reason: 'is no name for user data' },
    ]);
    const made = await application.findCallback(body._id);
    expect(made).toMatchObject({ state: 'QUEUED', priority: 7, userData: { orderNumber: '1047' } });
    expect(made?.details).toMatchObject({ channel: 'WEB', offerType: 'ASAP' });
  });

  it('takes null and empty text for options that may be absent', async () => {
    const { ask, application } = await gmsCounter();
    const names = ['_desired_time', '_urs_vq_priority', '_urs_virtual_queue', '_originating_interaction_id'];
    const others = ['_route_point', '_cb_dim_channel', '_media_type', '_callback_state', '_device_os'];
    for (const nothing of ['', null]) {
      const empty = Object.fromEntries([...names, ...others].map((name) => [name, nothing]));
      const body = { ...valid, ...empty, _device_notification_id: nothing, comment: '' };
      const answer = await ask('POST', START, body);
      expect([answer.statusCode, answer.json()._ignored_options]).toEqual([200, undefined]);
      const made = await application.findCallback(answer.json()._id);
      expect(made).toMatchObject({ state: 'QUEUED', priority: 0, userData: { comment: '' } });
      expect(made?.details).toEqual({ channel: 'UNKNOWN', offerType: 'ASAP' });
    }
  });

  it('takes forms as well, urlencoded and multipart, and refuses files where none belong', async () => {
    const { ask, application } = await gmsCounter();
    const form = new URLSearchParams({ ...valid, _desired_time: NOON, colour: 'blue' }).toString();
    const type = 'application/x-www-form-urlencoded';
    const first = await ask('POST', START, form, { 'content-type': type });
    expect((await application.findCallback(first.json()._id))?.userData).toEqual({ colour: 'blue' });
    const part = (head: string, value: string): string =>
      `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`;
    const multipart = { 'content-type': 'multipart/form-data; boundary=b' };
    const number = part('name="_customer_number"', '+12025550124');
    const second = await ask('POST', START, `${number}${part('name="size"', 'XL')}--b--\r\n`, multipart);
    expect((await application.findCallback(second.json()._id))?.userData).toEqual({ size: 'XL' });
    const file = part('name="f"; filename="f.txt"', 'x');
    const id = second.json()._id;
    expect((await ask('PUT', `${START}/${id}`, `${file}--b--\r\n`, multipart)).statusCode).toBe(415);
    expect((await ask('POST', START, 'nonsense', multipart)).statusCode).toBe(400);
    expect((await ask('POST', START, 'a=1&a=2', { 'content-type': type })).json().message).toContain('once');
    const many = Array.from({ length: 201 }, (_, i) => `a${i}=1`).join('&');
    expect((await ask('POST', START, many, { 'content-type': type })).json().message).toContain('200');
  });

  it('refuses a scheduled start at a full slot and names free ones, on lenient queues, too', async () => {
    const { ask, book } = await gmsCounter({ bookingCheck: 'lenient' });
    await book({ _desired_time: NOON });
    const answer = await ask('POST', START, { _customer_number: '+12025550124', _desired_time: NOON });
    expect([answer.statusCode, answer.json().phrase]).toEqual([400, 'SLOT_NOT_AVAILABLE']);
    expect(answer.json().availability).toMatchObject({ [LATER]: 1 });
  });

  it('makes one callback of a repeated request with the same Idempotency-Key', async () => {
    const { ask } = await gmsCounter();
    const headers = { 'idempotency-key': 'k1' };
    const first = await ask('POST', START, valid, headers);
    const again = await ask('POST', START, valid, headers);
    expect(again.json()._id).toBe(first.json()._id);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });

  it('tells devices reached by FCM only, and says so of others', async () => {
    const { ask, application } = await gmsCounter();
    const device = { _device_notification_id: 'token', _device_os: 'gcm' };
    const first = (await ask('POST', START, { ...valid, ...device })).json();
    const pushTargets = [{ channel: 'FCM', target: 'token' }];
    expect((await application.findCallback(first._id))?.details).toMatchObject({ pushTargets });
    const ios = { ...device, _device_os: 'ios', _customer_number: '+12025550124' };
    const second = (await ask('POST', START, ios)).json();
    expect(second._ignored_options).toMatchObject([{ option: '_device_notification_id' }]);
  });
});

describe('PUT and DELETE /service/callback/{service}/{id}', () => {
  it('gives a callback another time with an empty answer, now without one', async () => {
    const { ask, book, application } = await gmsCounter();
    const id = await book({ _desired_time: NOON });
    const moved = await ask('PUT', `${START}/${id}`, { _new_desired_time: LATER });
    expect([moved.statusCode, moved.body]).toEqual([200, '']);
    expect((await application.findCallback(id))?.desiredAtMs).toBe(Date.parse(LATER));
    const told = await ask('PUT', `${START}/${id}`, { _new_desired_time: NOON, colour: 'red' });
    expect(told.json()._ignored_options).toEqual([{ option: 'colour', reason: 'is not supported' }]);
    expect((await ask('PUT', `${START}/${id}`)).statusCode).toBe(200);
    const found = await application.findCallback(id);
    expect([found?.desiredAtMs, found?.state]).toEqual([Date.parse(MORNING), 'QUEUED']);
  });

  it('refuses full slots with free ones, other properties alone, wrong times, services and ids', async () => {
    const { ask, book, application } = await gmsCounter();
    await book({ _desired_time: NOON, _customer_number: '+12025550124' });
    const id = await book({ _desired_time: LATER });
    const full = await ask('PUT', `${START}/${id}`, { _new_desired_time: NOON });
    expect([full.statusCode, full.json().phrase]).toEqual([400, 'SLOT_NOT_AVAILABLE']);
    expect(Object.keys(full.json().availability).length).toBeGreaterThan(0);
    const others = await ask('PUT', `${START}/${id}`, { colour: 'red' });
    expect(others.json().message).toContain('_new_desired_time');
    for (const wrong of [{ _new_desired_time: 5 }, { _callback_state: 'COMPLETED' }, []]) {
      expect((await ask('PUT', `${START}/${id}`, wrong)).json().phrase).toBe('BAD_PARAMETER');
    }
    expect((await ask('PUT', `/1/service/callback/sales/${id}`, {})).statusCode).toBe(404);
    expect((await ask('PUT', `${START}/none`, {})).statusCode).toBe(404);
    expect((await application.findCallback(id))?.desiredAtMs).toBe(Date.parse(LATER));
  });

  it('cancels once; what has ended is refused', async () => {
    const { ask, book, application } = await gmsCounter();
    const id = await book();
    expect((await ask('DELETE', `/1/service/callback/sales/${id}`)).statusCode).toBe(404);
    expect((await ask('DELETE', `${START}/${id}?discard_ors_failure=maybe`)).statusCode).toBe(400);
    const answer = await ask('DELETE', `${START}/${id}?discard_ors_failure=true`);
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
    expect((await application.findCallback(id))?.reason).toBe('CANCELLED_BY_API');
    const again = await ask('DELETE', `${START}/${id}`);
    expect([again.statusCode, again.json().phrase]).toEqual([400, 'NOT_POSSIBLE_NOW']);
  });
});

describe('docs/genesys-compatibility.md', () => {
  it('says of each option what the answer says of it, and leaves none out', () => {
    const page = readFileSync('docs/genesys-compatibility.md', 'utf8');
    const rows = [...page.matchAll(/^\| `(_\w+)` \| `(\w+)` \| \S.* \|$/gm)];
    for (const [, option = '', setting = ''] of rows) {
      expect(ignoredBecause([option])).toEqual([
        { option, reason: `is the setting ${setting} of the virtual queue` },
      ]);
    }
    const others = [...page.matchAll(/^\| (`_\w+`(?:, `_\w+`)*) \| (is |belongs )(.+) \|$/gm)];
    const explained = others.flatMap(([, names = '', verb = '', rest = '']) =>
      [...names.matchAll(/_\w+/g)].map(([option]) => ({ option, reason: verb + rest })),
    );
    for (const told of explained) expect(ignoredBecause([told.option])).toEqual([told]);
    const named = [...rows.map(([, option]) => option), ...explained.map(({ option }) => option)];
    expect(named).toHaveLength(new Set(named).size);
    expect(new Set(named)).toEqual(new Set(explainedOptions));
  });
});
