import { expect, test } from 'vitest';
import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import { flood } from './flood.ts';
import { openStage, type Stage } from './stage.ts';

const CALLS = Number(process.env['OVERLOAD_CALLS'] ?? 20);
const LIMIT_PER_SEC = Number(process.env['OVERLOAD_LIMIT_PER_SEC'] ?? 10);
const FLOOD_SEC = Number(process.env['OVERLOAD_SEC'] ?? 4);
const RECOVERY_MAX_MS = 2000;
const PACKET_INTERVAL_MS = 20;
/** Share of the packets of uninterrupted media: between two pieces of music a server may send nothing. */
const MEDIAN_MEDIA_MIN = 0.9;
const WORST_MEDIA_MIN = 0.8;

async function callsInLine({ customer, product }: Stage): Promise<PhoneCall[]> {
  const calls: PhoneCall[] = [];
  for (let i = 0; i < CALLS; i++) {
    const call = await customer.phone.call('5000', { from: `sip:+49301234${1000 + i}@127.0.0.1` });
    expect((await call.final).status).toBe(200);
    calls.push(call);
  }
  const placed = (lines: readonly { msg?: string }[]) =>
    lines.filter(({ msg }) => msg === 'place taken').length >= CALLS || undefined;
  await product.log.wait(placed, 'every caller to be in line', 20_000);
  return calls;
}

test('three times the limit: new calls get 503 with Retry-After, calls in progress go on unharmed', async (context) => {
  const stage = await openStage({
    queueSettings: { offerEwtThresholdSec: 7200, announceIntervalSec: 120 },
    environment: {
      TURNKEEPER_DIALOGUES_PER_SEC_MAX: String(LIMIT_PER_SEC),
      TURNKEEPER_DIALOGUE_BURST_MAX: String(CALLS + 5),
      TURNKEEPER_LOG_LEVEL: 'info',
    },
  });
  context.onTestFinished(() => stage.close());
  const calls = await callsInLine(stage);

  const startedAtMs = Date.now();
  const packetsBefore = calls.map(({ rtp }) => rtp.packetCount);
  const outcome = await flood({
    to: stage.product.sip,
    dial: '5000',
    perSec: LIMIT_PER_SEC * 3,
    callCount: LIMIT_PER_SEC * 3 * FLOOD_SEC,
  });
  const elapsedMs = Date.now() - startedAtMs;
  const packets = calls.map(({ rtp }, i) => rtp.packetCount - (packetsBefore[i] ?? 0));

  const late = await recovered(stage, outcome.lastInviteAtMs);
  const expectedPackets = elapsedMs / PACKET_INTERVAL_MS;
  const shares = packets.map((count) => count / expectedPackets).toSorted((a, b) => a - b);
  const [worst = 0, median = 0] = [shares[0], shares[Math.floor(shares.length / 2)]];
  console.log(
    JSON.stringify({
      ...outcome,
      elapsedMs,
      worstMedia: worst.toFixed(3),
      medianMedia: median.toFixed(3),
      recoveryMs: late,
    }),
  );

  expect(outcome.otherStatuses).toEqual([]);
  expect(outcome.callCount).toBe(LIMIT_PER_SEC * 3 * FLOOD_SEC);
  expect(outcome.answeredCount).toBeGreaterThan(0);
  expect(outcome.refusedCount).toBeGreaterThan(outcome.callCount / 3);
  expect(outcome.retryAfterCount).toBe(outcome.refusedCount);
  for (const call of calls) expect(call.requests).not.toContain('BYE');
  const alive = await Promise.all(calls.map((call) => call.send('OPTIONS')));
  expect(alive.map(({ status }) => status)).toEqual(calls.map(() => 200));
  expect(median).toBeGreaterThan(MEDIAN_MEDIA_MIN);
  expect(worst).toBeGreaterThan(WORST_MEDIA_MIN);
  expect(late).toBeLessThan(RECOVERY_MAX_MS);
});

/** Milliseconds from the last call of the flood to the first new call that is answered again. */
async function recovered({ customer }: Stage, floodEndedAtMs: number): Promise<number> {
  for (let i = 0; i < 40; i++) {
    const call = await customer.phone.call('5000', { from: 'sip:+4930123499@127.0.0.1' });
    const { status } = await call.final;
    if (status === 200) return Math.max(0, Date.now() - floodEndedAtMs);
  }
  throw new Error('still refused');
}
