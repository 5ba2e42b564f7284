import { expect } from 'vitest';
import { type EmbeddedServers, startEmbeddedServers } from './embedded-servers.ts';
import { type SceneContext, scenesOfTheirOwn } from './scenes.ts';
import {
  asked,
  bookCallback,
  callbackIn,
  openStage,
  questionCount,
  serve,
  talk,
  within,
  type SeenCallback,
  type Stage,
} from './stage.ts';

const scene = scenesOfTheirOwn();

async function opened(context: SceneContext, servers: EmbeddedServers): Promise<Stage> {
  context.onTestFinished(() => servers.close());
  const stage = await openStage({
    queueSettings: { retryIntervalSec: 2, maxAttempts: 4, wrapUpSec: 1 },
    environment: servers.environment,
  });
  context.onTestFinished(() => stage.close());
  await stage.product.setAgentState('1001', 'READY');
  return stage;
}

interface Phase {
  readonly name: string;
  /** Brings the callback there. */
  reach(stage: Stage, callback: SeenCallback): Promise<void>;
  /** The kill costs an attempt; else the callback is over. */
  readonly again: boolean;
}

const lastCall = (phone: Stage['customer']) => phone.calls.items.at(-1);

const phases: readonly Phase[] = [
  {
    name: 'dialing',
    again: true,
    reach: async (stage, { id }) => {
      await stage.customer.rung(stage.customer.calls.items.length);
      await callbackIn(stage, id, 'ROUTING/dialing');
    },
  },
  {
    name: 'confirming',
    again: true,
    reach: async (stage) => {
      await asked(stage, questionCount(stage) + 1);
    },
  },
  {
    name: 'ringing-agent',
    again: true,
    reach: async (stage, { id }) => {
      const rung = stage.agent.calls.items.length + 1;
      await asked(stage, questionCount(stage) + 1);
      await lastCall(stage.customer)?.rtp.digit('1');
      await stage.agent.rung(rung);
      await callbackIn(stage, id, 'ROUTING/ringing-agent');
    },
  },
  {
    name: 'connected',
    again: false,
    reach: async (stage, { id }) => {
      const customer = lastCall(stage.customer);
      if (!customer) throw new Error('nobody was called');
      await talk(stage, customer, questionCount(stage) + 1, stage.agent.calls.items.length + 1);
      await callbackIn(stage, id, 'PROCESSING/connected');
    },
  },
];

/** One callback, cut off in this phase by `kill`, that must end well all the same. */
async function cutOffIn(
  phase: Phase,
  stage: Stage,
  number: string,
  kill: () => Promise<void>,
): Promise<void> {
  const ring = { kind: 'ring' } as const;
  const answer = { kind: 'answer' } as const;
  stage.customer.behaviour = phase.name === 'dialing' ? ring : answer;
  stage.agent.behaviour = phase.name === 'ringing-agent' ? ring : answer;
  const rung = stage.customer.calls.items.length + 1;
  const callback = await bookCallback(stage, number);
  await stage.customer.rung(rung);
  await phase.reach(stage, callback);
  stage.customer.behaviour = answer;
  stage.agent.behaviour = answer;
  await kill();
  if (phase.again) {
    await callbackIn(stage, callback.id, 'SCHEDULED/retry-wait');
    const agentCall = stage.agent.calls.items.length + 1;
    const question = questionCount(stage) + 1;
    await serve(stage, await stage.customer.rung(rung + 1), question, agentCall);
  }
  const done = await callbackIn(stage, callback.id, 'COMPLETED');
  expect(done).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: phase.again ? 2 : 1 });
  await stage.product.agentIs('1001', 'READY');
  for (const count of stage.customer.invitesByAttempt.values()) expect(count).toBe(1);
}

const numberOf = (index: number): string => `+4930123456${70 + index}`;

// Two phases a scene: scenes run at the same time.
for (const some of [phases.slice(0, 2), phases.slice(2)]) {
  const when = some.map(({ name }) => name).join(' and ');

  scene(
    `the SIP server dies while a callback is ${when}: it is made all the same, on the same ports`,
    async (context) => {
      const servers = await startEmbeddedServers();
      const stage = await opened(context, servers);
      for (const [index, phase] of some.entries()) {
        await cutOffIn(phase, stage, numberOf(index), async () => {
          const up = new Promise((resolve) => servers.sip.supervisor.once('up', resolve));
          await servers.sip.supervisor.kill();
          await within('the SIP server to serve again', up);
        });
      }
    },
  );

  scene(
    `the media server dies while a callback is ${when}: phones get BYE, and it is made all the same`,
    async (context) => {
      const servers = await startEmbeddedServers();
      const stage = await opened(context, servers);
      for (const [index, phase] of some.entries()) {
        await cutOffIn(phase, stage, numberOf(index), async () => {
          const left = lastCall(stage.customer);
          const up = new Promise((resolve) => servers.media.supervisor.once('up', resolve));
          await servers.media.supervisor.kill();
          await within('the media server to serve again', up);
          if (phase.name === 'dialing') await within('CANCEL', left?.cancelled ?? Promise.reject());
          else await within('BYE', left?.ended ?? Promise.reject());
        });
      }
    },
  );
}

scene(
  'a caller in line when the media server dies gets BYE, and the next caller is served',
  async (context) => {
    const servers = await startEmbeddedServers();
    const stage = await opened(context, servers);
    await stage.product.setAgentState('1001', 'NOT_READY');
    const caller = await stage.customer.phone.call('5000', { from: 'sip:+493012345699@127.0.0.1' });
    expect((await caller.final).status).toBe(200);
    await stage.product.logged('place taken');
    const up = new Promise((resolve) => servers.media.supervisor.once('up', resolve));
    await servers.media.supervisor.kill();
    await within('BYE to the caller', caller.ended);
    await within('the media server to serve again', up);
    await stage.product.logged('media server connected', 10_000, 20);
    const [queue] = (await stage.product.api<{ items: { waitingCallCount: number }[] }>('GET', '/queues'))
      .items;
    expect(queue?.waitingCallCount).toBe(0);
    const next = await stage.customer.phone.call('5000', { from: 'sip:+493012345698@127.0.0.1' });
    expect((await next.final).status).toBe(200);
    await next.rtp.hearsSound();
    await next.bye();
  },
);
