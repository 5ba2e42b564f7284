import { expect } from 'vitest';
import { flood } from './flood.ts';
import { HeldCallers } from './held-callers.ts';
import { scenesOfTheirOwn } from './scenes.ts';
import { openStage, type Stage } from './stage.ts';

const scene = scenesOfTheirOwn({ oneByOne: true });

const CALLS = Number(process.env['OVERLOAD_CALLS'] ?? 20);
const LIMIT_PER_SEC = Number(process.env['OVERLOAD_LIMIT_PER_SEC'] ?? 10);
const FLOOD_SEC = Number(process.env['OVERLOAD_SEC'] ?? 4);
const RECOVERY_MAX_MS = 2000;

scene(
  'three times the limit: new calls get 503 with Retry-After, calls in progress go on unharmed',
  async (context) => {
    const stage = await openStage({
      queueSettings: { offerEwtThresholdSec: 7200, announceIntervalSec: 120 },
      environment: {
        TURNKEEPER_DIALOGUES_PER_SEC_MAX: String(LIMIT_PER_SEC),
        TURNKEEPER_DIALOGUE_BURST_MAX: String(CALLS + 5),
        TURNKEEPER_LOG_LEVEL: 'info',
      },
    });
    context.onTestFinished(() => stage.close());
    const callers = await HeldCallers.dial(stage, CALLS);

    const outcome = await flood({
      to: stage.product.sip,
      dial: '5000',
      perSec: LIMIT_PER_SEC * 3,
      callCount: LIMIT_PER_SEC * 3 * FLOOD_SEC,
    });
    const media = callers.mediaSoFar();

    const late = await recovered(stage, outcome.lastInviteAtMs);
    console.log(JSON.stringify({ ...outcome, ...media, recoveryMs: late }));

    expect(outcome.otherStatuses).toEqual([]);
    expect(outcome.callCount).toBe(LIMIT_PER_SEC * 3 * FLOOD_SEC);
    expect(outcome.answeredCount).toBeGreaterThan(0);
    expect(outcome.refusedCount).toBeGreaterThan(outcome.callCount / 3);
    expect(outcome.retryAfterCount).toBe(outcome.refusedCount);
    await callers.expectUnharmed(media);
    expect(late).toBeLessThan(RECOVERY_MAX_MS);
  },
);

/** Milliseconds from the last call of the flood to the first new call that is answered again. */
async function recovered({ customer }: Stage, floodEndedAtMs: number): Promise<number> {
  for (let i = 0; i < 40; i++) {
    const call = await customer.phone.call('5000', { from: 'sip:+4930123499@127.0.0.1' });
    const { status } = await call.final;
    if (status === 200) return Math.max(0, Date.now() - floodEndedAtMs);
  }
  throw new Error('still refused');
}
