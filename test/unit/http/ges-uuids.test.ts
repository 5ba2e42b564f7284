import { describe, expect, it } from 'vitest';
import { idOf, uuidOf } from '../../../src/adapters/http/ges/uuid-ids.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { type GesCounter, gesCounter, gesKey } from '../../fakes/ges-counter.ts';
import { closeFixtures } from './http-fixture.ts';

closeFixtures();

/** Version 8 (RFC 9562 §5.8). */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids as UUIDs', () => {
  it('are the same id again, and in the same order', () => {
    const clock = new SimulatedClock(Date.parse('2026-11-21T00:00:00Z'));
    const source = new IdSource(clock, new SeededRandom(3));
    for (const kind of ['callback', 'corr', 'callin'] as const) {
      const ids = Array.from({ length: 300 }, (_, at) => {
        clock.advance(at % 3);
        return source.next(kind);
      });
      const uuids = ids.map(uuidOf);
      expect(uuids.filter((uuid) => !UUID.test(uuid))).toEqual([]);
      expect(uuids.map(idOf)).toEqual(ids);
      expect(uuids.map((uuid) => idOf(uuid.toUpperCase()))).toEqual(ids);
      expect(uuids.toSorted()).toEqual(uuids);
    }
    const edges = ['0', 'z'].map((character) => `callback_${character.repeat(20)}`);
    expect(edges.map(uuidOf).map(idOf)).toEqual(edges);
  });

  it.each([
    'call_0006gqn4vmv00000000',
    'callback_short',
    'callback_0006gqn4vmv0000000iu',
    '',
    '4a1b9c7e-7e57-4c11-8f6c-1f0e7a5b2d3c',
    'ffffffff-ffff-8fff-8fff-fffffff37e11',
    '00000000-0000-8000-8000-000000007e11 ',
  ])('leaves %j as it is', (text) => {
    expect([uuidOf(text), idOf(text)]).toEqual([text, text]);
  });
});

describe('/uuid/engagement/v3', () => {
  type Ask = (method: 'GET' | 'POST', path: string, body?: unknown) => ReturnType<GesCounter['post']>;

  async function uuidCounter(): Promise<{ counter: GesCounter; ask: Ask }> {
    const counter = await gesCounter();
    const key = await gesKey(counter.fixture, counter.house.clock);
    const ask: Ask = (method, path, body) =>
      counter.fixture.ask(method, `/uuid/engagement/v3${path}`, { body, headers: { 'x-api-key': key } });
    return { counter, ask };
  }
  const wish = { serviceName: 'support', phoneNumber: '+12025550123' };

  it('tells UUIDs and takes them, and the same callback has its own id below /engagement/v3', async () => {
    const { counter, ask } = await uuidCounter();
    const lookalike = uuidOf('callback_0006gqn4vmv000000000');
    const made = (await ask('POST', '/callbacks/create', { ...wish, userData: { order: lookalike } })).json();
    const uuid = made.data.id as string;
    expect([made.status.corrId, uuid]).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
    const shown = (await ask('POST', '/callbacks/retrieve', { id: uuid })).json();
    expect(shown.data).toMatchObject({ id: uuid, callbackState: 'QUEUED' });
    const own = (await counter.post('/callbacks/retrieve', { id: uuid })).json();
    expect(own.data).toMatchObject({ id: idOf(uuid), callbackState: 'QUEUED' });
    const listed = (await ask('GET', '/callbacks/queues/support')).json();
    expect(listed.data.items[0]).toMatchObject({ id: uuid });
    const stored = await counter.application.findCallback(idOf(uuid));
    expect(stored?.userData).toEqual({ order: lookalike });
    const cancelled = (await ask('POST', '/callbacks/bulk-cancel', { ids: [uuid] })).json();
    expect(cancelled.data.results).toEqual([{ id: uuid, ok: true }]);
  });

  it('goes from page to page', async () => {
    const { ask } = await uuidCounter();
    for (let made = 0; made < 3; made++) await ask('POST', '/callbacks/create', wish);
    const first = (await ask('GET', '/callbacks/queues/support?limit=2')).json().data;
    const rest = (await ask('GET', `/callbacks/queues/support?limit=2&cursor=${first.nextCursor}`)).json()
      .data;
    const ids = [...first.items, ...rest.items].map(({ id }: { id: string }) => id);
    expect([new Set(ids).size, rest.nextCursor]).toEqual([3, null]);
  });

  it('answers errors with a UUID by which they are found', async () => {
    const { counter, ask } = await uuidCounter();
    const refused = await ask('POST', '/callbacks/retrieve', { id: 'nobody' });
    expect([refused.statusCode, refused.json().status.code]).toEqual([404, 40_401]);
    const { corrId } = refused.json().status as { corrId: string };
    expect(corrId).toMatch(UUID);
    expect(idOf(corrId)).toBe(refused.headers['x-correlation-id']);
    const found = await counter.fixture.ask('GET', `/api/v1/errors/${corrId}`, { role: 'Administrator' });
    expect(found.json()).toMatchObject({ correlationId: idOf(corrId), status: 404 });
    const nothing = await ask('GET', '/nothing');
    expect([nothing.statusCode, nothing.json().status.corrId]).toEqual([404, expect.stringMatching(UUID)]);
  });

  it('is the v3 API alone', async () => {
    const { counter } = await uuidCounter();
    const { fixture } = counter;
    for (const path of ['/uuid/api/v1/me', '/uuid', '/uuid/engagement/v33/x', '/uuid/uuid/engagement/v3/x']) {
      const { statusCode } = await fixture.ask('GET', path, { role: 'Administrator' });
      expect([path, statusCode]).toEqual([path, 404]);
    }
  });
});
