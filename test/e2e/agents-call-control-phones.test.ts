import { expect } from 'vitest';
import type { PhoneCall } from '../../src/demo/soft-phone/phone-call.ts';
import { BaresipPhone } from './harness/baresip-phone.ts';
import { TONE, type Lane } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';
import { STRAIGHT, Talk, VOICE, within } from './stage/talk.ts';

// A phone that vanishes is to be missed within the time of a test.
const scene = scenesOfOneProduct({ environment: { TURNKEEPER_CALL_CHECK_SEC: '2' } });
const two = { agentCount: 2, settings: STRAIGHT } as const;
const secondOf = (lane: Lane) => ({ kind: 'agent', agentId: lane.agentIds[1] ?? '' }) as const;

async function holds(call: PhoneCall, direction: 'sendonly' | 'sendrecv'): Promise<void> {
  expect((await call.send('INVITE', [], call.sdp(direction))).status).toBe(200);
}

function refer(call: PhoneCall, to: string): Promise<number | undefined> {
  return call.send('REFER', [['Refer-To', `<${to}>`]]).then(({ status }) => status);
}

scene(
  "an agent's phone that loses its power is missed: the customer is let go, and nobody else is sent there",
  async (lane) => {
    const customer = await lane.customer();
    const { user, password, registrar: server } = lane.credentials();
    const options = { server, user, password, realmHost: '127.0.0.1', toneHz: TONE.agent };
    const phone = await BaresipPhone.start(options);
    try {
      await lane.agentIs(0, { reachable: true });
      await lane.ready();
      const id = await lane.create();
      await customer.toneHeard(TONE.agent, 15_000);
      await phone.stop();
      await customer.hungUp({ withinMs: 20_000 });
      const done = await lane.callbackIs(id, { state: 'COMPLETED' });
      expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
      await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'UNREACHABLE' });
      const next = await lane.create();
      await lane.callbackIs(next, { state: 'QUEUED' });
      expect(customer.invitesReceived).toHaveLength(1);
    } finally {
      await phone.stop();
    }
  },
  { settings: STRAIGHT },
);

scene(
  "a phone's hold key gives the customer music, and its other press takes them back",
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await holds(agent.call, 'sendonly');
      await talk.hearsMusic(customer);
      await holds(agent.call, 'sendrecv');
      await talk.hear([customer, agent]);
      await customer.call.bye();
      await talk.over([agent]);
    }),
  { settings: STRAIGHT },
);

scene(
  'REFER gives the customer to the agent named, and the phone is told',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      await holds(agent.call, 'sendonly');
      expect(await refer(agent.call, `sip:${lane.agentIds[1]}@127.0.0.1`)).toBe(202);
      const second = await talk.second();
      expect(await within(agent.call.transferred, 'the last NOTIFY')).toBe(200);
      await talk.hear([customer, second]);
      await customer.call.bye();
      await talk.over([second, agent], [0, 1]);
    }),
  two,
);

scene(
  'REFER to nowhere is told as 404, and the conversation goes on',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await holds(agent.call, 'sendonly');
      expect(await refer(agent.call, 'sip:nowhere@127.0.0.1')).toBe(202);
      expect(await within(agent.call.transferred, 'the last NOTIFY')).toBe(404);
      await holds(agent.call, 'sendrecv');
      await talk.hear([customer, agent]);
      await agent.call.bye();
      await talk.over([customer]);
    }),
  { settings: STRAIGHT },
);

scene(
  'REFER with Replaces gives the customer to the one consulted on the second line',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      await holds(agent.call, 'sendonly');
      const [agentId, secondId] = lane.agentIds;
      const line2 = await agent.phone.call(secondId ?? '', { from: `sip:${agentId}@127.0.0.1` });
      expect((await line2.final).status).toBe(200);
      line2.rtp.tone(VOICE.agent);
      const second = await talk.second();
      await talk.hear([{ ...agent, call: line2 }, second]);
      await talk.hearsMusic(customer);
      const to = `sip:${secondId}@127.0.0.1?Replaces=${line2.replaces}`;
      expect(await refer(agent.call, to)).toBe(202);
      expect(await within(agent.call.transferred, 'the last NOTIFY')).toBe(200);
      await talk.hear([customer, second]);
      await within(Promise.all([agent.call.ended, line2.ended]), 'the end of both lines');
      await second.call.bye();
      await talk.over([customer], [0, 1]);
    }),
  two,
);

scene(
  'a phone of another make asks a colleague on its second line and hands the customer over',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    const second = await lane.agent(1);
    await lane.ready();
    const id = await lane.create();
    await agent.answered({ withinMs: 15_000 });
    await agent.toneHeard(TONE.customer, 15_000);
    await lane.ready(1);
    await agent.setHold(true);
    const line2 = await lane.secondLine(lane.agentIds[1] ?? '');
    const { callId, text } = await line2.answered({ withinMs: 15_000 });
    await second.toneHeard(TONE.agent, 15_000);
    expect(customer.media.hasHeard(TONE.secondAgent)).toBe(false);
    const [toTag, fromTag] = ['To', 'From'].map(
      (name) => new RegExp(`^${name}:.*;tag=(\\S+)`, 'im').exec(text)?.[1],
    );
    const replaces = encodeURIComponent(`${callId};to-tag=${toTag};from-tag=${fromTag}`);
    await agent.refer(`sip:${lane.agentIds[1]}@127.0.0.1?Replaces=${replaces}`);
    await Promise.all([agent.hungUp({ withinMs: 15_000 }), line2.hungUp({ withinMs: 15_000 })]);
    const told = agent.messages({ direction: 'received', method: 'NOTIFY', request: true });
    expect(told.at(-1)?.text).toContain('SIP/2.0 200');
    const fromMs = Date.now();
    await Promise.all([
      customer.toneHeard(TONE.secondAgent, 8000, fromMs),
      second.toneHeard(TONE.customer, 8000, fromMs),
    ]);
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  },
  { agentCount: 2, settings: { ...STRAIGHT, wrapUpSec: 1 } },
);

scene(
  'offers of two phones, and offers of one phone, that cross are settled by SIP, and nobody is lost',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent(0, { crossesOffers: true });
    await lane.ready();
    const id = await lane.create();
    await agent.answered({ withinMs: 15_000 });
    await agent.toneHeard(TONE.customer, 15_000);
    const crossed = agent.crossOffers();
    await customer.setHold(true);
    await customer.setHold(false);
    await crossed;
    // None on a machine so slow that the first offer is answered before the second has come.
    const refused = agent.messages({ direction: 'received', method: 'INVITE', status: 500 });
    for (const { text } of refused) expect(text).toMatch(/^Retry-After: *\d/im);
    expect(agent.messages({ direction: 'received', method: 'UPDATE', status: 491 })).toHaveLength(1);
    const fromMs = Date.now();
    await Promise.all([
      customer.toneHeard(TONE.agent, 8000, fromMs),
      agent.toneHeard(TONE.customer, 8000, fromMs),
    ]);
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
    await lane.agentIs(0, { state: 'READY' });
  },
  { settings: STRAIGHT },
);

scene(
  'a phone of another make that does not speak of OPTIONS is missed when its power is gone',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    await lane.ready();
    const id = await lane.create();
    await agent.answered({ withinMs: 15_000 });
    await agent.toneHeard(TONE.customer, 15_000);
    await customer.toneHeard(TONE.agent, 15_000);
    await customer.losePower();
    await agent.hungUp({ withinMs: 20_000 });
    expect(agent.messages({ direction: 'received', method: 'OPTIONS', request: true })).toHaveLength(0);
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
    await lane.agentIs(0, { state: 'READY' });
  },
  { settings: STRAIGHT },
);

scene(
  'the customer who hangs up while the agent asks a colleague leaves the two talking',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      await talk.does('consult', { target: secondOf(lane) });
      const second = await talk.second();
      await talk.hear([agent, second]);
      await customer.call.bye();
      await talk.hear([agent, second]);
      await agent.call.bye();
      await talk.over([second], [0, 1]);
    }),
  two,
);

scene(
  "the agent who hangs up while the colleague's phone rings is free, and the colleague gets the customer",
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      talk.behaves(1, { kind: 'ring' });
      await talk.does('transfer', { target: secondOf(lane) });
      const second = await talk.second();
      await agent.call.bye();
      await lane.agentIs(0, { state: 'READY' });
      await talk.hearsMusic(customer);
      second.call.answer();
      await talk.hear([customer, second]);
      await customer.call.bye();
      await talk.over([second], [0, 1]);
    }),
  two,
);

scene(
  'customer and agent who hang up at once, while a third phone rings, leave nothing behind',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await lane.ready(1);
      talk.behaves(1, { kind: 'ring' });
      await talk.does('consult', { target: secondOf(lane) });
      const second = await talk.second();
      await Promise.all([customer.call.bye(), agent.call.bye()]);
      await within(second.call.cancelled, 'CANCEL');
      await talk.over([], [0, 1]);
    }),
  two,
);

scene(
  'command and phone that act at once leave a conversation that can be ended',
  (lane) =>
    Talk.of(lane, async (talk) => {
      const { customer, agent } = talk;
      await Promise.allSettled([
        holds(agent.call, 'sendonly'),
        talk.does('hold'),
        talk.does('transfer', { target: { kind: 'queue', queue: 'nowhere' } }),
      ]);
      await talk.hearsMusic(customer);
      await holds(agent.call, 'sendrecv');
      // Whether the command came before the phone's key or after it, and was refused: both are right.
      await talk.does('resume').catch(() => undefined);
      await talk.hear([customer, agent]);
      await customer.call.bye();
      await talk.over([agent]);
    }),
  { settings: STRAIGHT },
);
