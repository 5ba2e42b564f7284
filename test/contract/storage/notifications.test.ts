import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotificationList } from '../../../src/application/notification-list.ts';
import { NotificationSender } from '../../../src/application/notification-sender.ts';
import type { Notification } from '../../../src/callback/notification.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import type { Delivery } from '../../../src/notify/delivery.ts';
import type { NotificationRecord } from '../../../src/notify/notification-store.ts';
import { deferred } from '../../fakes/deferred.ts';
import { implementations, testIds, type TestedStorage } from './implementations.ts';

const taken: Delivery = { kind: 'taken', receipt: 'messages/1' };
const later: Delivery = { kind: 'later', fault: 'UNAVAILABLE', afterMs: null };
const gone: Delivery = { kind: 'refused', fault: 'UNREGISTERED', gone: true };

describe.each(implementations)('messages in $name', ({ create }) => {
  let tested: TestedStorage;
  let clock: SimulatedClock;
  let sent: NotificationRecord[];
  let dead: NotificationRecord[];
  let answers: Delivery[];
  /** Instead of an answer. */
  let onItsWay: Promise<Delivery> | undefined;
  let sender: NotificationSender;

  beforeEach(async () => {
    tested = await create();
    clock = new SimulatedClock();
    [sent, dead, answers] = [[], [], []];
    onItsWay = undefined;
    sender = newSender();
  });
  afterEach(async () => {
    await sender.close();
    await tested.destroy();
  });

  const newSender = (): NotificationSender => {
    const channel = (record: NotificationRecord): Promise<Delivery> => {
      sent.push(record);
      return onItsWay ?? Promise.resolve(answers.shift() ?? taken);
    };
    return new NotificationSender({
      unitOfWork: tested.storage,
      channels: { FCM: channel, WEBHOOK: channel },
      clock,
      random: new SeededRandom(1),
      log: silentLog,
      onDead: (record) => dead.push(record),
    });
  };
  const aMessage = (fields: Partial<Notification> = {}): Notification => ({
    id: testIds.next('notification'),
    callbackId: 'callback_1',
    virtualQueue: 'support',
    event: 'CALLBACK_READY',
    channel: 'FCM',
    target: 'phone',
    language: 'en',
    data: { event: 'CALLBACK_READY' },
    createdAtMs: clock.nowMs(),
    expiresAtMs: null,
    triesMax: 3,
    onceKey: null,
    ...fields,
  });
  const written = async (...messages: Notification[]): Promise<void> => {
    await tested.storage.transact((tx) => tx.putNotifications(messages));
    sender.wake();
  };
  /** Timers fire as they are reached, and what they begin is waited for. */
  const pass = (byMs: number): Promise<void> =>
    clock.run(byMs, async () => {
      await tested.storage.transact((tx) => tx.ping());
      await tested.storage.transact((tx) => tx.ping());
    });
  const stored = (id: string): Promise<NotificationRecord | undefined> =>
    tested.storage.transact((tx) => tx.notifications.find(id));
  const becomes = async (id: string, fields: Partial<NotificationRecord>): Promise<void> => {
    await expect
      .poll(async () => {
        await pass(1000);
        return stored(id);
      })
      .toMatchObject(fields);
  };

  it('writes a message with the change or not at all', async () => {
    const message = aMessage();
    const work = tested.storage.transact(async (tx) => {
      await tx.putNotifications([message]);
      throw new Error('the change failed');
    });
    await expect(work).rejects.toThrow('the change failed');
    expect(await stored(message.id)).toBeUndefined();
  });

  it('sends what was written and keeps the receipt', async () => {
    const message = aMessage();
    await written(message);
    await becomes(message.id, { state: 'SENT', receipt: 'messages/1', tryCount: 1 });
    expect(sent).toMatchObject([{ target: 'phone', data: { event: 'CALLBACK_READY' } }]);
  });

  it('tries again later, and after a restart as well', async () => {
    answers = [later];
    const message = aMessage();
    await written(message);
    await expect
      .poll(async () => {
        await pass(1);
        return stored(message.id);
      })
      .toMatchObject({ state: 'PENDING', tryCount: 1, fault: 'UNAVAILABLE' });
    await sender.close();
    await tested.reopen();
    sender = newSender();
    sender.wake();
    await becomes(message.id, { state: 'SENT', tryCount: 2 });
  });

  it('sends again, as the same message, what its receiver had when the process died before that was stored', async () => {
    onItsWay = deferred<Delivery>().promise;
    const message = aMessage();
    await written(message);
    await expect
      .poll(async () => {
        await pass(1);
        return sent.length;
      })
      .toBe(1);
    // Nobody closes a sender whose process is killed.
    await tested.reopen();
    onItsWay = undefined;
    sender = newSender();
    sender.wake();
    await becomes(message.id, { state: 'SENT', tryCount: 1 });
    expect(sent.map(({ id }) => id)).toEqual([message.id, message.id]);
  });

  it('gives up after its tries; the dead letter is listed and may be sent once more', async () => {
    answers = [later, later, later];
    const message = aMessage();
    await written(message);
    await becomes(message.id, { state: 'DEAD', tryCount: 3, fault: 'UNAVAILABLE' });
    expect(dead.map(({ id }) => id)).toEqual([message.id]);
    const list = new NotificationList({ unitOfWork: tested.storage, clock, wake: () => sender.wake() });
    expect(await list.list({ states: ['DEAD'], limit: 10 })).toHaveLength(1);
    expect(await list.list({ states: ['DEAD'], virtualQueues: [], limit: 10 })).toEqual([]);
    await list.retry(message.id);
    await becomes(message.id, { state: 'SENT', tryCount: 1 });
    expect(await list.retry(message.id)).toBeUndefined();
  });

  it('sends nothing more to a device that is gone, and nothing whose time is over', async () => {
    answers = [gone];
    const first = aMessage();
    await written(first);
    await becomes(first.id, { state: 'DEAD', fault: 'UNREGISTERED', tryCount: 1 });
    const second = aMessage();
    const late = aMessage({ target: 'other', expiresAtMs: clock.nowMs() - 1 });
    await written(second, late);
    await becomes(second.id, { state: 'DEAD', fault: 'device gone' });
    await becomes(late.id, { state: 'DEAD', fault: 'expired' });
    expect(sent).toHaveLength(1);
  });

  it('reaches devices and other systems while one webhook is slow, whatever waits for it', async () => {
    let [slowCount, slowMax] = [0, 0];
    const opened = deferred();
    await sender.close();
    const quick = (record: NotificationRecord): Promise<Delivery> => {
      sent.push(record);
      return Promise.resolve(taken);
    };
    sender = new NotificationSender({
      unitOfWork: tested.storage,
      channels: {
        FCM: quick,
        WEBHOOK: async (record) => {
          if (record.target !== 'slow') return quick(record);
          slowMax = Math.max(slowMax, ++slowCount);
          await opened.promise;
          slowCount--;
          return taken;
        },
      },
      clock,
      random: new SeededRandom(1),
      log: silentLog,
    });
    const slow = Array.from({ length: 60 }, () => aMessage({ channel: 'WEBHOOK', target: 'slow' }));
    await written(...slow);
    await pass(1000);
    const device = aMessage();
    const other = aMessage({ channel: 'WEBHOOK', target: 'crm' });
    await written(device, other);
    await becomes(device.id, { state: 'SENT' });
    await becomes(other.id, { state: 'SENT' });
    expect(slowMax).toBe(8);
    opened.resolve();
    for (const { id } of slow) await becomes(id, { state: 'SENT' });
    expect(slowMax).toBe(8);
  });

  it('keeps one message of each once-key, the skipped one, too', async () => {
    const first = aMessage({ onceKey: 'callback_1 CALLBACK_UPCOMING' });
    const skipped = await tested.storage.transact((tx) => tx.notifications.skip(first));
    const again = aMessage({ onceKey: 'callback_1 CALLBACK_UPCOMING' });
    await written(again);
    expect(skipped).toBe(true);
    expect(await stored(first.id)).toMatchObject({ state: 'SKIPPED', dueAtMs: null });
    expect(await stored(again.id)).toBeUndefined();
  });

  it('forgets what ended long ago and keeps what is still to be sent', async () => {
    const old = aMessage();
    await written(old);
    await becomes(old.id, { state: 'SENT' });
    const waiting = aMessage();
    await tested.storage.transact((tx) => tx.putNotifications([waiting]));
    const count = await tested.storage.transact((tx) => tx.notifications.trim(clock.nowMs() + 1, 100));
    expect(count).toBe(1);
    expect(await stored(old.id)).toBeUndefined();
    expect(await stored(waiting.id)).toMatchObject({ state: 'PENDING' });
  });
});
