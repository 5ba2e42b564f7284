import { afterEach, expect, test } from 'vitest';
import { PHONE_PASSWORD, testDocument } from './harness/document.ts';
import { Product } from './harness/product.ts';
import {
  sippAgent,
  sippCaller,
  sippCustomer,
  type CustomerOptions,
  type SippPhone,
} from './harness/sipp-phone.ts';

const ANI = '+493012345678';
const started: { stop(): Promise<unknown> }[] = [];
const kept = <T extends { stop(): Promise<unknown> }>(thing: T): T => {
  started.push(thing);
  return thing;
};

afterEach(async () => {
  for (const thing of started.splice(0).reverse()) await thing.stop();
});

interface Stage {
  readonly product: Product;
  readonly customer: SippPhone;
  readonly agent: SippPhone;
}

async function stage(
  options: { customer?: CustomerOptions; queueSettings?: Record<string, number> } = {},
): Promise<Stage> {
  const customer = kept(await sippCustomer({ toneHz: 440, ...options.customer }));
  const { queueSettings = {} } = options;
  const product = kept(
    await Product.start({ document: testDocument({ customer: customer.address, queueSettings }) }),
  );
  const phone = { user: '1001', password: PHONE_PASSWORD, registrar: product.sip, toneHz: 700 };
  return { product, customer, agent: kept(await sippAgent(phone)) };
}

/** A caller waits, takes the offer, keeps the number and hangs up. */
async function takeCallback(product: Product): Promise<void> {
  const caller = kept(await sippCaller({ to: product.sip, dial: '5000', ani: ANI, sippKeys: ['1', '1'] }));
  await caller.answered();
  await caller.media.soundHeard();
  await product.flowEntered('inbound', 'offer');
  await caller.sendSippKeys();
  await product.flowEntered('inbound', 'confirm-presented');
  await caller.sendSippKeys();
  await product.callbackIs(({ state }) => state === 'QUEUED');
  await caller.hangUp();
  await caller.hungUp();
}

test('a caller on hold takes a callback with keys from sipp, is called back once and talks with the agent', async () => {
  const { product, customer, agent } = await stage();
  await takeCallback(product);
  expect(customer.invitesReceived).toHaveLength(0);

  await product.setAgentState('1001', 'READY');
  await customer.answered();
  await product.flowEntered('outbound-confirm', 'confirm');
  expect(agent.invitesReceived).toHaveLength(0);
  customer.press('1');
  await agent.answered();
  await Promise.all([agent.toneHeard(440), customer.toneHeard(700)]);

  await customer.hangUp();
  await agent.hungUp();
  await product.callbackIs(({ state, reason }) => state === 'COMPLETED' && reason === 'COMPLETED_BY_AGENT');
  expect(customer.invitesReceived).toHaveLength(1);
  expect(agent.invitesReceived).toHaveLength(1);
});

test('a busy customer is called again after the retry interval, and then only once more', async () => {
  const turns = [{ kind: 'refuse', status: 486, reason: 'Busy Here' }, { kind: 'answer' }] as const;
  const { product, customer, agent } = await stage({ customer: { turns } });
  await takeCallback(product);
  await product.setAgentState('1001', 'READY');

  await customer.waitFor({ method: 'INVITE', status: 486 });
  await customer.answered();
  await product.flowEntered('outbound-confirm', 'confirm');
  customer.press('1');
  await agent.answered();
  await agent.toneHeard(440);
  await agent.hangUp();
  await customer.hungUp();
  await product.callbackIs(({ state }) => state === 'COMPLETED');
  expect(customer.invitesReceived).toHaveLength(2);
});

test('a crash while the callback waits loses nothing and rings nobody twice', async () => {
  const { product, customer } = await stage();
  await takeCallback(product);
  await product.restart('SIGKILL');
  await product.callbackIs(({ state }) => state === 'QUEUED');
  await product.setAgentState('1001', 'READY');
  await customer.answered();
  expect(customer.invitesReceived).toHaveLength(1);
});

test('a call without an offer of a known codec is refused with 488', async () => {
  const { product } = await stage();
  const caller = kept(await sippCaller({ to: product.sip, dial: '5000', ani: ANI, offer: 'unsupported' }));
  const refusal = await caller.waitFor({ method: 'INVITE', status: 488 });
  expect(refusal.direction).toBe('received');
});

test('a call without SDP gets an offer and is served', async () => {
  const { product } = await stage();
  const caller = kept(await sippCaller({ to: product.sip, dial: '5000', ani: ANI, offer: 'none' }));
  const answer = await caller.answered();
  expect(answer.text).toContain('m=audio');
  await caller.media.soundHeard();
});
