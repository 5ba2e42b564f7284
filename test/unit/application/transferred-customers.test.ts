import { beforeAll, describe, expect, it } from 'vitest';
import type { InboundCalls } from '../../../src/application/inbound-calls.ts';
import { TransferredCalls } from '../../../src/application/transferred-calls.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import type { FlowLibrary } from '../../../src/ivr/flow-library.ts';
import type { CallId } from '../../../src/kernel/ids.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import type { Termination } from '../../../src/telephony/termination.ts';
import { QuietLeg, settle } from '../../fakes/fake-telephony.ts';
import { TalkingHouse } from '../../fakes/talking-house.ts';
import { repositoryFlows } from '../ivr/conversation.ts';

const OWN_PROMPT = 'opening-hours';
const serverLost: Termination = { bucket: 'server_error', reason: 'sip-server-lost' };
const noAnswer: Termination = { bucket: 'unreachable', reason: 'no-answer' };

let flows: FlowLibrary;
beforeAll(async () => {
  flows = await repositoryFlows();
});

/** The customer of a callback waits in the line of `sales`, where nobody is ready. */
async function transferred(changes: Partial<QueueSettings> = {}, withFlows = true): Promise<TalkingHouse> {
  const house = await TalkingHouse.open({ duplicateCheck: 'STRICT', ...changes });
  if (withFlows) house.flow = (name) => flows.get(name);
  house.audioMs.set(`en/${OWN_PROMPT}.wav`, 2000);
  house.registry.want('a1', 'NOT_READY', 'test');
  await house.pass(20_000);
  await house.does('transfer', { target: { kind: 'queue', queue: 'sales' } });
  await house.pass(1000);
  return house;
}

function waitOf(house: TalkingHouse): CallId {
  const [token] = house.router.queue('sales').tokens();
  if (!token) throw new Error('nobody waits for sales');
  return token.subjectId;
}

/** Files that the customer has heard since. */
function heard(house: TalkingHouse): () => string[] {
  const from = house.customer.played.length;
  return () =>
    house.customer.played
      .slice(from)
      .flatMap((sources) => sources.flatMap((source) => (source.kind === 'file' ? [source.path] : [])));
}

/** The process dies, with every call, and another one starts. */
async function dies(house: TalkingHouse): Promise<void> {
  const { engine, customer } = house;
  await engine.close();
  house.open();
  customer.end();
  await house.engine.recover();
  await settle();
}

const madeFor = (house: TalkingHouse, queue = 'sales'): Callback[] =>
  [...house.store.callbacks.values()].filter(({ virtualQueue }) => virtualQueue === queue);

describe('a customer whom an agent gave to a queue', () => {
  it('is told the position, and what the queue has to say, as any caller', async () => {
    const house = await transferred({ holdAnnouncements: [OWN_PROMPT], announceIntervalSec: 20 });
    const files = heard(house);
    await house.pass(20_000);
    expect(files()).toEqual(expect.arrayContaining(['en/you-are-number.wav', `en/${OWN_PROMPT}.wav`]));
    expect(files()).toContain('music/hold-1.wav');
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('goes over to the next queue after the time of this one, with the place', async () => {
    const house = await transferred({ overflowAfterSec: 60, overflowQueue: 'support' });
    const { placeAtMs } = house.callback;
    await house.pass(60_000);
    await house.pass(1000);
    expect(house.router.queue('sales').length).toBe(0);
    expect([...house.router.queue('support').tokens()]).toMatchObject([{ kind: 'call', placeAtMs }]);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('may book a callback instead, which has the place; nobody is called twice', async () => {
    const house = await transferred();
    const { placeAtMs, customerNumber, id } = house.callback;
    // Offered at once, for nobody knows how long it takes: now, and on the number that was called.
    house.customer.press('1');
    await house.pass(1000);
    house.customer.press('1');
    await house.pass(5000);
    expect(house.router.queue('sales').length).toBe(1);
    expect(madeFor(house)).toMatchObject([{ placeAtMs, customerNumber, state: 'QUEUED' }]);
    expect(house.customer.termination?.reason).toBe('local-hangup');
    expect(house.store.transferred.size).toBe(0);
    await house.pass(10_000);
    expect(house.now(id).reason).toBe('COMPLETED_BY_AGENT');
  });

  it('leaves the line by hanging up, and is not called back', async () => {
    const house = await transferred();
    house.customer.end();
    await house.pass(1000);
    expect(house.router.queue('sales').length).toBe(0);
    expect(madeFor(house)).toEqual([]);
    expect(house.store.transferred.size).toBe(0);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('keeps the place when an agent does not answer, and goes on hearing the line', async () => {
    const house = await transferred();
    const id = waitOf(house);
    await house.ready('a2');
    expect(house.registry.status('a2')).toMatchObject({ state: 'RINGING', subjectId: id });
    const files = heard(house);
    house.last?.fail(noAnswer);
    await house.pass(1000);
    expect(house.registry.status('a2')).toMatchObject({ state: 'NOT_READY', notReadyReason: 'RONA' });
    expect(house.router.queue('sales').positionOf(id)).toBe(1);
    expect(files()).toContain('en/please-hold.wav');
    await house.ready('a3');
    const agent = await house.answers(house.last);
    expect(house.hears(house.customer, agent)).toBe(true);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('waits with music where there is no flow to be heard', async () => {
    const house = await transferred({}, false);
    expect(house.customer.played.at(-1)).toEqual([{ kind: 'file', path: 'music/hold-1.wav' }]);
    await house.ready('a2');
    house.last?.fail(noAnswer);
    await house.pass(1000);
    await house.ready('a3');
    const agent = await house.answers(house.last);
    expect(house.hears(house.customer, agent)).toBe(true);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('is a caller whom agents may give on to another queue', async () => {
    const house = await transferred();
    await house.ready('a2');
    await house.answers(house.last);
    house.registry.want('a2', 'NOT_READY', 'test');
    await house.does('transfer', { target: { kind: 'queue', queue: 'support' } }, 'a2');
    const [token] = house.router.queue('support').tokens();
    expect(token).toMatchObject({ kind: 'call', placeAtMs: house.callback.placeAtMs });
    expect(house.engine.inboundCalls.callerOf(token?.subjectId as CallId)).toMatchObject({
      virtualQueue: 'support',
      customerNumber: '+15551230000',
      from: expect.stringMatching(/^call_/),
    });
    expect([...house.store.transferred.values()]).toMatchObject([{ promisedBy: house.callback.id }]);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });
});

/** The process is dead once `count` more transactions are over: no other one is ever answered. */
function diesAfter(house: TalkingHouse, count: number): () => void {
  const { store } = house;
  const transact = store.transact.bind(store);
  let begunCount = 0;
  store.transact = (work) => (begunCount++ < count ? transact(work) : new Promise(() => undefined));
  return () => {
    store.transact = transact;
  };
}

describe('a process that dies while an agent gives a customer to a queue', () => {
  const transfer = { type: 'transfer', target: { kind: 'queue', queue: 'sales' } } as const;
  const asked: readonly (readonly [string, (house: TalkingHouse) => void])[] = [
    [
      'by command',
      (house) => void house.desk.command('a1', house.callback.id, transfer, { kind: 'agent', id: 'a1' }),
    ],
    ['by the phone', (house) => void house.agent.controls.refer({ uri: 'sip:5000@test' })],
  ];
  const instants = asked.flatMap(([how, ask]) => [0, 1, 2, 3, 4, 5, 6].map((count) => ({ how, ask, count })));

  it.each(instants)(
    'forgets nobody whose agent it has hung up, $how, after $count transactions',
    async ({ ask, count }) => {
      const house = await TalkingHouse.open();
      await house.pass(20_000);
      const revive = diesAfter(house, count);
      ask(house);
      await settle();
      const isParted = house.agent.termination !== undefined;
      const isTold = house.store.events.some(({ kind }) => kind === 'TRANSFERRED');
      // Neither the agent nor the record let go of the customer before the store has.
      expect(isParted).toBe(count > 0);
      expect(isTold && !isParted).toBe(false);
      revive();
      // What it still waits for never comes.
      void house.engine.close();
      house.open();
      house.customer.end();
      await house.engine.recover();
      await settle();
      expect(madeFor(house)).toHaveLength(isParted ? 1 : 0);
      expect(house.store.transferred.size).toBe(0);
    },
  );

  it('does not keep the customer with the agent for long while the store fails', async () => {
    const house = await TalkingHouse.open();
    await house.pass(20_000);
    const revive = diesAfter(house, 0);
    void house.desk.command('a1', house.callback.id, transfer, { kind: 'agent', id: 'a1' });
    await house.pass(2000);
    await house.pass(1000);
    expect(house.agent.termination).toBeDefined();
    expect(house.router.queue('sales').length).toBe(1);
    revive();
  });

  it('forgets who hangs up while the store is asked', async () => {
    const house = await TalkingHouse.open();
    await house.pass(20_000);
    house.store.failNextCount = 1;
    void house.desk.command('a1', house.callback.id, transfer, { kind: 'agent', id: 'a1' });
    await settle();
    house.customer.end();
    await house.pass(5000);
    expect(house.agent.termination).toBeDefined();
    expect(house.store.transferred.size).toBe(0);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });
});

describe("an agent's phone that calls a queue on its second line", () => {
  it('gives the customer the place in that line, by a transfer with Replaces', async () => {
    const house = await TalkingHouse.open();
    house.flow = (name) => flows.get(name);
    house.agent.controls.hold(true);
    const second = await house.dials('a1', '5000');
    await house.pass(1000);
    expect(house.router.queue('sales').positionOf(second.callId)).toBe(1);
    if (!second.leg) throw new Error('the second line was not answered');
    const transfer = house.agent.controls.refer({ uri: 'sip:5000@test' }, second.leg);
    expect(await transfer.outcome).toBe(200);
    await house.pass(1000);
    const { placeAtMs } = house.callback;
    expect([...house.router.queue('sales').tokens()]).toMatchObject([{ kind: 'call', placeAtMs }]);
    expect(waitOf(house)).not.toBe(second.callId);
    expect(second.leg.termination).toBeDefined();
    expect(house.customer.termination).toBeUndefined();
    expect(house.registry.status('a1').state).toBe('AFTER_CALL_WORK');
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('is refused where the call is not its own, or does not wait any more', async () => {
    const house = await TalkingHouse.open();
    house.flow = (name) => flows.get(name);
    const other = await house.dials('a2', '5000');
    await house.pass(1000);
    if (!other.leg) throw new Error('the call was not answered');
    expect(await house.agent.controls.refer({ uri: 'sip:5000@test' }, other.leg).outcome).toBe(603);
    expect(house.router.queue('sales').length).toBe(1);
    expect(house.customer.termination).toBeUndefined();
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });
});

describe('a customer who was called, and is lost before the next agent has them', () => {
  it('is called back after the process died, once, at the old place', async () => {
    const house = await transferred();
    const { id, placeAtMs, priority, language, customerNumber } = house.callback;
    await dies(house);
    expect(madeFor(house)).toMatchObject([
      {
        placeAtMs,
        priority,
        language,
        customerNumber,
        state: 'QUEUED',
        attemptCount: 0,
        userData: { _transferredFrom: id },
      },
    ]);
    expect(house.store.transferred.size).toBe(0);
    await dies(house);
    expect(madeFor(house)).toHaveLength(1);
    await house.ready('a2');
    expect(house.last?.request.target).toMatchObject({ kind: 'trunk', number: customerNumber });
  });

  it('is called back once even when the start dies between the callback and the end of the wait', async () => {
    const house = await transferred();
    const [row] = house.store.transferred.values();
    if (!row) throw new Error('nobody is remembered');
    await dies(house);
    house.store.transferred.set(row.callId, row);
    await dies(house);
    expect(madeFor(house)).toHaveLength(1);
    expect(house.store.transferred.size).toBe(0);
  });

  it('is called back at once when the SIP server has lost the call', async () => {
    const house = await transferred();
    house.customer.end(serverLost);
    await house.pass(1000);
    expect(madeFor(house)).toMatchObject([{ state: 'QUEUED', placeAtMs: house.callback.placeAtMs }]);
    expect([...house.router.queue('sales').tokens()]).toMatchObject([{ kind: 'callback' }]);
  });

  it('is called back although the store failed for a while', async () => {
    const house = await transferred();
    house.store.failNextCount = 2;
    house.customer.end(serverLost);
    await house.pass(5000);
    await house.pass(5000);
    expect(madeFor(house)).toHaveLength(1);
  });

  it('is called back after a stop, too', async () => {
    const house = await transferred();
    await house.engine.close();
    house.customer.end();
    await settle();
    expect(house.store.transferred.size).toBe(1);
    house.open();
    await house.engine.recover();
    expect(madeFor(house)).toHaveLength(1);
  });

  it('is left alone once an agent has had them', async () => {
    const house = await transferred();
    await house.ready('a2');
    await house.answers(house.last);
    expect(house.store.transferred.size).toBe(0);
    await dies(house);
    expect(madeFor(house)).toEqual([]);
  });

  it('is left alone who has booked a callback on the line', async () => {
    const house = await transferred();
    const [row] = house.store.transferred.values();
    if (!row) throw new Error('nobody is remembered');
    house.customer.press('1');
    await house.pass(1000);
    house.customer.press('1');
    await house.pass(5000);
    house.store.transferred.set(row.callId, row);
    await dies(house);
    expect(madeFor(house)).toHaveLength(1);
  });
});

describe('a customer with whom nobody talks while the phone of a transfer rings', () => {
  /** Agent a1 gives the customer to a2, whose phone rings. */
  const given = async (): Promise<TalkingHouse> => {
    const house = await TalkingHouse.open();
    await house.pass(20_000);
    house.registry.want('a2', 'NOT_READY', 'test');
    await house.does('transfer', { target: { kind: 'agent', agentId: 'a2' } });
    return house;
  };
  /** Made for them besides the callback that they were called for. */
  const others = (house: TalkingHouse): Callback[] =>
    madeFor(house, 'support').filter(({ id }) => id !== house.callback.id);

  it.each([true, false])('is called back after the process died; agent on the line: %s', async (isThere) => {
    const house = await given();
    const { id, placeAtMs } = house.callback;
    if (!isThere) house.agent.end();
    await settle();
    const revive = diesAfter(house, 0);
    void house.engine.close();
    house.customer.end();
    await settle();
    revive();
    house.open();
    await house.engine.recover();
    await settle();
    expect(others(house)).toMatchObject([{ placeAtMs, state: 'QUEUED', userData: { _transferredFrom: id } }]);
    await house.allHangUp();
    expect(house.now(id)).toMatchObject({ reason: 'COMPLETED_BY_AGENT', attemptCount: 1 });
    await dies(house);
    expect(others(house)).toHaveLength(1);
  });

  it('is called back when the SIP server has lost the call', async () => {
    const house = await given();
    house.agent.end();
    await settle();
    house.customer.end(serverLost);
    await house.pass(1000);
    expect(others(house)).toMatchObject([{ state: 'QUEUED' }]);
    expect(house.store.transferred.size).toBe(0);
  });

  it('is left alone who hangs up, or has been answered', async () => {
    for (const isAnswered of [true, false]) {
      const house = await given();
      house.agent.end();
      await settle();
      if (isAnswered) await house.answers(house.last);
      else house.customer.end();
      await house.pass(1000);
      expect(house.store.transferred.size).toBe(0);
      await dies(house);
      expect(others(house)).toEqual([]);
    }
  });

  it('is left alone when the agent has them again', async () => {
    const house = await given();
    expect(house.store.transferred.size).toBe(1);
    house.last?.fail(noAnswer);
    await house.pass(1000);
    expect(house.hears(house.customer, house.agent)).toBe(true);
    expect(house.store.transferred.size).toBe(0);
    await house.allHangUp();
    expect(house.leftovers()).toEqual([]);
  });

  it('is remembered in the line, too, when nobody answers and the agent has gone', async () => {
    const house = await given();
    house.agent.end();
    await settle();
    house.last?.fail(noAnswer);
    await house.pass(1000);
    expect(house.router.queue('support').length).toBe(1);
    expect(house.store.transferred.size).toBe(1);
    await dies(house);
    expect(others(house)).toHaveLength(1);
  });
});

it('who has called us is cut off with the call, as every caller in a line', async () => {
  const house = await TalkingHouse.open();
  const { clock, store } = house;
  const ended = Promise.resolve('lost' as const);
  const calls = new TransferredCalls({
    inbound: (): Pick<InboundCalls, 'takeOver'> => ({ takeOver: () => ended }),
    runner: () => house.runner,
    store,
    directory: { queue: (name) => (name === 'sales' ? house.settings : undefined) },
    clock,
    ids: new IdSource(clock, new SeededRandom(3)),
    log: silentLog,
  });
  const before = {
    id: 'call_1',
    kind: 'call',
    virtualQueue: 'support',
    customerNumber: '+15551230009',
    language: 'en',
    place: { atMs: 0, priority: 0 },
    dialled: '18005550100',
    promisedBy: null,
    agentId: 'a1',
    agentName: 'Agent a1',
  } as const;
  const place = calls.promise('sales', before);
  calls.take(new QuietLeg('call_2', 'inbound', '+15551230009'), 'sales', before, place);
  await settle();
  expect(store.transferred.size).toBe(0);
  expect(madeFor(house)).toEqual([]);
  expect(calls.callCount).toBe(0);
});
