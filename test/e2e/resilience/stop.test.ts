import { expect } from 'vitest';
import { scenesOfTheirOwn } from './scenes.ts';
import { asked, bookCallback, callbackIn, openStage, serve, talk, within } from './stage.ts';

const scene = scenesOfTheirOwn();

scene(
  'a stop during calls says BYE and CANCEL to every phone, ends with 0 in time, and nothing is lost',
  async (context) => {
    const stage = await openStage();
    context.onTestFinished(() => stage.close());
    const { product, customer, agent } = stage;
    const talking = await bookCallback(stage, '+493012345678');
    await product.setAgentState('1001', 'READY');
    const conversation = await customer.rung(1);
    await talk(stage, conversation, 1, 1);
    await callbackIn(stage, talking.id, 'PROCESSING/connected');
    const caller = await customer.phone.call('5000', { from: 'sip:+493012345670@127.0.0.1' });
    expect((await caller.final).status).toBe(200);
    await product.logged('place taken');
    const waiting = await bookCallback(stage, '+493012345679');

    const stoppedAtMs = Date.now();
    await product.restart('SIGTERM');
    expect(Date.now() - stoppedAtMs).toBeLessThan(12_000);
    const end = product.log.items.find(({ msg }) => msg === 'process ended');
    expect(end).toMatchObject({ code: 0 });
    await within('BYE to the customer', conversation.ended);
    await within('BYE to the agent', (await agent.rung(1)).ended);
    await within('BYE to the caller in line', caller.ended);

    await callbackIn(stage, talking.id, 'COMPLETED');
    await serve(stage, await customer.rung(2), 2, 2);
    expect(await callbackIn(stage, waiting.id, 'COMPLETED')).toMatchObject({ attemptCount: 1 });
  },
);

scene('a stop while phones ring cancels them; the callback is made after the start', async (context) => {
  const stage = await openStage();
  context.onTestFinished(() => stage.close());
  const { product, customer, agent } = stage;
  agent.behaviour = { kind: 'ring' };
  const callback = await bookCallback(stage, '+493012345678');
  await product.setAgentState('1001', 'READY');
  const answered = await customer.rung(1);
  await asked(stage, 1);
  await answered.rtp.digit('1');
  const ringing = await agent.rung(1);
  await product.restart('SIGTERM');
  await within('CANCEL to the agent', ringing.cancelled);
  await within('BYE to the customer', answered.ended);
  agent.behaviour = { kind: 'answer' };
  await serve(stage, await customer.rung(2), 2, 2);
  expect(await callbackIn(stage, callback.id, 'COMPLETED')).toMatchObject({ attemptCount: 2 });
});
