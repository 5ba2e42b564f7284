import { expect } from 'vitest';
import type { SippPhone } from './harness/sipp-phone.ts';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

/** Scenario S1 up to the conversation: every key comes from sipp as RFC 4733 events, the agent dials *81. */
async function calledBack(lane: Lane): Promise<{ id: string; customer: SippPhone; agent: SippPhone }> {
  const customer = await lane.customer({ sippKeys: ['1'] });
  const caller = await lane.caller({ sippKeys: ['1', '1'] });
  await caller.answered();
  await caller.media.soundHeard();
  await lane.hears(caller, 'offer');
  await caller.sendSippKeys();
  await lane.hears(caller, 'confirm-presented');
  await caller.sendSippKeys();
  await lane.hears(caller, 'booked');
  await caller.hangUp();
  await lane.callEnded(caller);
  const [booked] = await lane.callbacks();
  expect(booked).toMatchObject({ state: 'QUEUED', customerNumber: lane.number, attemptCount: 0 });
  expect(customer.invitesReceived).toHaveLength(0);
  const id = booked!.id;

  const registered = await lane.agent();
  const agent = await lane.agentDials(registered, '*81');
  await customer.answered();
  await lane.asked(id);
  expect(agent.invitesReceived).toHaveLength(0);
  await lane.callbackIs(id, { state: 'ROUTING', subState: 'confirming', attemptCount: 1 });
  await customer.sendSippKeys();
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
  await lane.callbackIs(id, { state: 'PROCESSING', subState: 'connected' });
  await lane.agentIs(0, { state: 'ON_CALL' });
  return { id, customer, agent };
}

scene(
  'S1: a caller on hold books, is called back once, talks with the agent and hangs up; *84 ends the wrap-up',
  async (lane) => {
    const { id, customer, agent } = await calledBack(lane);
    await customer.hangUp();
    await agent.hungUp();
    await lane.agentIs(0, { state: 'AFTER_CALL_WORK' });
    await lane.callbackIs(id, { state: 'PROCESSING', subState: 'after-call-work' });
    await lane.agentDials(agent, '*84');
    await lane.agentIs(0, { state: 'READY' });
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
    expect(done.attempts).toMatchObject([{ result: 'PERSON', confirmed: true }]);
    expect(customer.invitesReceived).toHaveLength(1);
    expect(agent.invitesReceived).toHaveLength(1);
    expect(customer.messages({ method: 'BYE', request: true })).toHaveLength(1);
  },
  { settings: { wrapUpSec: 120 } },
);

scene('S1: the agent hangs up first, and the wrap-up ends by time', async (lane) => {
  const { id, customer, agent } = await calledBack(lane);
  await agent.hangUp();
  await customer.hungUp();
  await lane.agentIs(0, { state: 'AFTER_CALL_WORK' });
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
  await lane.agentIs(0, { state: 'READY' });
  expect(customer.invitesReceived).toHaveLength(1);
  expect(agent.invitesReceived).toHaveLength(1);
});

scene('an agent who has dialled *82 or *83 gets no call until *81', async (lane) => {
  const customer = await lane.customer();
  let agent = await lane.agent();
  await lane.ready();
  agent = await lane.agentDials(agent, '*82');
  await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'MANUAL' });
  const id = await lane.create();
  agent = await lane.agentDials(agent, '*83');
  await lane.agentIs(0, { state: 'LOGGED_OUT' });
  await lane.callbackIs(id, { state: 'QUEUED', attemptCount: 0 });
  expect(customer.invitesReceived).toHaveLength(0);
  agent = await lane.agentDials(agent, '*81');
  await lane.asked(id);
  customer.press('1');
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
  await customer.hangUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
});
