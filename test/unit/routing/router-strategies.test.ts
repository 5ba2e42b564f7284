import { describe, expect, it } from 'vitest';
import { agent, RoutingHouse } from './routing-house.ts';

const two = [agent('a1'), agent('a2')];

describe('customer-first-reserved', () => {
  const house = () => new RoutingHouse(two, { support: { connectStrategy: 'customer-first-reserved' } });

  it('holds the agent from the dial on, as long as a dial may take', () => {
    const here = house();
    here.enqueue('callback_1');
    here.ready('a1');
    expect(here.decisions).toEqual(['dial callback_1 with a1 held']);
    expect(here.state('a1')).toBe('RESERVED');
    here.clock.advance(60_000);
    expect(here.state('a1')).toBe('RESERVED');
    here.clock.advance(120_000);
    expect(here.state('a1')).toBe('READY');
  });

  it('gives the agent to the next callback when the attempt failed', () => {
    const here = house();
    here.enqueue('callback_1', { placeAtMs: 1 });
    here.enqueue('callback_2', { placeAtMs: 2 });
    here.ready('a1');
    here.router.leave('callback_1');
    expect(here.decisions).toEqual(['dial callback_1 with a1 held', 'dial callback_2 with a1 held']);
  });

  it('gives a live call that came later to the next agent, not to the one who is held', () => {
    const here = house();
    here.enqueue('callback_1');
    here.ready('a1');
    here.enqueue('call_2');
    expect(here.decisions).toEqual(['dial callback_1 with a1 held']);
    here.ready('a2');
    expect(here.decisions.at(-1)).toBe('offer call_2 to a2');
  });

  it('holds nobody when no more dials may be started', () => {
    const here = new RoutingHouse(two, { support: { connectStrategy: 'customer-first-reserved' } }, 1);
    here.enqueue('callback_1', { placeAtMs: 1 });
    here.enqueue('callback_2', { placeAtMs: 2 });
    here.ready('a1', 'a2');
    expect(here.decisions).toEqual(['dial callback_1 with a1 held']);
    expect(here.state('a2')).toBe('READY');
  });
});

describe('agent-first', () => {
  it('offers the callback to the agent before anybody is dialled', () => {
    const here = new RoutingHouse(two, { support: { connectStrategy: 'agent-first' } });
    here.enqueue('callback_1');
    here.ready('a1');
    expect(here.decisions).toEqual(['offer callback_1 to a1']);
    expect(here.offers[0]).toMatchObject({ token: { kind: 'callback' }, why: { rule: 'agent-first' } });
    expect(here.state('a1')).toBe('RESERVED');
  });

  it('takes the place in line again when the agent does not answer', () => {
    const here = new RoutingHouse(two, { support: { connectStrategy: 'agent-first' } });
    here.enqueue('callback_1', { placeAtMs: 1 });
    here.enqueue('call_2', { placeAtMs: 2 });
    here.ready('a1');
    here.registry.ringing('a1', 'callback_1');
    here.registry.release('a1', 'callback_1', 'RONA');
    here.enqueue('callback_1', { placeAtMs: 1 });
    here.ready('a2');
    expect(here.decisions.at(-1)).toBe('offer callback_1 to a2');
    expect(here.router.queue('support').overtakeCount).toBe(0);
  });
});

describe('paced', () => {
  it('holds an agent while it knows too little', () => {
    const here = new RoutingHouse(two, { support: { connectStrategy: 'paced' } });
    here.enqueue('callback_1');
    here.ready('a1');
    expect(here.decisions).toEqual(['dial callback_1 with a1 held']);
    expect(here.grants[0]).toMatchObject({
      strategy: 'customer-first-reserved',
      why: { strategy: 'paced', rule: 'paced-reserves', pacing: { reason: 'too-little-data' } },
    });
  });

  it('tells once why nobody is dialled', () => {
    const here = new RoutingHouse(two, { support: { connectStrategy: 'paced' } });
    here.enqueue('callback_1');
    here.enqueue('callback_2');
    expect(here.refusals).toHaveLength(1);
    expect(here.refusals[0]?.why).toMatchObject({
      rule: 'paced-waits',
      pacing: { reason: 'no-agent-free-and-too-little-data', readyAgentCount: 0 },
    });
  });

  it('dials more customers than agents are ready once it has seen enough', () => {
    const agents = Array.from({ length: 40 }, (_, at) => agent(`a${at}`));
    const here = new RoutingHouse(agents, { support: { connectStrategy: 'paced' } });
    const talking: [string, string][] = [];
    const talk = (agentId: string, subjectId: string): void => {
      here.talk(agentId, subjectId);
      talking.push([agentId, subjectId]);
    };
    for (const { id } of agents) here.ready(id);
    // Every customer confirms 5 s after the dial; a conversation ends every second.
    for (let second = 0; second < 100; second++) {
      here.enqueue(`callback_${second}`);
      here.enqueue(`callback_${second}+`);
      for (const { callbackId, held, agentId } of here.grants.splice(0, second < 99 ? 100 : 0)) {
        if (held && agentId !== null) talk(agentId, callbackId);
        else here.clock.setTimer(5000, () => here.confirm(callbackId));
      }
      for (const { token, agentId } of here.offers.splice(0)) talk(agentId, token.subjectId);
      here.clock.advance(1000);
      const first = talking.shift();
      if (first) here.over(...first);
    }
    const last = here.decisions.filter((decision) => decision.startsWith('dial')).slice(-20);
    expect(last.every((decision) => decision.endsWith('for null'))).toBe(true);
    const { pacing, rule } = here.refusals.at(-1)?.why ?? {};
    expect({ rule, reason: pacing?.['reason'] }).toEqual({ rule: 'paced-waits', reason: 'risk-too-high' });
    expect(Number(pacing?.['dialCount'])).toBeGreaterThan(Number(pacing?.['readyAgentCount']));
    expect(here.router.queue('support').overtakeCount).toBe(0);
  });

  it('leaves no timer behind when nobody waits any more', () => {
    const here = new RoutingHouse(two, { support: { connectStrategy: 'paced' } });
    here.enqueue('callback_1');
    here.router.leave('callback_1');
    expect(here.clock.pendingCount).toBe(0);
  });
});

describe('a why', () => {
  it('names the agents compared, at most ten, and counts the others', () => {
    const agents = Array.from({ length: 25 }, (_, at) => agent(`a${at + 10}`));
    const here = new RoutingHouse(agents, { support: {} });
    for (const { id } of agents) here.ready(id);
    here.clock.advance(5000);
    here.enqueue('call_1');
    const why = here.offers[0]?.why;
    expect(why).toMatchObject({ queue: 'support', order: 'idle longest', candidateCount: 25, choice: 'a10' });
    expect(why?.candidates).toHaveLength(10);
    expect(why?.candidates[0]).toEqual({ agentId: 'a10', value: 'idle 5 s' });
    expect(JSON.stringify(why).length).toBeLessThan(4096);
  });

  it('names the tokens compared when an agent became ready', () => {
    const here = new RoutingHouse([agent('a1', { support: 1, sales: 1 })], { support: {}, sales: {} });
    here.enqueue('call_1', { queue: 'sales', priority: 5 });
    here.enqueue('call_2');
    here.ready('a1');
    expect(here.offers[0]?.why).toMatchObject({ rule: 'agent-for-call', candidateCount: 2, choice: 'a1' });
    expect(here.offers[0]?.why.candidates).toEqual([
      { subjectId: 'call_1', value: 'priority 5, waits 0 s in sales' },
      { subjectId: 'call_2', value: 'priority 0, waits 0 s in support' },
    ]);
  });
});
