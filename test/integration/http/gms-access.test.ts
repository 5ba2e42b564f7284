import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gesKey } from '../../fakes/ges-counter.ts';
import { type GmsCounter, gmsCounter } from '../../fakes/gms-counter.ts';

let counter: GmsCounter;
let origin: string;
let key: string;
beforeAll(async () => {
  counter = await gmsCounter({}, { keepOpen: true });
  origin = (await counter.fixture.server.listen()).url;
  key = await gesKey(counter.fixture, counter.house.clock, { scopes: ['gms'] });
});
afterAll(() => counter.fixture.server.close());

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const ask = (
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: FormData | URLSearchParams,
): Promise<Response> =>
  fetch(`${origin}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });

describe('HTTP Basic', () => {
  it('takes a key as the password of any user name, or as the user name before an empty one', async () => {
    const url = '/genesys/1/admin/callback/watermarks';
    const answers = await Promise.all(
      [basic('general', key), basic('', key), basic(key, ''), basic('käse', key), `Bearer ${key}`].map(
        async (authorization) => (await ask('GET', url, { authorization })).status,
      ),
    );
    expect(answers).toEqual([200, 200, 200, 200, 200]);
  });

  it('is asked for where no key, or a wrong one, comes', async () => {
    const wrong = ['Basic', 'Basic ?', basic('user', 'password'), basic(key, 'password'), 'Digest x'];
    for (const authorization of [undefined, ...wrong]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await ask('GET', '/genesys/1/admin/callback/watermarks', headers);
      expect([authorization, answer.status]).toEqual([authorization, 401]);
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="genesys", charset="UTF-8", Bearer');
      expect(await answer.json()).toMatchObject({ code: 401, phrase: 'UNAUTHORIZED' });
    }
  });

  it('is taken by no other API', async () => {
    const authorization = basic(
      'user',
      await gesKey(counter.fixture, counter.house.clock, { scopes: ['ges'] }),
    );
    for (const path of ['/engagement/v3/callbacks/queue-status/support', '/api/v1/me']) {
      const answer = await ask('GET', path, { authorization });
      expect([path, answer.status, answer.headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
    }
  });
});

describe('gms_user', () => {
  it('stays with a callback, is found by, and is in no history', async () => {
    const headers = { 'x-api-key': key, gms_user: 'anna@shop.example' };
    const form = new URLSearchParams({ _customer_number: '+12025550123' });
    const made = await ask('POST', '/genesys/1/service/callback/support', headers, form);
    const { _id: id } = (await made.json()) as { _id: string };
    await counter.book({ _customer_number: '+12025550124' });
    const found = await ask(
      'GET',
      '/genesys/1/service/callback/support?gms_user=anna%40shop.example',
      headers,
    );
    expect(await found.json()).toMatchObject([{ _id: id, gms_user: 'anna@shop.example' }]);
    const stored = await counter.application.findCallback(id);
    expect(JSON.stringify(stored?.events)).not.toContain('anna');
    const tooLong = { ...headers, gms_user: 'a'.repeat(256) };
    expect((await ask('POST', '/genesys/1/service/callback/support', tooLong, form)).status).toBe(400);
  });
});

describe('a start with files', () => {
  it('keeps them with the callback, and makes none where one is too large', async () => {
    const headers = { 'x-api-key': key };
    const form = new FormData();
    form.append('_customer_number', '+12025550125');
    form.append('order', 'A-1');
    form.append('picture', new File(['x'], 'a.png', { type: 'image/png' }));
    const made = await ask('POST', '/genesys/1/service/callback/support', headers, form);
    const answer = (await made.json()) as { _id: string };
    expect([made.status, Object.keys(answer)]).not.toContain('_ignored_options');
    const stored = await ask('GET', `/genesys/1/service/${answer._id}/storage`, headers);
    expect(await stored.json()).toEqual({
      order: 'A-1',
      picture: `/genesys/1/service/${answer._id}/storage/binary/picture`,
    });
    form.append('large', new File([new Uint8Array(1024 * 1024 + 1)], 'b.png'));
    const count = counter.house.store.callbacks.size;
    expect((await ask('POST', '/genesys/1/service/callback/support', headers, form)).status).toBe(413);
    expect(counter.house.store.callbacks.size).toBe(count);
  });
});

describe('/service/{id}', () => {
  it('shows and cancels a callback whatever its service', async () => {
    const id = await counter.book({ _customer_number: '+12025550126' });
    const headers = { 'x-api-key': key };
    const shown = await ask('GET', `/genesys/1/service/${id}`, headers);
    expect(await shown.json()).toMatchObject({ _id: id, _callback_state: 'QUEUED' });
    expect((await ask('DELETE', `/genesys/1/service/${id}`, headers)).status).toBe(200);
    const after = await ask('GET', `/genesys/1/service/${id}`, headers);
    expect(await after.json()).toMatchObject({ _callback_state: 'COMPLETED', _callback_reason: 'CANCELLED' });
    for (const path of ['/genesys/1/service/nothing', '/genesys/1/service/callback_00000000']) {
      expect([path, (await ask('GET', path, headers)).status]).toEqual([path, 404]);
    }
  });
});
