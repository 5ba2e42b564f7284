import { describe, expect, it } from 'vitest';
import type { CallInGrant, CallInOutcome, CallInRequest } from '../../../src/application/call-in-desk.ts';
import type { CallIn } from '../../../src/callin/call-in.ts';
import { MORNING } from '../../fakes/ges-counter.ts';
import { type GmsCounter, gmsCounter } from '../../fakes/gms-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

const NOON = '2026-01-05T12:00:00.000Z';
const EXPIRES_AT = Date.parse('2026-01-05T10:00:30.000Z');
const grant: CallInGrant = {
  id: 'callin_0000000001',
  groupName: 'app',
  toNumber: '12025550199',
  accessCode: '481905',
  expiresAtMs: EXPIRES_AT,
  fromNumber: null,
  callbackId: null,
};

const callIn: CallIn = {
  ...grant,
  state: 'WAITING',
  userData: { order: 'A-1' },
  createdBy: { kind: 'customer' },
  createdAtMs: Date.parse(MORNING),
  matchedAtMs: null,
  matchedBy: [],
  callId: null,
  endedAtMs: null,
};

async function counterWith(outcome: CallInOutcome): Promise<GmsCounter & { asked: CallInRequest[] }> {
  const asked: CallInRequest[] = [];
  const desk = {
    request: (request: CallInRequest) => {
      asked.push(request);
      return Promise.resolve(outcome);
    },
  };
  return { ...(await gmsCounter({}, { desk })), asked };
}

describe('request-interaction and request-access', () => {
  it('answer the number to dial as a dialog, and name what had no effect', async () => {
    const { ask, asked } = await counterWith({ ok: true, grant });
    const answer = await ask('POST', '/1/service/request-interaction', {
      _resource_group: 'app',
      _phone_number: '+12025550123',
      _provide_code: false,
      _ttl: 60,
      _booking: 1,
      order: 'A-1',
    });
    expect(answer.json()).toEqual({
      _id: grant.id,
      _action: 'DialNumber',
      _label: '+12025550199',
      _tel_url: 'tel:+12025550199',
      _access_number: '+12025550199',
      _access_code: '481905',
      _expiration_time: '2026-01-05T10:00:30.000Z',
      _ignored_options: [
        { option: '_ttl', reason: 'is the setting expirySec of the group' },
        { option: '_booking', reason: 'is not supported' },
        { option: '_provide_code', reason: 'is the setting generateAccessCode of the group' },
      ],
    });
    const userData = { order: 'A-1' };
    expect(asked).toEqual([{ groupName: 'app', fromNumber: '+12025550123', userData }]);
  });

  it('link the call to a callback that exists, by request-access and by its own connect', async () => {
    const { ask, asked, book } = await counterWith({ ok: true, grant });
    const id = await book();
    const body = { _resource_group: 'app' };
    const access = await ask('POST', '/1/service/request-access', {
      ...body,
      _id: id,
      _provide_code: 'true',
    });
    expect([access.statusCode, access.json()._ignored_options]).toEqual([200, undefined]);
    expect((await ask('POST', `/1/service/${id}/connect`, body)).json()._action).toBe('DialNumber');
    const wanted = { groupName: 'app', callbackId: id };
    expect(asked).toEqual([wanted, wanted]);
    const withoutGroup = await ask('POST', `/1/service/${id}/connect`);
    expect(withoutGroup.json().message).toContain('_resource_group');
    const unknown = await ask('POST', '/1/service/request-access', { ...body, _id: 'none' });
    expect(unknown.statusCode).toBe(404);
  });

  it('refuse what is missing, unknown groups and full pools', async () => {
    const full = await counterWith({ ok: false, refusal: { kind: 'pool-exhausted', retryAfterSec: 9 } });
    const valid = { _resource_group: 'app', _phone_number: '+12025550123' };
    const answer = await full.ask('POST', '/1/service/request-interaction', valid);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '9']);
    const refusal = { kind: 'unknown-group', groupName: 'app' } as const;
    const { ask } = await counterWith({ ok: false, refusal });
    const unknown = await ask('POST', '/1/service/request-interaction', valid);
    expect(unknown.statusCode).toBe(404);
    expect(unknown.json().message).toContain('_resource_group "app" is not configured');
    const wrong: [string, object][] = [
      ['request-interaction', {}],
      ['request-interaction', { _resource_group: 'app' }],
      ['request-interaction', { ...valid, _provide_code: 'maybe' }],
      ['request-interaction', { ...valid, a: 'x'.repeat(9000) }],
      ['request-access', { _resource_group: 'app' }],
      ['match-interaction', {}],
    ];
    for (const [service, body] of wrong) {
      const refused = await ask('POST', `/1/service/${service}`, body);
      expect([service, refused.statusCode, refused.json().phrase]).toEqual([service, 400, 'BAD_PARAMETER']);
    }
  });
});

describe('match-interaction', () => {
  const match = (counter: GmsCounter, body: object) =>
    counter.ask('POST', '/1/service/match-interaction', { _access_number: '+12025550199', ...body });

  it('finds a request by its code, or without one by the number called from', async () => {
    const counter = await gmsCounter();
    counter.fixture.callIns.push(callIn);
    expect((await match(counter, { _access_code: '481905' })).json()).toEqual({
      order: 'A-1',
      _id: callIn.id,
      _access_number: '12025550199',
      _expiration_time: '2026-01-05T10:00:30.000Z',
    });
    for (const body of [{}, { _access_code: '111111' }, { _phone_number: '+12025550123' }]) {
      expect((await match(counter, body)).statusCode).toBe(404);
    }
    counter.fixture.callIns.push({ ...callIn, accessCode: null, fromNumber: '+12025550123', id: 'callin_2' });
    expect((await match(counter, { _phone_number: '12025550123' })).json()._id).toBe('callin_2');
    expect((await match(counter, { _phone_number: '12025550124' })).statusCode).toBe(404);
    counter.house.clock.advance(31_000);
    expect((await match(counter, { _access_code: '481905' })).statusCode).toBe(404);
  });

  it('locks out a key that guesses codes', async () => {
    const counter = await gmsCounter();
    counter.fixture.callIns.push(callIn);
    for (let tries = 0; tries < 100; tries++) {
      counter.house.clock.advance(100);
      expect((await match(counter, { _access_code: '111111' })).statusCode).toBe(404);
    }
    const locked = await match(counter, { _access_code: '481905' });
    expect([locked.statusCode, locked.headers['retry-after']]).toEqual([429, '120']);
  });
});

describe('dialogs of a callback', () => {
  it('offer a menu whose items work, without cancel once it has ended', async () => {
    const { ask, book } = await gmsCounter();
    const id = await book();
    const menu = (await ask('POST', `/1/service/${id}/menu`)).json();
    expect(menu).toMatchObject({ _id: id, _action: 'DisplayMenu' });
    const urls = menu._content[0]._group_content.map(
      (item: { _user_action_url: string }) => item._user_action_url,
    );
    const [place, cancel] = urls.map((url: string) => url.replace('/genesys', ''));
    expect((await ask('POST', place)).json()._position).toBe(1);
    expect((await ask('POST', cancel)).json()).toMatchObject({ _action: 'ConfirmationDialog', _id: id });
    expect((await ask('POST', cancel)).json().phrase).toBe('NOT_POSSIBLE_NOW');
    const after = (await ask('POST', `/1/service/${id}/menu`)).json();
    expect(after._content[0]._group_content.length).toBe(1);
    expect((await ask('POST', '/1/service/none/menu')).statusCode).toBe(404);
    expect((await ask('POST', '/1/service/none/cancel')).statusCode).toBe(404);
  });
});

describe('the answer to the question before the call', () => {
  const device = { _device_notification_id: 'phone', _device_os: 'gcm' };

  it('is taken while it is asked, and refused otherwise', async () => {
    const { ask, book, house } = await gmsCounter({ pushConfirm: true, requireConfirm: false });
    const id = await book(device);
    const early = await ask('POST', `/1/service/${id}/confirm`);
    expect([early.statusCode, early.json().phrase]).toEqual([400, 'NOT_POSSIBLE_NOW']);
    await house.ready('a1');
    expect(house.now(id)).toMatchObject({ subState: 'pushed' });
    const later = await ask('POST', `/1/service/${id}/snooze`);
    expect(later.json()).toMatchObject({ _id: id, _action: 'ConfirmationDialog' });
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED' });
    await house.pass(3_600_000);
    expect(house.now(id)).toMatchObject({ subState: 'pushed' });
    expect((await ask('POST', `/1/service/${id}/confirm`)).statusCode).toBe(200);
    await house.pass(0);
    expect(house.telephony.placed).toHaveLength(1);
    expect((await ask('POST', '/1/service/none/confirm')).statusCode).toBe(404);
  });

  it('is a call where the customer dials in', async () => {
    const { ask, book, house } = await gmsCounter({ callDirection: 'USERORIGINATED' });
    const id = await book(device);
    await house.ready('a1');
    const refused = await ask('POST', `/1/service/${id}/confirm`);
    expect([refused.statusCode, refused.json().phrase]).toEqual([400, 'NOT_POSSIBLE_NOW']);
    expect(refused.json().message).toContain('dials in');
  });
});

describe('office hours, capacity and waits', () => {
  it('list when a queue is open', async () => {
    const { ask } = await gmsCounter();
    const answer = await ask('GET', '/1/service/support?number-of-days=2');
    expect(answer.json()).toEqual({
      periods: [
        { start: MORNING, end: '2026-01-05T17:00:00.000Z' },
        { start: '2026-01-06T09:00:00.000Z', end: '2026-01-06T17:00:00.000Z' },
        { start: '2026-01-07T09:00:00.000Z', end: '2026-01-07T10:00:00.000Z' },
      ],
      error: null,
    });
    const closed = '/1/service/support?start=2026-01-05T18:00:00Z&end=2026-01-05T19:00:00Z';
    expect((await ask('GET', closed)).json().periods).toEqual([]);
    expect((await ask('GET', '/1/service/sales')).statusCode).toBe(404);
    expect((await ask('GET', '/1/service/support?start=soon')).json().phrase).toBe('BAD_PARAMETER');
  });

  it('list what a capacity rule gives, by a queue that it is assigned to', async () => {
    const { ask } = await gmsCounter({ name: 'billing', slotCapacity: 3 });
    const answer = await ask('GET', '/1/service/march?start=2026-01-06T09:00:00Z&end=2026-01-06T09:15:00Z');
    expect(answer.json().periods).toEqual([
      { start: '2026-01-06T09:00:00.000Z', end: '2026-01-06T09:15:00.000Z', capacity: 3 },
      { start: '2026-01-06T09:15:00.000Z', end: '2026-01-06T09:30:00.000Z', capacity: 3 },
    ]);
    expect((await ask('GET', '/1/service/spare')).statusCode).toBe(404);
  });

  it('estimate waits by every name of an estimator', async () => {
    const { ask, book } = await gmsCounter();
    await book();
    for (const path of [
      '/1/service/ewt-for-vq?name=support&aqt=urs2',
      '/1/service/urs-stat?name=support',
      '/2/ewt?name=support&mode=ewt3',
    ]) {
      expect((await ask('GET', path)).json()).toEqual({ name: 'support', ewt: -1, pos: 2, calls: 1 });
    }
    for (const path of ['/1/service/ewt-for-vq', '/2/ewt?name=support&mode=ewt9', '/2/ewt?mode=ewt1']) {
      expect([path, (await ask('GET', path)).statusCode]).toEqual([path, 400]);
    }
    expect((await ask('GET', '/2/ewt?name=sales')).statusCode).toBe(404);
  });
});

describe('administration', () => {
  it('lists callbacks by queue in a window of desired times', async () => {
    const { ask, book } = await gmsCounter();
    const now = await book();
    const later = await book({ _customer_number: '+12025550124', _desired_time: '2026-01-07T12:00:00Z' });
    const ids = async (query = ''): Promise<string[]> => {
      const found = (await ask('GET', `/1/admin/callback/queues${query}`)).json();
      return (found.support ?? []).map((entry: { _id: string }) => entry._id);
    };
    expect(await ids()).toEqual([now]);
    expect(await ids('?target=support&end_time=2026-01-08T00:00:00Z')).toEqual([later, now]);
    expect(await ids('?end_time=2026-01-08T00:00:00Z&states=SCHEDULED&max=1')).toEqual([later]);
    const [entry] = (await ask('GET', '/1/admin/callback/queues')).json().support;
    expect(entry).toEqual({
      _id: now,
      desiredTime: MORNING,
      url: `/genesys/1/service/callback/support/${now}`,
      _customerNumber: '+12025550123',
      _callbackState: 'QUEUED',
    });
    expect((await ask('GET', '/1/admin/callback/queues?target=sales')).json()).toEqual({});
    for (const query of ['max=0', 'max=501', 'states=GONE', 'start_time=soon']) {
      expect((await ask('GET', `/1/admin/callback/queues?${query}`)).statusCode).toBe(400);
    }
  });

  it('cancels several, each by itself, and reports what was cancelled', async () => {
    const { ask, book } = await gmsCounter();
    const first = await book({ colour: 'blue' });
    const second = await book({ _customer_number: '+12025550124', _desired_time: NOON });
    const body = { ids: [first, 'none', second], reason: 'storm' };
    const answer = (await ask('POST', '/1/admin/callback/cancel', body)).json();
    expect(answer.results).toEqual([
      { id: first, ok: true },
      { id: 'none', ok: false, reason: 'not-found' },
      { id: second, ok: true },
    ]);
    expect(answer._ignored_options).toEqual([{ option: 'reason', reason: 'is not kept' }]);
    const asked = { callback_reason: 'CANCELLED', exported_properties: ['_id', 'colour'] };
    const report = await ask('POST', '/1/admin/callback/reportcancelled', asked);
    expect(report.json()).toEqual([{ _id: second }, { _id: first, colour: 'blue' }]);
    expect((await ask('POST', '/1/admin/callback/reportcancelled')).json().length).toBe(2);
    const none = { callback_reason: 'FAIL_ERROR' };
    expect((await ask('POST', '/1/admin/callback/reportcancelled', none)).json()).toEqual([]);
    for (const wrong of [{}, { ids: [] }, { ids: 'x' }, { ids: Array.from({ length: 251 }, () => 'x') }]) {
      expect((await ask('POST', '/1/admin/callback/cancel', wrong)).json().phrase).toBe('BAD_PARAMETER');
    }
  });

  it('tells the watermarks of the services asked for', async () => {
    const { ask, book } = await gmsCounter();
    await book();
    const all = (await ask('GET', '/1/admin/callback/watermarks')).json();
    expect(all.support).toMatchObject({ waitingCallbacks: 1, waitingCalls: 0, openCallbacks: 1 });
    const twice = '/1/admin/callback/watermarks?service_name=support&service_name=support';
    expect((await ask('GET', twice)).json()).toEqual(all);
    expect((await ask('GET', '/1/admin/callback/watermarks?service_name=sales')).statusCode).toBe(404);
  });
});
