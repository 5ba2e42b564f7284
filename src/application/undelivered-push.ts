import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { UnitOfWork } from '../callback/callback-store.ts';
import type { Log } from '../kernel/log.ts';
import {
  type NotificationRecord,
  NotificationState,
  type NotificationTx,
} from '../notify/notification-store.ts';

export interface UndeliveredPushOptions {
  readonly unitOfWork: UnitOfWork<{ readonly notifications: NotificationTx }>;
  readonly runner: Pick<CallbackRunner, 'dispatch'>;
  readonly log: Log;
}

/** More messages than a callback has devices and webhooks. */
const MESSAGES_MAX = 100;

/**
 * A customer whom no device could ask whether to call now is called without being asked: nobody is forgotten
 * for a token that is no good. One who dials in is not called: the callback waits until its time is over, for
 * the app may ask by itself.
 */
export async function afterUndelivered(
  { unitOfWork, runner, log }: UndeliveredPushOptions,
  { callbackId, event, channel, createdAtMs, data }: NotificationRecord,
): Promise<void> {
  if (event !== 'CALLBACK_READY' || channel !== 'FCM' || data['action'] !== 'confirm') return;
  const { items: siblings } = await unitOfWork.transact(({ notifications }) =>
    notifications.list({ callbackId, event, channel, limit: MESSAGES_MAX }),
  );
  const ofSameTurn = siblings.filter((each) => each.createdAtMs === createdAtMs);
  if (ofSameTurn.some(({ state }) => state !== NotificationState.dead)) return;
  log.warn({ callbackId }, 'no device could be asked; the customer is called');
  await runner.dispatch(callbackId, { type: 'PUSH_ACCEPTED' }, { kind: 'system', part: 'notify' });
}
