import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import type { SipText } from '../../../src/demo/soft-phone/sip-text.ts';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import { startEmbeddedServers } from './embedded-servers.ts';
import { flood } from './flood.ts';
import { HeldCallers } from './held-callers.ts';
import { scenesOfTheirOwn } from './scenes.ts';
import { REAL, type Stage, openStage, within } from './stage.ts';

const scene = scenesOfTheirOwn({ oneByOne: true });

const CALLS_MAX = 7;
const OUTBOUND_RESERVE = 3;
const INBOUND_MAX = CALLS_MAX - OUTBOUND_RESERVE;
/** The program runs for a tenth of the time, in slices too short to work anything off. */
const STARVED = { stopMs: 270, runMs: 30 };
const LAG_MAX_MS = 60;
/** Longer than a window of the lag meter is late on such a machine. */
const NOTICED_MAX_MS = 10_000;
const RECOVERY_MAX_MS = 2000;
/** Starved for at least so long, however soon it is noticed: shares of a few packets tell nothing. */
const STARVED_MIN_MS = 4000;
/** Share of the packets that the other sent: nothing pauses between two people who talk. */
const TALK_MEDIA_MIN = 0.95;
/** Nobody is offered anything and nothing is announced: callers hear music. */
const PATIENT = { offerEwtThresholdSec: 7200, announceIntervalSec: 120 };

async function finalOfNewCall({ customer }: Stage): Promise<SipText> {
  const call = await customer.phone.call('5000', { from: 'sip:+4930123499@127.0.0.1' });
  const final = await call.final;
  if (final.status === 200) await call.bye();
  return final;
}

/** Calls until the answer has this status; milliseconds from `sinceMs` to it. */
async function untilAnswered(
  stage: Stage,
  status: number,
  sinceMs: number,
  withinMs: number,
): Promise<{ final: SipText; tookMs: number }> {
  for (;;) {
    const final = await finalOfNewCall(stage);
    const tookMs = Date.now() - sinceMs;
    if (final.status === status) return { final, tookMs };
    if (tookMs > withinMs) throw new Error(`after ${tookMs} ms a new call is still answered ${final.status}`);
  }
}

/** The agent is ready and gets the first caller; resolves when each hears the other. */
async function firstTalksToAgent(
  { product, agent: phone }: Stage,
  { calls }: HeldCallers,
): Promise<{ caller: PhoneCall; agent: PhoneCall }> {
  await product.setAgentState('1001', 'READY');
  const caller = calls[0]!;
  const agent = await phone.rung(1);
  caller.rtp.tone(700);
  agent.rtp.tone(1100);
  await Promise.all([caller.rtp.hears(1100, 10_000), agent.rtp.hears(700, 10_000)]);
  return { caller, agent };
}

/** From now on: how much of what the other sent each of two heard, 1 for all. */
function mediaBetween(one: PhoneCall, other: PhoneCall): () => readonly [number, number] {
  const heard = (by: PhoneCall, from: PhoneCall): (() => number) => {
    const [heardCount, sentCount] = [by.rtp.packetCount, from.rtp.sentCount];
    return () => (by.rtp.packetCount - heardCount) / (from.rtp.sentCount - sentCount);
  };
  const shares = [heard(one, other), heard(other, one)] as const;
  return () => [shares[0](), shares[1]()];
}

scene(
  'no call more than the limit: new ones get 503 with Retry-After, those in progress are served, then there is room',
  async (context) => {
    const stage = await openStage({
      queueSettings: { ...PATIENT, wrapUpSec: 1 },
      environment: {
        TURNKEEPER_CALLS_MAX: String(CALLS_MAX),
        TURNKEEPER_OUTBOUND_RESERVE: String(OUTBOUND_RESERVE),
      },
    });
    context.onTestFinished(() => stage.close());
    const callers = await HeldCallers.dial(stage, INBOUND_MAX);

    const outcome = await flood({ to: stage.product.sip, dial: '5000', perSec: 20, callCount: 60 });
    expect(outcome).toMatchObject({
      callCount: 60,
      answeredCount: 0,
      refusedCount: 60,
      retryAfterCount: 60,
      otherStatuses: [],
    });
    await callers.expectUnharmed(callers.mediaSoFar());
    expect(header(await finalOfNewCall(stage), 'retry-after')).toBe('5');

    // The agent's phone is rung from the reserve.
    const { caller, agent } = await firstTalksToAgent(stage, callers);
    expect((await finalOfNewCall(stage)).status).toBe(503);

    await caller.bye();
    await within('the BYE to the agent', agent.ended);
    const { tookMs } = await untilAnswered(stage, 200, Date.now(), RECOVERY_MAX_MS);
    expect(tookMs).toBeLessThan(RECOVERY_MAX_MS);
  },
);

scene(
  'a program that lags refuses new calls with 503 and Retry-After, keeps those in progress, and takes calls again after',
  async (context) => {
    // Servers that are not in the program's own process: what is starved is the program alone.
    const servers = REAL ? undefined : await startEmbeddedServers();
    context.onTestFinished(() => servers?.close());
    const stage = await openStage({
      queueSettings: PATIENT,
      environment: { TURNKEEPER_LAG_MAX_MS: String(LAG_MAX_MS), ...servers?.environment },
    });
    context.onTestFinished(() => stage.close());
    const callers = await HeldCallers.dial(stage, 3);
    const { caller, agent } = await firstTalksToAgent(stage, callers);

    const heardShares = mediaBetween(caller, agent);
    const starvedAtMs = Date.now();
    const feed = stage.product.starve(STARVED);
    context.onTestFinished(feed);
    const { final } = await untilAnswered(stage, 503, starvedAtMs, NOTICED_MAX_MS);
    expect(header(final, 'retry-after')).toBe('2');
    const refused = [await finalOfNewCall(stage), await finalOfNewCall(stage), await finalOfNewCall(stage)];
    expect(refused.map(({ status }) => status)).toEqual([503, 503, 503]);
    await setTimeout(Math.max(0, starvedAtMs + STARVED_MIN_MS - Date.now()));
    const heard = heardShares();
    feed();

    const { tookMs } = await untilAnswered(stage, 200, Date.now(), RECOVERY_MAX_MS);
    console.log(JSON.stringify({ heard, recoveryMs: tookMs }));
    expect(Math.min(...heard)).toBeGreaterThan(TALK_MEDIA_MIN);
    await callers.expectUp();
    await Promise.all([caller.rtp.hears(1100), agent.rtp.hears(700)]);
    expect(tookMs).toBeLessThan(RECOVERY_MAX_MS);
  },
);
