import { beforeEach, describe, expect, it } from 'vitest';
import type { AgentCase, CaseAnswer } from '../../../src/application/workspace/agent-case.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { FakeApplication } from '../../fakes/fake-application.ts';
import { WRAP_UP_MS, WorkspaceHouse } from '../../fakes/workspace-house.ts';

const agent = { kind: 'agent', id: 'alice' } as const;
const codes = ['Sold', 'Call again'];

let clock: SimulatedClock;
let house: WorkspaceHouse;
let callback: Callback;

async function open(changes: Parameters<WorkspaceHouse['callback']>[0] = {}, required = true): Promise<void> {
  clock = new SimulatedClock();
  const ids = new IdSource(clock, new SeededRandom(1));
  const settings = { dispositions: codes, dispositionRequired: required };
  house = new WorkspaceHouse(clock, ids, new FakeApplication(clock, ids), settings);
  callback = await house.callback({ id: 'callback_00000001', userData: { order: '42' }, ...changes });
}

const wish = (agentId = 'alice') => ({ agentId, subjectId: callback.id, actor: agent });
const now = async (agentId = 'alice'): Promise<AgentCase | undefined> =>
  house.cases.find(agentId, callback.id);
const refusalOf = (answer: CaseAnswer): unknown => (answer.ok ? 'taken' : answer.refusal);

async function pass(byMs: number): Promise<void> {
  clock.advance(byMs);
  await house.cases.flush();
}

beforeEach(() => open());

describe('the life of a case', () => {
  it('begins when the agent talks, goes on in after-call work and is done by Mark Done', async () => {
    await house.talks('alice', callback.id);
    expect(await now()).toMatchObject({ state: 'WORKING', customerData: { order: '42' }, version: 1 });
    await house.hangsUp('alice', callback.id);
    expect(await now()).toMatchObject({ state: 'WRAP_UP', contactEndedAtMs: clock.nowMs() });
    await house.cases.disposition(wish(), 'Sold');
    expect(house.registry.status('alice').state).toBe('AFTER_CALL_WORK');
    expect((await house.cases.done(wish())).ok).toBe(true);
    expect(await now()).toMatchObject({ state: 'DONE', disposition: 'Sold', doneAtMs: clock.nowMs() });
    expect(house.registry.status('alice').state).toBe('READY');
  });

  it('is refused Mark Done while the agent has the customer', async () => {
    await house.talks('alice', callback.id);
    await house.cases.disposition(wish(), 'Sold');
    expect(refusalOf(await house.cases.done(wish()))).toMatchObject({
      kind: 'not-allowed',
      state: 'WORKING',
    });
    expect(await now()).toMatchObject({ state: 'WORKING' });
  });

  it('is refused Mark Done while a required disposition is missing, and after-call work goes on', async () => {
    await house.talks('alice', callback.id);
    await house.hangsUp('alice', callback.id);
    expect(refusalOf(await house.cases.done(wish()))).toEqual({
      kind: 'disposition-required',
      allowed: codes,
    });
    expect(house.registry.status('alice').state).toBe('AFTER_CALL_WORK');
  });

  it('stays open as undisposed when time ends after-call work, and the agent is ready', async () => {
    await house.talks('alice', callback.id);
    await house.hangsUp('alice', callback.id);
    await pass(WRAP_UP_MS);
    expect(house.registry.status('alice').state).toBe('READY');
    expect(await now()).toMatchObject({ state: 'UNDISPOSED', disposition: null });
    await house.cases.disposition(wish(), 'Call again');
    expect((await house.cases.done(wish())).ok).toBe(true);
    expect(await now()).toMatchObject({ state: 'DONE' });
    expect(house.registry.status('alice').state).toBe('READY');
  });

  it('is done by itself after after-call work when nothing is owed', async () => {
    await open({}, false);
    await house.talks('alice', callback.id);
    await house.hangsUp('alice', callback.id);
    await pass(WRAP_UP_MS);
    expect(await now()).toMatchObject({ state: 'DONE', disposition: null });
  });

  it('is done by itself when the disposition was chosen during the call', async () => {
    await house.talks('alice', callback.id);
    await house.cases.disposition(wish(), 'Sold');
    await house.hangsUp('alice', callback.id);
    await pass(WRAP_UP_MS);
    expect(await now()).toMatchObject({ state: 'DONE', disposition: 'Sold' });
  });

  it('owes nothing when the agent stood by and was never joined', async () => {
    await house.talks('alice', callback.id);
    house.registry.standDown('alice', callback.id);
    await pass(0);
    expect(await now()).toMatchObject({ state: 'DONE', disposition: null });
  });

  it('is on the screen from the acceptance on, and gone when the customer was not reached', async () => {
    const invitation = house.invite('alice', callback);
    house.registry.want('alice', 'READY', 'test');
    house.registry.reserve('alice', callback.id);
    await house.invitations.accept('alice', invitation.id, agent);
    expect(await now()).toMatchObject({ state: 'WORKING' });
    house.registry.release('alice', callback.id, 'not-needed');
    expect(await now()).toMatchObject({ state: 'DONE' });
  });

  it('ends after the next case has begun, when the agent went on at once', async () => {
    const next = await house.callback({ id: 'callback_00000002' });
    await house.talks('alice', callback.id);
    await house.hangsUp('alice', callback.id, 0);
    await pass(0);
    await house.talks('alice', next.id);
    expect(await now()).toMatchObject({ state: 'UNDISPOSED' });
    expect(await house.cases.find('alice', next.id)).toMatchObject({ state: 'WORKING' });
    const shown = await house.cases.casesOf('alice');
    expect(shown.map(({ id }) => id).sort()).toEqual([callback.id, next.id]);
  });

  it('is shared by two agents, each with a disposition of their own', async () => {
    await house.talks('alice', callback.id);
    await house.cases.note(wish(), { id: 'note_1', text: 'wants a refund' });
    await house.talks('bob', callback.id);
    await house.hangsUp('alice', callback.id);
    await house.cases.disposition(wish(), 'Call again');
    expect(await now('bob')).toMatchObject({
      state: 'WORKING',
      disposition: null,
      notes: [{ text: 'wants a refund' }],
      others: [{ agentId: 'alice', state: 'WRAP_UP', disposition: 'Call again' }],
    });
  });

  it('does not exist for an agent who never had it', async () => {
    await house.talks('alice', callback.id);
    expect(await now('bob')).toBeUndefined();
    const answers = [
      await house.cases.note(wish('bob'), { id: 'note_1', text: 'x' }),
      await house.cases.disposition(wish('bob'), 'Sold'),
      await house.cases.data(wish('bob'), { order: '1' }),
      await house.cases.done(wish('bob')),
    ];
    expect(answers.map(refusalOf)).toEqual(answers.map(() => ({ kind: 'no-case' })));
    expect(await now()).toMatchObject({ version: 1, customerData: { order: '42' } });
  });

  it('is made of a plain call, too', async () => {
    house.callers.set('call_00000001', { virtualQueue: 'billing', customerNumber: null });
    await house.talks('alice', 'call_00000001');
    expect(await house.cases.find('alice', 'call_00000001')).toMatchObject({
      kind: 'call',
      customerNumber: null,
      callback: null,
      state: 'WORKING',
    });
  });

  it('travels with a customer who is transferred to a queue: the next agent has the data', async () => {
    await house.talks('alice', callback.id);
    await house.cases.data(wish(), { order: '43' });
    const next = { virtualQueue: 'billing', customerNumber: '+12025550123', from: callback.id };
    house.callers.set('call_00000001', next);
    await house.talks('bob', 'call_00000001');
    expect(await house.cases.find('bob', 'call_00000001')).toMatchObject({ customerData: { order: '43' } });
    expect(house.kept.files.get('call_00000001')?.customerData['_transferredFrom']).toBe(callback.id);
  });
});

describe('what an agent leaves with a case', () => {
  beforeEach(() => house.talks('alice', callback.id));

  it('keeps a note of one id once', async () => {
    const note = { id: 'note_1', text: 'wants a refund' };
    expect(await house.cases.note(wish(), note)).toMatchObject({ ok: true, repeated: false });
    expect(await house.cases.note(wish(), note)).toMatchObject({ ok: true, repeated: true });
    expect((await now())?.notes).toHaveLength(1);
  });

  it('takes no more notes than its limit', async () => {
    for (let at = 0; at < 50; at++) await house.cases.note(wish(), { id: `note_${at}`, text: 'x' });
    expect(refusalOf(await house.cases.note(wish(), { id: 'note_51', text: 'x' }))).toEqual({
      kind: 'too-many-notes',
      max: 50,
    });
  });

  it('takes only codes of the queue, and lets them be corrected', async () => {
    expect(refusalOf(await house.cases.disposition(wish(), 'Lost'))).toEqual({
      kind: 'unknown-disposition',
      code: 'Lost',
      allowed: codes,
    });
    for (const code of codes) await house.cases.disposition(wish(), code);
    expect(await now()).toMatchObject({ disposition: 'Call again' });
    expect(house.kept.events.at(-1)).toMatchObject({
      kind: 'DISPOSITION_CHOSEN',
      data: { disposition: 'Call again', before: 'Sold' },
    });
  });

  it('changes data key by key, and the callback has them, too', async () => {
    await house.cases.data(wish(), { order: null, tier: 'gold' });
    expect(await now()).toMatchObject({ customerData: { tier: 'gold' } });
    const stored = house.store.callbacks.get(callback.id);
    expect(stored).toMatchObject({ userData: { tier: 'gold' }, version: callback.version + 1 });
    expect(house.store.events.at(-1)).toMatchObject({
      kind: 'DATA_CHANGED',
      data: { keys: ['order', 'tier'] },
    });
  });

  it('changes nothing when the data are as they were', async () => {
    expect(await house.cases.data(wish(), { order: '42' })).toMatchObject({ repeated: true });
    expect(await now()).toMatchObject({ version: 1 });
    expect(house.store.callbacks.get(callback.id)?.version).toBe(callback.version);
  });

  it('refuses data beyond their limit as a whole', async () => {
    const changes = { a: 'x'.repeat(4096), b: 'x'.repeat(4096), order: null };
    expect(refusalOf(await house.cases.data(wish(), changes))).toEqual({ kind: 'data-too-large', max: 8192 });
    expect(await now()).toMatchObject({ customerData: { order: '42' } });
  });

  it('shows subject and instructions apart from the customer’s data', async () => {
    await open({ userData: { _subject: 'an invoice', _instructions: 'be kind', order: '42' } });
    await house.talks('alice', callback.id);
    expect(await now()).toMatchObject({
      subject: 'an invoice',
      instructions: 'be kind',
      customerData: { order: '42' },
    });
    await house.cases.data(wish(), { order: '43' });
    expect(house.store.callbacks.get(callback.id)?.userData).toEqual({
      _subject: 'an invoice',
      _instructions: 'be kind',
      order: '43',
    });
  });

  it('tells every agent with a part in it, each as they see it', async () => {
    const told: [string, string | null][] = [];
    await house.talks('bob', callback.id);
    house.cases.onChange((agentId, found) => told.push([agentId, found.disposition]));
    await house.cases.disposition(wish(), 'Sold');
    expect(told).toEqual([
      ['alice', 'Sold'],
      ['bob', null],
    ]);
  });
});

describe('a failing store and a restart', () => {
  it('writes down what the telephone brought once the store works again', async () => {
    house.store.failNextCount = 3;
    house.registry.want('alice', 'READY', 'test');
    house.registry.reserve('alice', callback.id);
    house.registry.ringing('alice', callback.id);
    house.registry.connected('alice', callback.id);
    const flushed = house.cases.flush();
    for (let tries = 0; tries < 8; tries++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(30_000);
    }
    await flushed;
    expect(await now()).toMatchObject({ state: 'WORKING' });
  });

  it('ends at the start what the agents’ states no longer name', async () => {
    await house.talks('alice', callback.id);
    const after = new WorkspaceHouse(
      clock,
      new IdSource(clock, new SeededRandom(2)),
      new FakeApplication(clock, new IdSource(clock, new SeededRandom(3))),
      { dispositions: codes, dispositionRequired: true },
    );
    for (const [key, work] of house.kept.works) after.kept.works.set(key, work);
    for (const [key, file] of house.kept.files) after.kept.files.set(key, file);
    await after.cases.recover();
    expect(await after.cases.find('alice', callback.id)).toMatchObject({ state: 'UNDISPOSED' });
  });
});
