import { callingWindowAt } from '../calendar/calling-window.ts';
import { DEFAULT_TIME_ZONE } from '../calendar/slot-calendar.ts';
import { screenForQueue } from './number-check.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { OpenCallback } from './open-callbacks.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** Where nobody can say when the window opens it is asked again after this. */
const ASK_AGAIN_MS = 24 * 3_600_000;

/** May a customer be called now (product rule 3.6: screened again before every dial)? */
export type DialPermission =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly reason: 'NUMBER_BLOCKED' | 'COUNTRY_NOT_PERMITTED' }
  /** The customer's device is asked, and nobody called before there is an answer. */
  | { readonly kind: 'ask' }
  /** The calling window where the customer lives is closed until then. */
  | { readonly kind: 'later'; readonly untilMs: number };

/** Screens the number by the rules in force now, then looks at the clock where the customer is. */
export function dialPermission(
  directory: Pick<ServiceDirectory, 'queue' | 'numberRule' | 'businessHours'>,
  callback: Omit<OpenCallback, 'id' | 'state' | 'placeAtMs' | 'priority'> | undefined,
  nowMs: number,
): DialPermission {
  const settings = callback && directory.queue(callback.virtualQueue);
  // Ended meanwhile, or the queue was removed: the machine knows what follows.
  if (!callback || !settings) return { kind: 'allowed' };
  const { customerNumber } = callback;
  const verdict = screenForQueue(directory, settings, customerNumber);
  if (verdict.kind === 'refused') {
    const reason = verdict.step === 'country' ? 'COUNTRY_NOT_PERMITTED' : 'NUMBER_BLOCKED';
    return { kind: 'refused', reason };
  }
  const { callingWindow, businessHours } = settings;
  const allowed = { kind: asksFirst(settings, callback) ? 'ask' : 'allowed' } as const;
  if (callingWindow === undefined) return allowed;
  const hours = businessHours === undefined ? undefined : directory.businessHours(businessHours);
  const window = callingWindowAt(callingWindow, customerNumber, hours?.timeZone ?? DEFAULT_TIME_ZONE, nowMs);
  if (window.kind === 'open') return allowed;
  return { kind: 'later', untilMs: window.opensAtMs ?? nowMs + ASK_AGAIN_MS };
}

/**
 * Scenario S8: the customer dials in, and is told when. S9: the customer is asked whether now is a good time,
 * as often as the queue asks at most; then the call is made all the same, for nobody is forgotten.
 */
function asksFirst(
  { callDirection, pushConfirm, maxNotifyAttempts }: QueueSettings,
  { hasDevice, pushCount, pushedAtMs }: Pick<OpenCallback, 'hasDevice' | 'pushCount' | 'pushedAtMs'>,
): boolean {
  // In the line, the instant of the question means: the customer has said yes.
  if (!hasDevice || pushedAtMs !== null) return false;
  return callDirection === 'USERORIGINATED' || (pushConfirm && pushCount < maxNotifyAttempts);
}
