import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberGate } from '../../../src/adapters/http/number-gate.ts';
import { CallInMatcher, type CallInQuestion } from '../../../src/application/call-in-matcher.ts';
import { CallInService } from '../../../src/application/call-in-service.ts';
import type { CallInGrant, CallInRequest } from '../../../src/application/call-in-desk.ts';
import type { CallbackHappening } from '../../../src/callback/callback-runner.ts';
import { type CallInGroup, callInGroupSchema } from '../../../src/callin/call-in-group.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import type { CallbackId, CallId } from '../../../src/kernel/ids.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { aCallback, implementations, type TestedStorage } from '../../contract/storage/implementations.ts';
import { aQueue } from '../../fakes/queue-settings.ts';
import { silentLog } from '../../../src/kernel/log.ts';

const actor = { kind: 'api-key', id: 'key_1' } as const;
const [implementation] = implementations;
let tested: TestedStorage;
let house: House;

interface House {
  readonly clock: SimulatedClock;
  readonly service: CallInService;
  readonly matcher: CallInMatcher;
  readonly served: CallbackId[];
  /** What the callback machine does with SERVED_INBOUND. */
  takes: boolean;
  readonly request: (wish?: Partial<CallInRequest>) => Promise<CallInGrant>;
  readonly match: (question: Partial<CallInQuestion>) => ReturnType<CallInMatcher['match']>;
}

function newHouse(
  fields: Partial<Record<keyof CallInGroup, unknown>>,
  startMs = Date.UTC(2026, 2, 2, 12),
): House {
  const clock = new SimulatedClock(startMs);
  const group = callInGroupSchema.parse({
    name: 'app',
    numbers: ['+493099990001', '+493099990002'],
    queue: 'support',
    ...fields,
  });
  const served: CallbackId[] = [];
  const options = {
    unitOfWork: tested.storage,
    directory: {
      callInGroup: (name: string) => (name === group.name ? group : undefined),
      callInGroupOf: (dialled: string) =>
        group.numbers.some(({ number }) => number.endsWith(dialled.replace('+', ''))) ? group : undefined,
      queue: () => aQueue({ name: 'support', defaultCountry: 'DE' }),
    },
    clock,
    ids: new IdSource(clock, new SeededRandom(1)),
    log: silentLog,
    numberGate: numberGate(clock, () => ({ number: { perHourMax: 2 } }), {
      callbacksPerNumberPerHourMax: 20,
    }),
  };
  const dispatch = async (id: CallbackId, happening: CallbackHappening) => {
    expect(happening.type).toBe('SERVED_INBOUND');
    served.push(id);
    const callback = await tested.storage.transact((tx) => tx.findCallback(id));
    return { kind: made.takes ? 'taken' : 'refused', callback: callback as Callback, effects: [] } as never;
  };
  const service = new CallInService(options);
  const matcher = new CallInMatcher({ ...options, runner: { dispatch } });
  let callCount = 0;
  const made: House = {
    clock,
    service,
    matcher,
    served,
    takes: true,
    request: async (wish = {}) => {
      const outcome = await service.request({ groupName: 'app', ...wish }, actor);
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal));
      return outcome.grant;
    },
    match: (question) => {
      const callId: CallId = `call_${++callCount}`;
      return matcher.match({ callId, dialled: '493099990001', by: ['code'], need: [], ...question });
    },
  };
  return made;
}

beforeEach(async () => {
  if (!implementation) throw new Error('there is a storage');
  tested = await implementation.create();
});
afterEach(() => tested.destroy());

describe('a request to call in', () => {
  it('gets a number, a code where the group makes them, and the time until which both are good', async () => {
    house = newHouse({ generateAccessCode: true, accessCodeLength: 8, expirySec: 45 });
    const grant = await house.request({ fromNumber: '030 12345678', userData: { plan: 'gold' } });
    expect(grant).toMatchObject({ toNumber: '+493099990001', fromNumber: '+493012345678', callbackId: null });
    expect(grant.accessCode).toMatch(/^[1-9][0-9]{7}$/);
    expect(grant.expiresAtMs - house.clock.nowMs()).toBe(45_000);
    expect(await house.service.find(grant.id)).toMatchObject({
      state: 'WAITING',
      userData: { plan: 'gold' },
    });
  });

  it.each([
    [{ groupName: 'nobody' }, { kind: 'unknown-group', groupName: 'nobody' }],
    [{ fromNumber: 'abc' }, { kind: 'invalid-number', reason: 'is not a telephone number' }],
    [{ callbackId: 'callback_9' }, { kind: 'unknown-callback' }],
  ] as const)('is refused: %j', async (wish, refusal) => {
    house = newHouse({});
    const outcome = await house.service.request({ groupName: 'app', ...wish }, actor);
    expect(outcome).toEqual({ ok: false, refusal });
    expect(await house.service.list({ limit: 10 })).toEqual([]);
  });

  it('for a callback is taken while it waits, and refused once it is dialled or over', async () => {
    house = newHouse({});
    const ask = async (fields: Partial<Callback>) => {
      const callback = aCallback(fields);
      await tested.storage.transact((tx) => tx.insertCallback(callback));
      return house.service.request({ groupName: 'app', callbackId: callback.id }, actor);
    };
    expect(await ask({ id: 'callback_1', state: 'QUEUED', subState: null })).toMatchObject({ ok: true });
    expect(await ask({ id: 'callback_2', state: 'ROUTING', subState: 'pushed' })).toMatchObject({ ok: true });
    for (const [id, state, subState] of [
      ['callback_3', 'ROUTING', 'dialing'],
      ['callback_4', 'COMPLETED', null],
    ] as const) {
      const refusal = { kind: 'callback-not-waiting', state };
      expect(await ask({ id, state, subState })).toEqual({ ok: false, refusal });
    }
  });

  it('finds no number while all of them are in use, and says when one is free', async () => {
    house = newHouse({ uniqueNumber: true, expirySec: 30 });
    await house.request();
    house.clock.advance(10_000);
    await house.request();
    const outcome = await house.service.request({ groupName: 'app' }, actor);
    expect(outcome).toEqual({ ok: false, refusal: { kind: 'pool-exhausted', retryAfterSec: 20 } });
    house.clock.advance(20_000);
    expect((await house.request()).toNumber).toBe('+493099990001');
  });

  it('is refused to a number that asks too often, whether it calls or its callback waits', async () => {
    house = newHouse({});
    const throttled = { kind: 'throttled', max: 2, windowMs: 3_600_000, retryAfterSec: 1800 };
    const ask = (wish: Partial<CallInRequest>) => house.service.request({ groupName: 'app', ...wish }, actor);
    const fromNumber = '030 12345678';
    await house.request({ fromNumber });
    await house.request({ fromNumber: '+49 30 12345678' });
    expect(await ask({ fromNumber })).toEqual({ ok: false, refusal: throttled });
    // Another number to call from does not help: the callback is the same customer's.
    const callback = aCallback({ id: 'callback_1', state: 'QUEUED', subState: null });
    await tested.storage.transact((tx) => tx.insertCallback(callback));
    const numbers = ['+493012345601', '+493012345602', '+493012345603'];
    for (const number of numbers.slice(0, 2)) {
      await house.request({ callbackId: 'callback_1', fromNumber: number });
    }
    const third = await ask({ callbackId: 'callback_1', fromNumber: '+493012345603' });
    expect(third).toEqual({ ok: false, refusal: throttled });
    expect(await house.service.list({ limit: 10 })).toHaveLength(4);
    // What is refused for another reason does not count.
    for (let count = 0; count < 5; count++)
      await ask({ fromNumber: '+493012345604', callbackId: 'callback_9' });
    await house.request({ fromNumber: '+493012345604' });
    house.clock.advance(1_800_000);
    await house.request({ fromNumber });
  });

  it('is found by its code among any number that wait at one telephone number', async () => {
    house = newHouse({ generateAccessCode: true, expirySec: 1800, numbers: ['+493099990001'] });
    const { id, accessCode } = await house.request();
    for (let count = 0; count < 150; count++) await house.request();
    const dialled = '493099990001';
    const known = await house.service.candidates({ dialled, code: accessCode ?? '' });
    expect(known.some((callIn) => callIn.id === id)).toBe(true);
    house.clock.advance(1_800_000);
    expect(await house.service.candidates({ dialled, code: accessCode ?? '' })).toEqual([]);
  });

  it('gets no code once one in a hundred is in use: more could be guessed', async () => {
    house = newHouse({ generateAccessCode: true, accessCodeLength: 4, expirySec: 1800 });
    const codes = new Set<string | null>();
    for (let count = 0; count < 90; count++) codes.add((await house.request()).accessCode);
    expect(codes.size).toBe(90);
    expect(await house.service.request({ groupName: 'app' }, actor)).toMatchObject({
      refusal: { kind: 'pool-exhausted' },
    });
  });
});

describe('a call finds its request', () => {
  it('by the code, once: the second call with it finds nothing', async () => {
    house = newHouse({ generateAccessCode: true });
    const { accessCode, id } = await house.request();
    const code = accessCode ?? '';
    expect(await house.match({ code })).toMatchObject({
      kind: 'matched',
      matchedBy: ['code'],
      callIn: { id },
    });
    expect(await house.match({ code })).toEqual({ kind: 'none' });
    await house.matcher.ended('call_1');
    expect(await house.service.find(id)).toMatchObject({ state: 'COMPLETED', callId: 'call_1' });
  });

  it('not when less holds than must, and then the request waits on', async () => {
    house = newHouse({});
    const { id } = await house.request({ fromNumber: '+493012345678' });
    const by = ['ani', 'dialled'] as const;
    expect(await house.match({ by, need: by, ani: '+493055555555' })).toEqual({ kind: 'none' });
    expect(await house.service.find(id)).toMatchObject({ state: 'WAITING' });
    expect(await house.match({ by, need: by, ani: '+493012345678' })).toMatchObject({ kind: 'matched' });
  });

  it('too late, and is told that it is too late', async () => {
    house = newHouse({ generateAccessCode: true, expirySec: 30 });
    const { accessCode } = await house.request();
    house.clock.advance(30_000);
    expect(await house.match({ code: accessCode ?? '' })).toEqual({ kind: 'expired' });
  });

  it("and ends the callback that it was for: the place is the call's", async () => {
    house = newHouse({ generateAccessCode: true });
    const callback = aCallback({ id: 'callback_1', state: 'QUEUED', subState: null });
    await tested.storage.transact((tx) => tx.insertCallback(callback));
    const { accessCode } = await house.request({ callbackId: callback.id });
    const answer = await house.match({ code: accessCode ?? '' });
    expect(answer).toMatchObject({
      kind: 'matched',
      callback: { id: callback.id, placeAtMs: callback.placeAtMs },
    });
    expect(house.served).toEqual([callback.id]);
  });

  it('but not when that callback has ended meanwhile', async () => {
    house = newHouse({ generateAccessCode: true });
    const callback = aCallback({ id: 'callback_1', state: 'QUEUED', subState: null });
    await tested.storage.transact((tx) => tx.insertCallback(callback));
    const { accessCode, id } = await house.request({ callbackId: callback.id });
    house.takes = false;
    expect(await house.match({ code: accessCode ?? '' })).toEqual({ kind: 'over' });
    expect(await house.service.find(id)).toMatchObject({ state: 'FAILED' });
  });

  it('not by guessing: after nine wrong codes from a number even the right one is not looked at', async () => {
    house = newHouse({ generateAccessCode: true, expirySec: 1800 });
    const { accessCode } = await house.request();
    const code = accessCode ?? '';
    const ani = '+493012345678';
    for (let tryCount = 0; tryCount < 9; tryCount++) {
      expect(await house.match({ code: '000000', ani })).toEqual({ kind: 'none' });
    }
    expect(await house.match({ code, ani })).toEqual({ kind: 'locked' });
    expect(await house.match({ code, ani: '+493087654321' })).toMatchObject({ kind: 'matched' });
  });

  it('not by guessing with an old code of one’s own in between: it buys no new tries', async () => {
    house = newHouse({ generateAccessCode: true, expirySec: 10 });
    const { accessCode: old } = await house.request();
    house.clock.advance(11_000);
    const ani = '+493012345678';
    for (let tryCount = 0; tryCount < 8; tryCount++) await house.match({ code: '000000', ani });
    expect(await house.match({ code: old ?? '', ani })).toEqual({ kind: 'expired' });
    expect(await house.match({ code: '000000', ani })).toEqual({ kind: 'none' });
    expect(await house.match({ code: old ?? '', ani })).toEqual({ kind: 'locked' });
  });

  it('after a restart is over: whose caller was on the line has been served or lost', async () => {
    house = newHouse({ generateAccessCode: true });
    const { accessCode, id } = await house.request();
    await house.match({ code: accessCode ?? '' });
    await newHouse({}).matcher.recover();
    expect(await house.service.find(id)).toMatchObject({ state: 'COMPLETED' });
  });
});
