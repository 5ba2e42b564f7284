import { beforeEach, describe, expect, it } from 'vitest';
import { CallbackChanges } from '../../../src/application/callback-changes.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import { House } from '../../fakes/house.ts';
import { settle } from '../../fakes/fake-telephony.ts';

const customer = { kind: 'customer' } as const;
const MINUTE_MS = 60_000;

/** A callback whose customer has a device that can be asked. */
async function booked(house: House): Promise<Callback> {
  const outcome = await house.runner.create(
    {
      virtualQueue: 'support',
      customerNumber: '+15551230000',
      origin: 'api',
      language: 'en',
      details: { pushTargets: [{ channel: 'FCM', target: 'phone' }] },
    },
    customer,
  );
  await settle();
  if (outcome.kind === 'refused') throw new Error(outcome.refusal.kind);
  return outcome.callback;
}

const now = (house: House, { id }: Callback): Callback | undefined => house.store.callbacks.get(id);

function answers(house: House): CallbackChanges {
  const { runner, slots } = house.engine;
  const directory = { queue: () => house.settings } as never;
  const nowMs = (): number => house.clock.nowMs();
  return new CallbackChanges({ unitOfWork: house.store, runner, slots, directory, nowMs });
}

describe('a customer who is asked before the call', () => {
  let house: House;
  let callback: Callback;
  beforeEach(async () => {
    house = new House({ pushConfirm: true, requireConfirm: false, cpdEnabled: false, maxNotifyAttempts: 2 });
    house.open();
    callback = await booked(house);
    await house.ready('a1');
  });

  it('is not dialled, and holds neither a place in the line nor an agent', () => {
    expect(now(house, callback)).toMatchObject({ subState: 'pushed', pushCount: 1, attemptCount: 0 });
    expect(house.telephony.placed).toHaveLength(0);
    expect(house.router.queueOf(callback.id)).toBeUndefined();
    expect(house.registry.status('a1').state).toBe('READY');
  });

  it('is dialled after saying yes, however often', async () => {
    const desk = answers(house);
    expect(await desk.answerPush(callback.id, 'accept', customer)).toMatchObject({ ok: true });
    await settle();
    expect(house.telephony.placed).toHaveLength(1);
    expect(now(house, callback)).toMatchObject({ subState: 'dialing', pushedAtMs: null });
  });

  it('keeps the place of a yes while no agent is there', async () => {
    house.registry.want('a1', 'NOT_READY', 'test');
    await settle();
    const desk = answers(house);
    await desk.answerPush(callback.id, 'accept', customer);
    await settle();
    expect(await desk.answerPush(callback.id, 'accept', customer)).toMatchObject({ ok: true });
    expect(now(house, callback)).toMatchObject({ state: 'QUEUED', placeAtMs: callback.placeAtMs });
    expect(house.router.queueOf(callback.id)?.positionOf(callback.id)).toBe(1);
  });

  it('is asked again after "later", but only as often as the queue asks', async () => {
    const desk = answers(house);
    expect(await desk.answerPush(callback.id, 'snooze', customer)).toMatchObject({ ok: true });
    expect(now(house, callback)).toMatchObject({ state: 'SCHEDULED', pushedAtMs: null });
    await house.pass(house.settings.snoozeSec * 1000);
    expect(now(house, callback)).toMatchObject({ subState: 'pushed', pushCount: 2 });
    expect(await desk.answerPush(callback.id, 'snooze', customer)).toMatchObject({
      ok: false,
      refusal: { kind: 'not-allowed', state: 'ROUTING' },
    });
  });

  it('loses the callback when there is no answer in time', async () => {
    await house.pass(house.settings.pushExpiryMin * MINUTE_MS);
    expect(now(house, callback)).toMatchObject({ state: 'COMPLETED', reason: 'PUSH_EXPIRED' });
    expect(await answers(house).answerPush(callback.id, 'accept', customer)).toMatchObject({
      ok: false,
      refusal: { kind: 'not-allowed', state: 'COMPLETED' },
    });
  });
});

describe('a customer who dials in', () => {
  it('is told when, and accepts by asking for a number only', async () => {
    const house = new House({ callDirection: 'USERORIGINATED' });
    house.open();
    const callback = await booked(house);
    await house.ready('a1');
    expect(now(house, callback)).toMatchObject({ subState: 'pushed' });
    expect(await answers(house).answerPush(callback.id, 'accept', customer)).toEqual({
      ok: false,
      refusal: { kind: 'call-in-needed' },
    });
    const step = await house.runner.dispatch(callback.id, { type: 'SERVED_INBOUND' }, customer);
    expect(step?.callback).toMatchObject({ state: 'COMPLETED', reason: 'SERVED_INBOUND' });
  });

  it('is called all the same where there is no device to tell', async () => {
    const house = new House({ callDirection: 'USERORIGINATED' });
    house.open();
    await house.book();
    await house.ready('a1');
    expect(house.telephony.placed).toHaveLength(1);
  });
});
