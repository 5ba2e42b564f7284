import { expect } from 'vitest';
import type { SippPhone } from './harness/sipp-phone.ts';
import { AgentScreen } from './stage/agent-screen.ts';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();
const preview = { connectStrategy: 'preview', agentSkipSec: 60 } as const;

/** The customer answers and confirms; both are heard, the customer hangs up, the case is done. */
async function talkToTheEnd(
  lane: Lane,
  id: string,
  { customer, agent, agentHz = TONE.agent }: { customer: SippPhone; agent: SippPhone; agentHz?: number },
): Promise<void> {
  await agent.answered();
  await Promise.all([agent.toneHeard(TONE.customer), customer.toneHeard(agentHz)]);
  await lane.callbackIs(id, { state: 'PROCESSING', subState: 'connected' });
  await customer.hangUp();
  await agent.hungUp();
  await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
}

scene(
  'an agent looks at the case and accepts: only then is the customer called, and joined with that agent',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    const screen = await AgentScreen.open(lane);
    const userData = { _subject: 'Lost luggage', colour: 'blue' };
    const id = await lane.create({ userData });
    await lane.ready();
    const invitation = await screen.invited();
    await lane.agentIs(0, { state: 'RESERVED' });
    const snapshot = await screen.snapshot<{ invitations: readonly unknown[] }>();
    expect(snapshot.invitations).toMatchObject([{ id: invitation, kind: 'preview' }]);
    expect(JSON.stringify(snapshot)).toContain('Lost luggage');
    await lane.callbackIs(id, { state: 'ROUTING', subState: 'preview', attemptCount: 0 });
    expect(customer.invitesReceived).toHaveLength(0);
    await screen.accept(invitation);
    await lane.asked(id);
    customer.press('1');
    await talkToTheEnd(lane, id, { customer, agent });
    expect(customer.invitesReceived).toHaveLength(1);
  },
  { settings: preview },
);

scene(
  'a case that an agent rejects is shown to the next one; who rejected stays ready',
  async (lane) => {
    const customer = await lane.customer();
    const first = await lane.agent(0);
    const second = await lane.agent(1);
    const [here, there] = await Promise.all([AgentScreen.open(lane, 0), AgentScreen.open(lane, 1)]);
    await lane.ready(0);
    await lane.agentIs(0, { state: 'READY' });
    const id = await lane.create();
    const rejected = await here.invited();
    await lane.ready(1);
    await here.reject(rejected, 'not my field');
    await there.accept(await there.invited());
    await lane.agentIs(0, { state: 'READY' });
    await lane.asked(id);
    customer.press('1');
    await talkToTheEnd(lane, id, { customer, agent: second, agentHz: TONE.secondAgent });
    await expect(here.accept(rejected)).rejects.toThrow(/409.*rejected/);
    expect(first.invitesReceived).toHaveLength(0);
  },
  { settings: preview, agentCount: 2 },
);

scene(
  'a case that nobody decides on goes back to its place; the agent is not ready',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    const screen = await AgentScreen.open(lane);
    await lane.ready();
    const id = await lane.create();
    await screen.invited();
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'RONA' });
    await lane.callbackIs(id, { state: 'QUEUED', position: 1, attemptCount: 0 });
    expect(customer.invitesReceived).toHaveLength(0);
    await lane.ready();
    await screen.accept(await screen.invited(2));
    await lane.asked(id);
    customer.press('1');
    await talkToTheEnd(lane, id, { customer, agent });
  },
  { settings: { ...preview, previewTimeoutSec: 5 } },
);

scene(
  "after the preview the customer is dialled from the agent's call, again when engaged at first",
  async (lane) => {
    const refusal = { kind: 'refuse', status: 486, reason: 'Busy Here' } as const;
    const customer = await lane.customer({ turns: [refusal, { kind: 'answer' }] });
    const agent = await lane.agent();
    const screen = await AgentScreen.open(lane);
    await lane.ready();
    const id = await lane.create();
    await screen.accept(await screen.invited());
    await agent.answered();
    await lane.callbackIs(id, { state: 'ROUTING', subState: 'redial-wait', attemptCount: 1 });
    await lane.agentIs(0, { state: 'ON_CALL' });
    await talkToTheEnd(lane, id, { customer, agent });
    expect(agent.invitesReceived).toHaveLength(1);
    expect(customer.invitesReceived).toHaveLength(2);
  },
  { settings: { ...preview, previewConnect: 'agent-first', agentFirstRedialSec: 2, cpdEnabled: false } },
);

scene(
  'a case is accepted on the screen, then the phone is rung with the case and asked to answer by itself',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    const screen = await AgentScreen.open(lane);
    await lane.ready();
    const id = await lane.create({ userData: { _subject: 'Käse & Wein\r\nX-Evil: 1' } });
    await lane.asked(id);
    customer.press('1');
    const invitation = await screen.invited();
    await lane.agentIs(0, { state: 'RINGING' });
    expect(agent.invitesReceived).toHaveLength(0);
    await screen.accept(invitation);
    await agent.answered();
    const [invite] = agent.invitesReceived;
    expect(invite?.text).toMatch(/^Call-Info:.*answer-after=0/im);
    expect(invite?.text).toMatch(/^Alert-Info:.*alert-autoanswer/im);
    expect(invite?.text).toContain('X-Turnkeeper-Case-Subject: K%C3%A4se%20&%20Wein%0D%0AX-Evil:%201');
    expect(invite?.text).toContain(`X-Turnkeeper-Callback: ${id}`);
    await talkToTheEnd(lane, id, { customer, agent });
  },
  { settings: { agentAccept: 'workspace', agentAutoAnswer: true } },
);

scene(
  'a ringing phone is silenced when the agent rejects on the screen; the customer keeps hearing music',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent(0, { turns: [{ kind: 'ring-for-ever' }] });
    const screen = await AgentScreen.open(lane);
    await lane.ready();
    const id = await lane.create();
    await lane.asked(id);
    customer.press('1');
    const invitation = await screen.invited();
    await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 180 });
    await screen.reject(invitation, 'wrong department');
    await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'REJECTED' });
    await lane.callbackIs(id, { state: 'ROUTING', subState: 'waiting-for-agent' });
    await customer.media.soundHeard();
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'CUSTOMER_ABANDONED' });
  },
  { settings: { agentRingTimeoutSec: 20 } },
);

scene(
  'an agent hears of the case and is joined by a key; the customer hears music until then',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    await lane.ready();
    const id = await lane.create();
    await lane.asked(id);
    customer.press('1');
    await agent.answered();
    await agent.media.soundHeard();
    await customer.media.soundHeard();
    await lane.agentIs(0, { state: 'RINGING' });
    agent.press('5');
    await talkToTheEnd(lane, id, { customer, agent });
  },
  { settings: { agentAcceptKey: true, agentAcceptKeySec: 20 } },
);

scene(
  'an agent without a screen hears of the case and takes it by a key, before anybody is dialled',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    await lane.ready();
    const id = await lane.create();
    await agent.answered();
    await agent.media.soundHeard();
    await lane.callbackIs(id, { state: 'ROUTING', subState: 'ringing-agent', attemptCount: 0 });
    expect(customer.invitesReceived).toHaveLength(0);
    agent.press('5');
    await talkToTheEnd(lane, id, { customer, agent });
    expect(customer.invitesReceived).toHaveLength(1);
  },
  {
    settings: {
      connectStrategy: 'agent-first',
      agentAcceptKey: true,
      agentAcceptKeySec: 20,
      cpdEnabled: false,
    },
  },
);

scene(
  'an agent who presses no key has not taken the call',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    await lane.ready();
    const id = await lane.create();
    await lane.asked(id);
    customer.press('1');
    await agent.answered();
    await agent.waitFor({ direction: 'received', method: 'BYE', request: true }, { withinMs: 40_000 });
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'RONA' });
    await lane.callbackIs(id, { state: 'ROUTING', subState: 'waiting-for-agent' });
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'CUSTOMER_ABANDONED' });
  },
  { settings: { agentAcceptKey: true, agentAcceptKeySec: 3 } },
);

scene(
  'after-call work is drawn out and ended on the screen; a reason is kept for afterwards',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    const screen = await AgentScreen.open(lane);
    await lane.ready();
    const id = await lane.create();
    await lane.asked(id);
    customer.press('1');
    await agent.answered();
    await screen.wants('NOT_READY', 'Lunch');
    await expect(screen.wants('NOT_READY', 'Golf')).rejects.toThrow(/400.*Golf/);
    await agent.toneHeard(TONE.customer);
    await agent.hangUp();
    await lane.agentIs(0, { state: 'AFTER_CALL_WORK' });
    await screen.wants('EXTEND_WRAP_UP');
    await lane.callbackIs(id, { state: 'PROCESSING', subState: 'after-call-work' });
    await screen.wants('WRAP_UP_DONE');
    await lane.agentIs(0, { state: 'NOT_READY', notReadyReason: 'Lunch' });
    await expect(screen.wants('EXTEND_WRAP_UP')).rejects.toThrow(/409/);
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  },
  { settings: { wrapUpSec: 20 } },
);
