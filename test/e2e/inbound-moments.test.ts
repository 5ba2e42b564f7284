import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import type { SippPhone } from './harness/sipp-phone.ts';
import type { Lane } from './stage/lane.ts';
import { TONE } from './stage/lane.ts';
import { scenesOfOneProduct } from './stage/stage.ts';

const scene = scenesOfOneProduct();

interface Document {
  readonly queues: { readonly name: string; businessHours: string }[];
}

/** Gives the lane's queue other hours while it runs, as an administrator would. */
async function keepsHours(lane: Lane, businessHours: string): Promise<void> {
  const document = parse(String(await lane.product.download('/config'))) as Document;
  document.queues.find(({ name }) => name === lane.queue)!.businessHours = businessHours;
  // A JSON string holds the YAML document.
  await lane.product.api('POST', '/config', stringify(document));
}

/** The agent's phone has been let go, by CANCEL or by BYE. */
async function letGo(agent: SippPhone): Promise<void> {
  const end = (): unknown =>
    agent.messages({ direction: 'sent', method: 'BYE', status: 200 })[0] ??
    agent.messages({ direction: 'sent', method: 'INVITE', status: 487 })[0];
  await agent.process.messages.wait(end, "the end of the call at the agent's phone", 10_000);
}

/** The next caller reaches the agent: nothing is left of the one before. */
async function nextIsServed(lane: Lane, agent: SippPhone): Promise<void> {
  const next = await lane.caller({ toneHz: 1200, ani: '+493099999999' });
  await lane.agentIs(0, { state: 'ON_CALL' });
  await Promise.all([agent.toneHeard(1200), next.toneHeard(TONE.agent)]);
  await next.hangUp();
  await lane.callEnded(next);
}

scene(
  'a caller who hangs up while the agent is rung silences the phone, and the agent is ready for the next',
  async (lane) => {
    const agent = await lane.agent(0, { turns: [{ kind: 'ring-for-ever' }, { kind: 'answer' }] });
    await lane.ready();
    const caller = await lane.caller();
    await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 180 });
    await caller.hangUp();
    await lane.callEnded(caller);
    await agent.waitFor({ direction: 'sent', method: 'INVITE', status: 487 });
    expect(agent.messages({ method: 'CANCEL', request: true })).toHaveLength(1);
    await lane.agentIs(0, { state: 'READY', notReadyReason: null });
    expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
    expect(await lane.callbacks()).toHaveLength(0);
    await nextIsServed(lane, agent);
    expect(agent.invitesReceived).toHaveLength(2);
  },
  // A CANCEL, not the end of the time to ring.
  { settings: { agentRingTimeoutSec: 60 } },
);

/**
 * The caller hangs up when the agent's phone says this, and it answers so long after its 180: what crosses
 * what on the way differs, and each must end well.
 */
const MOMENTS = [
  { status: 180, ringMs: 20 },
  { status: 180, ringMs: 60 },
  { status: 180, ringMs: 120 },
  { status: 200, ringMs: 200 },
] as const;

for (const { status, ringMs } of MOMENTS) {
  scene(
    `a caller who hangs up as the agent answers leaves nobody on the line (at ${status}, ${ringMs} ms)`,
    async (lane) => {
      const agent = await lane.agent(0, { turns: [{ kind: 'answer', ringMs }, { kind: 'answer' }] });
      await lane.ready();
      const caller = await lane.caller();
      await agent.waitFor({ direction: 'sent', method: 'INVITE', status });
      await caller.hangUp();
      await lane.callEnded(caller);
      await letGo(agent);
      await lane.agentIs(0, { state: 'READY' });
      expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
      await nextIsServed(lane, agent);
      expect(agent.invitesReceived).toHaveLength(2);
    },
  );
}

scene(
  'who waits when the queue closes is still served; who calls later hears that it is closed',
  async (lane) => {
    const agent = await lane.agent();
    const first = await lane.caller();
    await lane.hears(first, 'line');
    const second = await lane.caller({ toneHz: 1200, ani: '+493099999999' });
    await lane.hears(second, 'line');
    await keepsHours(lane, 'after-tomorrow');
    const late = await lane.caller({ toneHz: 0, ani: '+493088888888' });
    await lane.hears(late, 'closed');
    await late.hangUp();
    await lane.callEnded(late);
    expect(await lane.waiting()).toEqual({ calls: 2, callbacks: 0 });
    await lane.ready();
    await Promise.all([agent.toneHeard(TONE.customer), first.toneHeard(TONE.agent)]);
    await first.hangUp();
    await agent.answered({ count: 2 });
    await Promise.all([agent.toneHeard(1200), second.toneHeard(TONE.agent)]);
    await second.hangUp();
    expect(await lane.waiting()).toEqual({ calls: 0, callbacks: 0 });
    expect(agent.invitesReceived).toHaveLength(2);
  },
);
