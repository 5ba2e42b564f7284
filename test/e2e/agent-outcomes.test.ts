import { expect } from 'vitest';
import type { SippPhone } from './harness/sipp-phone.ts';
import type { Lane } from './stage/lane.ts';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();
const ringsForEver = { turns: [{ kind: 'ring-for-ever' }] } as const;

/** The callback is dialled and the customer confirms. */
async function confirmed(lane: Lane, customer: SippPhone): Promise<string> {
  const id = await lane.create();
  await lane.asked(id);
  customer.press('1');
  return id;
}

/** Both parties hear each other's tone from now on. */
async function talk(customer: SippPhone, agent: SippPhone, agentHz: number = TONE.agent): Promise<void> {
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(agentHz)]);
}

scene(
  'an agent who does not answer is set not ready and the next one gets the waiting customer',
  async (lane) => {
    const customer = await lane.customer();
    const first = await lane.agent(0, ringsForEver);
    const second = await lane.agent(1);
    await lane.ready(0);
    await lane.ready(1);
    const id = await confirmed(lane, customer);
    await first.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'RONA' });
    await talk(customer, second, TONE.secondAgent);
    await lane.callbackIs(id, { state: 'PROCESSING' });
    await customer.hangUp();
    await second.hungUp();
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
    expect(customer.invitesReceived).toHaveLength(1);
    expect(first.invitesReceived).toHaveLength(1);
    expect(second.invitesReceived).toHaveLength(1);
  },
  { agentCount: 2 },
);

scene('the only agent misses the call, becomes ready again and gets the same customer', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent(0, { turns: [{ kind: 'ring-for-ever' }, { kind: 'answer' }] });
  await lane.ready();
  const id = await confirmed(lane, customer);
  await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'RONA' });
  await lane.callbackIs(id, { state: 'ROUTING', subState: 'waiting-for-agent' });
  await lane.ready();
  await talk(customer, agent);
  await agent.hangUp();
  await customer.hungUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
  expect(customer.invitesReceived).toHaveLength(1);
  expect(agent.invitesReceived).toHaveLength(2);
});

scene(
  'agents who reject the call with 486 or 603 are set not ready and the customer keeps waiting',
  async (lane) => {
    const customer = await lane.customer();
    const refusal = { kind: 'refuse', status: 486, reason: 'Busy Here' } as const;
    const first = await lane.agent(0, { turns: [refusal, { kind: 'answer' }] });
    const second = await lane.agent(1, { turns: [{ ...refusal, status: 603, reason: 'Decline' }] });
    await lane.ready(0);
    await lane.ready(1);
    const id = await confirmed(lane, customer);
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'REJECTED' });
    await lane.agentIs(1, { state: 'NOT_READY', notReadyReason: 'REJECTED' });
    await lane.callbackIs(id, { state: 'ROUTING', subState: 'waiting-for-agent' });
    await lane.ready(0);
    await talk(customer, first);
    await customer.hangUp();
    await first.hungUp();
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
    expect(customer.invitesReceived).toHaveLength(1);
    expect(first.invitesReceived).toHaveLength(2);
    expect(second.invitesReceived).toHaveLength(1);
  },
  { agentCount: 2 },
);

scene('nobody is dialled for an agent who has unregistered, until the phone is back', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  await lane.ready();
  await lane.agentIs(0, { state: 'READY', reachable: true });
  await agent.register({ ...lane.credentials(), expiresSec: 0 });
  await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'UNREACHABLE', reachable: false });
  const id = await lane.create();
  await lane.callbackIs(id, { state: 'QUEUED', position: 1 });
  expect(customer.invitesReceived).toHaveLength(0);
  await agent.register(lane.credentials());
  await lane.agentIs(0, { reachable: true });
  await lane.asked(id);
  customer.press('1');
  await talk(customer, agent);
  await customer.hangUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
  expect(customer.invitesReceived).toHaveLength(1);
});

scene('an agent who unregisters while the customer is asked is not rung', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  const id = await lane.create();
  await lane.ready();
  await lane.asked(id);
  await agent.register({ ...lane.credentials(), expiresSec: 0 });
  await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'UNREACHABLE' });
  customer.press('1');
  await lane.callbackIs(id, { state: 'ROUTING', subState: 'waiting-for-agent' });
  expect(agent.invitesReceived).toHaveLength(0);
  await agent.register(lane.credentials());
  await talk(customer, agent);
  await agent.hangUp();
  await customer.hungUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  expect(agent.invitesReceived).toHaveLength(1);
});

scene('an agent who hangs up first ends the customer with one BYE and gets after-call work', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  await lane.ready();
  const id = await confirmed(lane, customer);
  await talk(customer, agent);
  await agent.hangUp();
  await customer.hungUp();
  await lane.agentIs(0, { state: 'AFTER_CALL_WORK' });
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
  await lane.agentIs(0, { state: 'READY' });
  expect(customer.messages({ method: 'BYE', request: true })).toHaveLength(1);
});

scene('both phones of one agent ring, the first to answer wins and the other is cancelled', async (lane) => {
  const customer = await lane.customer();
  const silent = await lane.agent(0, ringsForEver);
  const answering = await lane.agent(0, { turns: [{ kind: 'answer', ringMs: 600 }] });
  await lane.ready();
  const id = await confirmed(lane, customer);
  await silent.waitFor({ direction: 'sent', method: 'INVITE', status: 180 });
  await talk(customer, answering);
  await silent.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
  await customer.hangUp();
  await answering.hungUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
  expect(silent.invitesReceived).toHaveLength(1);
  expect(answering.invitesReceived).toHaveLength(1);
  expect(customer.invitesReceived).toHaveLength(1);
});

scene(
  'a customer whom no agent takes is released after the last allowed offer',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent(0, ringsForEver);
    await lane.ready();
    const id = await confirmed(lane, customer);
    await customer.waitFor({ direction: 'received', method: 'BYE', request: true });
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'NO_AGENT', attemptCount: 1 });
    expect(customer.invitesReceived).toHaveLength(1);
    expect(agent.invitesReceived).toHaveLength(1);
  },
  { settings: { maxAgentTransferAttempts: 1 } },
);
