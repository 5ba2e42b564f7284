import { describe, expect, it } from 'vitest';
import type { CallInDesk, CallInOutcome, CallInRequest } from '../../../src/application/call-in-desk.ts';
import { type GesCounter, gesCounter, MORNING } from '../../fakes/ges-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

const NOON = '2026-01-05T12:00:00.000Z';
const TEN_MS = Date.parse(MORNING);

async function data(answer: ReturnType<GesCounter['get']>) {
  const { statusCode, body } = await answer;
  if (statusCode !== 200) throw new Error(body);
  return JSON.parse(body).data;
}

async function refusal(answer: ReturnType<GesCounter['get']>): Promise<[number, number, string]> {
  const { statusCode, body } = await answer;
  const { status } = JSON.parse(body);
  return [statusCode, status.code, status.message];
}

describe('GET /callbacks/availability/{service}', () => {
  const path = '/callbacks/availability/support';

  it('lists slots with local time, free and configured places', async () => {
    const { get, book } = await gesCounter({ slotCapacity: 2 });
    await book({ desiredTime: NOON });
    const query = `start=${NOON}&end=2026-01-05T12:15:00Z&timezone=Europe/Berlin`;
    expect(await data(get(`${path}?${query}`))).toEqual({
      slots: [
        { utcTime: NOON, localTime: '2026-01-05T13:00:00.000+01:00', capacity: 1, total: 2 },
        {
          utcTime: '2026-01-05T12:15:00.000Z',
          localTime: '2026-01-05T13:15:00.000+01:00',
          capacity: 2,
          total: 2,
        },
      ],
      durationMin: 15,
      timezone: 'Europe/Berlin',
    });
  });

  it.each([
    ['the start alone', `start=${NOON}`, 1],
    ['a start in a zone', 'start=2026-01-05T13:00:00&timezone=Europe/Berlin', 1],
    ['a start with an offset', 'start=2026-01-05T13:00:00%2B01:00', 1],
    ['a start whose plus was not encoded', 'start=2026-01-05T13:00:00+01:00', 1],
    ['milliseconds', `startMS=${TEN_MS}&endMS=${TEN_MS + 3_600_000}`, 5],
    ['milliseconds alone', `startMS=${TEN_MS}`, 1],
    ['a day from now', 'numberOfDays=1', 32],
    ['a number of days that is cut', 'numberOfDays=9999&maxTimeSlots=999999', 31 * 32],
    ['so many slots at most', 'numberOfDays=2&maxTimeSlots=7', 7],
    ['what is over', 'start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z', 0],
    ['a parameter against caches', `start=${NOON}&_=1767605400000`, 1],
    ['parameters without a value', `start=${NOON}&end=&timezone=&maxTimeSlots=&reportBusy`, 1],
  ])('takes %s', async (_, query, count) => {
    const { get } = await gesCounter({ maxFutureDays: 31 });
    expect((await data(get(`${path}?${query}`))).slots).toHaveLength(count);
  });

  it('leaves full slots out unless they are asked for, and counts only free ones', async () => {
    const { get, book } = await gesCounter();
    await book({ desiredTime: NOON });
    const query = `start=${NOON}&numberOfDays=1&maxTimeSlots=2`;
    const timesOf = async (more: string): Promise<string[]> =>
      (await data(get(`${path}?${query}${more}`))).slots.map(({ utcTime }: { utcTime: string }) => utcTime);
    const free = ['2026-01-05T12:15:00.000Z', '2026-01-05T12:30:00.000Z'];
    expect(await timesOf('')).toEqual(free);
    expect(await timesOf('&reportBusy=false')).toEqual(free);
    expect(await timesOf('&reportBusy=true')).toEqual([NOON, ...free]);
  });

  it.each([
    ['start=noon', 'start "noon"', 'ISO 8601'],
    ['start=5', 'start', 'ISO 8601'],
    ['startMS=noon&numberOfDays=1', 'startMS', 'milliseconds'],
    [`start=${NOON}&startMS=1&numberOfDays=1`, 'startMS', 'together with start'],
    [`end=${NOON}&numberOfDays=2`, 'end', 'only one'],
    [`start=${NOON}&end=${MORNING}`, 'end', 'before start'],
    ['numberOfDays=0', 'numberOfDays', '1 to 9999'],
    ['numberOfDays=-1', 'numberOfDays', '1 to 9999'],
    ['maxTimeSlots=none', 'maxTimeSlots', 'whole number'],
    ['timezone=Mars', 'timezone', 'time zone'],
    ['reportBusy=perhaps', 'reportBusy', 'true or false'],
    ['start=a&start=b', 'start', 'must be text'],
    ['timezone=UTC&timezone=UTC', 'timezone', 'time zone'],
    ['reportBusy=true&reportBusy=true', 'reportBusy', 'true or false'],
    ['startMS=1&startMS=1', 'startMS', 'milliseconds'],
  ])('refuses %s', async (query, field, rule) => {
    const { get } = await gesCounter();
    const [status, code, message] = await refusal(get(`${path}?${query}`));
    expect([status, code]).toEqual([400, 40_001]);
    expect(message).toContain(field);
    expect(message).toContain(rule);
  });
});

describe('GET /callbacks/open-for/{service}', () => {
  const path = '/callbacks/open-for/support';

  it('tells the seconds until closing, for a start in its zone, and 0 when closed', async () => {
    const { get } = await gesCounter();
    expect(await data(get(path))).toEqual({ openFor: 7 * 3600 });
    expect(await data(get(`${path}?start=2026-01-05T17:00:00&timezone=Europe/Berlin`))).toEqual({
      openFor: 3600,
    });
    expect(await data(get(`${path}?start=2026-01-05T18:00:00Z`))).toEqual({ openFor: 0 });
  });

  it('tells a week where a service never closes', async () => {
    const { get } = await gesCounter({ businessHours: undefined });
    expect(await data(get(path))).toEqual({ openFor: 7 * 86_400 });
  });

  it('adds what the flags ask for, in either spelling', async () => {
    const { get } = await gesCounter({ immediateOfferHours: 'offers', immediateEnabled: false });
    const flags =
      'queryImmediateOfferHours=true&returnWithinImmediateOfferTime=true&checkImmediateEnabled=true';
    expect(await data(get(`${path}?${flags}`))).toEqual({
      openFor: 7 * 3600,
      immediateOfferHoursOpenFor: 2 * 3600,
      isWithinImmediateOfferTime: true,
      isImmediateEnabled: false,
    });
    expect(await data(get(`${path}?returnWithinImmediateOffertime=TRUE&start=${NOON}`))).toEqual({
      openFor: 5 * 3600,
      isWithinImmediateOfferTime: false,
    });
    expect(await data(get(`${path}?checkImmediateEnabled=false`))).toEqual({ openFor: 7 * 3600 });
  });

  it('tells -1 where there are no offer hours, 0 outside them', async () => {
    const without = await gesCounter();
    const query = 'queryImmediateOfferHours=true';
    expect(await data(without.get(`${path}?${query}`))).toMatchObject({ immediateOfferHoursOpenFor: -1 });
    const { get } = await gesCounter({ immediateOfferHours: 'offers' });
    expect(await data(get(`${path}?${query}&start=${NOON}`))).toMatchObject({
      immediateOfferHoursOpenFor: 0,
    });
  });

  it('looks at the blackout where there are no offer hours', async () => {
    const { get } = await gesCounter({ immediateBlackoutMin: 60 });
    const within = async (start: string): Promise<boolean> =>
      (await data(get(`${path}?returnWithinImmediateOfferTime=true&start=${start}`)))
        .isWithinImmediateOfferTime;
    expect(await within('2026-01-05T15:59:00Z')).toBe(true);
    expect(await within('2026-01-05T16:00:00Z')).toBe(false);
  });

  it.each(['start=noon', 'timezone=Mars', 'checkImmediateEnabled=1'])('refuses %s', async (query) => {
    const { get } = await gesCounter();
    expect((await refusal(get(`${path}?${query}`))).slice(0, 2)).toEqual([400, 40_001]);
  });
});

describe('queue status and estimated wait', () => {
  it('tell by -1 whether nobody is logged in or nobody was served yet', async () => {
    const { get, house, book } = await gesCounter({ ewtEstimator: 'urs' });
    const waits = (mode: string) => data(get(`/estimated-wait-time?virtual-queues=support&mode=${mode}`));
    expect((await waits('mode2'))[0]).toMatchObject({ estimatedWaitTime: -1, resultCode: -2 });
    expect((await waits('mode1'))[0]).toMatchObject({ estimatedWaitTime: -1, resultCode: -1 });
    for (let count = 0; count < 3; count++) await book({ phoneNumber: `+1202555012${count}` });
    await house.ready('a1');
    expect(await data(get('/callbacks/queue-status/support'))).toEqual({
      ewt: -1,
      offerImmediateCallback: true,
      offerScheduledCallback: true,
    });
    const [byAgents] = await waits('mode2');
    expect(byAgents).toEqual({
      virtualQueue: 'support',
      estimatedWaitTime: expect.any(Number),
      resultCode: 0,
    });
    expect(byAgents.estimatedWaitTime).toBeGreaterThan(0);
    expect((await waits('mode3'))[0]).toMatchObject({ resultCode: 0 });
  });

  it('know a wait while all agents are on a break: who is logged in comes back', async () => {
    const { get, house, book } = await gesCounter();
    const wait = async () => (await data(get('/estimated-wait-time?virtual-queues=support')))[0];
    await book();
    house.registry.want('a1', 'NOT_READY', 'test', 'LUNCH');
    await house.pass(0);
    // One callback before it, 180 s each until a handling time has been measured, one agent.
    expect(await wait()).toEqual({ virtualQueue: 'support', estimatedWaitTime: 360, resultCode: 0 });
    expect(await data(get('/callbacks/queue-status/support'))).toMatchObject({
      ewt: 360,
      offerImmediateCallback: true,
    });
    house.registry.want('a1', 'LOGGED_OUT', 'test');
    await house.pass(0);
    expect(await wait()).toMatchObject({ estimatedWaitTime: -1, resultCode: -2 });
  });

  it('tell of a queue that there is not, or that the key may not read, beside the others', async () => {
    const { get } = await gesCounter();
    const answer = await data(get('/estimated-wait-time?virtual-queues=sales,support'));
    expect(answer).toEqual([
      {
        virtualQueue: 'sales',
        estimatedWaitTime: -1,
        resultCode: -1,
        message: expect.stringContaining('no such'),
      },
      { virtualQueue: 'support', estimatedWaitTime: -1, resultCode: -2, message: expect.any(String) },
    ]);
  });

  it.each([
    ['support', 'support_VQ', 0],
    ['support_VQ', 'support_VQ_CB', 0],
    ['support_VQ', 'support_VQ_CB_OUT', 0],
    ['support_VQ_CB', 'support_VQ', 0],
    ['support_VQ', 'support', 40_002],
  ])('know %s as %s: code %i', async (name, asked, code) => {
    const { get } = await gesCounter({ name });
    const { status } = (await get(`/estimated-wait-time?virtual-queues=${asked}`)).json();
    expect(status.code).toBe(code);
  });

  it('offer nothing without an agent, when closed or disabled', async () => {
    const { get } = await gesCounter({ scheduledEnabled: false });
    expect(await data(get('/callbacks/queue-status/support'))).toEqual({
      ewt: -1,
      offerImmediateCallback: false,
      offerScheduledCallback: false,
    });
  });

  it('know several queues and the views of one, and default to mode2', async () => {
    const { get } = await gesCounter();
    const asked = 'support%2C%20support_VQ_CB,support_VQ_CB_OUT,support';
    const answer = await data(get(`/estimated-wait-time?virtual-queues=${asked}&include-calls-on-hold=true`));
    expect(answer.map(({ virtualQueue }: { virtualQueue: string }) => virtualQueue)).toEqual([
      'support',
      'support_VQ_CB',
      'support_VQ_CB_OUT',
    ]);
    expect(answer[0]).toMatchObject({ resultCode: -2, message: expect.stringContaining('agent') });
  });

  it.each([
    ['', 40_001, 'virtual-queues is required'],
    ['virtual-queues=', 40_001, 'virtual-queues'],
    ['virtual-queues=,', 40_001, 'must name'],
    [
      `virtual-queues=${Array.from({ length: 51 }, (_, index) => `q${index}`).join(',')}`,
      40_001,
      'at most 50',
    ],
    ['virtual-queues=sales,nowhere', 40_002, '"sales" is not configured'],
    ['virtual-queues=support&mode=mode4', 40_001, 'mode1, mode2 or mode3'],
    ['virtual-queues=support&include-calls-on-hold=maybe', 40_001, 'true or false'],
  ])('refuses estimated-wait-time?%.40s', async (query, code, words) => {
    const { get } = await gesCounter();
    const [status, told, message] = await refusal(get(`/estimated-wait-time?${query}`));
    expect([status, told]).toEqual([400, code]);
    expect(message).toContain(words);
  });
});

describe('POST /statistics/operations/get-statistic-ex', () => {
  const path = '/statistics/operations/get-statistic-ex';

  it('gives every figure where nothing is asked for, with an empty body of JSON', async () => {
    const { fixture, post, book } = await gesCounter();
    await book();
    const answer = await data(
      post(path, undefined, { 'content-type': 'application/json', 'content-length': '0' }),
    );
    expect(answer.statistics).toHaveLength(9);
    expect(answer.statistics).toContainEqual({
      name: 'CurrNumberWaitingCallbacks',
      objectId: 'support',
      objectType: 'Queue',
      timestamp: TEN_MS,
      value: 1,
    });
    expect(fixture.errors.records.size).toBe(0);
  });

  it('gives what is asked for, by name or definition', async () => {
    const { post, book } = await gesCounter();
    await book();
    const statistics = [
      { objectId: 'support', objectType: 'Queue', name: 'CurrNumberOpenCallbacks' },
      { objectId: 'support', objectType: 'VirtualQueue', definition: 'ExpectedWaitTime' },
    ];
    const answer = await data(post(path, { data: { statistics } }));
    expect(answer.statistics.map(({ value }: { value: number }) => value)).toEqual([1, -1]);
  });

  it.each([
    [
      { data: { statistics: [{ objectId: 'sales', objectType: 'Queue', name: 'ExpectedWaitTime' }] } },
      40_002,
    ],
    [
      { data: { statistics: [{ objectId: 'support', objectType: 'Agent', name: 'ExpectedWaitTime' }] } },
      40_001,
    ],
    [{ data: { statistics: [{ objectId: 'support', objectType: 'Queue', name: 'toString' }] } }, 40_001],
    [{ data: { statistics: [{ objectId: 'support', objectType: 'Queue' }] } }, 40_001],
    [{ data: { statistics: 'all' } }, 40_001],
    [{ data: 'all' }, 40_001],
    [{ colour: 'blue' }, 40_001],
  ])('refuses %j', async (body, code) => {
    const { post } = await gesCounter();
    expect((await refusal(post(path, body))).slice(0, 2)).toEqual([400, code]);
  });
});

describe('POST /call-in/requests/create', () => {
  const path = '/call-in/requests/create';
  const desk = (outcome: CallInOutcome): CallInDesk & { readonly asked: CallInRequest[] } => {
    const asked: CallInRequest[] = [];
    return {
      asked,
      request: (request) => {
        asked.push(request);
        return Promise.resolve(outcome);
      },
    };
  };
  const grant = {
    id: 'callin_1',
    groupName: 'app',
    toNumber: '+12025550199',
    accessCode: '481905',
    expiresAtMs: TEN_MS + 30_000,
    fromNumber: '+12025550123',
    callbackId: null,
  };

  it('knows no group until one is configured', async () => {
    const { post } = await gesCounter();
    const [status, code, message] = await refusal(post(path, { groupName: 'app' }));
    expect([status, code]).toEqual([400, 40_002]);
    expect(message).toContain('groupName "app" is not configured');
  });

  it('answers with the number to dial, the code and their end', async () => {
    const granting = desk({ ok: true, grant });
    const { post, book } = await gesCounter({}, { desk: granting });
    const id = await book();
    const wanted = { groupName: 'app', fromPhoneNumber: '+12025550123', userData: { a: 1, 'b c': 2 } };
    expect(await data(post(path, { ...wanted, callbackServiceId: id }))).toEqual({
      id: 'callin_1',
      toPhoneNumber: '+12025550199',
      groupName: 'app',
      expirationTime: TEN_MS + 30_000,
      accessCode: '481905',
      fromPhoneNumber: '+12025550123',
    });
    expect(granting.asked).toEqual([
      { groupName: 'app', fromNumber: '+12025550123', userData: { a: '1' }, callbackId: id },
    ]);
    const unknown = await refusal(post(path, { groupName: 'app', callbackServiceId: 'callback_00000000' }));
    expect(unknown.slice(0, 2)).toEqual([404, 40_401]);
  });

  it.each([
    [{ kind: 'invalid-number', reason: 'is empty' }, 400, 40_003],
    [{ kind: 'unknown-callback' }, 404, 40_401],
    [{ kind: 'callback-not-waiting', state: 'COMPLETED' }, 400, 40_004],
    [{ kind: 'pool-exhausted', retryAfterSec: 30 }, 400, 40_010],
  ] as const)('tells that %j', async (why, status, code) => {
    const { post } = await gesCounter({}, { desk: desk({ ok: false, refusal: why }) });
    expect((await refusal(post(path, { groupName: 'app' }))).slice(0, 2)).toEqual([status, code]);
  });

  it.each([
    [{}, 'groupName is required'],
    [{ groupName: 5 }, 'groupName'],
    [{ groupName: 'x'.repeat(256) }, '1–255'],
    [{ groupName: 'app', fromPhoneNumber: 5 }, 'fromPhoneNumber'],
    [{ groupName: 'app', userData: 'x' }, 'userData'],
    [{ groupName: 'app', colour: 'blue' }, 'unknown field colour'],
  ])('refuses %j', async (body, words) => {
    const { post } = await gesCounter({}, { desk: desk({ ok: true, grant }) });
    const [status, code, message] = await refusal(post(path, body));
    expect([status, code]).toEqual([400, 40_001]);
    expect(message).toContain(words);
  });
});
