import { describe, expect, it } from 'vitest';
import { settle } from '../../fakes/fake-telephony.ts';
import { TalkingHouse } from '../../fakes/talking-house.ts';

const toA2 = { kind: 'agent', agentId: 'a2' } as const;
const busy = { bucket: 'unreachable', reason: 'busy', sipStatus: 486 } as const;

async function allGone(house: TalkingHouse): Promise<void> {
  await house.allHangUp();
  expect(house.leftovers()).toEqual([]);
}

describe('the hold key of a phone', () => {
  it("gives the customer music until the phone takes them back, whatever the agent's screen says", async () => {
    const house = await TalkingHouse.open();
    house.agent.controls.hold(true);
    await settle();
    expect(house.desk.callsOf('a1')).toMatchObject([{ state: 'held' }]);
    expect(house.hears(house.customer, house.agent)).toBe(false);
    expect(await house.tries({ type: 'resume' })).toMatchObject({ kind: 'not-allowed' });
    house.agent.controls.hold(false);
    await settle();
    expect(house.hears(house.customer, house.agent)).toBe(true);
    await allGone(house);
  });
});

describe('REFER', () => {
  it('gives the customer to the one named, and tells the phone so before it is hung up', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    const transfer = house.agent.controls.refer({ uri: 'sip:a2@test' });
    await settle();
    expect(transfer.statuses).toEqual([202, 100, 180]);
    const second = await house.answers(house.last);
    expect(await transfer.outcome).toBe(200);
    expect(house.hears(house.customer, second)).toBe(true);
    expect(house.callback.agentId).toBe('a2');
    await allGone(house);
  });

  it('to nowhere says 404, to somebody busy 486, and the conversation goes on', async () => {
    const house = await TalkingHouse.open();
    house.agent.controls.hold(true);
    expect(await house.agent.controls.refer({ uri: 'sip:nowhere@test' }).outcome).toBe(404);
    const external = house.agent.controls.refer({ uri: 'sip:+12025550199@test', number: '+12025550199' });
    await settle();
    house.last?.fail(busy);
    expect(await external.outcome).toBe(486);
    house.agent.controls.hold(false);
    await settle();
    expect(house.hears(house.customer, house.agent)).toBe(true);
    await allGone(house);
  });

  it('is refused to the customer, and to an agent who is in the middle of another transfer', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    expect(await house.customer.controls.refer({ uri: 'sip:a2@test' }).outcome).toBe(603);
    house.agent.controls.refer({ uri: 'sip:a2@test' });
    await settle();
    expect(await house.agent.controls.refer({ uri: 'sip:a3@test' }).outcome).toBe(603);
    await allGone(house);
  });

  it('with Replaces gives the customer to the one whom the phone has consulted on its second line', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    house.agent.controls.hold(true);
    const { leg: line2 } = await house.dials('a1', 'a2');
    const second = await house.answers(house.last);
    if (!line2) throw new Error('the second line was not answered');
    expect(house.hears(second, line2)).toBe(true);
    expect(house.hears(second, house.customer)).toBe(false);
    const transfer = house.agent.controls.refer({ uri: 'sip:a2@test' }, line2);
    expect(await transfer.outcome).toBe(200);
    await settle();
    expect(house.hears(house.customer, second)).toBe(true);
    expect(line2.termination).toBeDefined();
    expect(house.registry.status('a1').state).toBe('AFTER_CALL_WORK');
    await allGone(house);
  });
});

describe('an agent who dials during a conversation', () => {
  it('is refused when the one dialled takes no calls now', async () => {
    const house = await TalkingHouse.open();
    expect((await house.dials('a1', 'a2')).rejectedWith).toBe(480);
    expect((await house.dials('a1', '12')).rejectedWith).toBe(404);
    await allGone(house);
  });
});

describe('an agent who leaves while the next phone rings', () => {
  it('is free, and the customer goes to the one who answers', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    await house.does('transfer', { target: toA2 });
    house.agent.end();
    await settle();
    expect(house.registry.status('a1').state).toBe('AFTER_CALL_WORK');
    await house.pass(11_000);
    expect(house.callback.subState).toBe('connected');
    const second = await house.answers(house.last);
    expect(house.hears(house.customer, second)).toBe(true);
    expect(house.callback.agentId).toBe('a2');
    await allGone(house);
  });

  it('leaves the customer in the line, at the old place, when nobody answers', async () => {
    const house = await TalkingHouse.open();
    await house.does('transfer', { target: { kind: 'external', number: '+12025550199' } });
    house.agent.end();
    await settle();
    await house.pass(11_000);
    const { placeAtMs } = house.callback;
    house.registry.want('a1', 'NOT_READY', 'test');
    house.last?.fail(busy);
    await settle();
    expect([...house.router.queue('support').tokens()]).toMatchObject([{ kind: 'call', placeAtMs }]);
    expect(house.customer.termination).toBeUndefined();
    expect(house.callback.reason).toBe('COMPLETED_BY_AGENT');
    await allGone(house);
  });
});

describe('supervision', () => {
  it('goes from listening over whispering to barging in, and away again', async () => {
    const house = await TalkingHouse.open();
    const { customer, agent } = house;
    const id = house.callback.id;
    const actor = { kind: 'user', id: 'boss' } as const;
    await house.desk.monitor('s1', id, 'listen', actor);
    const boss = await house.answers(house.last);
    const heard = () => [house.hears(boss, customer), house.hears(agent, boss), house.hears(customer, boss)];
    expect(heard()).toEqual([true, false, false]);
    await house.desk.monitor('s1', id, 'whisper', actor);
    expect(heard()).toEqual([true, true, false]);
    await house.desk.monitor('s1', id, 'barge', actor);
    expect(heard()).toEqual([true, true, true]);
    expect(house.hears(customer, agent)).toBe(true);
    expect(await house.desk.command('s1', id, { type: 'end' }, actor)).toMatchObject({ ok: false });
    await house.desk.stopMonitoring('s1', id, actor);
    expect(boss.termination).toBeDefined();
    expect(house.hears(customer, agent)).toBe(true);
    await allGone(house);
  });
});

describe('recording', () => {
  it('is written down when it begins and when it ends, also by the end of the call', async () => {
    const house = await TalkingHouse.open();
    const first = await house.does('start-recording');
    expect(first.recording).toMatchObject({ active: true, ids: [expect.any(String)] });
    expect(await house.tries({ type: 'start-recording' })).toMatchObject({ kind: 'not-allowed' });
    expect((await house.does('stop-recording')).recording.active).toBe(false);
    const second = await house.does('start-recording');
    expect(second.recording.ids).toHaveLength(2);
    house.customer.end();
    await settle();
    expect([...house.recordings.recordings.values()]).toMatchObject([
      { state: 'finished', callbackId: house.callback.id, agentId: 'a1' },
      { state: 'finished' },
    ]);
    await allGone(house);
  });
});
