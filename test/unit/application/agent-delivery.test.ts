import { beforeAll, describe, expect, it } from 'vitest';
import type { Invitation, InvitationEnd } from '../../../src/application/invitation-desk.ts';
import type { Actor } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import { type QuietLeg, settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';
import { repositoryFlows } from '../ivr/conversation.ts';

const actor: Actor = { kind: 'agent', id: 'a1' };

let flows: FlowLibrary;
beforeAll(async () => {
  flows = await repositoryFlows();
});

interface Stage {
  readonly house: House;
  readonly id: string;
  readonly customer: QuietLeg;
  readonly ends: (InvitationEnd | 'offered')[];
}

/** The customer has confirmed, and the queue offers them to `a1`. */
async function staged(
  changes: Partial<QueueSettings>,
  userData: Record<string, string> = {},
): Promise<Stage> {
  const house = new House(changes);
  house.flow = (name) => flows.get(name);
  house.open();
  const ends: Stage['ends'] = [];
  house.engine.invitations.onChange((_agentId, _invitation, outcome) => ends.push(outcome));
  const request = {
    virtualQueue: 'support',
    customerNumber: '+15551230000',
    origin: 'api',
    language: 'en',
  } as const;
  const booked = await house.runner.create({ ...request, userData }, { kind: 'customer' });
  if (booked.kind === 'refused') throw new Error(booked.refusal.kind);
  await settle();
  await house.ready('a1');
  const customer = await house.answers(house.last);
  await house.says('confirmed');
  return { house, id: booked.callback.id, customer, ends };
}

function invitation(house: House): Invitation {
  const [found] = house.engine.invitations.invitationsOf('a1');
  if (!found) throw new Error('a1 is asked nothing');
  return found;
}

describe('an agent whose phone rings', () => {
  it('gets the case with the call: in the invitation and on the INVITE', async () => {
    const { house, id } = await staged(
      { agentAutoAnswer: true, agentInstructions: 'Be kind.' },
      { _subject: 'Lost luggage', colour: 'dark blue', 'ta\r\ng': 'x\r\ny' },
    );
    expect(invitation(house)).toMatchObject({
      kind: 'callback',
      acceptedBy: 'phone',
      virtualQueue: 'support',
      facts: {
        subject: 'Lost luggage',
        instructions: 'Be kind.',
        customerData: { colour: 'dark blue' },
        attemptNumber: 1,
      },
    });
    expect(house.last?.request).toMatchObject({
      autoAnswer: true,
      callerId: { number: '+15551230000', name: 'support' },
      headers: {
        'X-Turnkeeper-Callback': id,
        'X-Turnkeeper-Queue': 'support',
        'X-Turnkeeper-Case-Type': 'immediate',
        'X-Turnkeeper-Case-Customer': '+15551230000',
        'X-Turnkeeper-Case-Subject': 'Lost%20luggage',
        'X-Turnkeeper-Case-Instructions': 'Be%20kind.',
        'X-Turnkeeper-Case-Data': 'colour=dark%20blue&ta%0D%0Ag=x%0D%0Ay',
      },
    });
  });

  it('gets the call without the case where the queue keeps it back', async () => {
    const { house, id } = await staged({ agentCaseHeaders: false });
    expect(house.last?.request.headers).toEqual({
      'X-Turnkeeper-Callback': id,
      'X-Turnkeeper-Queue': 'support',
    });
    expect(house.last?.request.autoAnswer).toBeUndefined();
  });

  it('is joined at the answer; the customer hears music until then', async () => {
    const { house, customer, ends } = await staged({});
    expect(customer.played.at(-1)).toEqual([{ kind: 'file', path: 'music/hold-1.wav' }]);
    const agent = await house.answers(house.last);
    expect(agent.played).toEqual([]);
    expect(house.telephony.bridges).toEqual([[customer, agent]]);
    expect(ends).toEqual(['offered', 'accepted']);
  });

  it('cannot accept on the screen, but can reject there: the phone is silenced', async () => {
    const { house, id, ends } = await staged({});
    const { invitations } = house.engine;
    const { id: invited } = invitation(house);
    const accepted = await invitations.accept('a1', invited, actor);
    expect(accepted).toMatchObject({ ok: false, refusal: { state: 'ringing', allowed: ['reject'] } });
    await invitations.reject('a1', invited, undefined, actor);
    await settle();
    expect(house.last?.cancelled).toBe(true);
    expect(ends).toEqual(['offered', 'rejected']);
    expect(house.registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'REJECTED' });
    expect(house.now(id).subState).toBe('waiting-for-agent');
  });

  it('stays ready after rejecting where the queue says so, and is skipped', async () => {
    const { house, id } = await staged({ agentRejectNotReady: false, agentSkipSec: 30 });
    house.last?.fail({ bucket: 'unreachable', reason: 'declined' });
    await settle();
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id).subState).toBe('waiting-for-agent');
    await house.pass(30_000);
    expect(house.now(id).subState).toBe('ringing-agent');
  });

  it('who does not answer has let the invitation time out', async () => {
    const { house, ends } = await staged({});
    house.last?.fail({ bucket: 'unreachable', reason: 'no-answer' });
    await settle();
    expect(ends.slice(0, 2)).toEqual(['offered', 'timed-out']);
  });

  it('is asked no more when the customer hangs up', async () => {
    const { house, customer, ends } = await staged({});
    customer.end();
    await settle();
    expect(house.last?.cancelled).toBe(true);
    expect(ends).toEqual(['offered', 'withdrawn']);
    expect(house.registry.status('a1').state).toBe('READY');
  });
});

describe('an agent who accepts on the screen', () => {
  const onScreen = { agentAccept: 'workspace', agentAcceptTimeoutSec: 20 } as const;

  it('is rung only then', async () => {
    const { house, id } = await staged(onScreen);
    expect(house.telephony.placed).toHaveLength(1);
    expect(house.registry.status('a1').state).toBe('RINGING');
    await house.engine.invitations.accept('a1', invitation(house).id, actor);
    await settle();
    expect(house.last?.request.target).toEqual({ kind: 'agent', agentId: 'a1' });
    await house.answers(house.last);
    expect(house.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
  });

  it('is not ready after 20 s without a word, and the phone never rang', async () => {
    const { house, id } = await staged(onScreen);
    await house.pass(20_000);
    expect(house.registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'RONA' });
    expect(house.now(id).subState).toBe('waiting-for-agent');
    expect(house.telephony.placed).toHaveLength(1);
  });

  it('is given up by the callback no sooner than by the screen and the phone together', async () => {
    const { house, id } = await staged({ ...onScreen, agentAcceptTimeoutSec: 300 });
    await house.pass(299_000);
    expect(house.now(id).subState).toBe('ringing-agent');
    await house.engine.invitations.accept('a1', invitation(house).id, actor);
    await house.pass(19_000);
    expect(house.now(id).subState).toBe('ringing-agent');
    expect(house.last?.cancelled).toBe(false);
  });

  it('is not rung when they are not held for the case any more', async () => {
    const { house, id, customer } = await staged(onScreen);
    // The phone was gone, and is back: the agent is ready, for whoever comes next.
    house.registry.release('a1', id, 'UNREACHABLE');
    house.registry.reachabilityChanged('a1', true);
    expect(house.registry.status('a1').state).toBe('READY');
    await house.engine.invitations.accept('a1', invitation(house).id, actor);
    await settle();
    expect(house.telephony.placed).toHaveLength(1);
    expect(house.registry.status('a1').state).not.toBe('ON_CALL');
    // The customer waits for whoever is ready, as before.
    expect(customer.termination).toBeUndefined();
    expect(house.now(id)).toMatchObject({ state: 'ROUTING', attemptCount: 1 });
    await house.pass(1000);
    expect(house.registry.status('a1')).toMatchObject({ state: 'RINGING', subjectId: id });
  });

  it('is asked no more when the customer hangs up before the answer', async () => {
    const { house, customer, ends } = await staged(onScreen);
    customer.end();
    await settle();
    expect(ends).toEqual(['offered', 'withdrawn']);
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.telephony.placed).toHaveLength(1);
  });
});

describe('an agent who hears of the case first', () => {
  it('is joined when the words are over', async () => {
    const { house, customer } = await staged({ agentWhisper: 'agent-whisper' });
    const agent = await house.answers(house.last);
    const heard = agent.played.flat().map((source) => (source.kind === 'file' ? source.path : source.kind));
    expect(heard).toContain('en/case-callback.wav');
    expect(house.telephony.bridges).toEqual([[customer, agent]]);
  });

  it('is joined by any key', async () => {
    const { house, customer } = await staged({ agentAcceptKey: true });
    const agent = await house.answers(house.last);
    expect(house.telephony.bridges).toEqual([]);
    expect(house.registry.status('a1').state).toBe('RINGING');
    agent.press('7');
    await settle();
    expect(house.telephony.bridges).toEqual([[customer, agent]]);
    expect(customer.played.at(-1)).toEqual([{ kind: 'file', path: 'music/hold-1.wav' }]);
  });

  it('who presses no key in time has not taken the call', async () => {
    const { house, id, ends } = await staged({ agentAcceptKey: true, agentAcceptKeySec: 10 });
    const agent = await house.answers(house.last);
    await house.pass(10_000);
    expect(agent.termination?.reason).toBe('local-hangup');
    expect(house.registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'RONA' });
    expect(house.now(id).subState).toBe('waiting-for-agent');
    expect(ends.slice(0, 2)).toEqual(['offered', 'timed-out']);
  });

  it('who hangs up instead has rejected', async () => {
    const { house, ends } = await staged({ agentAcceptKey: true });
    const agent = await house.answers(house.last);
    agent.end();
    await settle();
    expect(house.registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'REJECTED' });
    expect(ends.slice(0, 2)).toEqual(['offered', 'rejected']);
  });

  it('is hung up when the customer goes meanwhile', async () => {
    const { house, id, customer } = await staged({ agentAcceptKey: true });
    const agent = await house.answers(house.last);
    customer.end();
    await settle();
    expect(agent.termination?.reason).toBe('local-hangup');
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CUSTOMER_ABANDONED' });
  });

  it('is joined all the same when there is nothing to say it with', async () => {
    const { house, customer } = await staged({ agentWhisper: 'agent-whisper' });
    house.flow = () => undefined;
    const agent = await house.answers(house.last);
    expect(house.telephony.bridges).toEqual([[customer, agent]]);
  });
});
