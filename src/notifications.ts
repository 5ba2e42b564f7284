import { PushDesk } from './adapters/push/push-desk.ts';
import type { Storage } from './adapters/storage/storage.ts';
import type { Engine } from './application/engine.ts';
import { NotificationDesk } from './application/notification-desk.ts';
import { NotificationSender } from './application/notification-sender.ts';
import { afterUndelivered } from './application/undelivered-push.ts';
import { UpcomingWatch } from './application/upcoming-watch.ts';
import type { Clock } from './kernel/clock.ts';
import type { IdSource } from './kernel/ids.ts';
import type { Log } from './kernel/log.ts';
import { SystemRandom } from './kernel/random.ts';
import type { LiveDirectory } from './provisioning/live-directory.ts';

/** Messages to devices and other systems, from what causes them to their receivers. */
export interface Notifications {
  readonly desk: NotificationDesk;
  readonly push: PushDesk;
  /** Something was put back among what is to be sent. */
  readonly wake: () => void;
  /** Begins to send; resolves to how to stop. */
  start(engine: Engine): () => Promise<void>;
}

/** Connects what makes messages with what sends them. */
export function openNotifications(parts: {
  readonly storage: Storage;
  readonly directory: LiveDirectory;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}): Notifications {
  const { storage, directory, clock, ids, log } = parts;
  const push = new PushDesk({
    pushCredentials: () => directory.pushCredentials(),
    webhooks: () => directory.webhooks(),
    clock,
  });
  let sender: NotificationSender | undefined;
  const wake = (): void => sender?.wake();
  const desk = new NotificationDesk({ directory, clock, ids, wake });
  return {
    desk,
    push,
    wake,
    start: (engine) => {
      sender = new NotificationSender({
        unitOfWork: storage,
        channels: {
          FCM: (record) => push.toDevice(record),
          WEBHOOK: (record) => push.toWebhook(record),
        },
        clock,
        random: new SystemRandom(),
        log,
        onDead: (record) => {
          afterUndelivered({ unitOfWork: storage, runner: engine.runner, log }, record).catch(
            (error: unknown) => log.error({ error, notificationId: record.id }, 'dead letter not looked at'),
          );
        },
      });
      sender.wake();
      const watch = new UpcomingWatch({ ...engine, unitOfWork: storage, directory, desk, clock, log });
      watch.start();
      const running = sender;
      return async () => {
        await watch.close();
        await running.close();
      };
    },
  };
}
