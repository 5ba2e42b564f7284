import { expect } from 'vitest';
import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import { header } from '../../../src/demo/soft-phone/sip-text.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { flood } from './flood.ts';
import { scenesOfTheirOwn } from './scenes.ts';
import { bookCallback, openStage, seenCallback, type SeenCallback, type Stage } from './stage.ts';

const scene = scenesOfTheirOwn({ oneByOne: true });

/** More of them by hand: KILLS=10. */
const KILLS = Number(process.env['KILLS'] ?? 2);
const SEED = Number(process.env['KILL_SEED'] ?? 20_260);
const AGENTS = ['1001', '1002', '1003', '1004'];
const BOOKED_A_LIFE = 4;
const LIFE_MAX_MS = 4000;
const KEY_INTERVAL_MS = 1200;
const KEYS_MAX = 12;
const TALK_MS = 300;
/** Four agents serve what was booked meanwhile, some eight seconds each; on a busy machine twice that. */
const ALL_DONE_MAX_MS = 60_000 + KILLS * 20_000;
const TEST_MAX_MS = ALL_DONE_MAX_MS + 30_000 + KILLS * 15_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const callbackOf = (call: PhoneCall): string =>
  call.invite === undefined ? '' : header(call.invite, 'X-Turnkeeper-Callback');

/** A customer who presses 1 until an agent is there, talks a moment and hangs up. */
async function behave({ agent }: Stage, call: PhoneCall): Promise<void> {
  const ended = new AbortController();
  void call.ended.then(() => ended.abort());
  const agentCallsBefore = agent.calls.items.length;
  for (let i = 0; i < KEYS_MAX && !ended.signal.aborted; i++) {
    await Promise.race([pause(KEY_INTERVAL_MS), call.ended]);
    const served = agent.calls.items.slice(agentCallsBefore);
    if (served.some((other) => callbackOf(other) === callbackOf(call))) {
      await pause(TALK_MS);
      if (!ended.signal.aborted) await Promise.race([call.bye(), pause(TALK_MS)]);
      return;
    }
    if (!ended.signal.aborted) await call.rtp.digit('1');
  }
}

async function behaveOnEveryCall(stage: Stage, isOver: () => boolean): Promise<void> {
  for (let number = 1; !isOver();) {
    const call = stage.customer.calls.items[number - 1];
    if (call) {
      number++;
      void behave(stage, call);
    } else await pause(50);
  }
}

scene(
  'killed again and again at random instants under load: no callback is lost, no attempt rings twice',
  async (context) => {
    const stage = await openStage({
      queueSettings: { maxAttempts: 10, retryIntervalSec: 1, wrapUpSec: 1, agentRingTimeoutSec: 5 },
      agentIds: AGENTS,
    });
    context.onTestFinished(() => stage.close());
    const { product, customer } = stage;
    for (const id of AGENTS) await product.setAgentState(id, 'READY');
    let isOver = false;
    const customers = behaveOnEveryCall(stage, () => isOver);

    const random = new SeededRandom(SEED);
    const booked: SeenCallback[] = [];
    const downMs: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      for (let i = 0; i < BOOKED_A_LIFE; i++) {
        booked.push(await bookCallback(stage, `+4930${200_000 + booked.length}`));
      }
      // Callers come and go meanwhile; what the kill does to them is no concern of this test.
      const callers = flood({ to: product.sip, dial: '5000', perSec: 3, callCount: 9 }).catch(
        () => undefined,
      );
      await pause(random.next() * LIFE_MAX_MS);
      const killedAtMs = Date.now();
      await product.restart('SIGKILL');
      downMs.push(Date.now() - killedAtMs);
      void callers;
    }

    const seen = await allDone(stage, booked);
    isOver = true;
    await customers;
    const repeated = [...customer.invitesByAttempt].filter(([, count]) => count > 1);
    const attempts = seen.map(({ attemptCount }) => attemptCount);
    console.log(
      JSON.stringify({
        kills: KILLS,
        booked: booked.length,
        open: seen.filter(({ state }) => state !== 'COMPLETED').length,
        reasons: Object.fromEntries(
          [...new Set(seen.map(({ reason }) => reason))].map((reason) => [
            reason,
            seen.filter((each) => each.reason === reason).length,
          ]),
        ),
        invites: customer.calls.items.length,
        repeatedInvites: repeated.length,
        attemptsMax: Math.max(...attempts),
        downMsMax: Math.max(...downMs),
      }),
    );
    expect(seen.map(({ state }) => state)).toEqual(booked.map(() => 'COMPLETED'));
    expect(repeated).toEqual([]);
    // Whoever took the place first was dialled first; a later attempt has its own time.
    const firstDials = seen
      .toSorted((a, b) => a.placeAt.localeCompare(b.placeAt))
      .map(({ events }) => events.find(({ kind }) => kind === 'DIAL_GRANTED')?.at ?? 'never');
    expect(firstDials).toEqual(firstDials.toSorted());
  },
  TEST_MAX_MS,
);

async function allDone(stage: Stage, booked: readonly SeenCallback[]): Promise<SeenCallback[]> {
  const giveUpAtMs = Date.now() + ALL_DONE_MAX_MS;
  for (;;) {
    const seen: SeenCallback[] = [];
    for (const { id } of booked) seen.push(await seenCallback(stage, id));
    if (seen.every(({ state }) => state === 'COMPLETED') || Date.now() > giveUpAtMs) return seen;
    await pause(500);
  }
}
