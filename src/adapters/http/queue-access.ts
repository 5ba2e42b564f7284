import type { Application, CallbackView } from '../../application/application.ts';
import type { CallbackId } from '../../kernel/ids.ts';
import { mayReadQueue, readableQueues, type Rights } from './access-rules.ts';
import { HttpError } from './http-errors.ts';

type QueueRights = Pick<Rights, 'queues'>;

/**
 * Throws NOT_FOUND for a queue that may not be read: to this principal it does not exist, and the answer must
 * not tell.
 */
export function checkQueue(rights: QueueRights, queue: string): void {
  if (!mayReadQueue(rights, queue)) throw new HttpError('NOT_FOUND', 'there is no such queue');
}

/** Throws UNKNOWN_QUEUE for a queue named in a body that may not be read. */
export function checkNamedQueue(rights: QueueRights, queue: string, path: string): void {
  if (mayReadQueue(rights, queue)) return;
  const faults = [{ path, message: 'is not configured', value: queue }];
  throw new HttpError('UNKNOWN_QUEUE', 'there is no such virtual queue', { faults });
}

/** Throws NOT_FOUND for a callback of a queue that may not be read. */
export async function checkCallback(
  application: Pick<Application, 'findCallback'>,
  rights: QueueRights,
  id: CallbackId,
): Promise<void> {
  if (!(await mayReadCallback(application, rights, id))) {
    throw new HttpError('NOT_FOUND', 'there is no such callback');
  }
}

/** A callback of a queue that may be read. Throws NOT_FOUND. */
export async function callbackOf(
  application: Pick<Application, 'findCallback'>,
  rights: QueueRights,
  id: CallbackId,
): Promise<CallbackView> {
  const found = await application.findCallback(id);
  if (!found || !mayReadQueue(rights, found.virtualQueue)) {
    throw new HttpError('NOT_FOUND', 'there is no such callback');
  }
  return found;
}

/** False for a callback of a queue that may not be read, and for none; without a look where all may be. */
export async function mayReadCallback(
  application: Pick<Application, 'findCallback'>,
  rights: QueueRights,
  id: CallbackId,
): Promise<boolean> {
  if (rights.queues === null) return true;
  const found = await application.findCallback(id);
  return found !== undefined && mayReadQueue(rights, found.virtualQueue);
}

/**
 * The queues that a list of callbacks is bounded to: those asked for that may be read, by name; undefined: no
 * bound. Queues that were removed from the configuration count when an access group names them in full.
 */
export function queueBound(
  application: Pick<Application, 'queueNames'>,
  rights: QueueRights,
  asked: string | undefined,
): readonly string[] | undefined {
  if (rights.queues === null) return undefined;
  if (asked !== undefined) return readableQueues(rights, [asked]);
  const named = rights.queues.filter((pattern) => !pattern.endsWith('*'));
  return [...new Set([...readableQueues(rights, application.queueNames()), ...named])];
}
