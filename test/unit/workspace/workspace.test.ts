import { beforeEach, describe, expect, it } from 'vitest';
import type { WorkspaceEvent } from '../../../src/application/workspace/agent-feed.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { FakeApplication } from '../../fakes/fake-application.ts';
import { WorkspaceHouse } from '../../fakes/workspace-house.ts';

let clock: SimulatedClock;
let house: WorkspaceHouse;

beforeEach(() => {
  clock = new SimulatedClock();
  const ids = new IdSource(clock, new SeededRandom(1));
  house = new WorkspaceHouse(clock, ids, new FakeApplication(clock, ids), { dispositions: ['Sold'] });
});

/** What alice's feed tells from now on. */
function told(): () => (WorkspaceEvent & { readonly queue: string | null })[] {
  const feed = house.workspace.feeds.of('alice');
  const { seq } = feed;
  return () => (feed.after(seq, 500) ?? []).map(({ event, queue }) => ({ ...event, queue }));
}

describe('the feed of an agent', () => {
  it('tells the whole of a callback, in the order in which it happens', async () => {
    const events = told();
    const callback = await house.callback({ id: 'callback_00000001' });
    house.registry.want('alice', 'READY', 'test');
    house.registry.reserve('alice', callback.id);
    const invitation = house.invite('alice', callback);
    await house.invitations.accept('alice', invitation.id, { kind: 'agent', id: 'alice' });
    await house.cases.flush();
    house.registry.ringing('alice', callback.id);
    house.registry.connected('alice', callback.id);
    house.calls.begin(callback.id, ['alice']);
    await house.calls.command('alice', callback.id, { type: 'end' }, { kind: 'agent', id: 'alice' });
    await house.hangsUp('alice', callback.id);
    const wish = { agentId: 'alice', subjectId: callback.id, actor: { kind: 'agent', id: 'alice' } } as const;
    await house.cases.done(wish);
    expect(events().map(({ type }) => type)).toEqual([
      'agent-state',
      'agent-state',
      'invitation',
      'invitation-ended',
      'case',
      'agent-state',
      'agent-state',
      'call',
      'call-ended',
      'agent-state',
      'case',
      'case',
      'agent-state',
    ]);
    const states = events().flatMap((event) => (event.type === 'case' ? event.case.state : []));
    expect(states).toEqual(['WORKING', 'WRAP_UP', 'DONE']);
  });

  it('tells of nobody else', async () => {
    const events = told();
    const callback = await house.callback({ id: 'callback_00000001' });
    await house.talks('bob', callback.id);
    house.calls.begin(callback.id, ['bob']);
    house.invite('bob', callback);
    expect(events()).toEqual([]);
  });

  it('names the queue, by which supervisors are told or not', async () => {
    const events = told();
    const callback = await house.callback({ id: 'callback_00000001' });
    house.invite('alice', callback);
    await house.talks('alice', callback.id);
    const queues = events().map(({ type, queue }) => [type, queue]);
    expect(queues).toContainEqual(['invitation', 'billing']);
    expect(queues).toContainEqual(['case', 'billing']);
    expect(queues).toContainEqual(['agent-state', null]);
  });

  it('tells that the phone came or went', () => {
    const events = told();
    house.phoneChanged('alice');
    expect(events()).toMatchObject([{ type: 'agent-state', agent: { agentId: 'alice' } }]);
  });

  it('tells an agent who has left a call that it is over for them', () => {
    const call = house.calls.begin('callback_00000001', ['alice', 'bob']);
    const events = told();
    house.calls.begin(call.id, ['bob']);
    house.calls.tell(['alice', 'bob'], call);
    expect(events().map(({ type }) => type)).toEqual(['call-ended']);
  });
});

describe('a workspace that is closed', () => {
  it('listens to nobody and leaves no timer', () => {
    house.workspace.feeds.of('alice');
    house.close();
    house.calls.begin('callback_00000001', ['alice']);
    expect(house.workspace.feeds.has('alice')).toBe(false);
    expect(clock.pendingCount).toBe(0);
  });
});
