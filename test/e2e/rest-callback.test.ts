import { expect } from 'vitest';
import { headerOf } from './harness/sip-trace.ts';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

scene('a callback asked for over the API is dialled once, to its own number', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  const id = await lane.create({ customerNumber: '030 7654321' });
  expect(await lane.callback(id)).toMatchObject({
    state: 'QUEUED',
    position: 1,
    customerNumber: '+49307654321',
    attempts: [],
  });
  await lane.ready();
  await lane.asked(id);
  const [invite] = customer.invitesReceived;
  expect(invite!.text).toMatch(/^INVITE sip:\+49307654321@/);
  expect(headerOf(invite!, 'X-Turnkeeper-Callback')).toBe(id);
  expect(headerOf(invite!, 'X-Turnkeeper-Attempt')).toBe('1');
  customer.press('1');
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
  await customer.hangUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
  expect(customer.invitesReceived).toHaveLength(1);
});

scene('a callback cancelled in the line is never dialled', async (lane) => {
  const customer = await lane.customer();
  await lane.agent();
  const cancelled = await lane.create();
  const next = await lane.create({ customerNumber: '+493011111111' });
  await lane.cancel(cancelled);
  const done = await lane.callback(cancelled);
  expect(done).toMatchObject({ state: 'COMPLETED', attemptCount: 0 });
  expect(done.reason).toMatch(/^CANCELLED_BY_(?:API|ADMIN)$/);
  expect(await lane.callback(next)).toMatchObject({ state: 'QUEUED', position: 1 });
  await lane.ready();
  await lane.asked(next);
  expect(customer.invitesReceived).toHaveLength(1);
  expect(headerOf(customer.invitesReceived[0]!, 'X-Turnkeeper-Callback')).toBe(next);
});

scene('a callback cancelled while the customer is being rung silences the phone', async (lane) => {
  const customer = await lane.customer({ turns: [{ kind: 'ring-for-ever' }] });
  await lane.agent();
  const id = await lane.create();
  await lane.ready();
  await customer.waitFor({ direction: 'sent', method: 'INVITE', status: 180 });
  await lane.cancel(id);
  await customer.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done.reason).toMatch(/^CANCELLED_BY_(?:API|ADMIN)$/);
  await lane.agentIs(0, { state: 'READY' });
  expect(customer.invitesReceived).toHaveLength(1);
});

scene('a cancellation is refused while customer and agent talk, and changes nothing', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  const id = await lane.create();
  await lane.ready();
  await lane.asked(id);
  customer.press('1');
  await agent.answered();
  await agent.toneHeard(TONE.customer);
  await lane.callbackIs(id, { state: 'PROCESSING' });
  await expect(lane.cancel(id)).rejects.toThrow(': 409 ');
  const refusedAtMs = Date.now();
  expect(await lane.callback(id)).toMatchObject({ state: 'PROCESSING', reason: null });
  await Promise.all([
    agent.toneHeard(TONE.customer, 5000, refusedAtMs),
    customer.toneHeard(TONE.agent, 5000, refusedAtMs),
  ]);
  await customer.hangUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
});

scene('two requests with one Idempotency-Key make one callback and one call', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  const key = `e2e-${lane.queue}`;
  const first = await lane.create({}, key);
  expect(await lane.create({}, key)).toBe(first);
  expect(await lane.callbacks()).toHaveLength(1);
  await lane.ready();
  await lane.asked(first);
  expect(await lane.create({}, key)).toBe(first);
  customer.press('1');
  await agent.answered();
  await customer.hangUp();
  await lane.callbackIs(first, { state: 'COMPLETED', attemptCount: 1 });
  await lane.agentIs(0, { state: 'READY' });
  expect(await lane.callbacks()).toHaveLength(1);
  expect(customer.invitesReceived).toHaveLength(1);
});

scene('a callback for a later instant waits for it', async (lane) => {
  const customer = await lane.customer();
  await lane.agent();
  await lane.ready();
  const desiredAtMs = Date.now() + 3000;
  const id = await lane.create({ desiredAt: new Date(desiredAtMs).toISOString() });
  expect(await lane.callback(id)).toMatchObject({ state: 'SCHEDULED', subState: 'due-later' });
  await customer.answered();
  expect(customer.invitesReceived[0]!.atMs).toBeGreaterThanOrEqual(desiredAtMs - 50);
  expect(customer.invitesReceived).toHaveLength(1);
});
