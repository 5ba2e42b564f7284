import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { areaLimits } from '../../../src/adapters/http/gms/storage-area-store.ts';
import { Storage } from '../../../src/adapters/storage/storage.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { gesKey } from '../../fakes/ges-counter.ts';
import { type GmsCounter, gmsCounter } from '../../fakes/gms-counter.ts';

let storage: Storage;
let counter: GmsCounter;
let base: string;
let key: string;
beforeAll(async () => {
  storage = await Storage.open({ path: ':memory:', clock: new SystemClock() });
  counter = await gmsCounter({}, { keepOpen: true, areas: storage.areas });
  base = `${(await counter.fixture.server.listen()).url}/genesys/1`;
  key = await gesKey(counter.fixture, counter.house.clock, { scopes: ['gms'] });
});
afterAll(async () => {
  await counter.fixture.server.close();
  await storage.close();
});

type Headers = Record<string, string>;
const ask = (
  method: string,
  path: string,
  body?: FormData | URLSearchParams | Uint8Array<ArrayBuffer> | string,
  headers: Headers = {},
): Promise<Response> =>
  fetch(base + path, {
    method,
    headers: { 'x-api-key': key, ...headers },
    ...(body === undefined ? {} : { body }),
  });
const jsonOf = async (answer: Promise<Response>): Promise<unknown> => (await answer).json();
const idOf = async (answer: Promise<Response>): Promise<string> =>
  ((await jsonOf(answer)) as { id: string }).id;
const statusOf = async (answer: Promise<Response>): Promise<number> => (await answer).status;

function formOf(parts: Record<string, string | Blob>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(parts)) form.append(name, value);
  return form;
}

describe('/genesys/1/storage', () => {
  it('keeps text and files of a form, and hands them out by key', async () => {
    const picture = new File([new Uint8Array([0, 1, 254, 255])], 'härte.png', { type: 'image/png' });
    const made = await ask(
      'POST',
      '/storage/3600',
      formOf({ Key1: 'Value1', 'Key 2': '', FileKey: picture }),
    );
    expect(made.status).toBe(200);
    const { id, ...rest } = (await made.json()) as { id: string };
    expect([id, rest]).toEqual([expect.stringMatching(/^storage_/), {}]);
    expect(await jsonOf(ask('GET', `/storage/${id}`))).toEqual({
      Key1: 'Value1',
      'Key 2': '',
      FileKey: `/genesys/1/storage/binary/${id}/FileKey`,
    });
    const text = await ask('GET', `/storage/${id}/Key1`);
    expect([text.headers.get('content-type'), await text.text()]).toEqual([
      'text/plain; charset=utf-8',
      'Value1',
    ]);
    const file = await ask('GET', `/storage/binary/${id}/FileKey`);
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(new Uint8Array([0, 1, 254, 255]));
    expect(file.headers.get('content-type')).toBe('image/png');
    expect(file.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''h%C3%A4rte.png");
    expect(await statusOf(ask('GET', `/storage/${id}/Key3`))).toBe(404);
  });

  it('keeps what is no text as JSON', async () => {
    const headers = { 'content-type': 'application/json' };
    const values = { none: null, empty: '', count: 2, yes: true, parts: { a: [1] } };
    const id = await idOf(ask('POST', '/storage/3600', JSON.stringify(values), headers));
    expect(await jsonOf(ask('GET', `/storage/${id}`))).toEqual({
      none: 'null',
      empty: '',
      count: '2',
      yes: 'true',
      parts: '{"a":[1]}',
    });
  });

  it('hands out what a browser would run as unknown bytes', async () => {
    const page = new File(['<script>1</script>'], 'a.html', { type: 'text/html' });
    const id = await idOf(ask('POST', '/storage/60', formOf({ page })));
    const { headers } = await ask('GET', `/storage/${id}/page`);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });

  it('takes urlencoded forms and JSON, changes single values, and deletes', async () => {
    const id = await idOf(ask('POST', '/storage/60', new URLSearchParams({ a: '1', b: '2' })));
    const json = { 'content-type': 'application/json' };
    const changed = await ask('POST', `/storage/${id}/60`, JSON.stringify({ b: { c: 3 } }), json);
    expect([changed.status, await changed.json()]).toEqual([200, { id }]);
    expect(await jsonOf(ask('GET', `/storage/${id}`))).toEqual({ a: '1', b: '{"c":3}' });
    const removed = await ask('DELETE', `/storage/${id}/a`);
    expect([removed.status, await removed.text()]).toEqual([200, '']);
    expect(await statusOf(ask('DELETE', `/storage/${id}/a`))).toBe(404);
    expect(await statusOf(ask('DELETE', `/storage/${id}`))).toBe(200);
    expect(await jsonOf(ask('GET', `/storage/${id}`))).toMatchObject({ code: 404, phrase: 'NOT_FOUND' });
  });

  it('forgets when the time is over; a change begins the time anew', async () => {
    const { clock } = counter.house;
    const id = await idOf(ask('POST', '/storage/60', new URLSearchParams({ a: '1' })));
    clock.advance(59_000);
    await ask('POST', `/storage/${id}/60`, new URLSearchParams({ b: '2' }));
    clock.advance(59_000);
    expect(await jsonOf(ask('GET', `/storage/${id}`))).toEqual({ a: '1', b: '2' });
    clock.advance(1000);
    expect(await statusOf(ask('GET', `/storage/${id}`))).toBe(404);
    expect(await statusOf(ask('POST', `/storage/${id}/60`, new URLSearchParams({ c: '3' })))).toBe(404);
  });

  it('takes 30 seconds for a ttl that is none, says so, and refuses one that is too long', async () => {
    for (const ttl of ['0', '-5', 'soon', '1.5']) {
      const made = (await jsonOf(ask('POST', `/storage/${ttl}`, new URLSearchParams({ a: '1' })))) as {
        id: string;
      };
      expect(made).toMatchObject({ _ignored_options: [{ option: 'ttl' }] });
      const found = await storage.areas.findArea(made.id, 0);
      expect(found?.expiresAtMs).toBe(counter.house.clock.nowMs() + 30_000);
    }
    const longest = areaLimits.ttlSecMax;
    expect(await statusOf(ask('POST', `/storage/${longest}`, new URLSearchParams({ a: '1' })))).toBe(200);
    const refused = ask('POST', `/storage/${longest + 1}`, new URLSearchParams({ a: '1' }));
    expect(await jsonOf(refused)).toMatchObject({
      code: 400,
      phrase: 'BAD_PARAMETER',
      message: expect.stringContaining(`ttl must be at most ${longest} seconds`),
    });
  });

  it('names the limit that a request is beyond, and stores nothing of it', async () => {
    const tooLarge = new File([new Uint8Array(areaLimits.valueBytesMax + 1)], 'a');
    expect(await jsonOf(ask('POST', '/storage/60', formOf({ ok: '1', tooLarge })))).toMatchObject({
      code: 413,
      phrase: 'PAYLOAD_TOO_LARGE',
      message: `tooLarge has ${areaLimits.valueBytesMax + 1} bytes; a value may have ${areaLimits.valueBytesMax}`,
    });
    const body = new Uint8Array(areaLimits.bodyBytesMax + 1);
    const headers = { 'content-type': 'application/json' };
    expect(await statusOf(ask('POST', '/storage/60', body, headers))).toBe(413);
    const many = Object.fromEntries(Array.from({ length: areaLimits.keysMax + 1 }, (_, i) => [`k${i}`, '1']));
    expect(await jsonOf(ask('POST', '/storage/60', new URLSearchParams(many)))).toMatchObject({
      code: 400,
      message: expect.stringContaining(`must have at most ${areaLimits.keysMax} keys`),
    });
    const long = 'k'.repeat(areaLimits.keyCharactersMax + 1);
    expect(await statusOf(ask('POST', '/storage/60', new URLSearchParams({ [long]: '1' })))).toBe(400);
    expect(await statusOf(ask('POST', '/storage/60', new URLSearchParams()))).toBe(400);
    const id = await idOf(ask('POST', '/storage/60', new URLSearchParams({ first: '1' })));
    const rest = Object.fromEntries(Array.from({ length: areaLimits.keysMax }, (_, i) => [`k${i}`, '1']));
    expect(await jsonOf(ask('POST', `/storage/${id}/60`, new URLSearchParams(rest)))).toMatchObject({
      code: 400,
      exception: 'CapacityException',
      phrase: 'LIMIT_REACHED',
      message: `an area may have ${areaLimits.keysMax} keys`,
    });
    expect(await jsonOf(ask('GET', `/storage/${id}`))).toEqual({ first: '1' });
  });

  it('shows an area to the key that made it, and to its gms_user where one was named', async () => {
    const { fixture, house } = counter;
    const user = { gms_user: 'anna' };
    const id = await idOf(ask('POST', '/storage/60', new URLSearchParams({ a: '1' }), user));
    expect(await statusOf(ask('GET', `/storage/${id}`, undefined, user))).toBe(200);
    expect(await statusOf(ask('GET', `/storage/${id}`))).toBe(404);
    expect(await statusOf(ask('DELETE', `/storage/${id}`, undefined, { gms_user: 'bob' }))).toBe(404);
    const stranger = await gesKey(fixture, house.clock, { scopes: ['gms'] });
    const asStranger = { ...user, 'x-api-key': stranger };
    expect(await statusOf(ask('GET', `/storage/${id}/a`, undefined, asStranger))).toBe(404);
    expect(
      await statusOf(ask('POST', `/storage/${id}/60`, new URLSearchParams({ a: '2' }), asStranger)),
    ).toBe(404);
  });

  it('keeps values under a name of the client for one gms_user, made and changed alike', async () => {
    const user = { gms_user: 'shop' };
    const body = (a: string) => new URLSearchParams({ a });
    expect(await statusOf(ask('POST', '/storage/custom/session%2F7/60', body('1')))).toBe(400);
    expect(await jsonOf(ask('POST', '/storage/custom/session%2F7/60', body('1'), user))).toEqual({
      id: 'session/7',
    });
    await ask('POST', '/storage/custom/session%2F7/60', new URLSearchParams({ b: '2' }), user);
    await ask('POST', '/storage/custom/session%2F7/60', body('other'), { gms_user: 'else' });
    expect(await jsonOf(ask('GET', '/storage/custom/session%2F7', undefined, user))).toEqual({
      a: '1',
      b: '2',
    });
    expect(await (await ask('GET', '/storage/custom/session%2F7/b', undefined, user)).text()).toBe('2');
    expect(await statusOf(ask('DELETE', '/storage/custom/session%2F7/b', undefined, user))).toBe(200);
    expect(await statusOf(ask('DELETE', '/storage/custom/session%2F7', undefined, user))).toBe(200);
    expect(await statusOf(ask('GET', '/storage/custom/session%2F7', undefined, user))).toBe(404);
  });

  it('writes none of the values into error records', async () => {
    const secret = 'what the customer said';
    await ask('POST', `/storage/${areaLimits.ttlSecMax + 1}`, new URLSearchParams({ note: secret }));
    const records = await counter.fixture.errors.listErrors({ limit: 10 });
    expect(JSON.stringify(records)).not.toContain(secret);
    expect(records[0]?.detail).toContain('"note":"[removed]"');
  });
});

describe('/genesys/1/service/{id}/storage', () => {
  it('keeps values with a callback beside the data of its start, as long as its record', async () => {
    const id = await counter.book({ order: 'A-1' });
    const photo = new File(['x'], 'a.jpg', { type: 'image/jpeg' });
    expect(await jsonOf(ask('POST', `/service/${id}/storage`, formOf({ note: 'late', photo })))).toEqual({
      id,
    });
    expect(await jsonOf(ask('GET', `/service/${id}/storage`))).toEqual({
      order: 'A-1',
      note: 'late',
      photo: `/genesys/1/service/${id}/storage/binary/photo`,
    });
    expect(await (await ask('GET', `/service/${id}/storage/order`)).text()).toBe('A-1');
    expect(await (await ask('GET', `/service/${id}/storage/binary/photo`)).text()).toBe('x');
    expect(await statusOf(ask('DELETE', `/service/${id}/storage/note`))).toBe(200);
    expect(await statusOf(ask('DELETE', `/service/${id}/storage/order`))).toBe(404);
    const found = await storage.areas.findArea(`callback:${id}`, 0);
    expect(found?.expiresAtMs).toBe(counter.house.clock.nowMs() + 14 * 86_400_000);
    expect(await statusOf(ask('GET', `/storage/callback:${id}`))).toBe(404);
  });

  it('exists for keys that may read the queue only', async () => {
    const { fixture, house } = counter;
    const id = await counter.book();
    const times = { createdAtMs: 1, updatedAtMs: 1 };
    await fixture.access.insertAccessGroup({ name: 'sales', queues: ['sales'], ...times });
    const stranger = await gesKey(fixture, house.clock, { scopes: ['gms'], accessGroups: ['sales'] });
    const headers = { 'x-api-key': stranger };
    expect(await statusOf(ask('GET', `/service/${id}/storage`, undefined, headers))).toBe(404);
    const body = new URLSearchParams({ a: '1' });
    expect(await statusOf(ask('POST', `/service/${id}/storage`, body, headers))).toBe(404);
  });
});
