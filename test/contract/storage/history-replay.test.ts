import { afterEach, beforeEach, expect, it } from 'vitest';
import { Storage } from '../../../src/adapters/storage/storage.ts';
import { HistoryReplay } from '../../../src/application/history-replay.ts';
import { CallbackRunner } from '../../../src/callback/callback-runner.ts';
import type { Actor } from '../../../src/callback/callback.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { Provisioning } from '../../../src/provisioning/provisioning.ts';
import { SecretBox } from '../../../src/provisioning/secret-box.ts';
import { testIds } from './implementations.ts';

const actor: Actor = { kind: 'system', part: 'test' };
const document = (retryIntervalSec: number): string => `
queues:
  - { name: support, skillExpression: a > 0, retryIntervalSec: ${retryIntervalSec}, defaultCountry: US }
agents:
  - { id: '1', name: Ada, sipUser: '1', password: secret-one }
captcha:
  - { name: page, kind: v3, siteKey: public, secret: secret-two }
webhooks:
  - { name: crm, url: 'https://crm.example/hook', secret: secret-three }
pushCredentials:
  - { name: app, project: shop, clientEmail: push@shop.example, privateKey: secret-four }
`;

let clock: SimulatedClock;
let storage: Storage;
let provisioning: Provisioning;
let runner: CallbackRunner;

beforeEach(async () => {
  clock = new SimulatedClock();
  storage = await Storage.open({ path: ':memory:', clock });
  provisioning = new Provisioning({
    transactions: storage,
    box: new SecretBox(Buffer.alloc(32, 1)),
    clock,
    log: silentLog,
    realm: 'test',
    environment: () => undefined,
  });
  await provisioning.load();
  runner = new CallbackRunner({
    unitOfWork: storage,
    clock,
    ids: testIds,
    log: silentLog,
    settingsOf: (queue) => provisioning.directory.queue(queue),
    onEffect: () => undefined,
    onStored: () => undefined,
    onRecovered: () => undefined,
  });
});
afterEach(async () => {
  runner.close();
  await storage.close();
});

async function apply(text: string): Promise<void> {
  const outcome = await provisioning.apply(text, 'test.yaml', actor, { dryRun: false });
  expect(outcome).toMatchObject({ kind: 'applied' });
  clock.advance(1000);
}

async function failedAttempt(id: Parameters<CallbackRunner['dispatch']>[0]): Promise<void> {
  const why = { rule: 'agent-backs-dial' };
  const grant = { type: 'DIAL_GRANTED', agentId: '1', held: false, strategy: 'customer-first', why } as const;
  expect((await runner.dispatch(id, grant, actor))?.kind).toBe('taken');
  clock.advance(1000);
  const failed = { type: 'ATTEMPT_FAILED', result: 'BUSY', final: false } as const;
  expect((await runner.dispatch(id, failed, actor))?.kind).toBe('taken');
}

it('a stored history ends in the recorded state, each step by the settings of its time', async () => {
  await apply(document(60));
  const request = {
    virtualQueue: 'support',
    customerNumber: '+12125550123',
    origin: 'api',
    language: 'en',
  } as const;
  const booked = await runner.create(request, actor);
  if (booked.kind === 'refused') throw new Error(booked.refusal.kind);
  const { id } = booked.callback;
  await failedAttempt(id);
  await apply(document(7200));
  expect((await runner.dispatch(id, { type: 'DUE_REACHED' }, actor))?.kind).toBe('taken');
  await failedAttempt(id);
  const replays = new HistoryReplay(storage);
  expect(await replays.replay(id)).toEqual({ kind: 'same', eventCount: 6 });
  expect(await replays.replay('callback_none')).toBeUndefined();
});
