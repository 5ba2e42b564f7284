import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import type { Token } from '../../../src/queue/token.ts';
import { AgentRegistry } from '../../../src/routing/agent-registry.ts';
import { Router } from '../../../src/routing/router.ts';
import { aQueue } from '../../fakes/queue-settings.ts';
import { MemoryStore } from '../../../src/simulation/memory-store.ts';

const queues = new Map(['support', 'sales'].map((name) => [name, aQueue({ name, skillExpression: name })]));
const agents = [
  { id: 'a1', skills: { support: 1 } },
  { id: 'a2', skills: { support: 1, sales: 1 } },
];

let clock: SimulatedClock;
let registry: AgentRegistry;
let router: Router;
let decisions: string[];
let unreachable: Set<string>;
let workEnded: string[];

function token(subjectId: string, changes: Partial<Token> = {}): Token {
  const kind = subjectId.startsWith('callback') ? 'callback' : 'call';
  return {
    queue: 'support',
    kind,
    subjectId,
    placeAtMs: clock.nowMs(),
    priority: 0,
    confirmed: false,
    ...changes,
  };
}

function ready(...agentIds: string[]): void {
  for (const agentId of agentIds) {
    clock.advance(1);
    registry.want(agentId, 'READY', 'test');
  }
}

beforeEach(() => {
  clock = new SimulatedClock();
  decisions = [];
  workEnded = [];
  unreachable = new Set();
  registry = new AgentRegistry({
    unitOfWork: new MemoryStore(),
    clock,
    log: silentLog,
    isReachable: (agentId) => !unreachable.has(agentId),
    onReady: (agentId) => router.agentReady(agentId),
    onWorkEnded: (agentId, subjectId) => workEnded.push(`${agentId} ${subjectId}`),
  });
  router = new Router({
    registry,
    log: silentLog,
    clock,
    directory: { queue: (name) => queues.get(name), agents: () => agents },
    decisions: {
      dialGranted: ({ callbackId, agentId }) => decisions.push(`dial ${callbackId} for ${agentId}`),
      previewOffered: ({ callbackId, agentId }) => decisions.push(`show ${callbackId} to ${agentId}`),
      agentOffered: ({ token: { subjectId }, agentId }) => decisions.push(`offer ${subjectId} to ${agentId}`),
    },
    dialsMax: 2,
    mayDial: () => true,
    onDeparture: (queue) => decisions.push(`departed ${queue}`),
  });
});

describe('the router', () => {
  it('offers a ready agent to the call that waits longest', () => {
    router.enqueue(token('call_2', { placeAtMs: 20 }));
    router.enqueue(token('call_1', { placeAtMs: 10 }));
    ready('a1');
    expect(decisions).toEqual(['offer call_1 to a1']);
    expect(registry.status('a1').state).toBe('RESERVED');
  });

  it('chooses the agent who is idle longest', () => {
    ready('a2', 'a1');
    router.enqueue(token('call_1'));
    expect(decisions).toEqual(['offer call_1 to a2']);
  });

  it('lets a ready agent have the first due callback dialled without holding the agent', () => {
    router.enqueue(token('callback_1'));
    ready('a1');
    expect(decisions).toEqual(['dial callback_1 for a1']);
    expect(registry.status('a1').state).toBe('READY');
  });

  it('gives the unheld agent to the live call behind the dialled callback', () => {
    router.enqueue(token('callback_1', { placeAtMs: 1 }));
    router.enqueue(token('call_2', { placeAtMs: 2 }));
    ready('a1');
    expect(decisions).toEqual(['dial callback_1 for a1', 'offer call_2 to a1']);
  });

  it('backs one dial an agent and never passes an older equal token', () => {
    router.enqueue(token('callback_1', { placeAtMs: 1 }));
    router.enqueue(token('callback_2', { placeAtMs: 2 }));
    router.enqueue(token('call_3', { placeAtMs: 3 }));
    ready('a1');
    expect(decisions).toEqual(['dial callback_1 for a1']);
    expect(router.queue('support').overtakeCount).toBe(0);
  });

  it('starts no more dials at once than it may, and goes on when one has ended', () => {
    for (let i = 1; i <= 3; i++) router.enqueue(token(`callback_${i}`, { queue: 'sales', placeAtMs: i }));
    ready('a2');
    router.enqueue(token('callback_4', { placeAtMs: 4 }));
    router.enqueue(token('callback_5', { placeAtMs: 5 }));
    ready('a1');
    expect(decisions).toEqual(['dial callback_1 for a2', 'dial callback_4 for a1']);
    router.leave('callback_1');
    expect(decisions.slice(2)).toEqual(['dial callback_2 for a2']);
  });

  it('dials the next callback when the first dial has failed', () => {
    router.enqueue(token('callback_1', { placeAtMs: 1 }));
    router.enqueue(token('callback_2', { placeAtMs: 2 }));
    ready('a1');
    router.leave('callback_1');
    expect(decisions).toEqual(['dial callback_1 for a1', 'dial callback_2 for a1']);
  });

  it('puts a confirmed customer before equal callers who came earlier', () => {
    router.enqueue(token('callback_1', { placeAtMs: 50 }));
    ready('a1');
    registry.want('a1', 'NOT_READY', 'test');
    router.enqueue(token('call_1', { placeAtMs: 10 }));
    router.confirmed(token('callback_1', { kind: 'call', confirmed: true, placeAtMs: 50 }));
    ready('a2');
    expect(decisions.at(-1)).toBe('offer callback_1 to a2');
  });

  it('gives a token back its old place when the agent does not answer', () => {
    router.enqueue(token('call_1', { placeAtMs: 1 }));
    router.enqueue(token('call_2', { placeAtMs: 2 }));
    ready('a1');
    registry.ringing('a1', 'call_1');
    registry.release('a1', 'call_1', 'RONA');
    router.offerFailed('call_1');
    expect(registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'RONA' });
    expect(router.queue('support').positionOf('call_1')).toBe(1);
    ready('a2');
    expect(decisions).toEqual(['offer call_1 to a1', 'offer call_1 to a2']);
  });

  it('never offers a queue to an agent who does not satisfy it', () => {
    router.enqueue(token('call_1', { queue: 'sales' }));
    ready('a1');
    expect(decisions).toEqual([]);
    ready('a2');
    expect(decisions).toEqual(['offer call_1 to a2']);
  });

  it('never gives an agent two tokens', () => {
    ready('a1');
    router.enqueue(token('call_1'));
    router.enqueue(token('call_2'));
    expect(decisions).toEqual(['offer call_1 to a1']);
    expect(registry.reserve('a1', 'call_2')).toBe(false);
  });
});

describe('the agent registry', () => {
  function talk(agentId: string, subjectId: string): void {
    router.enqueue(token(subjectId));
    ready(agentId);
    registry.ringing(agentId, subjectId);
    registry.connected(agentId, subjectId);
    router.served(subjectId);
  }

  it('gives after-call work its time and then makes the agent ready', () => {
    talk('a1', 'call_1');
    registry.workOver('a1', 'call_1', 30_000);
    expect(registry.status('a1').state).toBe('AFTER_CALL_WORK');
    clock.advance(30_000);
    expect(registry.status('a1').state).toBe('READY');
    expect(workEnded).toEqual(['a1 call_1']);
  });

  it('ends after-call work when the agent says so', () => {
    talk('a1', 'call_1');
    expect(registry.want('a1', 'WRAP_UP_DONE', 'a1')).toBe(false);
    registry.workOver('a1', 'call_1', 30_000);
    expect(registry.want('a1', 'WRAP_UP_DONE', 'a1')).toBe(true);
    expect(registry.status('a1').state).toBe('READY');
    expect(clock.pendingCount).toBe(0);
  });

  it('keeps a wish made during a call for afterwards', () => {
    talk('a1', 'call_1');
    registry.want('a1', 'LOGGED_OUT', 'a1');
    expect(registry.status('a1').state).toBe('ON_CALL');
    registry.workOver('a1', 'call_1', 0);
    clock.advance(0);
    expect(registry.status('a1').state).toBe('LOGGED_OUT');
  });

  it('does not make an agent ready whose phone is not registered, until it registers', () => {
    unreachable.add('a1');
    ready('a1');
    expect(registry.status('a1')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'UNREACHABLE' });
    unreachable.delete('a1');
    registry.reachabilityChanged('a1', true);
    expect(registry.status('a1').state).toBe('READY');
  });

  it('takes an agent out when the phone unregisters, and leaves one alone who chose not to be ready', () => {
    ready('a1');
    registry.reachabilityChanged('a1', false);
    expect(registry.status('a1').notReadyReason).toBe('UNREACHABLE');
    registry.want('a2', 'NOT_READY', 'test');
    registry.reachabilityChanged('a2', true);
    expect(registry.status('a2')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'MANUAL' });
  });

  it('gives back a reservation that nobody used', () => {
    router.enqueue(token('call_1'));
    ready('a1');
    router.leave('call_1');
    clock.advance(10_000);
    expect(registry.status('a1')).toMatchObject({ state: 'READY', subjectId: null });
  });
});
