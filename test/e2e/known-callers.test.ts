import { expect } from 'vitest';
import type { SippPhone } from './harness/sipp-phone.ts';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

/** A customer with a callback in the line calls in and is asked what to do about it. */
async function recognised(lane: Lane): Promise<{ id: string; caller: SippPhone }> {
  const id = await lane.create();
  const caller = await lane.caller();
  await caller.answered();
  await lane.hears(caller, 'pending-menu');
  return { id, caller };
}

scene('a caller with a callback in the line takes its place on this call, exactly once', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  const { id, caller } = await recognised(lane);
  const younger = await lane.create({ customerNumber: '+493011111111' });
  caller.press('2');
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'SERVED_INBOUND', attemptCount: 0 });
  await lane.hears(caller, 'line');
  expect(await lane.callback(younger)).toMatchObject({ state: 'QUEUED', position: 2 });
  await lane.ready();
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), caller.toneHeard(TONE.agent)]);
  expect(customer.invitesReceived).toHaveLength(0);
  await caller.hangUp();
  await agent.hungUp();
});

scene('a caller with a callback in the line cancels it', async (lane) => {
  const { id, caller } = await recognised(lane);
  caller.press('3');
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'CANCELLED_BY_CUSTOMER', attemptCount: 0 });
  await caller.waitFor({ direction: 'received', method: 'BYE', request: true });
  expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
});

scene('a caller with a callback in the line keeps it', async (lane) => {
  const { id, caller } = await recognised(lane);
  caller.press('1');
  await caller.waitFor({ direction: 'received', method: 'BYE', request: true });
  expect(await lane.callback(id)).toMatchObject({ state: 'QUEUED', position: 1 });
  expect(await lane.callbacks()).toHaveLength(1);
  expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 1 });
});

scene(
  'a caller who finds the line full is told so and let go, the one before keeps the place',
  async (lane) => {
    const first = await lane.caller();
    await lane.hears(first, 'line');
    const second = await lane.caller({ ani: '+493011111112' });
    await lane.hears(second, 'line-full');
    await second.waitFor({ direction: 'received', method: 'BYE', request: true });
    expect(await lane.waiting()).toEqual({ calls: 1, callbacks: 0 });
    await first.hangUp();
  },
  { settings: { maxQueued: 1 } },
);

scene(
  'a waiting caller whose agent rejects the call gets the next agent',
  async (lane) => {
    const rejecting = await lane.agent(0, { turns: [{ kind: 'refuse', status: 603, reason: 'Decline' }] });
    const answering = await lane.agent(1);
    await lane.ready(0);
    await lane.ready(1);
    const caller = await lane.caller();
    await answering.answered();
    await Promise.all([answering.toneHeard(TONE.customer), caller.toneHeard(TONE.secondAgent)]);
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'REJECTED' });
    await answering.hangUp();
    await caller.hungUp();
    expect(rejecting.invitesReceived).toHaveLength(1);
    expect(answering.invitesReceived).toHaveLength(1);
  },
  { agentCount: 2 },
);

scene("a caller who hangs up while the agent's phone rings silences it", async (lane) => {
  const agent = await lane.agent(0, { turns: [{ kind: 'ring-for-ever' }] });
  await lane.ready();
  const caller = await lane.caller();
  await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 180 });
  await caller.hangUp();
  await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
  await lane.agentIs(0, { state: 'READY' });
  expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
  expect(agent.invitesReceived).toHaveLength(1);
});

scene('a phone with a wrong password is not registered and its agent not reachable', async (lane) => {
  const phone = await lane.customer();
  const wrong = { ...lane.credentials(), password: 'not-the-password' };
  await expect(phone.register(wrong)).rejects.toThrow('REGISTER of');
  await lane.agentIs(0, { reachable: false });
  await phone.register(lane.credentials());
  await lane.agentIs(0, { reachable: true });
});
