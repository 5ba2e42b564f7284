import type { UnitOfWork } from '../callback/callback-store.ts';
import type { Clock } from '../kernel/clock.ts';
import type { NotificationId } from '../kernel/ids.ts';
import { inTurns } from '../kernel/turns.ts';
import {
  type NotificationFilter,
  type NotificationRecord,
  NotificationState,
  type NotificationTx,
} from '../notify/notification-store.ts';

export interface NotificationListOptions {
  readonly unitOfWork: UnitOfWork<{ readonly notifications: NotificationTx }>;
  readonly clock: Clock;
  /** There is something to send. */
  readonly wake: () => void;
}

/** The messages, for people who want to know what became of them. */
export class NotificationList {
  readonly #options: NotificationListOptions;

  constructor(options: NotificationListOptions) {
    this.#options = options;
  }

  list(filter: NotificationFilter): Promise<readonly NotificationRecord[]> {
    const { unitOfWork } = this.#options;
    return inTurns(filter.limit, (limit, below) => {
      const wanted = { ...filter, limit, ...(below !== undefined && { beforeId: below }) };
      return unitOfWork.transact(({ notifications }) => notifications.list(wanted), 'patient');
    });
  }

  find(id: NotificationId): Promise<NotificationRecord | undefined> {
    return this.#options.unitOfWork.transact(({ notifications }) => notifications.find(id));
  }

  /** Sends a dead letter once more, as often as at first; undefined: it is none. */
  async retry(id: NotificationId): Promise<NotificationRecord | undefined> {
    const { unitOfWork, clock, wake } = this.#options;
    const record = await unitOfWork.transact(async ({ notifications }) => {
      const before = await notifications.find(id);
      if (before?.state !== NotificationState.dead) return undefined;
      const again: NotificationRecord = {
        ...before,
        state: NotificationState.pending,
        tryCount: 0,
        dueAtMs: clock.nowMs(),
        endedAtMs: null,
      };
      await notifications.update(again);
      return again;
    });
    if (record) wake();
    return record;
  }
}
