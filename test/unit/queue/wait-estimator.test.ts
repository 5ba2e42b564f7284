import { describe, expect, it } from 'vitest';
import { WaitEstimator, type WaitFacts } from '../../../src/queue/wait-estimator.ts';
import { WaitScores } from '../../../src/queue/wait-scores.ts';

function facts(changes: Partial<WaitFacts> = {}): WaitFacts {
  return {
    position: 4,
    servingAgentCount: 2,
    readyAgentCount: 0,
    headJoinedAtMs: 40_000,
    nowMs: 100_000,
    ...changes,
  };
}

describe('a wait estimator', () => {
  it('urs is position × mean gap of the last 32 departures', () => {
    const estimator = new WaitEstimator(180_000);
    expect(estimator.estimate('urs', facts())).toEqual({ sec: -1, unknown: 'no-departures-yet' });
    for (let at = 0; at < 20; at++) estimator.departed(at * 1000, 0);
    for (let at = 0; at < 32; at++) estimator.departed(20_000 + at * 10_000, 0);
    expect(estimator.estimate('urs', facts())).toEqual({ sec: 40, unknown: null });
  });

  it('urs2 is position × handling time ÷ serving agents, by the default until one is measured', () => {
    const estimator = new WaitEstimator(180_000);
    expect(estimator.estimate('urs2', facts()).sec).toBe(360);
    estimator.handled(60_000);
    estimator.handled(120_000);
    expect(estimator.estimate('urs2', facts()).sec).toBe(180);
    const nobody = facts({ servingAgentCount: 0 });
    expect(estimator.estimate('urs2', nobody)).toEqual({ sec: -1, unknown: 'no-agent-serving' });
  });

  it('queue-length expects that some of those ahead give up', () => {
    const estimator = new WaitEstimator(60_000);
    // 16 ends after 30 s of waiting each, half of them abandoned: one a minute of waiting.
    for (let at = 0; at < 8; at++) {
      estimator.departed(at, 30_000);
      estimator.abandoned(30_000);
    }
    // 2 agents serve one each minute: 60 × (1/2 + 1/3 + 1/4 + 1/5) s.
    expect(estimator.estimate('queue-length', facts()).sec).toBe(77);
    expect(estimator.estimate('queue-length', facts({ position: 512 })).sec).toBeLessThan(420);
    const far = estimator.estimate('queue-length', facts({ position: 5000 })).sec;
    expect(far).toBeGreaterThan(estimator.estimate('queue-length', facts({ position: 4999 })).sec - 1);
    expect(far / (60 * (Math.log(5001.5) - Math.log(1.5)))).toBeCloseTo(1, 2);
  });

  it('hol is the wait of the first in line, les that of the last one served', () => {
    const estimator = new WaitEstimator(60_000);
    expect(estimator.estimate('hol', facts()).sec).toBe(60);
    expect(estimator.estimate('hol', facts({ headJoinedAtMs: null })).sec).toBe(30);
    expect(estimator.estimate('les', facts()).unknown).toBe('no-departures-yet');
    estimator.departed(100_000, 25_000);
    expect(estimator.estimate('les', facts()).sec).toBe(25);
  });

  it('says 0 while an agent is free for the position', () => {
    expect(new WaitEstimator(60_000).estimate('urs', facts({ readyAgentCount: 4 })).sec).toBe(0);
  });
});

describe('the scores of a queue', () => {
  it('are bias, RMSE and coverage of what each estimator said at entry', () => {
    const scores = new WaitScores();
    const say = (subjectId: string, sec: number): void =>
      scores.joined(subjectId, 0, [['urs2', { sec, unknown: null }]]);
    say('call_1', 30);
    say('call_2', 30);
    expect(scores.headJoinedAtMs).toBe(0);
    expect(scores.served('call_1', 20_000)).toBe(20_000);
    scores.served('call_2', 70_000);
    const urs2 = scores.scores().find(({ estimator }) => estimator === 'urs2');
    expect(urs2).toMatchObject({ scoredCount: 2, biasSec: -15, coverage: 0.5 });
    expect(urs2?.rmseSec).toBeCloseTo(Math.sqrt((100 + 1600) / 2));
  });

  it('score nothing for who left without an agent, and nothing that was not known', () => {
    const scores = new WaitScores();
    scores.joined('call_1', 0, [['urs', { sec: 10, unknown: null }]]);
    scores.joined('call_2', 0, [['urs', { sec: -1, unknown: 'no-departures-yet' }]]);
    expect(scores.left('call_1', 5000)).toBe(5000);
    scores.served('call_2', 5000);
    expect(scores.scores().every(({ scoredCount }) => scoredCount === 0)).toBe(true);
    expect(scores.headJoinedAtMs).toBeNull();
  });

  it('make the range of the next estimate from the spread of the ones before', () => {
    const scores = new WaitScores();
    const estimate = { sec: 100, unknown: null } as const;
    expect(scores.range('urs', estimate)).toMatchObject({ lowSec: 50, highSec: 200 });
    for (let at = 0; at < 101; at++) {
      scores.joined(`call_${at}`, 0, [['urs', estimate]]);
      scores.served(`call_${at}`, (100 + at) * 1000);
    }
    expect(scores.range('urs', estimate)).toMatchObject({ lowSec: 110, highSec: 190 });
    const unknown = { sec: -1, unknown: 'no-departures-yet' } as const;
    expect(scores.range('urs', unknown)).toMatchObject({ lowSec: -1, highSec: -1 });
  });
});
