import { expect } from 'vitest';
import type { SippPhone } from './harness/sipp-phone.ts';
import type { Lane } from './stage/lane.ts';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

/** A caller who has been offered a callback. */
async function offered(lane: Lane, sippKeys: readonly string[] = []): Promise<SippPhone> {
  const caller = await lane.caller({ sippKeys });
  await caller.answered();
  await lane.hears(caller, 'offer');
  return caller;
}

/** Both parties hear each other's tone. */
async function talk(caller: SippPhone, agent: SippPhone, agentHz: number = TONE.agent): Promise<void> {
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), caller.toneHeard(agentHz)]);
}

scene('a caller who finds an agent ready is connected at once, without an offer', async (lane) => {
  const agent = await lane.agent();
  await lane.ready();
  const caller = await lane.caller();
  await talk(caller, agent);
  await agent.hangUp();
  await caller.hungUp();
  await lane.agentIs(0, { state: 'AFTER_CALL_WORK' });
  await lane.agentIs(0, { state: 'READY' });
  expect(agent.invitesReceived).toHaveLength(1);
  expect(await lane.callbacks()).toHaveLength(0);
});

scene('a waiting caller is connected when an agent becomes ready and may hang up first', async (lane) => {
  const agent = await lane.agent();
  const caller = await lane.caller();
  await lane.hears(caller, 'line');
  expect(await lane.waiting()).toEqual({ calls: 1, callbacks: 0 });
  await lane.ready();
  await talk(caller, agent);
  await caller.hangUp();
  await agent.hungUp();
  expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
  expect(agent.invitesReceived).toHaveLength(1);
});

scene(
  'a caller whose agent does not answer keeps the first place for the next agent',
  async (lane) => {
    const silent = await lane.agent(0, { turns: [{ kind: 'ring-for-ever' }] });
    const answering = await lane.agent(1);
    await lane.ready(0);
    const first = await lane.caller();
    await silent.waitFor({ direction: 'sent', method: 'INVITE', status: 180 });
    const second = await lane.caller({ toneHz: 1200, ani: '+493099999999' });
    await lane.hears(second, 'line');
    await silent.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'RONA' });
    expect(await lane.waiting()).toEqual({ calls: 2, callbacks: 0 });
    await lane.ready(1);
    await talk(first, answering, TONE.secondAgent);
    expect(answering.media.hasHeard(1200)).toBe(false);
    expect(await lane.waiting()).toEqual({ calls: 1, callbacks: 0 });
    await first.hangUp();
    await answering.answered({ count: 2 });
    await answering.toneHeard(1200);
    await second.hangUp();
    expect(silent.invitesReceived).toHaveLength(1);
    expect(answering.invitesReceived).toHaveLength(2);
  },
  { agentCount: 2 },
);

scene('a caller who hangs up in the line leaves no place and rings nobody', async (lane) => {
  const agent = await lane.agent();
  const leaving = await lane.caller();
  await lane.hears(leaving, 'line');
  await leaving.hangUp();
  await lane.callEnded(leaving);
  expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
  await lane.ready();
  const next = await lane.caller({ toneHz: 1200 });
  await agent.answered();
  await agent.toneHeard(1200);
  await next.hangUp();
  expect(agent.invitesReceived).toHaveLength(1);
});

scene('a caller who hangs up before confirming the number has booked nothing', async (lane) => {
  const caller = await offered(lane);
  caller.press('1');
  await lane.hears(caller, 'confirm-presented');
  await caller.hangUp();
  await lane.callEnded(caller);
  expect(await lane.callbacks()).toHaveLength(0);
  expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
});

scene('a caller who hangs up right after the confirming key has booked', async (lane) => {
  const customer = await lane.customer();
  const caller = await offered(lane, ['1', '1']);
  await caller.sendSippKeys();
  await lane.hears(caller, 'confirm-presented');
  await caller.sendSippKeys();
  await lane.hears(caller, 'book');
  await caller.hangUp();
  await lane.callEnded(caller);
  const booked = await lane.callbacks();
  expect(booked).toHaveLength(1);
  expect(booked[0]).toMatchObject({ state: 'QUEUED', customerNumber: lane.number, attemptCount: 0 });
  expect(customer.invitesReceived).toHaveLength(0);
});

scene('a keyed number is read back, booked and the one that is dialled', async (lane) => {
  const customer = await lane.customer();
  await lane.agent();
  const caller = await offered(lane, ['1', '2', '03087654321#', '1']);
  await caller.sendSippKeys();
  await lane.hears(caller, 'confirm-presented');
  await caller.sendSippKeys();
  await lane.hears(caller, 'key-number');
  await caller.sendSippKeys();
  await lane.hears(caller, 'confirm-keyed');
  await caller.sendSippKeys();
  await lane.hears(caller, 'booked');
  await caller.waitFor({ direction: 'received', method: 'BYE', request: true }, { withinMs: 20_000 });
  const [booked] = await lane.callbacks();
  expect(booked).toMatchObject({ state: 'QUEUED', customerNumber: '+493087654321' });
  await lane.ready();
  await customer.answered();
  expect(customer.invitesReceived[0]!.text).toMatch(/^INVITE sip:\+493087654321@/);
  expect(customer.invitesReceived).toHaveLength(1);
});

scene(
  'three numbers that cannot be dialled withdraw the offer and the caller keeps the place',
  async (lane) => {
    const agent = await lane.agent();
    const caller = await offered(lane);
    caller.press('1');
    await lane.hears(caller, 'confirm-presented');
    caller.press('2');
    await lane.hears(caller, 'key-number');
    caller.press('123#');
    await lane.hears(caller, 'key-too-few');
    await lane.hears(caller, 'key-number', { count: 2 });
    caller.press('0301234567890123#');
    await lane.hears(caller, 'key-too-many');
    await lane.hears(caller, 'key-number', { count: 3 });
    caller.press('1234567#');
    await lane.hears(caller, 'key-not-valid');
    await lane.hears(caller, 'withdrawn');
    const younger = await lane.caller({ toneHz: 1200, ani: '+493099999998' });
    await lane.hears(younger, 'line');
    await lane.hears(caller, 'line', { count: 2 });
    expect(await lane.callbacks()).toHaveLength(0);
    expect(await lane.waiting()).toEqual({ calls: 2, callbacks: 0 });
    await lane.ready();
    await talk(caller, agent);
    expect(agent.media.hasHeard(1200)).toBe(false);
    await caller.hangUp();
  },
  { settings: { defaultCountry: 'US' } },
);

scene('a caller without a number is asked for one', async (lane) => {
  const caller = await lane.caller({ ani: 'anonymous' });
  await caller.answered();
  await lane.hears(caller, 'offer');
  caller.press('1');
  await lane.hears(caller, 'key-number');
  caller.press(`${lane.number.replace('+49', '0')}#`);
  await lane.hears(caller, 'confirm-keyed');
  caller.press('1');
  await lane.hears(caller, 'booked');
  const [booked] = await lane.callbacks();
  expect(booked).toMatchObject({ state: 'QUEUED', customerNumber: lane.number });
});

scene('a caller who does nothing at the offer stays in the line', async (lane) => {
  const agent = await lane.agent();
  const caller = await offered(lane);
  await lane.hears(caller, 'staying');
  expect(await lane.callbacks()).toHaveLength(0);
  expect(await lane.waiting()).toEqual({ calls: 1, callbacks: 0 });
  await lane.ready();
  await talk(caller, agent);
  await caller.hangUp();
});
