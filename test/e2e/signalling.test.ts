import { expect } from 'vitest';
import { SippProcess, freePort } from './harness/sipp-process.ts';
import { PHONE_HOST, type SippPhone } from './harness/sipp-phone.ts';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();
/** On the loopback network, but in no trunk. */
const STRANGER_HOST = '127.0.0.2';

/** Both parties hear each other's tone that arrives after `sinceMs`. */
async function talk(caller: SippPhone, agent: SippPhone, sinceMs = 0): Promise<void> {
  await agent.answered();
  await Promise.all([
    agent.toneHeard(TONE.customer, 5000, sinceMs),
    caller.toneHeard(TONE.agent, 5000, sinceMs),
  ]);
}

/** The call got this final response, was never answered and left nothing behind. */
async function refused(lane: Lane, caller: SippPhone, status: number): Promise<void> {
  await caller.waitFor({ direction: 'received', method: 'INVITE', status });
  await caller.process.ended;
  expect(caller.messages({ method: 'INVITE', status: 200 })).toHaveLength(0);
  expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
}

scene('a call without an offer is answered with one and the agent is heard', async (lane) => {
  const agent = await lane.agent();
  const caller = await lane.caller({ offer: 'none' });
  const answer = await caller.answered();
  expect(answer.text).toMatch(/^m=audio \d+ RTP\/AVP /m);
  await lane.hears(caller, 'line');
  await lane.ready();
  await talk(caller, agent);
  await caller.hangUp();
  await agent.hungUp();
});

scene('a call that offers only unknown codecs is refused with 488', async (lane) => {
  await refused(lane, await lane.caller({ offer: 'unsupported' }), 488);
});

scene('a call from an address of no trunk is refused with 403', async (lane) => {
  await refused(lane, await lane.caller({ host: STRANGER_HOST }), 403);
});

scene("a call that claims to be an agent's is refused with 403", async (lane) => {
  await lane.agent();
  await refused(lane, await lane.caller({ ani: lane.agentIds[0]!, dial: '*81' }), 403);
  await lane.agentIs(0, { state: 'LOGGED_OUT' });
});

scene('a call to a number of no flow is refused with 404', async (lane) => {
  await refused(lane, await lane.caller({ dial: '5999' }), 404);
});

scene('a µ-law-only caller and an A-law-only agent hear each other', async (lane) => {
  const agent = await lane.agent(0, { codec: 'pcma' });
  await lane.ready();
  const caller = await lane.caller({ codec: 'pcmu' });
  await talk(caller, agent);
  await agent.hangUp();
  await caller.hungUp();
});

scene('an A-law-only customer confirms with keys and talks with a µ-law-only agent', async (lane) => {
  const customer = await lane.customer({ codec: 'pcma' });
  const agent = await lane.agent(0, { codec: 'pcmu' });
  const id = await lane.create();
  await lane.ready();
  await lane.asked(id);
  customer.press('1');
  await talk(customer, agent);
  await customer.hangUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
});

scene('a caller over TCP uses the keys, talks with the agent and is hung up over TCP', async (lane) => {
  const agent = await lane.agent();
  const caller = await lane.caller({ transport: 'tcp' });
  const answer = await caller.answered();
  expect(answer.text).toMatch(/^Via: SIP\/2\.0\/TCP /im);
  await lane.hears(caller, 'offer');
  caller.press('1');
  await lane.hears(caller, 'confirm-presented');
  await lane.ready();
  // The question about the number comes to nothing; the place in line is kept.
  await talk(caller, agent);
  await agent.hangUp();
  await caller.waitFor({ direction: 'received', method: 'BYE', request: true });
  expect((await caller.process.ended).code).toBe(0);
});

scene('a caller puts the conversation on hold and takes it back', async (lane) => {
  const agent = await lane.agent();
  await lane.ready();
  const caller = await lane.caller();
  await talk(caller, agent);
  const held = await caller.setHold(true);
  expect(held.text).toMatch(/^a=(?:recvonly|inactive)/m);
  const resumed = await caller.setHold(false);
  expect(resumed.text).not.toMatch(/^a=(?:recvonly|inactive|sendonly)/m);
  await talk(caller, agent, Date.now());
  await caller.hangUp();
  await agent.hungUp();
});

scene('an agent puts the called-back customer on hold and takes the call back', async (lane) => {
  const customer = await lane.customer();
  const agent = await lane.agent();
  const id = await lane.create();
  await lane.ready();
  await lane.asked(id);
  customer.press('1');
  await talk(customer, agent);
  const held = await agent.setHold(true);
  expect(held.text).toMatch(/^a=(?:recvonly|inactive)/m);
  await agent.setHold(false);
  await talk(customer, agent, Date.now());
  await lane.callbackIs(id, { state: 'PROCESSING' });
  await agent.hangUp();
  await customer.hungUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
});

scene('OPTIONS from a trunk is answered with 200 and the methods allowed', async (lane) => {
  const { host, port } = lane.product.sip;
  const process = new SippProcess({
    scenario: OPTIONS_SCENARIO,
    args: [
      `${host}:${port}`,
      '-m',
      '1',
      '-i',
      PHONE_HOST,
      '-p',
      String(await freePort(PHONE_HOST)),
      '-timeout',
      '10s',
      '-timeout_error',
    ],
  });
  expect((await process.ended).code).toBe(0);
  const answer = process.messages.items.find(({ direction }) => direction === 'received');
  expect(answer?.status).toBe(200);
  expect(answer?.text).toMatch(/^Allow:.*INVITE/im);
});

const OPTIONS_SCENARIO = `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="options">
<send retrans="500"><![CDATA[

OPTIONS sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:probe@[local_ip]:[local_port]>;tag=[pid]o[call_number]
To: <sip:[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
`;
