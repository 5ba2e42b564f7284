import { beforeEach, describe, expect, it } from 'vitest';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { InboundSession, type InboundSessionOptions } from '../../../src/application/inbound-session.ts';
import type { ConfigurationTx } from '../../../src/provisioning/configuration-store.ts';
import { type ApplyOutcome, Provisioning } from '../../../src/provisioning/provisioning.ts';
import { SecretBox } from '../../../src/provisioning/secret-box.ts';
import type { AgentTx } from '../../../src/routing/agent.ts';
import type { InboundCall } from '../../../src/telephony/telephony.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';

const agents = ['a1', 'a2'].map((id) => ({
  id,
  name: id,
  sipUser: id,
  password: 'x',
  skills: { support: 1 },
}));

/** Keeps nothing: what is in force is in the directory. */
const transactions = {
  transact: <Result>(work: (tx: ConfigurationTx & AgentTx) => Promise<Result>): Promise<Result> =>
    work({
      insertConfiguration: () => Promise.resolve(),
      openCallbackCounts: () => Promise.resolve(new Map()),
      agentStatuses: () => Promise.resolve([]),
    } as unknown as ConfigurationTx & AgentTx),
};

let provisioning: Provisioning;
let house: House;

/** Applies a document with this row, or with these defaults under an empty row. */
function apply(row: object, queueDefaults: object = {}, further: object = {}): Promise<ApplyOutcome> {
  const queues = [{ name: 'support', ...row }];
  const text = JSON.stringify({
    queueDefaults: { skillExpression: 'support > 0', ...queueDefaults },
    queues,
    agents,
    ...further,
  });
  return provisioning.apply(text, 'test.yaml', { kind: 'user', id: 'ada' }, { dryRun: false });
}

/** A caller who has just come into the queue. */
function caller(): InboundSession {
  const call = {
    callId: 'call_1',
    source: { kind: 'trunk', trunk: 't' },
    from: { uri: 'sip:x@test', number: '+12125550123' },
    dialled: '5000',
  } as unknown as InboundCall;
  const { directory } = provisioning;
  const settings = directory.queue('support');
  if (!settings) throw new Error('the queue is configured');
  const { clock } = house;
  const options = {
    ...house.engine,
    directory,
    ids: new IdSource(clock, new SeededRandom(3)),
    clock,
    log: silentLog,
  };
  return new InboundSession(call, settings, 'en', options as unknown as InboundSessionOptions);
}

async function failDial(): Promise<void> {
  house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
  await settle();
}

beforeEach(async () => {
  provisioning = new Provisioning({
    transactions,
    box: new SecretBox(Buffer.alloc(32)),
    clock: new SimulatedClock(),
    log: silentLog,
    realm: 'test',
    environment: () => undefined,
  });
  await apply({ retryIntervalSec: 60, maxAttempts: 2 });
  house = new House({}, provisioning.directory);
  house.open();
});

describe('an apply while callbacks are on their way', () => {
  it('changes the next retry interval', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    await apply({ retryIntervalSec: 300, maxAttempts: 2 });
    await failDial();
    await house.pass(299_000);
    expect([house.telephony.placed.length, house.now(id).subState]).toEqual([1, 'retry-wait']);
    await house.pass(1000);
    expect(house.telephony.placed).toHaveLength(2);
  });

  it('changes how many attempts are made, by the default row as well', async () => {
    const { id } = await house.book();
    await house.ready('a1');
    await apply({}, { retryIntervalSec: 60, maxAttempts: 1 });
    await failDial();
    expect(house.now(id)).toMatchObject({
      state: 'COMPLETED',
      reason: 'MAX_ATTEMPTS_REACHED',
      attemptCount: 1,
    });
  });

  it('changes the next offer to a caller who is in the line already', async () => {
    const session = caller();
    expect(session.facts().offerEwtThresholdSec).toBe(120);
    await apply({ offerEwtThresholdSec: 30 });
    expect(session.facts().offerEwtThresholdSec).toBe(30);
    expect(await apply({ offerEwtThresholdSec: 9999 })).toMatchObject({
      kind: 'refused',
      faults: [{ path: 'queues[0].offerEwtThresholdSec', value: 9999, message: 'must be at most 7200' }],
    });
    expect(session.facts().offerEwtThresholdSec).toBe(30);
  });

  it('changes the duplicate check and the throttle of the next booking', async () => {
    const number = '+12125550123';
    expect((await house.book(number)).state).toBe('QUEUED');
    await apply({ duplicateCheck: 'STRICT' });
    await expect(house.book(number)).rejects.toThrow('duplicate');
    await apply({ duplicateCheck: 'OFF', throttlePerNumberPerDay: 1 });
    await expect(house.book(number)).rejects.toThrow('throttled');
    await apply({ duplicateCheck: 'OFF', throttlePerNumberPerDay: 2 });
    expect((await house.book(number)).state).toBe('QUEUED');
  });

  it.each([
    [{ countries: ['US'], blockedPatterns: ['^1212'] }, 'NUMBER_BLOCKED'],
    [{ countries: ['DE'] }, 'COUNTRY_NOT_PERMITTED'],
  ])('ends a callback before its dial when the rule has become %j', async (rule, reason) => {
    const { id } = await house.book('+12125550123');
    await apply({ numberRule: 'r' }, {}, { numberRules: [{ name: 'r', ...rule }] });
    await house.ready('a1');
    expect(house.telephony.placed).toHaveLength(0);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason, attemptCount: 0 });
    expect(house.registry.status('a1').state).toBe('READY');
  });
});

describe('a caller who asks for a callback', () => {
  it('hears that a number is not permitted, or not valid', async () => {
    const rule = { name: 'r', countries: ['US'], blockedPatterns: ['^1212'] };
    await apply({ numberRule: 'r' }, {}, { numberRules: [rule] });
    const session = caller();
    const outcomes = ['4155552671', '2125550123', '011 49 30 1234567', '9005550123', '12'].map((digits) =>
      session.screenNumber(digits),
    );
    expect(await Promise.all(outcomes)).toEqual([
      { kind: 'accepted', number: '+14155552671', spoken: '4155552671' },
      { kind: 'refused', reason: 'not-permitted' },
      { kind: 'refused', reason: 'not-permitted' },
      { kind: 'refused', reason: 'not-permitted' },
      { kind: 'refused', reason: 'not-valid' },
    ]);
  });

  it('keeps the place in the line when the number has a callback already', async () => {
    await apply({ duplicateCheck: 'STRICT' });
    await house.book('+12125550123');
    await house.pass(1000);
    const session = caller();
    await session.enterQueue();
    await house.pass(5000);
    expect(await session.book({ number: '+12125550123', inSlot: false })).toEqual({
      kind: 'refused',
      reason: 'duplicate',
    });
    expect(house.router.queue('support').positionOf(session.call.callId)).toBe(2);
    expect(await session.book({ number: '+14155552671', inSlot: false })).toMatchObject({ kind: 'booked' });
    expect(house.store.callbacks.size).toBe(2);
  });
});
