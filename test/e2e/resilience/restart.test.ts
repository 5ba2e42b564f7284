import { expect } from 'vitest';
import { type SceneContext, scenesOfTheirOwn } from './scenes.ts';
import {
  REAL,
  asked,
  bookCallback,
  callbackIn,
  learnsTheEnd,
  openStage,
  questionCount,
  seenAgent,
  seenCallback,
  serve,
  talk,
  within,
  type SeenCallback,
  type Stage,
} from './stage.ts';

const CUSTOMER = '+493012345678';
const SECOND_CUSTOMER = '+493012345679';
const LATER_MS = 4000;

const scene = scenesOfTheirOwn();

async function opened(context: SceneContext, ...options: Parameters<typeof openStage>): Promise<Stage> {
  const stage = await openStage(...options);
  context.onTestFinished(() => stage.close());
  return stage;
}

const crash = ({ product }: Stage): Promise<void> => product.restart('SIGKILL');
const ready = ({ product }: Stage): Promise<void> => product.setAgentState('1001', 'READY');
const notReady = ({ product }: Stage): Promise<void> => product.setAgentState('1001', 'NOT_READY');

/** A callback in the line, dialled because the agent is ready; resolves with it when the phone rings. */
async function dialled(stage: Stage): Promise<SeenCallback> {
  const callback = await bookCallback(stage, CUSTOMER);
  await ready(stage);
  await stage.customer.rung(1);
  return callback;
}

/** The next attempt is answered, served and completed; every attempt rang the customer exactly once. */
async function servedByAttempt(
  stage: Stage,
  callback: SeenCallback,
  attempt: number,
  agentCall = 1,
): Promise<void> {
  const question = questionCount(stage) + 1;
  const call = await stage.customer.rung(attempt);
  await serve(stage, call, question, agentCall);
  const done = await callbackIn(stage, callback.id, 'COMPLETED');
  expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: attempt });
  expect(done.placeAt).toBe(callback.placeAt);
  expectOneInviteAnAttempt(stage, callback, attempt);
}

function expectOneInviteAnAttempt(stage: Stage, { id }: SeenCallback, attemptCount: number): void {
  const wanted = Array.from({ length: attemptCount }, (_, i) => [`${id} ${i + 1}`, 1]);
  expect([...stage.customer.invitesByAttempt].filter(([key]) => key.startsWith(id))).toEqual(wanted);
}

scene(
  'killed with a caller in line: the caller is not left in dead air and can call again',
  async (context) => {
    const stage = await opened(context);
    const caller = await stage.customer.phone.call('5000', { from: `sip:${CUSTOMER}@127.0.0.1` });
    expect((await caller.final).status).toBe(200);
    await stage.product.logged('place taken');
    await crash(stage);
    await learnsTheEnd(caller);

    const again = await stage.customer.phone.call('5000', { from: `sip:${CUSTOMER}@127.0.0.1` });
    expect((await again.final).status).toBe(200);
    await again.rtp.hearsSound();
    expect(await stage.product.callbacks()).toHaveLength(0);
    await again.bye();
  },
);

scene(
  'killed with a callback due later: it is made at its time, and the ready agent still is',
  async (context) => {
    const stage = await opened(context);
    const callback = await bookCallback(stage, CUSTOMER, Date.now() + LATER_MS);
    expect(callback).toMatchObject({ state: 'SCHEDULED', subState: 'due-later' });
    await ready(stage);
    await crash(stage);
    expect(await seenAgent(stage)).toMatchObject({ state: 'READY', reachable: true });
    await servedByAttempt(stage, callback, 1);
  },
);

scene(
  'killed between two attempts: the next one comes, and the one before is not repeated',
  async (context) => {
    const stage = await opened(context, { queueSettings: { retryIntervalSec: 2 } });
    stage.customer.behaviour = { kind: 'refuse', status: 486 };
    const callback = await dialled(stage);
    await callbackIn(stage, callback.id, 'SCHEDULED/retry-wait');
    stage.customer.behaviour = { kind: 'answer' };
    await crash(stage);
    await servedByAttempt(stage, callback, 2);
  },
);

scene('killed with callbacks in line: places and order are kept', async (context) => {
  const stage = await opened(context);
  const first = await bookCallback(stage, CUSTOMER);
  const second = await bookCallback(stage, SECOND_CUSTOMER);
  await crash(stage);
  for (const callback of [first, second]) {
    expect(await seenCallback(stage, callback.id)).toMatchObject({
      state: 'QUEUED',
      placeAt: callback.placeAt,
    });
  }
  expect(await seenAgent(stage)).toMatchObject({ reachable: true });
  await ready(stage);
  await serve(stage, await stage.customer.rung(1), 1, 1);
  await callbackIn(stage, first.id, 'COMPLETED');
  await serve(stage, await stage.customer.rung(2), 2, 2);
  await callbackIn(stage, second.id, 'COMPLETED');
  expect([...stage.customer.invitesByAttempt]).toEqual([
    [`${first.id} 1`, 1],
    [`${second.id} 1`, 1],
  ]);
});

scene(
  'killed while the customer is rung: the attempt counts as made and another follows',
  async (context) => {
    const stage = await opened(context);
    stage.customer.behaviour = { kind: 'ring' };
    const callback = await dialled(stage);
    await callbackIn(stage, callback.id, 'ROUTING/dialing');
    const left = await stage.customer.rung(1);
    stage.customer.behaviour = { kind: 'answer' };
    await crash(stage);
    if (REAL) await within('the CANCEL of a call left behind', left.cancelled);
    await servedByAttempt(stage, callback, 2);
  },
);

scene('killed while the customer is asked to confirm: another attempt follows', async (context) => {
  const stage = await opened(context);
  const callback = await dialled(stage);
  await asked(stage, 1);
  await crash(stage);
  await learnsTheEnd(await stage.customer.rung(1));
  await servedByAttempt(stage, callback, 2);
});

scene('killed while the confirmed customer waits for an agent: another attempt follows', async (context) => {
  const stage = await opened(context);
  const callback = await dialled(stage);
  await asked(stage, 1);
  await notReady(stage);
  await (await stage.customer.rung(1)).rtp.digit('1');
  await callbackIn(stage, callback.id, 'ROUTING/waiting-for-agent');
  await crash(stage);
  await learnsTheEnd(await stage.customer.rung(1));
  expect(await seenAgent(stage)).toMatchObject({ state: 'NOT_READY', notReadyReason: 'MANUAL' });
  await ready(stage);
  await servedByAttempt(stage, callback, 2);
});

scene(
  'killed while the agent is rung: the agent is ready again and another attempt follows',
  async (context) => {
    const stage = await opened(context);
    stage.agent.behaviour = { kind: 'ring' };
    const callback = await dialled(stage);
    await asked(stage, 1);
    await (await stage.customer.rung(1)).rtp.digit('1');
    const left = await stage.agent.rung(1);
    await callbackIn(stage, callback.id, 'ROUTING/ringing-agent');
    stage.agent.behaviour = { kind: 'answer' };
    await crash(stage);
    await learnsTheEnd(await stage.customer.rung(1));
    if (REAL) await within('the CANCEL of a call left behind', left.cancelled);
    await servedByAttempt(stage, callback, 2, 2);
  },
);

scene(
  'killed during the conversation: it is over for both, and the customer is not called again',
  async (context) => {
    const stage = await opened(context);
    const callback = await dialled(stage);
    const customer = await stage.customer.rung(1);
    await talk(stage, customer, 1, 1);
    await callbackIn(stage, callback.id, 'PROCESSING/connected');
    await crash(stage);
    await learnsTheEnd(customer);
    await learnsTheEnd(await stage.agent.rung(1));
    expect(await callbackIn(stage, callback.id, 'COMPLETED')).toMatchObject({
      reason: 'COMPLETED_BY_AGENT',
      attemptCount: 1,
    });
    expectOneInviteAnAttempt(stage, callback, 1);
    await stage.product.agentIs('1001', 'READY');
  },
);

scene(
  'killed during after-call work: the work ends and the agent takes the next callback',
  async (context) => {
    const stage = await opened(context);
    const callback = await dialled(stage);
    await serve(stage, await stage.customer.rung(1), 1, 1);
    await callbackIn(stage, callback.id, 'PROCESSING/after-call-work');
    await crash(stage);
    expect(await callbackIn(stage, callback.id, 'COMPLETED')).toMatchObject({ reason: 'COMPLETED_BY_AGENT' });
    expectOneInviteAnAttempt(stage, callback, 1);
    const next = await bookCallback(stage, SECOND_CUSTOMER);
    await serve(stage, await stage.customer.rung(2), 2, 2);
    await callbackIn(stage, next.id, 'COMPLETED');
  },
);
