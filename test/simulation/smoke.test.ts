import { beforeAll, describe, expect, it } from 'vitest';
import type { FlowLibrary } from '../../src/ivr/flow-library.ts';
import { repositoryFlows } from '../unit/ivr/conversation.ts';
import { History, type HistorySummary } from './history.ts';

/** `SIMULATION_SEEDS=10000 SIMULATION_FIRST_SEED=1` plays more, or others. */
const seedCount = Number(process.env['SIMULATION_SEEDS'] ?? 60);
const firstSeed = Number(process.env['SIMULATION_FIRST_SEED'] ?? 1);

let flows: FlowLibrary;
beforeAll(async () => {
  flows = await repositoryFlows();
});

async function play(seed: number): Promise<HistorySummary> {
  try {
    return await new History(seed, flows).run();
  } catch (error) {
    throw new Error(`SIMULATION_SEEDS=1 SIMULATION_FIRST_SEED=${seed}: ${String(error)}`, { cause: error });
  }
}

describe('histories chosen by seed', () => {
  it(
    'keep every promise, ring nobody twice and leave nothing behind',
    async () => {
      const failures: string[] = [];
      const sum = {
        callbackCount: 0,
        inviteCount: 0,
        conversationCount: 0,
        crashCount: 0,
        failedTransactionCount: 0,
      };
      const reasons = new Map<string, number>();
      for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
        const summary = await play(seed).catch((error: unknown) => void failures.push(String(error)));
        if (!summary) continue;
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += summary[key];
        for (const [reason, count] of Object.entries(summary.reasons)) {
          reasons.set(reason, (reasons.get(reason) ?? 0) + count);
        }
      }
      if (process.env['SIMULATION_SEEDS'] !== undefined) {
        process.stdout.write(
          `${JSON.stringify({ seedCount, failed: failures.length, ...sum, reasons: Object.fromEntries(reasons) })}\n`,
        );
      }
      expect(failures.slice(0, 20)).toEqual([]);
    },
    Math.max(60_000, seedCount * 1000),
  );
});
