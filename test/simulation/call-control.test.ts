import { describe, expect, it } from 'vitest';
import { CallControlHistory } from './call-control-history.ts';

const SEEDS = Array.from({ length: 120 }, (_, index) => index + 1);
const AGENTS_SITUATIONS = [
  'calling',
  'conference',
  'consulting',
  'held',
  'inviting',
  'left-behind',
  'talking',
  'transferring',
];
const STEP_COUNT = 40;

describe('histories of calls under control', () => {
  it('leave no leg, no agent and no reservation behind, and everybody is heard by whom they should be', async () => {
    const situations = new Set<string>();
    for (const seed of SEEDS) {
      const history = new CallControlHistory(seed);
      await history.run(STEP_COUNT);
      for (const situation of history.situations) situations.add(situation);
      expect({ seed, faults: history.faults, told: history.faults.length > 0 ? history.told : [] }).toEqual({
        seed,
        faults: [],
        told: [],
      });
    }
    // Those in which an agent takes part; the others follow from them by time alone.
    expect([...situations].sort()).toEqual(AGENTS_SITUATIONS);
  }, 120_000);
});
