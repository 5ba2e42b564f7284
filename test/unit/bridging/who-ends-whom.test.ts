import { beforeEach, describe, expect, it } from 'vitest';
import type { QuietLeg } from '../../fakes/fake-telephony.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';
import { whoEndsWhom } from '../../fixtures/who-ends-whom.ts';

const lost = { bucket: 'server_error', reason: 'media-server-failure' } as const;

let house: House;
let customer: QuietLeg;
let agent: QuietLeg | undefined;

beforeEach(async () => {
  house = new House();
  house.open();
  agent = undefined;
  await house.book();
  await house.ready('a1');
});

async function answered(): Promise<void> {
  customer = await house.answers(house.last);
}

async function ringing(): Promise<void> {
  await answered();
  await house.says('confirmed');
}

async function waiting(): Promise<void> {
  await answered();
  house.registry.want('a1', 'NOT_READY', 'test');
  await house.says('confirmed');
}

async function talking(): Promise<void> {
  await ringing();
  agent = await house.answers(house.last);
}

/** Plays each row and checks the other leg. */
const plays: Record<keyof typeof whoEndsWhom, () => Promise<void>> = {
  customerWhileDialling: async () => house.last?.fail({ bucket: 'unreachable', reason: 'busy' }),
  customerOnQuestion: async () => {
    await answered();
    customer.end();
  },
  customerWaiting: async () => {
    await waiting();
    customer.end();
  },
  customerWhileAgentRings: async () => {
    await ringing();
    customer.end();
    await settle();
    expect(house.last?.cancelled).toBe(true);
  },
  agentDoesNotAnswer: async () => {
    await ringing();
    house.last?.fail({ bucket: 'unreachable', reason: 'no-answer' });
    await settle();
    expect(customer.termination).toBeUndefined();
  },
  agentRejects: async () => {
    await ringing();
    house.last?.fail({ bucket: 'unreachable', reason: 'declined' });
    await settle();
    expect(customer.termination).toBeUndefined();
  },
  customerEndsConversation: async () => {
    await talking();
    customer.end();
    await settle();
    expect(agent?.termination?.reason).toBe('local-hangup');
  },
  agentEndsConversation: async () => {
    await talking();
    agent?.end();
    await settle();
    expect(customer.termination?.reason).toBe('local-hangup');
  },
  mediaLost: async () => {
    await talking();
    customer.end(lost);
    agent?.end(lost);
  },
  mediaLostWaiting: async () => {
    await waiting();
    customer.end(lost);
  },
  cancelledWhileRinging: async () => {
    await ringing();
    const [id = ''] = house.store.callbacks.keys();
    await house.runner.dispatch(id, { type: 'CANCELLED', by: 'admin' }, { kind: 'user', id: 'test' });
    await settle();
    expect(customer.termination).toBeDefined();
    expect(house.last?.cancelled).toBe(true);
  },
};

describe('who ends whom', () => {
  const rows = Object.entries(whoEndsWhom) as [keyof typeof whoEndsWhom, (typeof whoEndsWhom)['mediaLost']][];
  it.each(rows.map(([key, row]) => [row.when, key, row] as const))('%s', async (_when, key, row) => {
    await plays[key]();
    await settle();
    const [callback] = house.store.callbacks.values();
    const { state, subState, reason } = callback ?? {};
    expect(`${state} / ${reason ?? subState}`).toBe(row.callback);
    const status = house.registry.status('a1');
    const detail = status.notReadyReason && row.agent.includes('(') ? ` (${status.notReadyReason})` : '';
    expect(`${status.state}${detail}`).toBe(row.agent);
  });
});
