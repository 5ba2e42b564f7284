import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PushDesk } from '../../../src/adapters/push/push-desk.ts';
import { CallInService } from '../../../src/application/call-in-service.ts';
import { createEngine, type Engine } from '../../../src/application/engine.ts';
import { NotificationDesk } from '../../../src/application/notification-desk.ts';
import { NotificationSender } from '../../../src/application/notification-sender.ts';
import { afterUndelivered } from '../../../src/application/undelivered-push.ts';
import { UpcomingWatch } from '../../../src/application/upcoming-watch.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import type { QueueSettings } from '../../../src/callback/queue-settings.ts';
import { callInGroupSchema } from '../../../src/callin/call-in-group.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { silentMetrics } from '../../../src/kernel/metrics.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { pushCredentialsSchema, type PushCredentials } from '../../../src/notify/push-credentials.ts';
import { MemoryRecordings } from '../../../src/simulation/memory-recordings.ts';
import { implementations, type TestedStorage } from '../../contract/storage/implementations.ts';
import { FakeTelephony } from '../../fakes/fake-telephony.ts';
import { PushProvider, type PushedMessage } from '../../fakes/push-provider.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const customer = { kind: 'customer' } as const;
const MINUTE_MS = 60_000;
const agents = [{ id: 'a1', name: 'a1', sipUser: 'a1', skills: { support: 1 } }];
const group = callInGroupSchema.parse({
  name: 'app',
  queue: 'support',
  numbers: ['+12025550101'],
  generateAccessCode: true,
});
const [implementation] = implementations;

/** The rooms as the program wires them: real storage and messages, no telephone, time by hand. */
class PushHouse {
  readonly clock = new SimulatedClock(Date.now());
  readonly telephony = new FakeTelephony();
  readonly tested: TestedStorage;
  readonly engine: Engine;
  readonly callIns: CallInService;
  /** Not started: a test looks itself. */
  readonly watch: UpcomingWatch;
  readonly #sender: NotificationSender;

  constructor(tested: TestedStorage, provider: PushProvider, changes: Partial<QueueSettings>) {
    this.tested = tested;
    const { clock } = this;
    const { storage } = tested;
    const log = silentLog;
    const ids = new IdSource(clock, new SeededRandom(3));
    const settings = aQueue({ requireConfirm: false, cpdEnabled: false, ...changes });
    const directory = {
      queues: () => [settings],
      queue: () => settings,
      agents: () => agents,
      agent: () => agents[0],
      agentsOf: () => ['a1'],
      did: () => undefined,
      businessHours: () => undefined,
      slotCalendar: () => new SlotCalendar(settings, undefined, undefined),
      numberRule: () => undefined,
      isOpen: () => true,
      webhooks: () => [],
      callInGroup: () => group,
      callInGroupOf: () => group,
    };
    const credentials = pushCredentialsSchema.parse(provider.credentials) as PushCredentials;
    // Requests to the provider take real time.
    const desk = new PushDesk({
      pushCredentials: () => [credentials],
      webhooks: () => [],
      clock: new SystemClock(),
    });
    const notifications = new NotificationDesk({ directory, clock, ids, wake: () => this.#sender.wake() });
    this.engine = createEngine({
      telephony: this.telephony,
      store: storage,
      directory,
      notifications,
      flow: () => undefined,
      audioMs: new Map(),
      holdMusic: [],
      dialsMax: 10,
      clock,
      ids,
      recordings: new MemoryRecordings(ids),
      log,
      metrics: silentMetrics,
    });
    this.#sender = new NotificationSender({
      unitOfWork: storage,
      channels: { FCM: (record) => desk.toDevice(record), WEBHOOK: (record) => desk.toWebhook(record) },
      clock,
      random: new SeededRandom(5),
      log,
      onDead: (record) =>
        void afterUndelivered({ unitOfWork: storage, runner: this.engine.runner, log }, record),
    });
    const parts = { ...this.engine, unitOfWork: storage, directory, desk: notifications, clock, log };
    this.watch = new UpcomingWatch(parts);
    this.callIns = new CallInService({ unitOfWork: storage, directory, clock, ids, log, notifications });
  }

  async book(device: string): Promise<Callback> {
    const outcome = await this.engine.runner.create(
      {
        virtualQueue: 'support',
        customerNumber: '+12025550123',
        origin: 'api',
        language: 'en',
        details: { pushTargets: [{ channel: 'FCM', target: device }] },
      },
      customer,
    );
    if (outcome.kind === 'refused') throw new Error(outcome.refusal.kind);
    return outcome.callback;
  }

  now({ id }: Callback): Promise<Callback | undefined> {
    return this.tested.storage.transact((tx) => tx.findCallback(id));
  }

  async close(): Promise<void> {
    await this.#sender.close();
    await this.engine.close();
  }
}

describe('a callback that nobody takes', () => {
  let tested: TestedStorage;
  let provider: PushProvider;
  let house: PushHouse;
  beforeEach(async () => {
    if (!implementation) throw new Error('there is a storage');
    tested = await implementation.create();
    provider = new PushProvider();
    await provider.start();
  });
  afterEach(async () => {
    await house.close();
    await provider.stop();
    await tested.destroy();
  });
  /** Resolves when the callback is as wanted; `stepMs` pass before every look. */
  const becomes = async (callback: Callback, wanted: Partial<Callback>, stepMs = 0): Promise<void> => {
    const look = async (): Promise<void> => {
      house.clock.advance(stepMs);
      expect(await house.now(callback)).toMatchObject(wanted);
    };
    await vi.waitFor(look, { timeout: 10_000, interval: 10 });
  };
  const open = async (changes: Partial<QueueSettings>): Promise<void> => {
    house = new PushHouse(tested, provider, changes);
    await house.engine.recover();
  };
  const told = (device: string, event: string): Promise<PushedMessage> => {
    house.clock.advance(0);
    return provider.pushed(({ token, data }) => token === device && data['event'] === event, event, 15_000);
  };
  const requested = ({ id }: Callback) =>
    house.callIns.request({ groupName: 'app', callbackId: id }, customer);

  it('expires after the question, and then no number is given for it', async () => {
    await open({ callDirection: 'USERORIGINATED', pushExpiryMin: 2 });
    const callback = await house.book('phone-1');
    house.engine.registry.want('a1', 'READY', 'test');
    await becomes(callback, { state: 'ROUTING', subState: 'pushed' });
    const { data } = await told('phone-1', 'CALLBACK_READY');
    expect(Date.parse(data['expiresAt'] ?? '') - house.clock.nowMs()).toBe(2 * MINUTE_MS);
    expect(await requested(callback)).toMatchObject({ ok: true });
    const { data: instructions } = await told('phone-1', 'CALLIN_INSTRUCTIONS');
    expect(instructions).toMatchObject({ toPhoneNumber: '+12025550101' });
    await becomes(callback, { state: 'COMPLETED', reason: 'PUSH_EXPIRED' }, MINUTE_MS / 4);
    expect(await requested(callback)).toEqual({
      ok: false,
      refusal: { kind: 'callback-not-waiting', state: 'COMPLETED' },
    });
    expect(house.telephony.placed).toHaveLength(0);
  });

  it('is told once that its turn is near, when those ahead have gone; not who was first from the start', async () => {
    await open({ pushThresholdMin: 7, duplicateCheck: 'OFF', throttlePerNumberPerDay: 0 });
    const dialled = await house.book('phone-3');
    house.engine.registry.want('a1', 'READY', 'test');
    await becomes(dialled, { state: 'ROUTING', subState: 'dialing' });
    const first = await house.book('phone-4');
    const second = await house.book('phone-5');
    await house.watch.look();
    const { runner } = house.engine;
    await runner.dispatch(first.id, { type: 'CANCELLED', by: 'api' }, customer);
    await house.watch.look();
    const { data } = await told('phone-5', 'CALLBACK_UPCOMING');
    expect(data).toMatchObject({ callbackId: second.id, ewt: '360' });
    await house.watch.look();
    await told('phone-5', 'CALLBACK_UPCOMING');
    const { items: records } = await tested.storage.transact((tx) =>
      tx.notifications.list({ event: 'CALLBACK_UPCOMING', limit: 10 }),
    );
    expect(records.map(({ target, state }) => [target, state])).toEqual([
      ['phone-5', expect.stringMatching(/SENT|PENDING/)],
      ['phone-4', 'SKIPPED'],
    ]);
    expect(provider.messages.filter(({ data: { event } }) => event === 'CALLBACK_UPCOMING')).toHaveLength(1);
  });

  it('is purged by age, its device is told, and no number is given for it', async () => {
    await open({ callDirection: 'USERORIGINATED', purgeTimeMin: 3 });
    const callback = await house.book('phone-2');
    expect(await requested(callback)).toMatchObject({ ok: true });
    await becomes(callback, { state: 'COMPLETED', reason: 'PURGED_TIMEOUT' }, MINUTE_MS / 4);
    const { data } = await told('phone-2', 'CALLBACK_PURGED');
    expect(data).toMatchObject({ callbackId: callback.id, reason: 'PURGED_TIMEOUT' });
    expect(await requested(callback)).toMatchObject({ refusal: { kind: 'callback-not-waiting' } });
  });

  it.each([
    ['is known no more', 'gone', { status: 404, code: 'UNREGISTERED' }, 1],
    ['cannot be reached for as long as is tried', 'off', { status: 503, code: 'UNAVAILABLE' }, 3],
  ])('is called without being asked where the device %s', async (_, device, refusal, tryCount) => {
    await open({ pushConfirm: true, maxNotifyAttempts: 3 });
    let askedCount = 0;
    provider.refusal = () => {
      askedCount++;
      return refusal;
    };
    const callback = await house.book(device);
    house.engine.registry.want('a1', 'READY', 'test');
    await becomes(callback, { state: 'ROUTING', subState: 'dialing' }, 500);
    expect(askedCount).toBe(tryCount);
    expect(house.telephony.placed).toHaveLength(1);
    const { items: letters } = await tested.storage.transact((tx) =>
      tx.notifications.list({ callbackId: callback.id, states: ['DEAD'], limit: 10 }),
    );
    expect(letters).toMatchObject([{ event: 'CALLBACK_READY', fault: refusal.code, tryCount }]);
    const isGone = await tested.storage.transact((tx) => tx.notifications.isGone(device));
    expect(isGone).toBe(refusal.code === 'UNREGISTERED');
  });
});
