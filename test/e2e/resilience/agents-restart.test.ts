import { expect } from 'vitest';
import { AgentScreen } from '../stage/agent-screen.ts';
import { type SceneContext, scenesOfTheirOwn } from './scenes.ts';
import { asked, bookCallback, callbackIn, openStage, seenAgent, seenCallback, serve } from './stage.ts';
import type { Stage } from './stage.ts';

const CUSTOMER = '+493012345678';
const SETTLED_MAX_MS = 10_000;

const scene = scenesOfTheirOwn();

async function opened(context: SceneContext, ...options: Parameters<typeof openStage>): Promise<Stage> {
  const stage = await openStage(...options);
  context.onTestFinished(() => stage.close());
  return stage;
}

/** Asks until the agent is so. */
async function agentBecomes({ expect: told }: SceneContext, stage: Stage, wanted: object): Promise<void> {
  await told.poll(() => seenAgent(stage), { timeout: SETTLED_MAX_MS }).toMatchObject(wanted);
}

scene('a case that an agent looked at in a crash is shown again from its place', async (context) => {
  const stage = await opened(context, { queueSettings: { connectStrategy: 'preview', cpdEnabled: 'false' } });
  const { product, customer } = stage;
  const screen = await AgentScreen.open({ product, agentIds: ['1001'] });
  const callback = await bookCallback(stage, CUSTOMER);
  await product.setAgentState('1001', 'READY');
  const before = await screen.invited();
  await callbackIn(stage, callback.id, 'ROUTING/preview');
  await product.restart('SIGKILL');
  const after = await screen.invited(2);
  expect(await seenCallback(stage, callback.id)).toMatchObject({
    state: 'ROUTING',
    subState: 'preview',
    placeAt: callback.placeAt,
    attemptCount: 0,
  });
  await expect(screen.accept(before)).rejects.toThrow(/404/);
  await screen.accept(after);
  const call = await customer.rung(1);
  await asked(stage, 1);
  await serve(stage, call, 1, 1);
  const done = await callbackIn(stage, callback.id, 'COMPLETED');
  expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
});

scene('reasons for not being ready, and what is wanted after the work, survive a crash', async (context) => {
  const stage = await opened(context, { queueSettings: { wrapUpSec: 3, cpdEnabled: 'false' } });
  const { product, customer } = stage;
  const screen = await AgentScreen.open({ product, agentIds: ['1001'] });
  await screen.wants('NOT_READY', 'Lunch');
  await product.restart('SIGKILL');
  await agentBecomes(context, stage, { state: 'NOT_READY', notReadyReason: 'Lunch', reachable: true });
  await screen.wants('READY');
  const callback = await bookCallback(stage, CUSTOMER);
  await serve(stage, await customer.rung(1), 1, 1);
  await callbackIn(stage, callback.id, 'PROCESSING/after-call-work');
  await screen.wants('NOT_READY', 'Training');
  await product.restart('SIGKILL');
  await agentBecomes(context, stage, { state: 'NOT_READY', notReadyReason: 'Training' });
  await callbackIn(stage, callback.id, 'COMPLETED');
});
