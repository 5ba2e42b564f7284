import { describe, expect, it } from 'vitest';
import { CallControlHistory } from './call-control-history.ts';

const SEEDS = Array.from(
  { length: Number(process.env['CALL_CONTROL_SEEDS'] ?? 60) },
  (_, index) => index + 1,
);
const STEP_COUNT = 40;

describe('histories of calls under control', () => {
  it('leave no leg, no agent and no reservation behind, and everybody is heard by whom they should be', async () => {
    for (const seed of SEEDS) {
      const history = new CallControlHistory(seed);
      await history.run(STEP_COUNT);
      expect({ seed, faults: history.faults, told: history.faults.length > 0 ? history.told : [] }).toEqual({
        seed,
        faults: [],
        told: [],
      });
    }
  }, 120_000);
});
