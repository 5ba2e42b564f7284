import { beforeEach, describe, expect, it } from 'vitest';
import type { NotCalled } from '../../../src/application/not-called-desk.ts';
import { callbackMachine } from '../../../src/callback/callback-machine.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { NumberRule } from '../../../src/screening/number-rule.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { House } from '../../fakes/house.ts';

/** Of Berlin, where it is ten when the tests begin. */
const NUMBER = '+493012345678';
const MINUTE_MS = 60_000;

/** A way to a dial: how the house comes to stand right before it, and what then makes the call. */
interface Path {
  readonly name: string;
  /** Where the callback stands right before the dial, and the event that leads to it. */
  readonly from: string;
  readonly settings: Partial<QueueSettings>;
  before(house: House): Promise<void>;
  goOn(house: House): Promise<void>;
  /** The agent has looked at the case, or picked up for it. */
  readonly tellsAgent: boolean;
}

const becomesReady = (house: House): Promise<void> => house.ready('a1');
const answersPhone = async (house: House): Promise<void> => void (await house.answers(house.last));
async function accepts(house: House): Promise<void> {
  const [invitation] = house.engine.invitations.invitationsOf('a1');
  await house.engine.invitations.accept('a1', invitation?.id ?? '', { kind: 'agent', id: 'a1' });
  await settle();
}
async function isBusy(house: House): Promise<void> {
  house.last?.fail({ bucket: 'unreachable', reason: 'busy' });
  await settle();
}

const granted = (connectStrategy: QueueSettings['connectStrategy']): Path => ({
  name: connectStrategy,
  from: 'queued DIAL_GRANTED',
  settings: { connectStrategy },
  before: () => settle(),
  goOn: becomesReady,
  tellsAgent: false,
});

const paths: readonly Path[] = [
  granted('customer-first'),
  granted('customer-first-reserved'),
  granted('paced'),
  {
    name: 'another attempt',
    from: 'queued DIAL_GRANTED',
    settings: { maxAttempts: 3, retryIntervalSec: 60 },
    before: async (house) => {
      await house.ready('a1');
      await isBusy(house);
    },
    goOn: (house) => house.pass(MINUTE_MS),
    tellsAgent: false,
  },
  {
    name: 'a case that was looked at',
    from: 'preview PREVIEW_ACCEPTED',
    settings: { connectStrategy: 'preview', previewTimeoutSec: 600 },
    before: becomesReady,
    goOn: accepts,
    tellsAgent: true,
  },
  {
    name: 'an agent who picked up after looking at the case',
    from: 'ringing-agent AGENT_ANSWERED',
    settings: { connectStrategy: 'preview', previewConnect: 'agent-first' },
    before: async (house) => {
      await house.ready('a1');
      await accepts(house);
    },
    goOn: answersPhone,
    tellsAgent: true,
  },
  {
    name: 'agent-first',
    from: 'ringing-agent AGENT_ANSWERED',
    settings: { connectStrategy: 'agent-first' },
    before: becomesReady,
    goOn: answersPhone,
    tellsAgent: true,
  },
  {
    name: 'an agent who waits for the next attempt',
    from: 'redial-wait DUE_REACHED',
    settings: { connectStrategy: 'agent-first', agentFirstRedialSec: 30, maxAttempts: 3 },
    before: async (house) => {
      await house.ready('a1');
      await house.answers(house.last);
      await isBusy(house);
    },
    goOn: (house) => house.pass(30_000),
    tellsAgent: true,
  },
];

/** Every state and event of the machine that a dial can follow. */
function dialsOfMachine(node: object, name = 'callback'): string[] {
  const { on = {}, states = {} } = node as { on?: object; states?: Record<string, object> };
  const own = Object.entries(on).flatMap(([event, branches]) =>
    JSON.stringify(branches).includes('"type":"dial"') ? [`${name} ${event}`] : [],
  );
  return [...own, ...Object.entries(states).flatMap(([inner, state]) => dialsOfMachine(state, inner))];
}

const customersCalls = (house: House): number =>
  house.telephony.placed.filter(({ request }) => request.target.kind === 'trunk').length;

async function standsBefore(path: Path): Promise<{ house: House; id: Callback['id']; told: NotCalled[] }> {
  const house = new House({ requireConfirm: false, cpdEnabled: false, ...path.settings });
  house.open();
  const told: NotCalled[] = [];
  house.engine.notCalled.onChange((_agentId, notCalled) => told.push(notCalled));
  const { id } = await house.book(NUMBER);
  await path.before(house);
  return { house, id, told };
}

it('covers every way to a dial that the machine has', () => {
  const covered = new Set(paths.map(({ from }) => from));
  expect([...new Set(dialsOfMachine(callbackMachine.config))].sort()).toEqual([...covered].sort());
});

describe.each(paths)('before the dial: $name', (path) => {
  let house: House;
  let id: Callback['id'];
  let told: NotCalled[];
  let dialledCount: number;
  beforeEach(async () => {
    ({ house, id, told } = await standsBefore(path));
    dialledCount = customersCalls(house);
  });

  it('a customer who may be called is called', async () => {
    await path.goOn(house);
    expect(customersCalls(house)).toBe(dialledCount + 1);
    expect(told).toEqual([]);
  });

  it('a number that has been blocked meanwhile is not called, and the callback ends', async () => {
    house.rule = new NumberRule({ name: 'rule', countries: ['DE'], blockedPatterns: ['^4930'] });
    house.settings = { ...house.settings, numberRule: 'rule' };
    await path.goOn(house);
    expect(customersCalls(house)).toBe(dialledCount);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'NUMBER_BLOCKED' });
    expect(house.now(id).attemptCount).toBe(dialledCount);
    await isFreeAgain(house);
    const text = 'the number may not be called any more: it is blocked';
    const expected = { callbackId: id, reason: 'NUMBER_REFUSED', text, dueAtMs: null };
    expect(told).toMatchObject(path.tellsAgent ? [expected] : []);
  });

  it('nobody is called once the country is not permitted any more', async () => {
    house.rule = new NumberRule({ name: 'rule', countries: ['FR'], blockedPatterns: [] });
    house.settings = { ...house.settings, numberRule: 'rule' };
    await path.goOn(house);
    expect(customersCalls(house)).toBe(dialledCount);
    expect(house.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'COUNTRY_NOT_PERMITTED' });
  });

  it('nobody is called after hours of their own zone: the callback is due when those begin', async () => {
    house.settings = { ...house.settings, callingWindow: { from: '08:00', to: '10:00' } };
    await path.goOn(house);
    expect(customersCalls(house)).toBe(dialledCount);
    expect(house.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'due-later', reason: null });
    const tomorrowMs = Date.UTC(2026, 0, 6, 7);
    expect(house.store.callbacks.get(id)).toMatchObject({ dueAtMs: tomorrowMs, agentId: null });
    await isFreeAgain(house);
    expect(told.map(({ dueAtMs }) => dueAtMs)).toEqual(path.tellsAgent ? [tomorrowMs] : []);
    house.registry.want('a1', 'READY', 'test');
    await house.pass(tomorrowMs - house.clock.nowMs());
    expect(house.now(id).state).toBe('ROUTING');
  });

  it('a customer who is on the telephone for another callback is left alone until later', async () => {
    await talksForAnother(house);
    dialledCount = customersCalls(house);
    await path.goOn(house);
    expect(customersCalls(house)).toBe(dialledCount);
    const line = house.store.events.filter(({ callbackId }) => callbackId === id).at(-1);
    expect(line).toMatchObject({ kind: 'CUSTOMER_ENGAGED', subState: 'retry-wait' });
  });
});

/** The agent of the path takes other calls, and nobody's place is held. */
async function isFreeAgain(house: House): Promise<void> {
  expect(house.router.queue('support').length).toBe(0);
  for (const { leg } of house.telephony.placed) leg?.end();
  await settle();
  expect(house.registry.status('a1').state).toBe('READY');
}

/** Another callback of the same number talks with a2, by whatever way it came there. */
async function talksForAnother(house: House): Promise<void> {
  const desiredAtMs = house.clock.nowMs() + 7 * 24 * 60 * MINUTE_MS;
  const outcome = await house.runner.create(
    { virtualQueue: 'support', customerNumber: NUMBER, origin: 'api', language: 'en', desiredAtMs },
    { kind: 'customer' },
  );
  if (outcome.kind === 'refused') throw new Error(outcome.refusal.kind);
  house.engine.openCallbacks.stored({ ...outcome.callback, state: 'PROCESSING', subState: 'connected' });
}

describe('two callbacks of one customer', () => {
  it('are not dialled in the same instant', async () => {
    const house = new House({ connectStrategy: 'customer-first', retryIntervalSec: 60 });
    house.open();
    const first = await house.book(NUMBER);
    const second = await house.book(NUMBER);
    house.registry.want('a1', 'READY', 'test');
    house.registry.want('a2', 'READY', 'test');
    await settle();
    expect(customersCalls(house)).toBe(1);
    expect(house.now(first.id).subState).toBe('dialing');
    expect(house.now(second.id)).toMatchObject({ state: 'SCHEDULED', attemptCount: 0 });
    await isBusy(house);
    await house.pass(MINUTE_MS);
    expect(customersCalls(house)).toBe(2);
  });

  it('may be of two people where the queue takes any number of callbacks for a number', async () => {
    const house = new House({ connectStrategy: 'customer-first', duplicateCheck: 'OFF' });
    house.open();
    await house.book(NUMBER);
    await house.book(NUMBER);
    house.registry.want('a1', 'READY', 'test');
    house.registry.want('a2', 'READY', 'test');
    await settle();
    expect(customersCalls(house)).toBe(2);
  });
});

describe('an agent who takes a case whose customer may not be called any more', () => {
  it('is told why', async () => {
    const house = new House({ connectStrategy: 'preview' });
    house.open();
    await house.book(NUMBER);
    await house.ready('a1');
    house.settings = { ...house.settings, callingWindow: { from: '08:00', to: '10:00' } };
    const [invitation] = house.engine.invitations.invitationsOf('a1');
    const { id = '' } = invitation ?? {};
    const actor = { kind: 'agent', id: 'a1' } as const;
    const refusal = {
      kind: 'not-called',
      reason: 'it is too early or too late where the customer is; the callback is due when the window opens',
    };
    expect(await house.engine.invitations.accept('a1', id, actor)).toEqual({ ok: false, refusal });
    // Asked again the answer is the same.
    expect(await house.engine.invitations.accept('a1', id, actor)).toEqual({ ok: false, refusal });
    expect(house.registry.status('a1').state).toBe('READY');
  });
});
