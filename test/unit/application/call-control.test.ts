import { describe, expect, it } from 'vitest';
import type { CallCommand } from '../../../src/application/call-desk.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { TalkingHouse } from '../../fakes/talking-house.ts';

const toA2 = { kind: 'agent', agentId: 'a2' } as const;

describe('an agent who talks with a customer', () => {
  it('puts the customer on hold with music and takes them back', async () => {
    const house = await TalkingHouse.open();
    const { customer, agent } = house;
    expect(await house.does('hold')).toMatchObject({ state: 'held' });
    expect(house.hears(customer, agent)).toBe(false);
    expect(customer.played.at(-1)).toEqual([{ kind: 'file', path: 'music/hold-1.wav' }]);
    expect(await house.does('resume')).toMatchObject({ state: 'connected' });
    expect(house.hears(customer, agent)).toBe(true);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('leaves in the history who held and muted whom, by command or by the phone', async () => {
    const house = await TalkingHouse.open();
    await house.does('hold');
    await house.pass(4000);
    await house.does('resume');
    await house.does('mute');
    await house.does('mute');
    await house.does('unmute');
    house.agent.controls.hold(true);
    await house.pass(0);
    house.agent.controls.hold(false);
    await house.pass(0);
    const { id } = house.callback;
    const notes = house.store.events.filter(({ kind }) => /^(CALL|PARTY)_/.test(kind));
    const agent = { callbackId: id, actor: { kind: 'agent', id: 'a1' }, state: 'PROCESSING' };
    const data = { party: 'agent', agentId: 'a1', by: 'command' };
    expect(notes).toMatchObject([
      { ...agent, kind: 'CALL_HELD', data },
      { ...agent, kind: 'CALL_RESUMED', data },
      { ...agent, kind: 'PARTY_MUTED', data },
      { ...agent, kind: 'PARTY_UNMUTED', data },
      { ...agent, kind: 'CALL_HELD', data: { ...data, by: 'phone' } },
      { ...agent, kind: 'CALL_RESUMED', data: { ...data, by: 'phone' } },
    ]);
    expect((notes[1]?.atMs ?? 0) - (notes[0]?.atMs ?? 0)).toBe(4000);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('gives the customer to another agent, who then answers for the callback', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    await house.does('transfer', { target: toA2 });
    expect(house.registry.status('a2').state).toBe('RINGING');
    expect(house.hears(house.customer, house.agent)).toBe(false);
    const second = await house.answers(house.last);
    expect(house.hears(house.customer, second)).toBe(true);
    expect(house.agent.termination?.reason).toBe('local-hangup');
    expect(house.registry.status('a1').state).toBe('AFTER_CALL_WORK');
    expect(house.registry.status('a2').state).toBe('ON_CALL');
    expect(house.callback.agentId).toBe('a2');
    await house.pass(10_000);
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.callback.state).toBe('PROCESSING');
    second.end();
    await house.pass(0);
    expect(house.callback.subState).toBe('after-call-work');
    await house.pass(10_000);
    expect(house.callback).toMatchObject({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
    expect(house.leftovers()).toEqual([]);
  });

  it('gets the customer back when the other agent does not answer', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    await house.does('transfer', { target: toA2 });
    house.last?.fail({ bucket: 'unreachable', reason: 'no-answer' });
    await house.pass(0);
    expect(house.hears(house.customer, house.agent)).toBe(true);
    expect(house.registry.status('a2')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'RONA' });
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('consults a colleague unheard by the customer, and merges', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    await house.does('consult', { target: toA2 });
    const second = await house.answers(house.last);
    expect(house.hears(second, house.agent)).toBe(true);
    expect(house.hears(house.customer, house.agent)).toBe(false);
    expect(await house.does('swap')).toMatchObject({ state: 'consulting' });
    expect(house.hears(house.customer, house.agent)).toBe(true);
    expect(house.hears(second, house.agent)).toBe(false);
    expect(await house.does('merge')).toMatchObject({ state: 'conference' });
    for (const [listener, speaker] of house.pairsOf(house.customer, house.agent, second)) {
      expect(house.hears(listener, speaker)).toBe(true);
    }
    expect(await house.does('end')).toMatchObject({ state: 'connected' });
    expect(house.callback.agentId).toBe('a2');
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('gives the customer to a queue, at the place that the customer had', async () => {
    const house = await TalkingHouse.open();
    await house.ready('a2');
    house.registry.want('a2', 'NOT_READY', 'test');
    await house.does('transfer', { target: { kind: 'queue', queue: 'support' } });
    expect(house.customer.termination).toBeUndefined();
    const [token] = house.router.queue('support').tokens();
    expect(token).toMatchObject({ kind: 'call', placeAtMs: house.callback.placeAtMs });
    expect(house.callback.subState).toBe('after-call-work');
    await house.pass(10_000);
    expect(house.callback.reason).toBe('COMPLETED_BY_AGENT');
    const second = await house.answers(house.last);
    expect(house.hears(house.customer, second)).toBe(true);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('may ask a colleague who is not ready, who stays what they were', async () => {
    const house = await TalkingHouse.open();
    const lunch = { state: 'NOT_READY', notReadyReason: 'Lunch', subjectId: null };
    house.registry.want('a2', 'NOT_READY', 'test', 'Lunch');
    await house.does('consult', { target: toA2 });
    expect(house.registry.status('a2').state).toBe('RINGING');
    house.last?.fail({ bucket: 'unreachable', reason: 'no-answer' });
    await settle();
    expect(house.registry.status('a2')).toMatchObject(lunch);
    await house.does('transfer', { target: toA2 });
    const second = await house.answers(house.last);
    expect(house.hears(house.customer, second)).toBe(true);
    house.customer.end();
    await settle();
    expect(house.registry.status('a2').state).toBe('AFTER_CALL_WORK');
    await house.pass(10_000);
    expect(house.registry.status('a2')).toMatchObject(lunch);
    expect(house.leftovers()).toEqual([]);
  });

  it('is told why a colleague or a queue cannot be had', async () => {
    const house = await TalkingHouse.open();
    const transfer = (target: object) => house.tries({ type: 'transfer', target } as CallCommand);
    house.registry.want('a2', 'LOGGED_OUT', 'test');
    expect(await transfer(toA2)).toEqual({
      kind: 'target-unavailable',
      reason: 'Agent a2 is LOGGED_OUT',
    });
    expect(await transfer({ kind: 'agent', agentId: 'a1' })).toMatchObject({
      reason: 'Agent a1 is ON_CALL',
    });
    house.telephony.setReachable('a2', false);
    expect(await transfer(toA2)).toMatchObject({ reason: 'the phone of Agent a2 is not registered' });
    expect(await transfer({ kind: 'queue', queue: 'closed' })).toMatchObject({
      reason: 'queue closed is closed',
    });
    expect(house.customer.termination).toBeUndefined();
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('is told what is allowed instead of what is not', async () => {
    const house = await TalkingHouse.open();
    const refused = await house.tries({ type: 'merge' } satisfies CallCommand);
    expect(refused).toMatchObject({ kind: 'not-allowed', state: 'talking' });
    expect(refused).toHaveProperty('allowed', expect.arrayContaining(['hold', 'transfer']));
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });
});
