import type { PushTarget } from './booking-details.ts';
import type { CallbackTx } from './callback-store.ts';
import type { Actor, Callback } from './callback.ts';
import type { CallbackId } from '../kernel/ids.ts';

/** Somebody's change of a callback's data. */
export interface DataChange {
  readonly userData: Readonly<Record<string, string>>;
  /** Keys that were set or removed; their values are no part of the history. */
  readonly keys: readonly string[];
  readonly actor: Actor;
  readonly nowMs: number;
}

/**
 * Keeps changed data with the callback, whatever its state, so that later attempts, other agents and
 * callbacks made from this one have it. Undefined: there is no such callback (any more).
 */
export async function changeCallbackData(
  tx: CallbackTx,
  id: CallbackId,
  { userData, keys, actor, nowMs }: DataChange,
): Promise<Callback | undefined> {
  const before = await tx.findCallback(id);
  if (!before) return undefined;
  const callback = { ...before, userData, version: before.version + 1 };
  await tx.updateCallback(callback, before.userData);
  const { state, subState } = callback;
  const event = { callbackId: id, atMs: nowMs, kind: 'DATA_CHANGED', actor, state, subState };
  await tx.appendEvent({ ...event, data: { keys } });
  return callback;
}

/**
 * Keeps other devices to be told with a callback that has not ended; their tokens are no part of the history.
 */
export async function changePushTargets(
  tx: CallbackTx,
  before: Callback,
  { pushTargets, actor, nowMs }: { pushTargets: readonly PushTarget[]; actor: Actor; nowMs: number },
): Promise<Callback> {
  const callback = { ...before, details: { ...before.details, pushTargets }, version: before.version + 1 };
  await tx.updateCallback(callback);
  const { id: callbackId, state, subState } = callback;
  const event = { callbackId, atMs: nowMs, kind: 'DEVICES_CHANGED', actor, state, subState };
  await tx.appendEvent({ ...event, data: { pushTargetCount: pushTargets.length } });
  return callback;
}
