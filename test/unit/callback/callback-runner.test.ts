import { describe, expect, it } from 'vitest';
import { DAY_MS, MINUTE_MS, RunnerFixture, supervisor } from './runner-fixture.ts';

const agent = { kind: 'agent', id: 'a1' } as const;

describe('the age of a callback', () => {
  it('ends it after the purge time while it waits in the line', async () => {
    const own = new RunnerFixture({ purgeTimeMin: 30 });
    const { id } = await own.book();
    await own.pass(29 * MINUTE_MS);
    expect(own.now(id).state).toBe('QUEUED');
    await own.pass(MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'PURGED_TIMEOUT' });
    expect(own.effects).toEqual(['takePlace', 'leaveLine']);
  });

  it('ends it at the end of the business day when that comes first', async () => {
    const own = new RunnerFixture({ purgeTimeMin: 30 });
    own.endOfDayMs = own.clock.nowMs() + 10 * MINUTE_MS;
    const { id } = await own.book();
    await own.pass(10 * MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'PURGED_END_OF_DAY' });
  });

  it('ends it between two attempts, too, and counts from the first time in the line', async () => {
    const own = new RunnerFixture({ purgeTimeMin: 5, retryIntervalSec: 600 });
    const { id } = await own.book();
    await own.pass(4 * MINUTE_MS);
    const grant = {
      type: 'DIAL_GRANTED',
      agentId: 'a1',
      held: false,
      strategy: 'customer-first',
      why: {},
    } as const;
    await own.runner.dispatch(id, grant, supervisor);
    await own.runner.dispatch(id, { type: 'ATTEMPT_FAILED', result: 'BUSY', final: false }, supervisor);
    expect(own.now(id).subState).toBe('retry-wait');
    await own.pass(MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'PURGED_TIMEOUT' });
  });

  it('does not end it while somebody is called or talks', async () => {
    const own = new RunnerFixture({ purgeTimeMin: 1 });
    const { id } = await own.book();
    await own.connect(id);
    await own.pass(5 * MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'PROCESSING', subState: 'connected' });
  });

  it('is that of the new desired time after a reschedule', async () => {
    const own = new RunnerFixture({ purgeTimeMin: 30 });
    const { id } = await own.book();
    const desiredAtMs = own.clock.nowMs() + DAY_MS;
    await own.runner.reschedule(id, desiredAtMs, supervisor);
    expect(own.now(id)).toMatchObject({ queuedAtMs: null, purgeAtMs: null });
    await own.pass(DAY_MS, 30 * MINUTE_MS);
    const { state, queuedAtMs, purgeAtMs } = own.now(id);
    expect(state).toBe('QUEUED');
    expect(purgeAtMs).toBe(queuedAtMs! + 30 * MINUTE_MS);
  });
});

describe('a desired time that is over', () => {
  const LONG_AGO_MS = Date.parse('2020-01-01T00:00:00Z');

  it('is now, at the creation and at a reschedule: records are kept for days after it', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book({ desiredAtMs: LONG_AGO_MS });
    const bookedAtMs = own.clock.nowMs();
    expect(own.now(id)).toMatchObject({ state: 'QUEUED', desiredAtMs: bookedAtMs, placeAtMs: bookedAtMs });
    await own.runner.reschedule(id, bookedAtMs + DAY_MS, supervisor);
    await own.pass(MINUTE_MS);
    await own.runner.reschedule(id, LONG_AGO_MS, supervisor);
    expect(own.now(id)).toMatchObject({ state: 'QUEUED', desiredAtMs: bookedAtMs + MINUTE_MS });
  });

  it('leaves who is in the line already at the old place', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book();
    const { placeAtMs, desiredAtMs } = own.now(id);
    await own.pass(MINUTE_MS);
    const outcome = await own.runner.reschedule(id, LONG_AGO_MS, supervisor);
    expect(outcome.kind).toBe('existing');
    expect(own.now(id)).toMatchObject({ state: 'QUEUED', placeAtMs, desiredAtMs });
  });
});

describe('a pass through the line', () => {
  it('ends after its limit like a failed attempt, and the last one ends the callback', async () => {
    const own = new RunnerFixture({ queueTtlSec: 60, retryIntervalSec: 60, maxAttempts: 2 });
    const { id } = await own.book();
    await own.pass(MINUTE_MS);
    expect(own.now(id)).toMatchObject({ subState: 'retry-wait', expiredPassCount: 1, attemptCount: 0 });
    await own.pass(MINUTE_MS);
    expect(own.now(id).state).toBe('QUEUED');
    await own.pass(MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'NO_AGENT', expiredPassCount: 2 });
  });
});

describe('a scheduled callback', () => {
  it('joins the line ahead of its time, at the place of that time', async () => {
    const own = new RunnerFixture({ readyForAsapLeadSec: 120 });
    const desiredAtMs = own.clock.nowMs() + 10 * MINUTE_MS;
    const { id } = await own.book({ desiredAtMs });
    await own.pass(7 * MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'SCHEDULED', subState: 'due-later' });
    await own.pass(MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'QUEUED', placeAtMs: desiredAtMs });
  });

  it('is in the line at once when its time is closer than that', async () => {
    const own = new RunnerFixture({ readyForAsapLeadSec: 120 });
    const desiredAtMs = own.clock.nowMs() + MINUTE_MS;
    expect(await own.book({ desiredAtMs })).toMatchObject({ state: 'QUEUED', placeAtMs: desiredAtMs });
  });
});

describe('a callback whose queue was removed', () => {
  it('waits with ever longer pauses for the queue, for an hour, then ends with ERROR', async () => {
    const own = new RunnerFixture({ queueTtlSec: 60 });
    const { id } = await own.book();
    own.settings = undefined;
    await own.pass(60 * MINUTE_MS);
    expect(own.now(id).state).toBe('QUEUED');
    await own.pass(2 * MINUTE_MS);
    expect(own.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'ERROR' });
    const looks = own.kinds(id).filter((kind) => kind === 'QUEUE_MISSING').length;
    expect(looks).toBeLessThanOrEqual(9);
  });

  it('goes on when the queue comes back, and no pass is held against it', async () => {
    const own = new RunnerFixture({ queueTtlSec: 60 });
    const { id } = await own.book();
    const { settings } = own;
    own.settings = undefined;
    await own.pass(5 * MINUTE_MS);
    own.settings = settings;
    await own.pass(4 * MINUTE_MS);
    const back = { state: 'QUEUED', queueMissingSinceMs: null, expiredPassCount: 0 };
    expect(own.now(id)).toMatchObject(back);
  });

  it('does not keep the others from their time', async () => {
    const own = new RunnerFixture();
    const { settings } = own;
    const startMs = own.clock.nowMs();
    for (let i = 0; i < 250; i++) await own.book({ desiredAtMs: startMs + 3 * MINUTE_MS });
    const other = await own.book({ desiredAtMs: startMs + 4 * MINUTE_MS });
    own.settings = undefined;
    await own.pass(1.5 * MINUTE_MS);
    own.settings = settings;
    await own.pass(MINUTE_MS);
    expect(own.now(other.id).state).toBe('QUEUED');
  });

  it('of a call in progress is served to its end with the last settings', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book();
    await own.connect(id);
    own.settings = undefined;
    await own.runner.dispatch(id, { type: 'CUSTOMER_HUNG_UP' }, supervisor);
    await own.runner.dispatch(id, { type: 'WRAP_UP_DONE' }, agent);
    expect(own.now(id).reason).toBe('COMPLETED_BY_AGENT');
  });
});

describe('rescheduling', () => {
  it('moves a callback that waits, with its place, and says so when it is asked again', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book();
    const desiredAtMs = own.clock.nowMs() + DAY_MS;
    const outcome = await own.runner.reschedule(id, desiredAtMs, supervisor);
    expect(outcome).toMatchObject({ kind: 'booked', callback: { id, state: 'SCHEDULED', desiredAtMs } });
    expect(own.now(id).placeAtMs).toBe(desiredAtMs);
    expect(own.effects).toEqual(['takePlace', 'leaveLine']);
    const { version } = own.now(id);
    expect(await own.runner.reschedule(id, desiredAtMs, supervisor)).toMatchObject({ kind: 'existing' });
    expect(own.now(id).version).toBe(version);
    expect(own.store.events.at(-1)).toMatchObject({ kind: 'RESCHEDULED', actor: supervisor });
  });

  it('is refused while somebody is called, and by whoever does not have the call; nothing changes', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book();
    await own.connect(id);
    const before = own.now(id);
    for (const actor of [supervisor, { kind: 'agent', id: 'a2' } as const]) {
      const outcome = await own.runner.reschedule(id, own.clock.nowMs() + DAY_MS, actor);
      expect(outcome).toEqual({ kind: 'not-allowed', callback: before });
    }
    expect(own.now(id)).toBe(before);
    expect(own.kinds(id).slice(-2)).toEqual(['REFUSED', 'REFUSED']);
  });

  it('by the agent who has the call makes a linked callback, and the old one ends with that reason', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book({ priority: 7 });
    await own.connect(id);
    const desiredAtMs = own.clock.nowMs() + DAY_MS;
    const outcome = await own.runner.reschedule(id, desiredAtMs, agent);
    if (outcome.kind !== 'booked') throw new Error(outcome.kind);
    const made = outcome.callback;
    expect(made).toMatchObject({ rescheduledFrom: id, desiredAtMs, priority: 7, attemptCount: 0 });
    expect(own.now(id)).toMatchObject({ state: 'PROCESSING', rescheduledTo: made.id });
    expect(await own.runner.reschedule(id, desiredAtMs, agent)).toMatchObject({
      kind: 'existing',
      callback: { id: made.id },
    });
    await own.runner.dispatch(id, { type: 'CUSTOMER_HUNG_UP' }, supervisor);
    await own.runner.dispatch(id, { type: 'WRAP_UP_DONE' }, agent);
    expect(own.now(id)).toMatchObject({ state: 'COMPLETED', reason: 'RESCHEDULED_BY_AGENT' });
    expect(own.now(made.id).state).toBe('SCHEDULED');
  });

  it('is checked in its transaction: a refusal leaves the callback as it is', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book();
    const refusal = { kind: 'duplicate', openCount: 2, max: 2 } as const;
    own.checks = [async (_, { cause }) => (cause === 'reschedule' ? refusal : undefined)];
    const before = own.now(id);
    const outcome = await own.runner.reschedule(id, own.clock.nowMs() + DAY_MS, supervisor);
    expect(outcome).toEqual({ kind: 'refused', refusal });
    expect(own.now(id)).toBe(before);
  });

  it('knows no callback that is not stored', async () => {
    const own = new RunnerFixture();
    expect(await own.runner.reschedule('callback_0', 1, supervisor)).toEqual({ kind: 'not-found' });
    expect(await own.runner.recreate('callback_0', 1, supervisor)).toEqual({ kind: 'not-found' });
  });
});

describe('recreating', () => {
  it('makes one new callback from a completed one, linked both ways', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book();
    expect(await own.runner.recreate(id, undefined, supervisor)).toMatchObject({ kind: 'not-allowed' });
    await own.runner.dispatch(id, { type: 'CANCELLED', by: 'api' }, supervisor);
    const outcome = await own.runner.recreate(id, undefined, supervisor);
    if (outcome.kind !== 'booked') throw new Error(outcome.kind);
    expect(outcome.callback).toMatchObject({
      recreatedFrom: id,
      state: 'QUEUED',
      customerNumber: '+12025550100',
    });
    expect(own.now(id)).toMatchObject({ state: 'COMPLETED', recreatedTo: outcome.callback.id });
    expect(own.kinds(id)).toEqual(['CREATED', 'CANCELLED', 'RECREATED']);
    expect(own.stored.filter((line) => line === 'changed COMPLETED')).toHaveLength(1);
    const again = await own.runner.recreate(id, undefined, supervisor);
    expect(again).toMatchObject({ kind: 'existing', callback: { id: outcome.callback.id } });
  });
});

describe('a restart', () => {
  it('leaves a push as it is and decides what was on the telephone', async () => {
    const own = new RunnerFixture();
    const [asked, called] = [await own.book(), await own.book()];
    await own.runner.dispatch(asked.id, { type: 'PUSHED' }, supervisor);
    const grant = {
      type: 'DIAL_GRANTED',
      agentId: 'a1',
      held: false,
      strategy: 'customer-first',
      why: {},
    } as const;
    await own.runner.dispatch(called.id, grant, supervisor);
    expect(await own.runner.recover()).toEqual({ openCount: 2, lostCount: 1 });
    expect(own.now(asked.id)).toMatchObject({ state: 'ROUTING', subState: 'pushed' });
    expect(own.now(called.id)).toMatchObject({ state: 'SCHEDULED', subState: 'retry-wait', attemptCount: 1 });
  });
});

describe('retention', () => {
  it('deletes ended callbacks 14 days after the desired time and keeps open ones and all events', async () => {
    const own = new RunnerFixture({ queueTtlSec: 86_400, maxAttempts: 10 });
    const ended = await own.book();
    const open = await own.book({ desiredAtMs: own.clock.nowMs() + 20 * DAY_MS });
    await own.runner.dispatch(ended.id, { type: 'CANCELLED', by: 'api' }, supervisor);
    own.retention.start();
    await own.pass(13.9 * DAY_MS, DAY_MS / 24);
    expect(own.store.callbacks.has(ended.id)).toBe(true);
    await own.pass(0.2 * DAY_MS, DAY_MS / 24);
    expect(own.store.callbacks.has(ended.id)).toBe(false);
    expect(own.store.callbacks.has(open.id)).toBe(true);
    expect(own.kinds(ended.id)).toEqual(['CREATED', 'CANCELLED']);
    own.retention.close();
  });

  it('deletes events after 400 days', async () => {
    const own = new RunnerFixture();
    const { id } = await own.book();
    await own.runner.dispatch(id, { type: 'CANCELLED', by: 'api' }, supervisor);
    own.retention.start();
    await own.pass(401 * DAY_MS, DAY_MS);
    expect(own.kinds(id)).toEqual([]);
    own.retention.close();
  });
});
