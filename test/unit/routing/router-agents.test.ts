import { describe, expect, it } from 'vitest';
import { agent, RoutingHouse } from './routing-house.ts';

describe('targets that widen with time', () => {
  const targets = [
    { expression: 'sales', afterSec: 30, keepEarlier: true },
    { expression: 'boss', afterSec: 60, keepEarlier: false },
  ];
  const agents = [agent('a1'), agent('s1', { sales: 1 }), agent('b1', { boss: 1 })];
  const house = () => new RoutingHouse(agents, { support: { targets } });

  it('offers a waiting call to the wider target at its instant, without anything else happening', () => {
    const here = house();
    here.ready('s1', 'b1');
    here.enqueue('call_1');
    here.clock.advance(29_999);
    expect(here.decisions).toEqual([]);
    here.clock.advance(1);
    expect(here.decisions).toEqual(['offer call_1 to s1']);
  });

  it('drops the earlier targets when told so', () => {
    const here = house();
    here.enqueue('call_1');
    here.clock.advance(60_000);
    here.ready('a1', 's1');
    expect(here.decisions).toEqual([]);
    here.ready('b1');
    expect(here.decisions).toEqual(['offer call_1 to b1']);
  });

  it('counts the age from the first place: a call that comes back is as wide as before', () => {
    const here = house();
    here.ready('s1');
    here.enqueue('call_1', { placeAtMs: here.clock.nowMs() - 45_000 });
    expect(here.decisions).toEqual(['offer call_1 to s1']);
  });

  it('serves a younger call by the first target when the older has left it', () => {
    const here = house();
    here.enqueue('call_1', { placeAtMs: here.clock.nowMs() - 100_000 });
    here.enqueue('call_2');
    here.ready('a1');
    expect(here.decisions).toEqual(['offer call_2 to a1']);
    expect(here.router.queue('support').overtakeCount).toBe(0);
  });

  it('has one timer for a line, whatever waits in it, and none for an empty one', () => {
    const here = house();
    for (let at = 0; at < 50; at++) here.enqueue(`call_${at}`, { placeAtMs: here.clock.nowMs() - at * 100 });
    expect(here.clock.pendingCount).toBe(1);
    for (let at = 0; at < 50; at++) here.router.leave(`call_${at}`);
    expect(here.clock.pendingCount).toBe(0);
  });
});

describe('agent selection', () => {
  it('chooses the agent who worked least in the last hour', () => {
    const here = new RoutingHouse([agent('a1'), agent('a2')], {
      support: { agentSelection: 'least-occupied' },
    });
    here.ready('a1');
    here.enqueue('call_1');
    here.talk('a1', 'call_1');
    here.ready('a2');
    here.clock.advance(600_000);
    here.enqueue('call_2');
    here.talk('a2', 'call_2');
    here.clock.advance(60_000);
    here.over('a1', 'call_1');
    here.clock.advance(1000);
    here.over('a2', 'call_2');
    // a1 is idle longer, but worked 11 minutes and a2 one.
    here.clock.advance(5000);
    here.enqueue('call_3');
    expect(here.decisions.at(-1)).toBe('offer call_3 to a2');
  });

  it('chooses the specialist before the generalist, and of two specialists the closer', () => {
    const agents = [
      agent('generalist', { support: 5, sales: 5, french: 5 }),
      agent('expert', { support: 9 }),
      agent('novice', { support: 2 }),
    ];
    const here = new RoutingHouse(agents, {
      support: { agentSelection: 'most-specific', skillExpression: 'support >= 2' },
    });
    here.ready('generalist', 'expert', 'novice');
    for (const id of ['call_1', 'call_2', 'call_3']) here.enqueue(id);
    expect(here.decisions).toEqual([
      'offer call_1 to novice',
      'offer call_2 to expert',
      'offer call_3 to generalist',
    ]);
  });

  it('follows a changed configuration', () => {
    const here = new RoutingHouse([agent('a1'), agent('a2', { sales: 1 })], { support: {} });
    here.ready('a2');
    here.enqueue('call_1');
    expect(here.decisions).toEqual([]);
    here.agents = [agent('a1'), agent('a2')];
    here.router.matchAll();
    expect(here.decisions).toEqual(['offer call_1 to a2']);
    expect(here.router.agentCounts('support')).toEqual({ ready: 0, serving: 1, loggedIn: 1 });
  });
});

describe('blending', () => {
  const withMedia = (media: { call: number; callback: number; callbackSharePct?: number }) =>
    new RoutingHouse([{ ...agent('a1'), media }], { support: {} });

  it('gives an agent who takes calls only the call behind a callback', () => {
    const here = withMedia({ call: 1, callback: 0 });
    here.enqueue('callback_1', { placeAtMs: 1 });
    here.enqueue('call_2', { placeAtMs: 2 });
    here.ready('a1');
    expect(here.decisions).toEqual(['offer call_2 to a1']);
    expect(here.router.queue('support').overtakeCount).toBe(0);
  });

  it('gives an agent who takes callbacks only a confirmed customer, and no caller', () => {
    const here = withMedia({ call: 0, callback: 1 });
    here.enqueue('call_1', { placeAtMs: 1 });
    here.enqueue('callback_2', { placeAtMs: 2 });
    here.ready('a1');
    here.confirm('callback_2');
    expect(here.decisions).toEqual(['dial callback_2 for a1', 'offer callback_2 to a1']);
  });

  it('keeps the share of callbacks that the agent is to have', () => {
    const here = withMedia({ call: 1, callback: 1, callbackSharePct: 50 });
    for (let at = 0; at < 4; at++) {
      here.enqueue(`call_${at}`, { placeAtMs: 10 + at });
      here.enqueue(`callback_${at}`, { placeAtMs: 100 + at });
    }
    for (let at = 0; at < 4; at++) {
      here.ready('a1');
      const granted = here.grants.at(-1)?.callbackId;
      if (granted !== undefined && here.router.queueOf(granted)?.find(granted)?.kind === 'callback') {
        here.confirm(granted, { placeAtMs: here.router.queueOf(granted)?.find(granted)?.placeAtMs ?? 0 });
      }
      const offer = here.offers.at(-1);
      here.talk('a1', offer?.token.subjectId ?? '');
      here.registry.want('a1', 'NOT_READY', 'test');
      here.over('a1', offer?.token.subjectId ?? '');
    }
    const kinds = here.offers.map(({ token }) => (token.confirmed ? 'callback' : 'call'));
    expect(kinds.filter((kind) => kind === 'callback')).toHaveLength(2);
    expect(here.router.queue('support').overtakeCount).toBe(0);
  });

  it('gives an agent who takes nothing nothing', () => {
    const here = withMedia({ call: 0, callback: 0 });
    here.enqueue('call_1');
    here.ready('a1');
    expect(here.decisions).toEqual([]);
  });
});

describe('an agent who did not answer', () => {
  it('is skipped for that call while somebody else is at work, and gets the next one', () => {
    const here = new RoutingHouse([agent('a1'), agent('a2')], { support: {} });
    here.ready('a2');
    here.enqueue('call_0');
    here.talk('a2', 'call_0');
    here.ready('a1');
    here.enqueue('call_1');
    here.ringsOut('a1', 'call_1');
    here.enqueue('call_2');
    here.ready('a1');
    expect(here.decisions.at(-1)).toBe('offer call_2 to a1');
    expect(here.router.queue('support').overtakeCount).toBe(0);
    here.over('a2', 'call_0');
    expect(here.decisions.at(-1)).toBe('offer call_1 to a2');
  });

  it('is asked again after a minute', () => {
    const here = new RoutingHouse([agent('a1'), agent('a2')], { support: {} });
    here.ready('a2');
    here.enqueue('call_0');
    here.talk('a2', 'call_0');
    here.ready('a1');
    here.enqueue('call_1');
    here.ringsOut('a1', 'call_1');
    here.ready('a1');
    const before = here.decisions.length;
    here.clock.advance(60_000);
    expect(here.decisions.slice(before)).toEqual(['offer call_1 to a1']);
  });

  it('is asked again at once when nobody else is left', () => {
    const here = new RoutingHouse([agent('a1'), agent('a2')], { support: {} });
    here.ready('a2');
    here.enqueue('call_0');
    here.talk('a2', 'call_0');
    here.ready('a1');
    here.enqueue('call_1');
    here.ringsOut('a1', 'call_1');
    here.ready('a1');
    here.registry.want('a2', 'LOGGED_OUT', 'test');
    const before = here.decisions.length;
    here.registry.workOver('a2', 'call_0', 0);
    here.clock.advance(0);
    expect(here.decisions.slice(before)).toEqual(['offer call_1 to a1']);
  });
});
