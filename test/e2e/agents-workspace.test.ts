import { expect } from 'vitest';
import { AgentScreen } from './harness/agent-screen.ts';
import type { SippPhone } from './harness/sipp-phone.ts';
import { type Lane, TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();
const PASSWORD = 'a-long-password-1';
const codes = { dispositions: ['Sold', 'Call again'], dispositionRequired: true } as const;

/** What a case is seen as over the API. */
interface ApiCase {
  readonly state: string;
  readonly disposition: string | null;
  readonly customerData: Readonly<Record<string, string>>;
  readonly notes: readonly { readonly text: string }[];
}

/** The screen of the lane's agent, logged in and connected; closed with the scene. */
async function screenOf(lane: Lane, screens: AgentScreen[], index = 0): Promise<AgentScreen> {
  const agentId = lane.agentIds[index]!;
  const name = `user${agentId}`;
  if (screens.length === 0) {
    const user = { name, role: 'Agent', agentId, password: PASSWORD };
    await lane.product.api('POST', '/users', user);
  }
  const screen = new AgentScreen(lane.product.http, name, PASSWORD);
  screens.push(screen);
  await screen.sees('snapshot');
  return screen;
}

/** Runs a scene and closes its screens whatever happens. */
async function withScreens(run: (screens: AgentScreen[]) => Promise<void>): Promise<void> {
  const screens: AgentScreen[] = [];
  try {
    await run(screens);
  } finally {
    await Promise.all(screens.map((screen) => screen.close()));
  }
}

async function talk(customer: SippPhone, agent: SippPhone, sinceMs = 0): Promise<void> {
  await Promise.all([
    agent.toneHeard(TONE.customer, 8000, sinceMs),
    customer.toneHeard(TONE.agent, 8000, sinceMs),
  ]);
}

/** A callback whose customer and agent talk. */
async function talking(lane: Lane, customer: SippPhone, agent: SippPhone): Promise<string> {
  const id = await lane.create({ userData: { order: '42', _subject: 'an invoice' } });
  await lane.asked(id);
  customer.press('1');
  await agent.answered();
  await talk(customer, agent);
  return id;
}

const caseOf = (lane: Lane, id: string): Promise<ApiCase> =>
  lane.product.api<ApiCase>('GET', `/workspace/cases/${id}?agent=${lane.agentIds[0]!}`);
const stateIs = (state: string) => (line: { readonly [part: string]: unknown }) =>
  (line['agent'] as { state: string } | undefined)?.state === state;
const caseIs = (state: string) => (line: { readonly [part: string]: unknown }) =>
  (line['case'] as { state: string } | undefined)?.state === state;

scene(
  'an agent works a callback wholly by screen and phone, over a lost connection',
  (lane) =>
    withScreens(async (screens) => {
      const customer = await lane.customer();
      const agent = await lane.agent();
      const screen = await screenOf(lane, screens);
      await screen.does('ready');
      const id = await talking(lane, customer, agent);
      await screen.sees('call', ({ call }) => (call as { state: string }).state === 'connected');
      const opened = await screen.sees('case', caseIs('WORKING'));
      expect(opened['case']).toMatchObject({ subject: 'an invoice', customerData: { order: '42' } });

      await screen.does('hold');
      await customer.media.soundHeard();
      await screen.does('resume');
      await talk(customer, agent, Date.now());
      await screen.does('note wants a refund');
      await screen.does('data order=43');

      screen.type('drop');
      await screen.sees('connected', ({ resumed }) => resumed === true);
      await screen.does('note after the drop');
      expect((await screen.outcome('done')).code).toBe('NOT_ALLOWED_IN_STATE');

      await screen.does('end');
      await customer.hungUp();
      await screen.sees('agent-state', stateIs('AFTER_CALL_WORK'));
      expect((await screen.outcome('done')).code).toBe('DISPOSITION_REQUIRED');
      await screen.does('disposition Sold');
      await screen.does('done');
      await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
      await lane.agentIs(0, { state: 'READY' });

      expect(await caseOf(lane, id)).toMatchObject({
        state: 'DONE',
        disposition: 'Sold',
        customerData: { order: '43' },
        notes: [{ text: 'wants a refund' }, { text: 'after the drop' }],
      });
      const { userData } = await lane.product.api<{ userData: object }>('GET', `/callbacks/${id}`);
      expect(userData).toMatchObject({ order: '43' });
      expect(screen.seqs).toEqual(Array.from(screen.seqs, (_, at) => screen.seqs[0]! + at));
    }),
  { settings: { ...codes, wrapUpSec: 60 } },
);

scene(
  'screen and phone act at once: one of them is told so, and nothing is left over',
  (lane) =>
    withScreens(async (screens) => {
      const customer = await lane.customer();
      const agent = await lane.agent();
      const screen = await screenOf(lane, screens);
      await screen.does('ready');
      for (let round = 1; round <= 3; round++) {
        const id = await talking(lane, customer, agent);
        await screen.sees('call', ({ call }) => (call as { id: string }).id === id);
        const outcomes = Promise.all(['hold', 'end'].map((command) => screen.outcome(command)));
        await agent.hangUp();
        for (const { event, code } of await outcomes) {
          expect(event === 'done' || code === 'NOT_FOUND' || code === 'NOT_ALLOWED_IN_STATE').toBe(true);
        }
        await customer.hungUp({ count: round });
        await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
        await lane.agentIs(0, { state: 'READY' });
      }
      expect(await lane.product.api('GET', `/workspace?agent=${lane.agentIds[0]!}`)).toMatchObject({
        calls: [],
        cases: [],
      });
    }),
  { settings: { wrapUpSec: 1 } },
);

scene(
  'an agent who closes the browser goes on talking, and finds call and case on the next screen',
  (lane) =>
    withScreens(async (screens) => {
      const customer = await lane.customer();
      const agent = await lane.agent();
      const first = await screenOf(lane, screens);
      await first.does('ready');
      const id = await talking(lane, customer, agent);
      await first.close();
      await talk(customer, agent, Date.now());
      const second = await screenOf(lane, screens);
      const snapshot = await second.sees('snapshot');
      expect(snapshot).toMatchObject({
        calls: [{ id, state: 'connected' }],
        cases: [{ id, state: 'WORKING' }],
      });
      await agent.hangUp();
      // Time ends after-call work; what the agent owes stays on the screen.
      await second.sees('case', caseIs('UNDISPOSED'));
      await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
      await lane.agentIs(0, { state: 'READY' });
      await second.does('disposition Call again');
      await second.does('done');
      expect(await caseOf(lane, id)).toMatchObject({ state: 'DONE', disposition: 'Call again' });
    }),
  { settings: { ...codes, wrapUpSec: 1 } },
);

scene(
  'an agent arranges another time during the call: linked both ways, and never twice',
  (lane) =>
    withScreens(async (screens) => {
      const customer = await lane.customer();
      const agent = await lane.agent();
      const screen = await screenOf(lane, screens);
      await screen.does('ready');
      const id = await talking(lane, customer, agent);
      await screen.sees('call');
      await screen.does('data order=44');
      const slots = await lane.product.api<{ slots: { start: string }[] }>(
        'GET',
        `/queues/${lane.queue}/availability?around=${encodeURIComponent(new Date(Date.now() + 3_600_000).toISOString())}`,
      );
      const desiredAt = slots.slots[0]!.start;
      const answer = await screen.does(`reschedule ${desiredAt}`);
      const later = (answer['callback'] as { id: string }).id;
      const again = await screen.does(`reschedule ${desiredAt}`);
      expect((again['callback'] as { id: string }).id).toBe(later);
      await screen.does('end');
      const done = await lane.callbackIs(id, { state: 'COMPLETED', reason: 'RESCHEDULED_BY_AGENT' });
      expect(done).toMatchObject({ rescheduledTo: later });
      expect(await lane.callback(later)).toMatchObject({
        state: 'SCHEDULED',
        desiredAt,
        rescheduledFrom: id,
        userData: { order: '44', _subject: 'an invoice' },
      });
      expect(await lane.callbacks()).toHaveLength(2);
    }),
  { settings: { wrapUpSec: 1 } },
);

scene(
  'a case shown for preview is accepted on the screen, and only then the customer is dialled',
  (lane) =>
    withScreens(async (screens) => {
      const customer = await lane.customer();
      const agent = await lane.agent();
      const screen = await screenOf(lane, screens);
      const id = await lane.create({ userData: { order: '42' } });
      await screen.does('ready');
      const { invitation } = await screen.sees('invitation');
      expect(invitation).toMatchObject({
        subjectId: id,
        kind: 'preview',
        facts: { customerData: { order: '42' } },
      });
      expect(customer.invitesReceived).toHaveLength(0);
      await screen.does('accept');
      await screen.sees('case', caseIs('WORKING'));
      await lane.asked(id);
      customer.press('1');
      await agent.answered();
      await talk(customer, agent);
      await customer.hangUp();
      await screen.sees('case', caseIs('WRAP_UP'));
      await screen.does('done');
      await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
      await lane.agentIs(0, { state: 'READY' });
    }),
  { settings: { connectStrategy: 'preview', wrapUpSec: 60 } },
);

/** A supervisor of the second agent's phone; resolves with what asks in their name. */
async function supervisorOf(lane: Lane): Promise<(path: string, body: object) => Promise<number>> {
  const agentId = lane.agentIds[1]!;
  const name = `user${agentId}`;
  await lane.product.api('POST', '/users', { name, role: 'Supervisor', agentId, password: PASSWORD });
  const login = { name, password: PASSWORD };
  const { token } = await lane.product.api<{ token: string }>('POST', '/login', login);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return async (path, body) => {
    const url = `${lane.product.http}/api/v1/workspace${path}`;
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    await answer.arrayBuffer();
    return answer.status;
  };
}

scene(
  'a supervisor listens to a call, whispers to its agent, is heard by all and leaves',
  async (lane) => {
    const customer = await lane.customer();
    const agent = await lane.agent();
    const supervisor = await lane.agent(1);
    const ask = await supervisorOf(lane);
    await lane.ready();
    const id = await talking(lane, customer, agent);
    const fromMs = Date.now();
    expect(await ask(`/calls/${id}/monitor`, { mode: 'listen' })).toBe(200);
    await supervisor.answered();
    // One after the other: tones that sound together are no tone of either.
    agent.media.play(0);
    await supervisor.toneHeard(TONE.customer, 8000, fromMs);
    customer.media.play(0);
    agent.media.play(TONE.agent);
    await supervisor.toneHeard(TONE.agent, 8000, fromMs);
    expect(agent.media.hasHeard(TONE.secondAgent, fromMs)).toBe(false);
    agent.media.play(0);
    expect(await ask(`/calls/${id}/monitor`, { mode: 'whisper' })).toBe(200);
    await agent.toneHeard(TONE.secondAgent, 8000, fromMs);
    expect(customer.media.hasHeard(TONE.secondAgent, fromMs)).toBe(false);
    expect(await ask(`/calls/${id}/monitor`, { mode: 'barge' })).toBe(200);
    await customer.toneHeard(TONE.secondAgent, 8000, fromMs);
    expect(await ask(`/calls/${id}/monitor/stop`, {})).toBe(200);
    await supervisor.hungUp();
    agent.media.play(TONE.agent);
    customer.media.play(TONE.customer);
    await talk(customer, agent, Date.now());
    expect(await ask(`/calls/${id}/commands`, { type: 'end' })).toBe(404);
    await customer.hangUp();
    await lane.callbackIs(id, { state: 'COMPLETED', reason: 'COMPLETED_BY_AGENT' });
  },
  { agentCount: 2, settings: { wrapUpSec: 1 } },
);
