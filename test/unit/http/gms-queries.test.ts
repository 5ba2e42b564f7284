import { describe, expect, it } from 'vitest';
import { gesKey } from '../../fakes/ges-counter.ts';
import { gmsCounter } from '../../fakes/gms-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

const SERVICE = '/1/service/callback/support';
const NOON = '2026-01-05T12:00:00.000Z';

describe('GET /service/callback', () => {
  it('finds callbacks of a service by properties and their data, with AND and OR', async () => {
    const { ask, book } = await gmsCounter();
    const first = await book({ colour: 'blue' });
    const second = await book({ colour: 'red', _customer_number: '+12025550124', _desired_time: NOON });
    await ask('DELETE', `${SERVICE}/${first}`);
    const find = async (query: string): Promise<string[]> =>
      (await ask('GET', `${SERVICE}?${query}`)).json().map((record: { _id: string }) => record._id);
    expect(await find('')).toEqual([second, first]);
    expect(await find('_customer_number=12025550123')).toEqual([first]);
    expect(await find('_customer_number=%2B12025550123&_callback_state=SCHEDULED')).toEqual([]);
    expect(await find('_customer_number=%2B12025550123&_callback_state=SCHEDULED&operand=OR')).toEqual([
      second,
      first,
    ]);
    expect(await find('colour=red&operand=and')).toEqual([second]);
    expect(await find('_callback_reason=CANCELLED')).toEqual([first]);
    expect(await find('_callback_reason=AGENT_PREVIEW_CANCEL_AFTER_2REJECTS')).toEqual([]);
    expect(await find(`_id=${second}&colour=blue`)).toEqual([]);
    expect(await find('toString=x')).toEqual([]);
    expect(await find('_vq=support&_=1767607200000&colour=red')).toEqual([second]);
    const unknown = await ask('GET', `${SERVICE}?_request_ewt_service=x&colour=red`);
    expect([unknown.statusCode, unknown.json().phrase]).toEqual([400, 'BAD_PARAMETER']);
    expect(unknown.json().message).toContain(
      '_request_ewt_service "x" is nothing that callbacks are found by',
    );
    const misspelt = await ask('GET', `${SERVICE}?_callback_reason=cancelled`);
    expect(misspelt.statusCode).toBe(400);
    expect(misspelt.json().message).toContain('"cancelled" must be one of AGENT_CONNECTED, CANCELLED');
  });

  it('reads a national number for the country of the service, as a start does', async () => {
    const { ask } = await gmsCounter({ name: 'billing', defaultCountry: 'DE' });
    const service = '/1/service/callback/billing';
    const { _id: id } = (await ask('POST', service, { _customer_number: '030 12345678' })).json();
    const found = await ask('GET', `${service}?_customer_number=03012345678`);
    expect(found.json()).toMatchObject([{ _id: id, _customer_number: '+493012345678' }]);
  });

  it('shows a record with its data and what can be asked of it by id, whatever the service', async () => {
    const { ask, book } = await gmsCounter();
    const id = await book({ colour: 'blue', _desired_time: NOON });
    const url = `/genesys/1/service/callback/support/${id}`;
    const answer = await ask('GET', `/1/service/callback?_id=${id}`);
    expect(answer.json()).toEqual([
      {
        _id: id,
        _desired_time: NOON,
        _service_name: 'support',
        _callback_state: 'SCHEDULED',
        _expiration_time: '2026-01-19T12:00:00.000Z',
        _customer_number: '+12025550123',
        _url: url,
        url,
        colour: 'blue',
      },
    ]);
  });

  it('refuses unknown and foreign services and ids, and questions that are none', async () => {
    const { ask, book, fixture, house } = await gmsCounter();
    const id = await book();
    const nowMs = house.clock.nowMs();
    const times = { createdAtMs: nowMs, updatedAtMs: nowMs };
    await fixture.access.insertAccessGroup({ name: 'sales', queues: ['sales'], ...times });
    const foreign = await gesKey(fixture, house.clock, { scopes: ['gms'], accessGroups: ['sales'] });
    const other = { 'x-api-key': foreign };
    const paths = [
      SERVICE,
      `/1/service/callback?_id=${id}`,
      `/1/service/${id}/check-queue-position`,
      `${SERVICE}/availability`,
      '/2/service/callback/support/availability',
    ];
    for (const path of paths) {
      expect([path, (await ask('GET', path, undefined, other)).statusCode]).toEqual([path, 404]);
      expect([path, (await ask('GET', path)).statusCode]).toEqual([path, 200]);
    }
    expect((await ask('GET', '/1/service/callback/sales')).statusCode).toBe(404);
    expect((await ask('GET', '/1/service/callback?_id=none')).json().phrase).toBe('NOT_FOUND');
    const many = Array.from({ length: 25 }, (_, i) => `a${i}=1`).join('&');
    for (const query of ['operand=XOR', '_callback_state=GONE', 'a=1&a=2', `a=${'x'.repeat(1025)}`, many]) {
      const answer = await ask('GET', `${SERVICE}?${query}`);
      expect([query, answer.statusCode, answer.json().phrase]).toEqual([query, 400, 'BAD_PARAMETER']);
    }
    expect((await ask('GET', '/1/service/callback')).json().message).toContain('_id');
  });
});

describe('GET and POST /service/{id}/check-queue-position', () => {
  it('tell place, wait and line of who waits, and nothing of who does not', async () => {
    const { ask, book } = await gmsCounter();
    const first = await book();
    const second = await book({ _customer_number: '+12025550124' });
    const scheduled = await book({ _customer_number: '+12025550125', _desired_time: NOON });
    const place = (method: 'GET' | 'POST', id: string) =>
      ask(method, `/1/service/${id}/check-queue-position`);
    const waits = { _total_waiting: 2, _agent_ready_threshold_passed: false };
    expect((await place('GET', second)).json()).toMatchObject({ _id: second, _position: 2, ...waits });
    expect((await place('POST', first)).json()).toMatchObject({ _position: 1, _eta: -1 });
    expect((await place('GET', scheduled)).json()).toMatchObject({ _position: 0, _eta: 0 });
    expect((await place('GET', 'none')).statusCode).toBe(404);
  });
});

describe('GET /service/callback/{service}/availability', () => {
  it('lists free slots in the first version: start and free places, a day unless told', async () => {
    const { ask, book } = await gmsCounter({ slotCapacity: 2 });
    await book({ _desired_time: NOON });
    const asked = `${SERVICE}/availability?start=${NOON}&max-time-slots=2`;
    expect((await ask('GET', asked)).json()).toEqual({ [NOON]: 1, '2026-01-05T12:15:00.000Z': 2 });
    expect((await ask('GET', `${asked}&end=&number-of-days=`)).json()).toHaveProperty([NOON], 1);
    const day = Object.keys((await ask('GET', `${SERVICE}/availability`)).json());
    expect(day.at(0)).toBe('2026-01-05T10:00:00.000Z');
    expect(day.at(-1)).toBe('2026-01-06T09:45:00.000Z');
  });

  it('lists them with places, zones and full ones in the second version', async () => {
    const { ask, book } = await gmsCounter({ slotCapacity: 1 });
    await book({ _desired_time: NOON });
    const ms = Date.parse(NOON);
    const path = '/2/service/callback/support/availability';
    const range = `start-ms=${ms}&end-ms=${ms + 900_000}&timezone=Europe/Berlin`;
    const answer = await ask('GET', `${path}?${range}&report-busy=true`);
    expect(answer.json()).toEqual({
      durationMin: 15,
      timezone: 'Europe/Berlin',
      slots: [
        { utcTime: NOON, localTime: '2026-01-05T13:00:00.000+01:00', capacity: 0, total: 1 },
        {
          utcTime: '2026-01-05T12:15:00.000Z',
          localTime: '2026-01-05T13:15:00.000+01:00',
          capacity: 1,
          total: 1,
        },
      ],
    });
    expect((await ask('GET', `${path}?${range}`)).json().slots.length).toBe(1);
  });

  it('refuses what is no stretch of time', async () => {
    const { ask } = await gmsCounter();
    const wrong = [
      'start=tomorrow',
      'number-of-days=0',
      'max-time-slots=-1',
      'start=2026-01-06T10:00:00Z&end=2026-01-05T10:00:00Z',
      'end=2026-01-06T10:00:00Z&number-of-days=2',
      'start-ms=x',
      'timezone=Mars',
      'report-busy=perhaps',
    ];
    for (const query of wrong) {
      const answer = await ask('GET', `/2/service/callback/support/availability?${query}`);
      expect([query, answer.statusCode, answer.json().phrase]).toEqual([query, 400, 'BAD_PARAMETER']);
    }
    expect((await ask('GET', '/2/service/callback/sales/availability')).statusCode).toBe(404);
    expect((await ask('GET', '/2/nothing')).json()).toMatchObject({ code: 404, phrase: 'NOT_FOUND' });
  });
});
