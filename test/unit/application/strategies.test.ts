import { describe, expect, it } from 'vitest';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';

function opened(changes: Partial<QueueSettings>): House {
  const house = new House(changes);
  house.open();
  return house;
}

describe('customer-first-reserved', () => {
  const reserved = (): House => opened({ connectStrategy: 'customer-first-reserved' });

  it('holds the agent from the dial on and rings that one when the customer confirms', async () => {
    const house = reserved();
    const { id } = await house.book();
    await house.ready('a1');
    expect(house.registry.status('a1')).toMatchObject({ state: 'RESERVED', subjectId: id });
    await house.answers(house.last);
    await house.ready('a2');
    await house.says('confirmed');
    expect(house.last?.request.target).toEqual({ kind: 'agent', agentId: 'a1' });
    expect(house.registry.status('a2').state).toBe('READY');
    await house.answers(house.last);
    expect(house.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
    expect(house.router.queueOf(id)).toBeUndefined();
  });

  it('gives the agent back at once when the attempt fails', async () => {
    const house = reserved();
    const { id } = await house.book();
    await house.ready('a1');
    house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
    await settle();
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id).subState).toBe('retry-wait');
  });

  it('holds one agent a callback and dials the next callback for the next agent', async () => {
    const house = reserved();
    await house.book('+15551230001');
    await house.book('+15551230002');
    await house.ready('a1');
    expect(house.telephony.placed).toHaveLength(1);
    await house.ready('a2');
    expect(house.telephony.placed).toHaveLength(2);
  });

  it('gives the customer to the next agent when the held one does not answer', async () => {
    const house = reserved();
    const { id } = await house.book();
    await house.ready('a1');
    await house.answers(house.last);
    await house.says('confirmed');
    house.last?.fail({ bucket: 'unreachable', reason: 'no-answer' });
    await settle();
    expect(house.registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'RONA' });
    expect(house.now(id).subState).toBe('waiting-for-agent');
    await house.ready('a2');
    expect(house.last?.request.target).toEqual({ kind: 'agent', agentId: 'a2' });
  });
});

describe('agent-first', () => {
  const agentFirst = (): House => opened({ connectStrategy: 'agent-first' });

  it('rings the agent, dials the customer from that call and joins both at the answer', async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    expect(house.last?.request).toMatchObject({
      target: { kind: 'agent', agentId: 'a1' },
      headers: { 'X-Turnkeeper-Callback': id },
    });
    expect(house.now(id)).toMatchObject({ state: 'ROUTING', subState: 'ringing-agent', attemptCount: 0 });
    const agent = await house.answers(house.last);
    expect(house.last?.request.target).toMatchObject({ kind: 'trunk', number: '+15551230000' });
    expect(house.now(id)).toMatchObject({ subState: 'dialing', attemptCount: 1 });
    expect(house.registry.status('a1').state).toBe('ON_CALL');
    const customer = await house.answers(house.last);
    expect(house.telephony.bridges).toEqual([[customer, agent]]);
    expect(house.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
    customer.end();
    await settle();
    expect(agent.termination).toBeDefined();
    await house.pass(10_000);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
    expect(house.registry.status('a1').state).toBe('READY');
  });

  it('keeps the place and spends no attempt when the agent does not answer', async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    house.last?.fail({ bucket: 'unreachable', reason: 'no-answer' });
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'QUEUED', attemptCount: 0 });
    expect(house.router.queueOf(id)?.positionOf(id)).toBe(1);
    await house.ready('a2');
    expect(house.last?.request.target).toEqual({ kind: 'agent', agentId: 'a2' });
  });

  it("ends the agent's call without after-call work when the customer is not reached", async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
    await settle();
    expect(agent.termination?.reason).toBe('local-hangup');
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait', attemptCount: 1 });
  });

  it("silences the customer's phone when the agent hangs up first; the attempt counts", async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    agent.end();
    await settle();
    expect(house.last?.cancelled).toBe(true);
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait', attemptCount: 1 });
    expect(house.registry.status('a1').state).toBe('READY');
  });

  it('frees the agent only when the line is quiet, when the customer hangs up as both are joined', async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    let refuse: (error: Error) => void = () => undefined;
    house.telephony.bridge = () =>
      new Promise((_resolve, reject) => {
        refuse = reject;
      });
    const customer = await house.answers(house.last);
    expect(house.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
    const freedWhileUp: string[] = [];
    house.registry.watch(({ agentId, state }) => {
      if (agentId === 'a1' && !agent.termination) freedWhileUp.push(state);
    });
    customer.end();
    await settle();
    refuse(new Error('the customer has gone'));
    await house.pass(10_000);
    expect(freedWhileUp).toEqual([]);
    expect(agent.termination).toBeDefined();
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  });

  it('frees the agent only when the line is quiet, when the customer hangs up at the answer', async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    const hangUp = agent.hangUp.bind(agent);
    let isAsked = false;
    agent.hangUp = () => {
      isAsked = true;
      return Promise.resolve();
    };
    const customer = house.last?.answer();
    customer?.end();
    await house.pass(10_000);
    expect(isAsked).toBe(true);
    expect(house.registry.status('a1')).toMatchObject({ state: 'ON_CALL', subjectId: id });
    await hangUp();
    await settle();
    await house.pass(10_000);
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  });

  it('frees the agent only when the line is quiet, when both are joined as the customer hangs up', async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    const hangUp = agent.hangUp.bind(agent);
    agent.hangUp = () => Promise.resolve();
    let joined: () => void = () => undefined;
    house.telephony.bridge = () =>
      new Promise((resolve) => {
        joined = () => resolve({ separate: () => Promise.resolve() });
      });
    const customer = await house.answers(house.last);
    customer.end();
    joined();
    await house.pass(10_000);
    expect(house.registry.status('a1')).toMatchObject({ state: 'ON_CALL', subjectId: id });
    await hangUp();
    await settle();
    await house.pass(10_000);
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id).state).toBe('COMPLETED');
  });

  it("ends both when it is cancelled while the customer's phone rings", async () => {
    const house = agentFirst();
    const { id } = await house.book();
    await house.ready('a1');
    const agent = await house.answers(house.last);
    await house.runner.dispatch(id, { type: 'CANCELLED', by: 'api' }, { kind: 'api-key', id: 'k' });
    await settle();
    expect(house.last?.cancelled).toBe(true);
    expect(agent.termination).toBeDefined();
    expect(house.registry.status('a1').state).toBe('READY');
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CANCELLED_BY_API' });
  });
});

describe('before a dial', () => {
  it('a number that has been blocked meanwhile ends the callback and nobody is rung', async () => {
    const house = opened({});
    const { id } = await house.book('+19005551234');
    house.settings = { ...house.settings, blockPremiumNumbers: true };
    await house.ready('a1');
    expect(house.telephony.placed).toHaveLength(0);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'NUMBER_BLOCKED' });
    expect(house.router.queueOf(id)).toBeUndefined();
  });

  it('a customer in whose zone it is night is called when the window opens, at the old place', async () => {
    const house = opened({ callingWindow: { from: '08:00', to: '20:00' } });
    // 09:00 UTC is 04:00 in New York.
    const { id } = await house.book('+12125550123');
    await house.ready('a1');
    expect(house.telephony.placed).toHaveLength(0);
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'due-later', attemptCount: 0 });
    await house.pass(4 * 3_600_000);
    expect(house.telephony.placed).toHaveLength(1);
  });
});
