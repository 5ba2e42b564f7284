import { DateTime } from 'luxon';
import type { BusinessHours } from '../calendar/business-hours.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** A queue that opens again on the same date after a longer pause begins another business day. */
const BREAK_MAX_MS = 6 * 3_600_000;
/** Openings of one day at most. */
const OPENINGS_MAX = 12;

/**
 * When the business day that an instant belongs to ends, or the next one to begin: the last closing of its
 * local date, with breaks such as noon left out. Null: the queue never closes.
 */
export function endOfBusinessDay(
  directory: Pick<ServiceDirectory, 'queue' | 'businessHours'>,
  queue: string,
  atMs: number,
): number | null {
  const name = directory.queue(queue)?.businessHours;
  const hours = name === undefined ? undefined : directory.businessHours(name);
  return hours ? lastClosing(hours, atMs) : null;
}

function lastClosing(hours: BusinessHours, atMs: number): number | null {
  const opensAtMs = hours.nextOpening(atMs);
  let closesAtMs = opensAtMs === undefined ? undefined : hours.closesAt(opensAtMs);
  if (opensAtMs === undefined || closesAtMs === undefined) return null;
  const dateOf = (ms: number): string | null => DateTime.fromMillis(ms, { zone: hours.timeZone }).toISODate();
  for (let opening = 0; opening < OPENINGS_MAX; opening++) {
    const nextMs = hours.nextOpening(closesAtMs);
    if (nextMs === undefined || nextMs - closesAtMs > BREAK_MAX_MS || dateOf(nextMs) !== dateOf(opensAtMs))
      break;
    const nextClosingMs = hours.closesAt(nextMs);
    if (nextClosingMs === undefined) return null;
    closesAtMs = nextClosingMs;
  }
  return closesAtMs;
}
