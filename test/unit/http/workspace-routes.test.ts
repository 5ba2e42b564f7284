import { beforeEach, describe, expect, it } from 'vitest';
import type { LightMyRequestResponse } from 'fastify';
import { newApiKey } from '../../../src/adapters/http/credential.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { WRAP_UP_MS } from '../../fakes/workspace-house.ts';
import { closeFixtures, type Fixture, newFixture } from './http-fixture.ts';

closeFixtures();

let fixture: Fixture;
let callback: Callback;
const base = '/api/v1/workspace';

beforeEach(async () => {
  fixture = await newFixture();
  callback = await fixture.house.callback({
    id: 'callback_00000001',
    customerNumber: '+12025550123',
    userData: { order: '42' },
  });
});

/** A request of the agent alice. */
function alice(
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  key?: string,
): Promise<LightMyRequestResponse> {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  return fixture.ask(method, `${base}${path}`, {
    role: 'Agent',
    headers,
    ...(body !== undefined && { body }),
  });
}

function codeOf(answer: LightMyRequestResponse): [number, string] {
  return [answer.statusCode, answer.json().error.code];
}

describe('the snapshot', () => {
  it('shows state, invitations, live calls and open cases, and where the feed goes on', async () => {
    const { house } = fixture;
    await house.talks('alice', callback.id);
    house.calls.begin(callback.id, ['alice']);
    house.invite('alice', { ...callback, id: 'callback_00000002' });
    const snapshot = (await alice('GET', '')).json();
    expect(snapshot).toMatchObject({
      agent: { id: 'alice' },
      invitations: [
        { subjectId: 'callback_00000002', facts: { subject: 'an invoice', desiredAt: expect.any(String) } },
      ],
      calls: [{ id: callback.id, state: 'connected', parties: [{ role: 'customer' }, { role: 'agent' }] }],
      cases: [
        {
          id: callback.id,
          state: 'WORKING',
          customerNumber: '+12025550123',
          customerData: { order: '42' },
          dispositions: ['Sold', 'Call again'],
          callback: { type: 'immediate', state: 'PROCESSING' },
        },
      ],
      notReadyReasons: ['Lunch', 'Meeting'],
    });
    expect(snapshot.cursor).toMatch(/^feed_\w+:\d+$/);
  });

  it('shows nobody else’s: to an agent no other workspace exists', async () => {
    await fixture.house.talks('bob', callback.id);
    expect(codeOf(await alice('GET', '?agent=bob'))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await alice('GET', `/cases?agent=bob`))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await alice('GET', `/cases/${callback.id}`))).toEqual([404, 'NOT_FOUND']);
    expect((await alice('GET', '')).json()).toMatchObject({ cases: [], calls: [], invitations: [] });
  });

  it('is of any agent for a supervisor, who must name one', async () => {
    await fixture.house.talks('bob', callback.id);
    const ask = (path: string) => fixture.ask('GET', `${base}${path}`, { role: 'Supervisor' });
    expect((await ask('?agent=bob')).json()).toMatchObject({
      agent: { id: 'bob' },
      cases: [{ id: callback.id }],
    });
    expect(codeOf(await ask(''))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await ask('?agent=nobody'))).toEqual([404, 'NOT_FOUND']);
  });

  it('names those a call can be given to', async () => {
    expect((await alice('GET', '/targets')).json()).toEqual({
      agents: [
        { id: 'alice', name: 'alice', state: 'READY', reachable: true },
        { id: 'bob', name: 'bob', state: 'READY', reachable: true },
      ],
      queues: [{ name: 'billing', open: true, readyAgentCount: 2, waitingCallCount: 2 }],
    });
  });
});

describe('commands', () => {
  it('are refused without a body that fits', async () => {
    const path = `/calls/${callback.id}/commands`;
    for (const body of [
      {},
      { type: 'explode' },
      { type: 'hold', extra: 1 },
      { type: 'send-digits', digits: '12x' },
      { type: 'send-digits', digits: '1'.repeat(33) },
      { type: 'transfer', target: { kind: 'agent' } },
      { type: 'transfer', target: { kind: 'external', number: '1'.repeat(33) } },
      { type: 'drop' },
    ]) {
      expect([body, ...codeOf(await alice('POST', path, body))]).toEqual([body, 400, 'VALIDATION_FAILED']);
    }
    expect(fixture.house.calls.asked).toEqual([]);
  });

  it('reach the call desk as they are, for the agent’s own calls only', async () => {
    fixture.house.calls.begin(callback.id, ['alice']);
    fixture.house.calls.begin('callback_00000002', ['bob']);
    const commands = [
      { type: 'hold' },
      { type: 'resume' },
      { type: 'mute' },
      { type: 'unmute', partyId: 'leg_alice' },
      { type: 'send-digits', digits: '12#*A' },
      { type: 'consult', target: { kind: 'agent', agentId: 'bob' } },
      { type: 'swap' },
      { type: 'merge' },
      { type: 'conference', target: { kind: 'external', number: '+1 202 555 0199' } },
      { type: 'drop', partyId: 'leg_bob' },
      { type: 'start-recording' },
      { type: 'stop-recording' },
      { type: 'cancel-consult' },
      { type: 'complete-transfer' },
      { type: 'transfer', target: { kind: 'queue', queue: 'billing' } },
      { type: 'end' },
    ];
    for (const command of commands) {
      const answer = await alice('POST', `/calls/${callback.id}/commands`, command);
      expect([command.type, answer.statusCode]).toEqual([command.type, 200]);
    }
    expect(fixture.house.calls.asked.map(({ command }) => command)).toEqual(commands);
    const foreign = await alice('POST', '/calls/callback_00000002/commands', { type: 'end' });
    expect(codeOf(foreign)).toEqual([404, 'NOT_FOUND']);
  });

  it('that the state does not allow are told what it is and what it allows', async () => {
    fixture.house.calls.begin(callback.id, ['alice'], { state: 'held' });
    const answer = await alice('POST', `/calls/${callback.id}/commands`, { type: 'hold' });
    expect(codeOf(answer)).toEqual([409, 'NOT_ALLOWED_IN_STATE']);
    expect(answer.json().error).toMatchObject({ state: 'held', allowed: ['resume', 'end'] });
  });

  it('with one Idempotency-Key are carried out once', async () => {
    fixture.house.calls.begin(callback.id, ['alice']);
    const path = `/calls/${callback.id}/commands`;
    const first = await alice('POST', path, { type: 'hold' }, 'k1');
    const again = await alice('POST', path, { type: 'hold' }, 'k1');
    expect(again.json()).toEqual(first.json());
    expect([first, again].map((answer) => answer.headers['idempotent-replayed'])).toEqual([
      undefined,
      'true',
    ]);
    expect(fixture.house.calls.asked).toHaveLength(1);
    const other = await alice('POST', path, { type: 'end' }, 'k1');
    expect(codeOf(other)).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('with one Idempotency-Key at the same time share one outcome', async () => {
    const { calls } = fixture.house;
    calls.begin(callback.id, ['alice']);
    let open = (): void => undefined;
    calls.gate = new Promise((resolve) => (open = resolve));
    const path = `/calls/${callback.id}/commands`;
    const both = [1, 2].map(() => alice('POST', path, { type: 'hold' }, 'k1'));
    await settle();
    open();
    expect((await Promise.all(both)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(calls.asked).toHaveLength(1);
  });

  it('that were refused may be repeated with their key', async () => {
    fixture.house.calls.begin(callback.id, ['alice'], { state: 'held' });
    const path = `/calls/${callback.id}/commands`;
    expect((await alice('POST', path, { type: 'hold' }, 'k1')).statusCode).toBe(409);
    await alice('POST', path, { type: 'resume' });
    expect((await alice('POST', path, { type: 'hold' }, 'k1')).statusCode).toBe(200);
  });

  it('set the agent’s own state, a supervisor those of others', async () => {
    expect((await alice('POST', '/state', { state: 'NOT_READY', reason: 'Lunch' })).statusCode).toBe(200);
    expect(codeOf(await alice('POST', '/state?agent=bob', { state: 'READY' }))).toEqual([404, 'NOT_FOUND']);
    const set = (role: 'Supervisor' | 'Monitor') =>
      fixture.ask('POST', `${base}/state?agent=bob`, { role, body: { state: 'READY' } });
    expect((await set('Supervisor')).statusCode).toBe(200);
    expect((await set('Monitor')).statusCode).toBe(403);
  });
});

describe('invitations', () => {
  it('are accepted and rejected by whom they were made to', async () => {
    const { house } = fixture;
    const mine = house.invite('alice', callback);
    const other = house.invite('bob', callback);
    expect((await alice('POST', `/invitations/${mine.id}/accept`)).json()).toMatchObject({ version: 2 });
    expect(await mine.answer).toEqual({ end: 'accepted' });
    expect(codeOf(await alice('POST', `/invitations/${other.id}/accept`))).toEqual([404, 'NOT_FOUND']);
    const next = house.invite('alice', callback);
    const answer = await alice('POST', `/invitations/${next.id}/reject`, { reason: 'my brother' });
    expect(answer.statusCode).toBe(200);
    expect(await next.answer).toEqual({ end: 'rejected', reason: 'my brother' });
    expect(codeOf(await alice('POST', `/invitations/${next.id}/accept`))).toEqual([
      409,
      'NOT_ALLOWED_IN_STATE',
    ]);
  });

  it('that were accepted put the case on the screen', async () => {
    const { house } = fixture;
    house.registry.want('alice', 'READY', 'test');
    house.registry.reserve('alice', callback.id);
    await alice('POST', `/invitations/${house.invite('alice', callback).id}/accept`);
    expect((await alice('GET', '/cases')).json()).toMatchObject({
      items: [{ id: callback.id, state: 'WORKING' }],
    });
  });
});

describe('cases', () => {
  const path = `/cases/callback_00000001`;
  beforeEach(() => fixture.house.talks('alice', callback.id));

  it('take notes, a disposition and data, and are marked done', async () => {
    const { house } = fixture;
    const noted = await alice('POST', `${path}/notes`, { text: '  wants a refund ' }, 'n1');
    expect(noted.json()).toMatchObject({
      notes: [{ text: 'wants a refund', author: { kind: 'agent', id: 'alice' } }],
    });
    expect(
      (await alice('POST', `${path}/data`, { changes: { tier: 'gold', order: null } })).json(),
    ).toMatchObject({
      customerData: { tier: 'gold' },
    });
    await house.hangsUp('alice', callback.id);
    expect((await alice('POST', `${path}/disposition`, { code: 'Sold' })).json()).toMatchObject({
      disposition: 'Sold',
    });
    expect((await alice('POST', `${path}/done`)).json()).toMatchObject({ state: 'DONE' });
    expect(house.registry.status('alice').state).toBe('READY');
  });

  it('keep a note of one key once, also when the server remembers the key no more', async () => {
    const write = (text: string): Promise<LightMyRequestResponse> =>
      fixture.ask('POST', `${base}${path}/notes?agent=alice`, {
        role: 'Supervisor',
        headers: { 'idempotency-key': 'n1' },
        body: { text },
      });
    await write('once');
    fixture.clock.advance(25 * 3_600_000);
    expect((await write('once')).json().notes).toHaveLength(1);
  });

  it('refuse what does not fit', async () => {
    for (const [part, body] of [
      ['notes', { text: '   ' }],
      ['notes', { text: 'x'.repeat(2001) }],
      ['data', { changes: { _secret: 'x' } }],
      ['data', { changes: { order: 5 } }],
      ['disposition', {}],
      ['reschedule', { desiredAt: 'tomorrow' }],
    ] as const) {
      expect([part, ...codeOf(await alice('POST', `${path}/${part}`, body))]).toEqual([
        part,
        400,
        'VALIDATION_FAILED',
      ]);
    }
    expect(codeOf(await alice('POST', `${path}/disposition`, { code: 'Lost' }))).toEqual([
      422,
      'UNKNOWN_DISPOSITION',
    ]);
    expect(codeOf(await alice('POST', `${path}/done`))).toEqual([409, 'NOT_ALLOWED_IN_STATE']);
    const many = Object.fromEntries(Array.from({ length: 3 }, (_, at) => [`k${at}`, 'x'.repeat(4000)]));
    expect(codeOf(await alice('POST', `${path}/data`, { changes: many }))).toEqual([
      413,
      'PAYLOAD_TOO_LARGE',
    ]);
  });

  it('are not done without a required disposition, whose absence is shown', async () => {
    const { house } = fixture;
    house.settings = { ...house.settings, dispositionRequired: true };
    await house.hangsUp('alice', callback.id);
    const answer = await alice('POST', `${path}/done`);
    expect(codeOf(answer)).toEqual([409, 'DISPOSITION_REQUIRED']);
    expect(answer.json().error.allowed).toEqual(['Sold', 'Call again']);
    house.registry.want('alice', 'WRAP_UP_DONE', 'test');
    expect((await alice('GET', '/cases?state=UNDISPOSED')).json()).toMatchObject({
      items: [{ id: callback.id, dispositionRequired: true }],
    });
  });

  it('hide the customer’s number once they are done, but from supervisors', async () => {
    await fixture.house.hangsUp('alice', callback.id, WRAP_UP_MS);
    expect((await alice('POST', `${path}/done`)).json().customerNumber).not.toContain('2025550123');
    const seen = await fixture.ask('GET', `${base}${path}?agent=alice`, { role: 'Supervisor' });
    expect(seen.json().customerNumber).toBe('+12025550123');
  });

  it('are rescheduled by their agent, and moved when asked again', async () => {
    const { application, house } = fixture;
    const known = {
      ...(await house.callback({ id: 'callback_00000009' })),
      attempts: [],
      events: [],
      position: 1,
    };
    application.callbacks.set(callback.id, { ...known, id: callback.id });
    const desiredAt = '2026-01-06T10:00:00.000Z';
    const answer = await alice('POST', `${path}/reschedule`, { desiredAt });
    expect(answer.json()).toMatchObject({ callback: { desiredAt }, case: { id: callback.id } });
    expect(application.actors).toEqual([{ kind: 'agent', id: 'alice' }]);
    application.refuseNext = { kind: 'slot-full', reason: 'full', free: [] };
    expect(codeOf(await alice('POST', `${path}/reschedule`, { desiredAt }))).toEqual([429, 'SLOT_FULL']);
  });

  it('of a plain call get a callback that knows the call', async () => {
    const { application, house } = fixture;
    const id = 'call_00000001';
    house.callers.set(id, { virtualQueue: 'billing', customerNumber: '+12025550199' });
    await house.talks('bob', id);
    const ask = (desiredAt: string) =>
      fixture.ask('POST', `${base}/cases/${id}/reschedule?agent=bob`, {
        role: 'Supervisor',
        body: { desiredAt },
      });
    const made = (await ask('2026-01-06T10:00:00.000Z')).json();
    expect(made.case.followUp).toBe(made.callback.id);
    expect(application.callbacks.get(made.callback.id)).toMatchObject({
      customerNumber: '+12025550199',
      userData: { _fromCall: id },
    });
    const moved = (await ask('2026-01-06T11:00:00.000Z')).json();
    expect(moved.callback).toMatchObject({ id: made.callback.id, desiredAt: '2026-01-06T11:00:00.000Z' });
    expect(application.callbacks.size).toBe(1);
  });
});

describe('supervision', () => {
  it('rings the supervisor’s own phone, for those who are agents, too', async () => {
    const { access, house } = fixture;
    house.calls.begin(callback.id, ['alice']);
    const path = `${base}/calls/${callback.id}/monitor`;
    const ask = (role: 'Supervisor' | 'Agent', url = path) =>
      fixture.ask('POST', url, { role, body: url === path ? { mode: 'whisper' } : undefined });
    expect(codeOf(await ask('Supervisor'))).toEqual([403, 'FORBIDDEN']);
    expect(codeOf(await ask('Agent'))).toEqual([403, 'FORBIDDEN']);
    const user = access.users.get('alice')!;
    access.users.set('alice', { ...user, role: 'Supervisor', agentId: 'bob' });
    fixture.clock.advance(2000);
    expect((await ask('Agent')).statusCode).toBe(200);
    expect((await ask('Agent', `${path}/stop`)).statusCode).toBe(200);
    expect(house.calls.asked).toEqual([
      { agentId: 'bob', callId: callback.id, command: 'whisper' },
      { agentId: 'bob', callId: callback.id, command: 'stop' },
    ]);
  });

  it('of a call that there is not is refused', async () => {
    const { access } = fixture;
    access.users.set('alice', { ...access.users.get('alice')!, role: 'Supervisor' });
    const answer = await alice('POST', '/calls/callback_00000005/monitor', { mode: 'listen' });
    expect(codeOf(answer)).toEqual([404, 'NOT_FOUND']);
  });
});

describe('a supervisor of other queues', () => {
  it('sees nothing of what an agent does for this one, and changes nothing', async () => {
    const { access, clock, house } = fixture;
    await access.insertAccessGroup({ name: 'sales', queues: ['sales_*'], createdAtMs: 1, updatedAtMs: 1 });
    const wanted = { name: 'k', role: 'Supervisor', scopes: ['native'], accessGroups: ['sales'] } as const;
    const ids = new IdSource(clock, new SeededRandom(99));
    const made = newApiKey(ids, clock, { ...wanted, createdBy: 'user:admin', expiresAtMs: null });
    await access.insertApiKey(made.key);
    const headers = { 'x-api-key': made.secret };
    await house.talks('bob', callback.id);
    house.calls.begin(callback.id, ['bob']);
    house.invite('bob', callback);
    const snapshot = await fixture.ask('GET', `${base}?agent=bob`, { headers });
    expect(snapshot.json()).toMatchObject({ agent: { id: 'bob' }, calls: [], cases: [], invitations: [] });
    const list = await fixture.ask('GET', `${base}/cases?agent=bob`, { headers });
    expect(list.json()).toEqual({ items: [] });
    const path = `${base}/cases/${callback.id}`;
    expect(codeOf(await fixture.ask('GET', `${path}?agent=bob`, { headers }))).toEqual([404, 'NOT_FOUND']);
    const note = { headers, body: { text: 'x' } };
    expect(codeOf(await fixture.ask('POST', `${path}/notes?agent=bob`, note))).toEqual([404, 'NOT_FOUND']);
    expect(house.kept.notes.size).toBe(0);
  });
});
