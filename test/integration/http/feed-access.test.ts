import { afterEach, beforeEach, expect, it } from 'vitest';
import { newApiKey } from '../../../src/adapters/http/credential.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { closeFixtures, type Fixture, newFixture } from '../../unit/http/http-fixture.ts';
import { Screen } from './screen.ts';

closeFixtures();

const TRACES = /billing|callback_00000001|2025550177|order/;

/** Skills have names of their own. */
const SKILLS = /"skills":\{[^}]*\}/;

let fixture: Fixture;
let url: string;
let seed = 900;
const screens: Screen[] = [];

beforeEach(async () => {
  fixture = await newFixture();
  const times = { createdAtMs: 1, updatedAtMs: 1 };
  await fixture.access.insertAccessGroup({ name: 'own', queues: ['billing'], ...times });
  await fixture.access.insertAccessGroup({ name: 'foreign', queues: ['sales*'], ...times });
  ({ url } = await fixture.server.listen());
});
afterEach(() => {
  for (const screen of screens.splice(0)) screen.drop();
});

/** A supervisor of this line of business who watches alice. */
async function watching(accessGroup: string, since?: string): Promise<Screen> {
  const ids = new IdSource(fixture.clock, new SeededRandom(seed++));
  const wanted = { name: accessGroup, role: 'Supervisor', createdBy: 'test', expiresAtMs: null } as const;
  const { secret, key } = newApiKey(ids, fixture.clock, { ...wanted, accessGroups: [accessGroup] });
  await fixture.access.insertApiKey(key);
  const query = { agent: 'alice', ...(since !== undefined && { since }) };
  const screen = new Screen(url, query, { headers: { 'x-api-key': secret } });
  screens.push(screen);
  return screen;
}

/** Everything that can be told of a case: asked, taken, talking, written to. @returns the last event's number. */
async function everythingHappens(): Promise<number> {
  const { house } = fixture;
  const id = 'callback_00000001';
  const callback = await house.callback({ id, customerNumber: '+12025550177' });
  house.invite('alice', callback);
  await house.talks('alice', callback.id);
  house.calls.begin(callback.id, ['alice']);
  const wish = { agentId: 'alice', subjectId: callback.id, actor: { kind: 'agent', id: 'alice' } } as const;
  await house.cases.data(wish, { order: 'A-1047' });
  house.notCalled.tell(callback, 'alice', { type: 'NUMBER_REFUSED', reason: 'NUMBER_BLOCKED' });
  return house.workspace.feeds.of('alice').seq;
}

it('shows a supervisor of another line of business nothing of what an agent does, live, later or at first sight', async () => {
  const [own, foreign] = [await watching('own'), await watching('foreign')];
  const { cursor } = await foreign.ofType('reset');
  await own.ofType('reset');
  const last = await everythingHappens();
  await own.message(({ seq }) => seq === last, `event ${last}`);
  // The last event of all is everybody's.
  fixture.house.registry.want('alice', 'NOT_READY', 'test', 'Lunch');
  const final = fixture.house.workspace.feeds.of('alice').seq;
  await foreign.message(({ seq }) => seq === final, `event ${final}`);
  const kinds = new Set(own.messages.items.map(({ type }) => type));
  expect([...kinds]).toEqual(
    expect.arrayContaining(['agent-state', 'call', 'case', 'invitation', 'not-called']),
  );
  expect(JSON.stringify(own.messages.items)).toMatch(TRACES);
  const later = await watching('foreign', cursor);
  await later.message(({ seq }) => seq === final, `event ${final}`);
  const anew = await watching('foreign');
  const seen = [await anew.ofType('reset'), ...foreign.messages.items, ...later.messages.items];
  expect(seen.filter((message) => TRACES.test(JSON.stringify(message).replace(SKILLS, '')))).toEqual([]);
  expect(new Set(seen.map(({ type }) => type))).toEqual(new Set(['reset', 'hello', 'agent-state']));
});

it('ends when the viewer’s rights change, and may be opened anew as far as they go', async () => {
  const staying = await watching('own');
  const screen = await watching('own');
  await staying.ofType('reset');
  const { cursor = '' } = await screen.ofType('reset');
  const key = await keyOf(1);
  const rights = { role: 'Administrator', body: { accessGroups: ['foreign'] } } as const;
  expect((await fixture.ask('PATCH', `/api/v1/api-keys/${key}`, rights)).statusCode).toBe(200);
  fixture.clock.advance(500);
  expect(await screen.closed).toEqual({ code: 1001, reason: 'your rights have changed' });
  // Whose rights stayed as they were has not noticed.
  fixture.house.registry.want('alice', 'NOT_READY', 'test', 'Lunch');
  await staying.ofType('agent-state');
  const again = await watching('foreign', cursor);
  expect(await again.ofType('hello')).toMatchObject({ resumed: true });
});

it.each([
  ['its key is deleted', 'DELETE', undefined],
  ['its key may do less', 'PATCH', { scopes: ['native:readQueues'] }],
] as const)('ends at once when %s', async (_, method, body) => {
  const screen = await watching('own');
  await screen.ofType('reset');
  const path = `/api/v1/api-keys/${await keyOf(0)}`;
  const answer = await fixture.ask(method, path, { role: 'Administrator', ...(body && { body }) });
  expect(answer.statusCode).toBe(200);
  fixture.clock.advance(500);
  expect(await screen.closed).toEqual({ code: 4401, reason: 'signed out' });
});

/** The id of the watching keys' n-th, in the order in which they were made. */
async function keyOf(index: number): Promise<string> {
  const keys = (await fixture.access.listApiKeys()).filter(
    ({ createdBy, role }) => createdBy === 'test' && role === 'Supervisor',
  );
  return keys[index]?.id ?? '';
}
