import { beforeEach, describe, expect, it } from 'vitest';
import { NotificationDesk } from '../../../src/application/notification-desk.ts';
import { UpcomingWatch } from '../../../src/application/upcoming-watch.ts';
import { OpenCallbacks } from '../../../src/application/open-callbacks.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import type { Notification } from '../../../src/callback/notification.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import type { NotificationTx } from '../../../src/notify/notification-store.ts';
import { webhookSchema, type WebhookSettings } from '../../../src/notify/webhook-settings.ts';
import { MemoryStore } from '../../../src/simulation/memory-store.ts';
import { aCallback } from '../../fakes/callbacks.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

const details = { pushTargets: [{ channel: 'FCM', target: 'phone' }] } as const;

describe('a customer whose turn is near', () => {
  let clock: SimulatedClock;
  let store: MemoryStore;
  let skipped: Notification[];
  let ewtSec: number;
  let webhooks: WebhookSettings[];
  let watch: UpcomingWatch;
  const openCallbacks = (): OpenCallbacks => {
    const open = new OpenCallbacks();
    for (const callback of store.callbacks.values()) open.stored(callback);
    return open;
  };

  beforeEach(() => {
    clock = new SimulatedClock();
    store = new MemoryStore();
    skipped = [];
    ewtSec = 900;
    webhooks = [];
    const directory = { queue: () => aQueue({ pushThresholdMin: 5 }), webhooks: () => webhooks };
    const ids = new IdSource(clock, new SeededRandom(1));
    const notifications = {
      skip: (one: Notification) => {
        skipped.push(one);
        return Promise.resolve(true);
      },
    } as unknown as NotificationTx;
    watch = new UpcomingWatch({
      unitOfWork: {
        transact: (work) => store.transact((tx) => work({ ...tx, notifications })),
      },
      directory,
      openCallbacks: { waiting: () => openCallbacks().waiting() },
      router: { queueOf: () => ({ positionOf: () => 1 }) as never },
      waits: { ewtSec: () => ewtSec },
      desk: new NotificationDesk({ directory, clock, ids, wake: () => undefined }),
      clock,
      log: silentLog,
    });
  });

  const put = (changes: Partial<Callback> = {}): Promise<void> => {
    const nowMs = clock.nowMs();
    const callback = aCallback({ details, createdAtMs: nowMs, queuedAtMs: nowMs, ...changes });
    return store.transact((tx) => tx.insertCallback(callback));
  };

  it('is told once, when the wait falls below the threshold', async () => {
    await put();
    await watch.look();
    expect(store.notifications).toEqual([]);
    ewtSec = 200;
    await watch.look();
    await watch.look();
    expect(store.notifications).toMatchObject([{ event: 'CALLBACK_UPCOMING', data: { ewt: '200' } }]);
  });

  it('is told to other systems that asked for it, without any device', async () => {
    await put({ details: {} });
    await watch.look();
    ewtSec = 200;
    await watch.look();
    expect(store.notifications).toEqual([]);
    const secret = 'a-long-secret-of-the-crm';
    const hook = { name: 'crm', url: 'https://crm.example.com', secret, queues: [], events: [] };
    webhooks.push(webhookSchema.parse(hook) as WebhookSettings);
    ewtSec = 900;
    await watch.look();
    ewtSec = 200;
    await watch.look();
    expect(store.notifications).toMatchObject([
      { event: 'CALLBACK_UPCOMING', channel: 'WEBHOOK', target: 'crm' },
    ]);
  });

  it('is not told when the wait was short from the start', async () => {
    ewtSec = 200;
    await put();
    await watch.look();
    expect(store.notifications).toEqual([]);
    expect(skipped).toMatchObject([{ event: 'CALLBACK_UPCOMING' }]);
  });

  it('is told at once where the callback was booked for later and joins a short line', async () => {
    ewtSec = 200;
    await put({ createdAtMs: clock.nowMs() - 3_600_000 });
    await watch.look();
    expect(store.notifications).toHaveLength(1);
  });

  it('is not told of a turn that will not come', async () => {
    await put({ purgeAtMs: clock.nowMs() + 100_000 });
    await watch.look();
    ewtSec = 200;
    await watch.look();
    expect(store.notifications).toEqual([]);
  });

  it('is told later where the store failed', async () => {
    await put();
    await watch.look();
    ewtSec = 200;
    store.failNextCount = 1;
    await watch.look();
    expect(store.notifications).toEqual([]);
    await watch.look();
    expect(store.notifications).toHaveLength(1);
  });
});
