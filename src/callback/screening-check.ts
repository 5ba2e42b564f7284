import { checkLimits } from '../screening/creation-limits.ts';
import type { BookingCheck } from './booking-check.ts';
import type { QueueSettings } from './queue-settings.ts';

/**
 * Duplicate check and throttles of the queue, as the settings are at that moment. A callback moved to another
 * time is no new one: it passes.
 */
export function screeningCheck(settingsOf: (queue: string) => QueueSettings | undefined): BookingCheck {
  return (tx, { callback, cause, nowMs }) => {
    const settings = settingsOf(callback.virtualQueue);
    if (cause === 'reschedule' || !settings) return Promise.resolve(undefined);
    const { virtualQueue, customerNumber, desiredAtMs, createdAtMs } = callback;
    const creation = { virtualQueue, customerNumber, isImmediate: desiredAtMs <= createdAtMs };
    return checkLimits(tx, settings, creation, nowMs);
  };
}
