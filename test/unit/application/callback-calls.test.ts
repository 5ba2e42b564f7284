import { beforeEach, describe, expect, it } from 'vitest';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';
import type { Bridge } from '../../../src/telephony/telephony.ts';

let house: House;
beforeEach(() => {
  house = new House();
  house.open();
});

describe('a callback on the telephone', () => {
  it('goes from ready agent to completed', async () => {
    const { id } = await house.book();
    expect(house.telephony.placed).toHaveLength(0);
    await house.ready('a1');
    expect(house.last?.request).toMatchObject({ target: { kind: 'trunk', number: '+15551230000' } });
    expect([...house.store.attempts.values()]).toMatchObject([{ number: 1, endedAtMs: null }]);
    const customer = await house.answers(house.last);
    await house.says('confirmed');
    expect(house.last?.request.target).toEqual({ kind: 'agent', agentId: 'a1' });
    expect(house.now(id)).toMatchObject({ state: 'ROUTING', subState: 'ringing-agent' });
    const agent = await house.answers(house.last);
    expect(house.telephony.bridges).toEqual([[customer, agent]]);
    expect(house.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
    agent.end();
    await settle();
    expect(customer.termination?.reason).toBe('local-hangup');
    expect(house.now(id).subState).toBe('after-call-work');
    await house.pass(10_000);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
    expect(house.registry.status('a1').state).toBe('READY');
    expect([...house.store.attempts.values()]).toMatchObject([{ result: 'PERSON', confirmed: true }]);
  });

  it.each([
    ['has been joined by then', true, 'PROCESSING / after-call-work', 'AFTER_CALL_WORK'],
    ['has not been joined', false, 'COMPLETED / CUSTOMER_ABANDONED', 'READY'],
  ] as const)('a customer who hangs up as the agent answers, and %s', async (_when, joined, ends, agent) => {
    const { id } = await house.book();
    await house.ready('a1');
    const customer = await house.answers(house.last);
    await house.says('confirmed');
    let join: (bridge: Bridge) => void = () => undefined;
    let refuse: (why: Error) => void = () => undefined;
    house.telephony.bridge = () =>
      new Promise<Bridge>((resolve, reject) => {
        join = resolve;
        refuse = reject;
      });
    const agentLeg = await house.answers(house.last);
    customer.end();
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'ROUTING', subState: 'ringing-agent' });
    if (joined) join({ separate: () => Promise.resolve() });
    else refuse(new Error('a call ended before it was joined'));
    await settle();
    const { state, subState, reason } = house.now(id);
    expect(`${state} / ${reason ?? subState}`).toBe(ends);
    expect(house.registry.status('a1').state).toBe(agent);
    expect(agentLeg.termination?.reason).toBe('local-hangup');
  });

  it.each([
    ['busy', 'BUSY', 'retry-wait'],
    ['no-answer', 'NO_ANSWER', 'retry-wait'],
    ['declined', 'REJECTED', 'retry-wait'],
    ['not-found', 'ERROR_TONE', null],
  ] as const)('after %s the attempt is %s', async (reason, result, subState) => {
    const { id } = await house.book();
    await house.ready('a1');
    house.last?.fail({ bucket: 'unreachable', reason });
    await settle();
    expect(house.now(id).subState).toBe(subState);
    expect([...house.store.attempts.values()]).toMatchObject([{ result, termination: { reason } }]);
  });

  it('dials again after the retry interval and gives up after the last attempt', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
    await settle();
    await house.pass(60_000);
    expect(house.telephony.placed).toHaveLength(2);
    house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
    await settle();
    expect(house.now(id)).toMatchObject({
      state: 'COMPLETED',
      reason: 'MAX_ATTEMPTS_REACHED',
      attemptCount: 2,
    });
  });

  it('gives the customer to the next agent when the first does not answer', async () => {
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

  it('silences the agent when the customer hangs up first', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    const customer = await house.answers(house.last);
    await house.says('confirmed');
    customer.end();
    await settle();
    expect(house.last?.cancelled).toBe(true);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CUSTOMER_ABANDONED' });
    expect(house.registry.status('a1').state).toBe('READY');
  });

  it('counts a customer who hangs up on the question as not confirmed', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    const customer = await house.answers(house.last);
    customer.end();
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait' });
  });

  it('ends a callback that the customer cancels by key', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    const customer = await house.answers(house.last);
    await house.says('cancelled');
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CANCELLED_BY_CUSTOMER' });
    expect(customer.termination).toBeDefined();
  });

  it('spends no attempt while a server is lost, and dials when it is there again', async () => {
    const { id } = await house.book();
    house.telephony.setConnected(false);
    await house.ready('a1');
    expect(house.telephony.placed).toHaveLength(0);
    expect(house.now(id)).toMatchObject({ state: 'QUEUED', attemptCount: 0 });
    house.telephony.setConnected(true);
    await settle();
    expect(house.telephony.placed).toHaveLength(1);
  });

  it('keeps the place and dials by the same agent when the decision could be stored', async () => {
    const { id } = await house.book();
    await house.storeFails(() => house.ready('a1'));
    expect(house.telephony.placed).toHaveLength(0);
    await house.pass(500);
    expect(house.telephony.placed).toHaveLength(1);
    expect(house.now(id).attemptCount).toBe(1);
  });

  it('tells an answer again when it could not be stored', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    await house.storeFails(() => house.answers(house.last));
    expect(house.now(id).subState).toBe('dialing');
    await house.pass(500);
    expect(house.now(id).subState).toBe('confirming');
  });

  it('does not keep a customer on the line when the store fails for long', async () => {
    await house.book();
    await house.ready('a1');
    const customer = await house.storeFails(async () => {
      const leg = await house.answers(house.last);
      for (const pauseMs of [500, 1000, 2000, 4000]) await house.pass(pauseMs);
      return leg;
    });
    expect(customer.termination?.reason).toBe('local-hangup');
  });

  it('keeps a conversation whose beginning could not be stored, and frees the agent after it', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    await house.answers(house.last);
    await house.says('confirmed');
    const agent = await house.storeFails(() => house.answers(house.last));
    expect(agent.termination).toBeUndefined();
    expect(house.registry.status('a1').state).toBe('ON_CALL');
    await house.pass(500);
    expect(house.now(id).subState).toBe('connected');
    await house.storeFails(async () => {
      agent.end();
      await settle();
    });
    expect(house.registry.status('a1').state).toBe('AFTER_CALL_WORK');
    await house.pass(500);
    await house.pass(10_000);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  });

  it('hangs up on an answer that crosses a cancellation', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    const leg = house.last?.answer();
    await house.runner.dispatch(id, { type: 'CANCELLED', by: 'api' }, { kind: 'api-key', id: 'k' });
    await settle();
    expect(leg?.termination?.reason).toBe('local-hangup');
    expect(house.engine.callbackCalls.callCount).toBe(0);
  });

  it('believes the key of a customer who hangs up right after it', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    const customer = await house.answers(house.last);
    house.decide('cancelled');
    customer.end();
    await settle();
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'CANCELLED_BY_CUSTOMER' });
  });
});

describe('a restart', () => {
  const stages: [string, (h: House) => Promise<void>][] = [
    ['dialing', (h) => h.ready('a1')],
    ['confirming', async (h) => void (await h.ready('a1'), await h.answers(h.last))],
    [
      'ringing-agent',
      async (h) => {
        await h.ready('a1');
        await h.answers(h.last);
        await h.says('confirmed');
      },
    ],
  ];

  it.each(stages)('in %s counts the attempt as made and rings nobody twice', async (subState, reach) => {
    const { id } = await house.book();
    await reach(house);
    expect(house.now(id).subState).toBe(subState);
    const placedBefore = house.telephony.placed.length;
    house.runner.close();
    house.open();
    const recovered = await house.engine.recover();
    await settle();
    expect(recovered).toEqual({ openCount: 1, lostCount: 1 });
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait', attemptCount: 1 });
    expect(house.telephony.placed).toHaveLength(placedBefore);
    await house.pass(60_000);
    expect(house.now(id).attemptCount).toBe(2);
  });

  it('gives queued callbacks their places back in order', async () => {
    const first = await house.book('+15551230001');
    house.clock.advance(1000);
    const second = await house.book('+15551230002');
    house.open();
    await house.engine.recover();
    expect(house.router.queue('support').positionOf(first.id)).toBe(1);
    expect(house.router.queue('support').positionOf(second.id)).toBe(2);
  });
});
