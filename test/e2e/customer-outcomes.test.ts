import { expect } from 'vitest';
import type { CalleeTurn } from './harness/sipp-scenario.ts';
import type { SippPhone } from './harness/sipp-phone.ts';
import type { Lane } from './stage/lane.ts';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();
const busy: CalleeTurn = { kind: 'refuse', status: 486, reason: 'Busy Here' };

/** A callback asked for over the API, an agent who is ready, and a customer who behaves as told. */
async function dialled(
  lane: Lane,
  turns: readonly CalleeTurn[],
): Promise<{ id: string; customer: SippPhone; agent: SippPhone }> {
  const customer = await lane.customer({ turns });
  const agent = await lane.agent();
  const id = await lane.create();
  await lane.ready();
  return { id, customer, agent };
}

const resultsOf = (callback: { attempts: readonly { result: string | null }[] }): (string | null)[] =>
  callback.attempts.map(({ result }) => result);

scene(
  'a busy customer is called again after the interval and given up after the last attempt',
  async (lane) => {
    const { id, customer } = await dialled(lane, [busy]);
    await lane.callbackIs(id, { state: 'SCHEDULED', subState: 'retry-wait', attemptCount: 1 });
    const done = await lane.callbackIs(id, { state: 'COMPLETED', attemptCount: 2 });
    expect(done.reason).toBe('MAX_ATTEMPTS_REACHED');
    expect(resultsOf(done)).toEqual(['BUSY', 'BUSY']);
    await customer.waitFor({ direction: 'sent', method: 'INVITE', status: 486 }, { count: 2 });
    const [first, second] = customer.invitesReceived;
    expect(customer.invitesReceived).toHaveLength(2);
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(950);
  },
);

scene('a customer who does not answer is cancelled, called again once and then served', async (lane) => {
  const { id, customer, agent } = await dialled(lane, [{ kind: 'ring-for-ever' }, { kind: 'answer' }]);
  await customer.waitFor({ direction: 'received', method: 'CANCEL', request: true });
  await customer.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
  await lane.asked(id);
  customer.press('1');
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
  await customer.hangUp();
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 2 });
  expect(resultsOf(done)).toEqual(['NO_ANSWER', 'PERSON']);
  expect(customer.invitesReceived).toHaveLength(2);
  expect(customer.messages({ method: 'CANCEL', request: true })).toHaveLength(1);
});

scene('a customer who never answers is rung once for each attempt', async (lane) => {
  const { id, customer } = await dialled(lane, [{ kind: 'ring-for-ever' }]);
  const done = await lane.callbackIs(id, { state: 'COMPLETED' }, 30_000);
  expect(done).toMatchObject({ reason: 'MAX_ATTEMPTS_REACHED', attemptCount: 2 });
  expect(resultsOf(done)).toEqual(['NO_ANSWER', 'NO_ANSWER']);
  await customer.waitFor({ direction: 'sent', method: 'INVITE', status: 487 }, { count: 2 });
  expect(customer.invitesReceived).toHaveLength(2);
  expect(customer.messages({ method: 'CANCEL', request: true })).toHaveLength(2);
});

scene(
  'a customer who declines is recorded as such',
  async (lane) => {
    const { id, customer } = await dialled(lane, [{ kind: 'refuse', status: 603, reason: 'Decline' }]);
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    expect(done).toMatchObject({ reason: 'MAX_ATTEMPTS_REACHED', attemptCount: 1 });
    await customer.waitFor({ direction: 'sent', method: 'INVITE', status: 603 });
    expect(done.attempts[0]).toMatchObject({
      result: 'REJECTED',
      termination: { reason: 'declined', sipStatus: 603 },
    });
    expect(customer.invitesReceived).toHaveLength(1);
  },
  { settings: { maxAttempts: 1 } },
);

scene(
  'a vacant number is never dialled again, however many attempts are left',
  async (lane) => {
    const { id, customer } = await dialled(lane, [{ kind: 'refuse', status: 404, reason: 'Not Found' }]);
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    expect(done.attemptCount).toBe(1);
    expect(done.attempts[0]).toMatchObject({ result: 'ERROR_TONE', termination: { sipStatus: 404 } });
    expect(done.dueAt).toBeNull();
    await customer.waitFor({ direction: 'sent', method: 'INVITE', status: 404 });
    expect(customer.invitesReceived).toHaveLength(1);
  },
  { settings: { maxAttempts: 3 } },
);

scene('a customer who never presses a key is hung up, asked once more and left in peace', async (lane) => {
  const { id, customer, agent } = await dialled(lane, [{ kind: 'answer' }]);
  await customer.media.soundHeard(10_000);
  await customer.waitFor({ direction: 'received', method: 'BYE', request: true }, { withinMs: 30_000 });
  const done = await lane.callbackIs(id, { state: 'COMPLETED' }, 40_000);
  expect(done).toMatchObject({ reason: 'CUSTOMER_NOT_CONFIRMED', attemptCount: 2 });
  expect(done.attempts.map(({ confirmed }) => confirmed)).toEqual([false, false]);
  expect(customer.invitesReceived).toHaveLength(2);
  expect(agent.invitesReceived).toHaveLength(0);
});

scene(
  'a customer who hangs up at the question has not confirmed and the agent is not rung',
  async (lane) => {
    const { id, customer, agent } = await dialled(lane, [{ kind: 'answer' }]);
    await lane.asked(id);
    await customer.hangUp();
    const done = await lane.callbackIs(id, { state: 'COMPLETED' });
    expect(done).toMatchObject({ reason: 'CUSTOMER_NOT_CONFIRMED', attemptCount: 1 });
    expect(customer.invitesReceived).toHaveLength(1);
    expect(agent.invitesReceived).toHaveLength(0);
    await lane.agentIs(0, { state: 'READY' });
  },
  { settings: { maxAttempts: 1 } },
);

scene('a customer who presses 2 is called later, after the snooze and not before', async (lane) => {
  const { id, customer, agent } = await dialled(lane, [{ kind: 'answer' }]);
  await lane.asked(id);
  customer.press('2');
  const later = await lane.callbackIs(id, { state: 'SCHEDULED', subState: 'due-later' });
  const inSec = (Date.parse(later.dueAt ?? '') - Date.now()) / 1000;
  expect(inSec).toBeGreaterThan(45);
  expect(inSec).toBeLessThanOrEqual(60);
  await customer.waitFor({ direction: 'received', method: 'BYE', request: true });
  expect(customer.invitesReceived).toHaveLength(1);
  expect(agent.invitesReceived).toHaveLength(0);
});

scene('a customer who presses 9 cancels the callback', async (lane) => {
  const { id, customer, agent } = await dialled(lane, [{ kind: 'answer' }]);
  await lane.asked(id);
  customer.press('9');
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done).toMatchObject({ reason: 'CANCELLED_BY_CUSTOMER', attemptCount: 1 });
  await customer.waitFor({ direction: 'received', method: 'BYE', request: true });
  expect(customer.invitesReceived).toHaveLength(1);
  expect(agent.invitesReceived).toHaveLength(0);
});

scene('a key that means nothing is not a confirmation, the right one afterwards is', async (lane) => {
  const { id, customer, agent } = await dialled(lane, [{ kind: 'answer' }]);
  await lane.asked(id);
  customer.press('5');
  customer.press('1');
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
  await agent.hangUp();
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
});

scene("a confirmed customer who hangs up while the agent's phone rings silences it", async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent(0, { turns: [{ kind: 'ring-for-ever' }] });
  const id = await lane.create();
  await lane.ready();
  await lane.asked(id);
  customer.press('1');
  await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 180 });
  await customer.hangUp();
  await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
  const done = await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(done).toMatchObject({ reason: 'CUSTOMER_ABANDONED', attemptCount: 1 });
  await lane.agentIs(0, { state: 'READY' });
  expect(customer.invitesReceived).toHaveLength(1);
  expect(agent.invitesReceived).toHaveLength(1);
});
