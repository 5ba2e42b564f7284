import { expect } from 'vitest';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

/** Offers would only get in the way. */
const NO_OFFER = { offerWatermark: 0 };

scene(
  'a caller who has waited long enough goes over to another line and keeps the age of the place there',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent(1);
    const caller = await lane.caller({ toneHz: 1200, ani: '+493099999999' });
    await lane.hears(caller, 'line');
    // Younger than the caller, and in the other line before the caller is.
    const callback = await lane.create({ virtualQueue: lane.overflowQueue });
    await lane.hears(caller, 'overflowed');
    await lane.hears(caller, 'line', { count: 2 });
    expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
    expect(await lane.waiting(lane.overflowQueue)).toEqual({ calls: 1, callbacks: 1 });
    await lane.ready(1);
    await agent.answered();
    await Promise.all([agent.toneHeard(1200), caller.toneHeard(TONE.secondAgent)]);
    expect(customer.invitesReceived).toHaveLength(0);
    await lane.callbackIs(callback, { state: 'QUEUED', position: 1 });
    await caller.hangUp();
    await agent.hungUp();
  },
  { agentCount: 2, settings: { ...NO_OFFER, overflowAfterSec: 4 }, overflow: NO_OFFER },
);

scene(
  'an agent of the first line still takes the caller before it is time to go over',
  async (lane) => {
    const agent = await lane.agent(0);
    const caller = await lane.caller();
    await lane.hears(caller, 'line');
    await lane.ready(0);
    await agent.answered();
    await Promise.all([agent.toneHeard(TONE.customer), caller.toneHeard(TONE.agent)]);
    expect(await lane.waiting(lane.overflowQueue)).toEqual({ calls: 0, callbacks: 0 });
    await caller.hangUp();
    await agent.hungUp();
  },
  { agentCount: 2, settings: { ...NO_OFFER, overflowAfterSec: 60 }, overflow: NO_OFFER },
);

scene(
  'a caller before a full line goes over at once, and is told that the line is full when the other is, too',
  async (lane) => {
    const first = await lane.caller();
    await lane.hears(first, 'line');
    const second = await lane.caller({ ani: '+493099999998' });
    await lane.hears(second, 'overflowed');
    await lane.hears(second, 'line', { count: 2 });
    expect(await lane.waiting()).toEqual({ calls: 1, callbacks: 0 });
    expect(await lane.waiting(lane.overflowQueue)).toEqual({ calls: 1, callbacks: 0 });
    const third = await lane.caller({ ani: '+493099999997' });
    await lane.hears(third, 'line-full');
    await third.waitFor({ direction: 'received', method: 'BYE', request: true }, { withinMs: 20_000 });
    await first.hangUp();
    await second.hangUp();
    await Promise.all([lane.callEnded(first), lane.callEnded(second)]);
    expect(await lane.waiting(lane.overflowQueue)).toEqual({ calls: 0, callbacks: 0 });
  },
  { agentCount: 2, settings: { ...NO_OFFER, maxQueued: 1 }, overflow: { ...NO_OFFER, maxQueued: 1 } },
);
