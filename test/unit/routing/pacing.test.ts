import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { decidePacing, type PacingInputs } from '../../../src/routing/pacing.ts';

/** 60 agents of two minutes each: one every two seconds; half of the dials confirm, after 20 s. */
function inputs(changes: Partial<PacingInputs> = {}): PacingInputs {
  return {
    readyAgentCount: 0,
    callsAheadCount: 0,
    confirmedWaitingCount: 0,
    dialCount: 0,
    readyRate: 0.5,
    takenRate: 0,
    unansweredRate: 0.1,
    confirmShare: 0.5,
    dialMs: 20_000,
    outcomeCount: 50,
    lateShare: null,
    ...changes,
  };
}

describe('the pacing of dials', () => {
  it('dials when agents are expected in time though none is ready', () => {
    expect(decidePacing(inputs())).toMatchObject({ kind: 'dial', reason: 'agents-expected' });
  });

  it('stops where the next customer would be late with more than three chances in a hundred', () => {
    let dialCount = 0;
    while (decidePacing(inputs({ dialCount })).kind === 'dial') dialCount++;
    // Ten agents are expected by then, 20 dials would be the mean.
    expect(dialCount).toBeGreaterThan(5);
    expect(dialCount).toBeLessThan(20);
    const last = decidePacing(inputs({ dialCount: dialCount - 1 }));
    const next = decidePacing(inputs({ dialCount }));
    expect(last.lateRisk).toBeLessThanOrEqual(0.03);
    expect(next).toMatchObject({ kind: 'wait', reason: 'risk-too-high' });
    expect(next.lateRisk).toBeGreaterThan(0.03);
  });

  it('counts the risk as it is: a simulation of the same chances agrees', () => {
    const given = inputs({ dialCount: 9, takenRate: 0.1, readyAgentCount: 1, callsAheadCount: 1 });
    const source = new SeededRandom(7);
    const random = (): number => source.next();
    const poisson = (mean: number): number => {
      let count = 0;
      for (let product = random(); product > Math.exp(-mean); product *= random()) count++;
      return count;
    };
    let late = 0;
    const runs = 100_000;
    for (let run = 0; run < runs; run++) {
      const free = Math.max(0, poisson(10) - poisson(2)) + poisson(1);
      let customers = 1;
      for (let dial = 0; dial < 9; dial++) if (random() < 0.5) customers++;
      if (free < customers) late++;
    }
    expect(decidePacing(given).lateRisk).toBeCloseTo(late / runs, 2);
  });

  it('dials at the rate of agents, less what they are taken for, plus customers who do not answer', () => {
    expect(decidePacing(inputs({ takenRate: 0.2 })).dialRate).toBeCloseTo(0.4);
    expect(decidePacing(inputs({ takenRate: 2 })).dialRate).toBe(0);
  });

  it('moves the bound by the waits that are measured, within limits', () => {
    const bound = (lateShare: number | null): number => decidePacing(inputs({ lateShare })).lateRiskMax;
    expect(bound(null)).toBe(0.03);
    expect(bound(0.015)).toBeCloseTo(0.03);
    expect(bound(0.06)).toBeCloseTo(0.0075);
    expect(bound(0)).toBe(0.09);
    expect(bound(1)).toBe(0.002);
  });

  it('reserves while too little is known, for agents who are not spoken for', () => {
    const little = { outcomeCount: 3 };
    expect(decidePacing(inputs({ ...little, readyAgentCount: 1 }))).toMatchObject({
      kind: 'reserve',
      reason: 'too-little-data',
      retryInMs: null,
    });
    expect(decidePacing(inputs({ ...little, readyAgentCount: 1, callsAheadCount: 1 })).kind).toBe('wait');
    expect(decidePacing(inputs({ readyRate: null })).kind).toBe('wait');
  });

  it('reserves a free agent when nobody can be dialled unheld without risk', () => {
    const quiet = { readyRate: 0.001, takenRate: 0.2, readyAgentCount: 1 };
    expect(decidePacing(inputs(quiet))).toMatchObject({
      kind: 'reserve',
      reason: 'agent-free-but-risk-too-high',
    });
  });

  it('goes over to the normal distribution without a jump', () => {
    const risk = (readyRate: number): number =>
      decidePacing(inputs({ readyRate, dialCount: Math.round(readyRate * 30) })).lateRisk ?? Number.NaN;
    const risks = [2.2, 2.4, 2.6, 2.8, 3].map(risk);
    for (const [at, value] of risks.entries())
      expect(Math.abs(value - (risks[at - 1] ?? value))).toBeLessThan(0.03);
  });
});
