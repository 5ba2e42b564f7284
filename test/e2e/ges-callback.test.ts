import { expect } from 'vitest';
import { headerOf } from './harness/sip-trace.ts';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

interface Shown {
  readonly callbackState: string;
  readonly callbackReason?: string;
  readonly positionInQueue?: number;
  readonly desiredTime?: string;
}

scene('a web site books over the v3 API, follows the callback and reads its end', async (lane) => {
  const { product } = lane;
  const customer = await lane.customer();
  const agent = await lane.agent();
  const { id } = await product.ges<{ id: string }>('/callbacks/create', {
    serviceName: lane.queue,
    phoneNumber: lane.number,
    language: 'en-US',
    channel: 'WEB',
    userData: { order: 'A-1047' },
  });
  const shown = (): Promise<Shown> => product.ges<Shown>('/callbacks/retrieve', { id });
  expect(await shown()).toMatchObject({ callbackState: 'QUEUED', positionInQueue: 1 });
  await lane.ready();
  await lane.asked(id);
  expect(headerOf(customer.invitesReceived[0]!, 'X-Turnkeeper-Callback')).toBe(id);
  customer.press('1');
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
  await lane.callbackIs(id, { state: 'PROCESSING' });
  expect(await shown()).toMatchObject({ callbackState: 'PROCESSING', positionInQueue: 0 });
  await expect(product.ges('/callbacks/cancel', { id })).rejects.toThrow('"code":40004');
  await customer.hangUp();
  await lane.callbackIs(id, { state: 'COMPLETED' });
  expect(await shown()).toMatchObject({ callbackState: 'COMPLETED', callbackReason: 'COMPLETED_BY_AGENT' });
  expect(customer.invitesReceived).toHaveLength(1);
});

scene('a callback that the site cancels is never dialled', async (lane) => {
  const { product } = lane;
  const customer = await lane.customer();
  await lane.agent();
  const wanted = { serviceName: lane.queue, phoneNumber: lane.number };
  const { id } = await product.ges<{ id: string }>('/callbacks/create', wanted);
  const next = await product.ges<{ id: string }>('/callbacks/create', wanted);
  expect(await product.ges('/callbacks/cancel', { id })).toEqual({ id });
  await lane.ready();
  await lane.asked(next.id);
  expect(customer.invitesReceived).toHaveLength(1);
  expect(headerOf(customer.invitesReceived[0]!, 'X-Turnkeeper-Callback')).toBe(next.id);
});

scene(
  'S4: a web site books a time, moves it, and the customer is called then and not before',
  async (lane) => {
    const { product } = lane;
    const [customer, agent] = [await lane.customer(), await lane.agent()];
    await lane.ready();
    const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const booked = inMs(3_600_000);
    const { id } = await product.ges<{ id: string }>('/callbacks/create', {
      serviceName: lane.queue,
      phoneNumber: lane.number,
      desiredTime: booked,
      cbOfferType: 'SCHEDULED',
    });
    const shown = (): Promise<Shown> => product.ges<Shown>('/callbacks/retrieve', { id });
    expect(await shown()).toMatchObject({ callbackState: 'SCHEDULED', desiredTime: booked });
    const moved = inMs(2000);
    expect(await product.ges('/callbacks/reschedule', { id, desiredTime: moved })).toEqual({
      id,
      desiredTime: moved,
    });
    await lane.asked(id);
    expect(customer.invitesReceived).toHaveLength(1);
    expect(customer.invitesReceived[0]!.atMs).toBeGreaterThanOrEqual(Date.parse(moved) - 50);
    customer.press('1');
    await agent.answered();
    await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(TONE.agent)]);
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  },
);
