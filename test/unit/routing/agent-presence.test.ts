import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { AgentRegistry } from '../../../src/routing/agent-registry.ts';
import { MemoryStore } from '../../../src/simulation/memory-store.ts';

const WRAP_UP_MS = 30_000;

class Presence {
  readonly clock = new SimulatedClock();
  readonly store = new MemoryStore();
  registry = this.#open();
  staysReady = false;
  readonly ended: string[] = [];

  #open(): AgentRegistry {
    return new AgentRegistry({
      unitOfWork: this.store,
      clock: this.clock,
      log: silentLog,
      isReachable: () => true,
      onReady: () => undefined,
      onWorkEnded: (agentId, subjectId) => this.ended.push(`${agentId} ${subjectId}`),
      extensionOf: () => ({ stepMs: 20_000, maxMs: 60_000 }),
      staysReady: () => this.staysReady,
    });
  }

  async restart(meanwhile: (registry: AgentRegistry) => void = () => undefined): Promise<void> {
    await this.registry.flush();
    this.registry.close();
    this.registry = this.#open();
    meanwhile(this.registry);
    await this.registry.load(WRAP_UP_MS);
  }

  /** After a call with `c1`. */
  finishing(): void {
    const { registry } = this;
    registry.want('a1', 'READY', 'test');
    registry.reserve('a1', 'c1');
    registry.ringing('a1', 'c1');
    registry.connected('a1', 'c1');
    registry.workOver('a1', 'c1', WRAP_UP_MS);
  }

  get now(): { state: string; notReadyReason: string | null } {
    const { state, notReadyReason } = this.registry.status('a1');
    return { state, notReadyReason };
  }
}

describe('not being ready', () => {
  it('has the reason that was given, or none in particular', () => {
    const presence = new Presence();
    presence.registry.want('a1', 'NOT_READY', 'test', 'Lunch');
    expect(presence.now).toEqual({ state: 'NOT_READY', notReadyReason: 'Lunch' });
    presence.registry.want('a1', 'NOT_READY', 'test');
    expect(presence.now).toEqual({ state: 'NOT_READY', notReadyReason: 'MANUAL' });
    presence.registry.want('a1', 'READY', 'test');
    expect(presence.now).toEqual({ state: 'READY', notReadyReason: null });
  });

  it('is kept with its reason for after the work, unless taken back', () => {
    const presence = new Presence();
    presence.finishing();
    presence.registry.want('a1', 'NOT_READY', 'test', 'Training');
    presence.clock.advance(WRAP_UP_MS);
    expect(presence.now).toEqual({ state: 'NOT_READY', notReadyReason: 'Training' });
    presence.finishing();
    presence.registry.want('a1', 'NOT_READY', 'test', 'Training');
    presence.registry.want('a1', 'LOGGED_OUT', 'test');
    presence.clock.advance(WRAP_UP_MS);
    expect(presence.now).toEqual({ state: 'LOGGED_OUT', notReadyReason: null });
  });

  it('of before a restart does not take back what came before it could be read', async () => {
    const presence = new Presence();
    presence.registry.want('a1', 'READY', 'test');
    presence.registry.reserve('a1', 'c1');
    await presence.restart((registry) => {
      registry.want('a1', 'READY', 'test');
      registry.reserve('a1', 'c2');
      registry.ringing('a1', 'c2');
    });
    expect(presence.registry.status('a1')).toMatchObject({ state: 'RINGING', subjectId: 'c2' });
  });

  it('survives a restart with its reason, also the one wanted after the work', async () => {
    const presence = new Presence();
    presence.registry.want('a1', 'NOT_READY', 'test', 'Meeting');
    await presence.restart();
    expect(presence.now).toEqual({ state: 'NOT_READY', notReadyReason: 'Meeting' });
    presence.finishing();
    presence.registry.want('a1', 'NOT_READY', 'test', 'Pause');
    await presence.restart();
    expect(presence.now).toEqual({ state: 'AFTER_CALL_WORK', notReadyReason: 'Pause' });
    presence.clock.advance(WRAP_UP_MS);
    expect(presence.now).toEqual({ state: 'NOT_READY', notReadyReason: 'Pause' });
  });

  it('comes of a rejected call, but not where the queue lets the agent stay ready', () => {
    const presence = new Presence();
    for (const [staysReady, state] of [
      [false, 'NOT_READY'],
      [true, 'READY'],
    ] as const) {
      presence.staysReady = staysReady;
      presence.registry.want('a1', 'READY', 'test');
      presence.registry.reserve('a1', 'c1');
      presence.registry.ringing('a1', 'c1');
      presence.registry.release('a1', 'c1', 'REJECTED');
      expect(presence.now.state).toBe(state);
    }
  });
});

describe('after-call work', () => {
  it('ends by itself, and is drawn out step by step up to its limit', () => {
    const presence = new Presence();
    presence.finishing();
    const begunAtMs = presence.clock.nowMs();
    const due = (): number => (presence.registry.status('a1').dueAtMs ?? 0) - begunAtMs;
    expect(due()).toBe(30_000);
    expect(presence.registry.want('a1', 'EXTEND_WRAP_UP', 'test')).toBe(true);
    expect(due()).toBe(50_000);
    expect(presence.registry.want('a1', 'EXTEND_WRAP_UP', 'test')).toBe(true);
    expect(due()).toBe(60_000);
    expect(presence.registry.want('a1', 'EXTEND_WRAP_UP', 'test')).toBe(false);
    presence.clock.advance(59_999);
    expect(presence.now.state).toBe('AFTER_CALL_WORK');
    presence.clock.advance(1);
    expect(presence.now.state).toBe('READY');
    expect(presence.ended).toEqual(['a1 c1']);
  });

  it('is not drawn out when there is none', () => {
    const presence = new Presence();
    presence.registry.want('a1', 'READY', 'test');
    expect(presence.registry.want('a1', 'EXTEND_WRAP_UP', 'test')).toBe(false);
  });
});
