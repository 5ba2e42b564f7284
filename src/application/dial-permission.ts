import { callingWindowAt } from '../calendar/calling-window.ts';
import { DEFAULT_TIME_ZONE } from '../calendar/slot-calendar.ts';
import { screenForQueue } from './number-check.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** Where nobody can say when the window opens it is asked again after this. */
const ASK_AGAIN_MS = 24 * 3_600_000;

/** May a customer be called now (product rule 3.6: screened again before every dial)? */
export type DialPermission =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly reason: 'NUMBER_BLOCKED' | 'COUNTRY_NOT_PERMITTED' }
  /** The calling window where the customer lives is closed until then. */
  | { readonly kind: 'later'; readonly untilMs: number };

/** Screens the number by the rules in force now, then looks at the clock where the customer is. */
export function dialPermission(
  directory: Pick<ServiceDirectory, 'queue' | 'numberRule' | 'businessHours'>,
  callback: { readonly virtualQueue: string; readonly customerNumber: string } | undefined,
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
  if (callingWindow === undefined) return { kind: 'allowed' };
  const hours = businessHours === undefined ? undefined : directory.businessHours(businessHours);
  const window = callingWindowAt(callingWindow, customerNumber, hours?.timeZone ?? DEFAULT_TIME_ZONE, nowMs);
  if (window.kind === 'open') return { kind: 'allowed' };
  return { kind: 'later', untilMs: window.opensAtMs ?? nowMs + ASK_AGAIN_MS };
}
