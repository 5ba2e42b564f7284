import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { Callback } from '../callback/callback.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { isUpcoming } from '../notify/callback-notifications.ts';
import type { NotificationTx } from '../notify/notification-store.ts';
import type { Router } from '../routing/router.ts';
import type { NotificationDesk } from './notification-desk.ts';
import type { OpenCallbacks } from './open-callbacks.ts';
import type { QueueWaits } from './queue-waits.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface UpcomingWatchOptions {
  readonly unitOfWork: UnitOfWork<CallbackTx & { readonly notifications: NotificationTx }>;
  readonly directory: Pick<ServiceDirectory, 'queue'>;
  readonly openCallbacks: Pick<OpenCallbacks, 'waiting'>;
  readonly router: Pick<Router, 'queueOf'>;
  readonly waits: Pick<QueueWaits, 'ewtSec'>;
  readonly desk: Pick<NotificationDesk, 'isHeard' | 'ofUpcoming' | 'stored'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Waits are looked at this often; a threshold is a minute at least. */
const LOOK_MS = 5000;
/** Told in one look; the others at the next. */
const TOLD_MAX = 200;
/** A first look within this of the creation sees the wait as it was at creation. */
const NEW_MS = 2 * LOOK_MS;

/**
 * Tells customers that their turn is near: once a callback, when its wait falls below the queue's threshold;
 * not when it was that short from the start, nor when it ends before its turn (facts §6.1).
 */
export class UpcomingWatch {
  readonly #options: UpcomingWatchOptions;
  /** Done with: told, or never to be told. */
  #done = new Set<CallbackId>();
  /** Seen with a longer wait. */
  #seen = new Set<CallbackId>();
  #timer: TimerHandle | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(options: UpcomingWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.setTimer(LOOK_MS, () => {
      this.#looking = this.look().finally(() => this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
    await this.#looking;
  }

  /** Looks at every callback in a line whose customer has a device, or of whose queue a webhook is told. */
  async look(): Promise<void> {
    const near: { readonly id: CallbackId; readonly ewtSec: number }[] = [];
    const [done, seen] = [new Set<CallbackId>(), new Set<CallbackId>()];
    const { desk, openCallbacks } = this.#options;
    for (const { id, virtualQueue, hasDevice } of openCallbacks.waiting()) {
      if (!hasDevice && !desk.isHeard(virtualQueue, 'CALLBACK_UPCOMING')) continue;
      if (this.#done.has(id)) done.add(id);
      else if (near.length < TOLD_MAX) {
        const ewtSec = this.#shortWait(id, virtualQueue);
        if (ewtSec === undefined) seen.add(id);
        else near.push({ id, ewtSec });
      }
    }
    const before = this.#seen;
    [this.#done, this.#seen] = [done, seen];
    for (const { id, ewtSec } of near) {
      try {
        await this.#tell(id, ewtSec, before.has(id));
        done.add(id);
      } catch (error) {
        if (before.has(id)) seen.add(id);
        this.#options.log.error({ error, callbackId: id }, 'a turn that is near could not be told');
      }
    }
  }

  /** Undefined: not known, or not below the threshold. */
  #shortWait(id: CallbackId, virtualQueue: string): number | undefined {
    const { directory, router, waits } = this.#options;
    const settings = directory.queue(virtualQueue);
    const position = router.queueOf(id)?.positionOf(id);
    if (!settings || position === undefined) return undefined;
    const ewtSec = waits.ewtSec(settings, position);
    return ewtSec >= 0 && ewtSec < settings.pushThresholdMin * 60 ? ewtSec : undefined;
  }

  async #tell(id: CallbackId, ewtSec: number, wasLonger: boolean): Promise<void> {
    const { unitOfWork, directory, desk, clock } = this.#options;
    const nowMs = clock.nowMs();
    await unitOfWork.transact(async (tx) => {
      const callback = await tx.findCallback(id);
      const settings = callback && directory.queue(callback.virtualQueue);
      if (!callback || !settings || callback.state !== 'QUEUED') return;
      const messages = desk.ofUpcoming(callback, ewtSec);
      const isTold =
        isUpcoming(callback, ewtSec, { settings, nowMs }) &&
        (wasLonger || !isShortFromTheStart(callback, nowMs));
      // Written down otherwise, so that a restart does not take it for a wait that has become short.
      if (isTold) await tx.putNotifications(messages);
      else for (const message of messages) await tx.notifications.skip(message);
    });
    desk.stored();
  }
}

/** Joined the line as it was made, a moment ago. */
function isShortFromTheStart({ createdAtMs, queuedAtMs }: Callback, nowMs: number): boolean {
  return queuedAtMs !== null && queuedAtMs - createdAtMs < NEW_MS && nowMs - createdAtMs < NEW_MS;
}
