import { ZoneClock } from './local-time.ts';
import { zonesOfNumber } from './number-zones.ts';

/**
 * Local times `[from, to)` in which a customer may be called, like `09:00` and `20:00`; `to` may be `24:00`.
 */
export interface CallingWindow {
  readonly from: string;
  readonly to: string;
}

const MINUTE_MS = 60_000;
/** How far ahead the next moment is looked for; zones so far apart that none is found never agree. */
const LOOK_AHEAD_MS = 48 * 3_600_000;
/** Clocks change at multiples of this. */
const GRAIN_MS = 15 * MINUTE_MS;
/** Zones whose clocks are kept; there are fewer than 600. */
const clocks = new Map<string, ZoneClock>();

/** May the customer be called now? If not, from when on; `undefined`: at no time of the next two days. */
export type WindowAnswer =
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly opensAtMs: number | undefined; readonly zones: readonly string[] };

/**
 * Tells whether a number may be called at an instant, by the clock where the customer is. A number that may
 * be in several zones may be called when the window is open in all of them; of an unknown one the queue's
 * zone is assumed. `to` at or before `from` passes midnight.
 * @param number E.164.
 * @param queueZone IANA zone of the queue's business hours.
 */
export function callingWindowAt(
  window: CallingWindow,
  number: string,
  queueZone: string,
  atMs: number,
): WindowAnswer {
  const known = zonesOfNumber(number);
  const zones = known.length > 0 ? known : [queueZone];
  const isOpen = (instantMs: number): boolean => zones.every((zone) => contains(window, zone, instantMs));
  if (isOpen(atMs)) return { kind: 'open' };
  // Windows may begin at any minute: the quarter hour in which it opens is then looked through.
  for (let nextMs = atMs; nextMs < atMs + LOOK_AHEAD_MS; nextMs += GRAIN_MS) {
    if (!isOpen(nextMs + GRAIN_MS)) continue;
    let opensAtMs = Math.ceil((nextMs + 1) / MINUTE_MS) * MINUTE_MS;
    while (!isOpen(opensAtMs)) opensAtMs += MINUTE_MS;
    return { kind: 'closed', opensAtMs, zones };
  }
  return { kind: 'closed', opensAtMs: undefined, zones };
}

function contains(window: CallingWindow, zone: string, atMs: number): boolean {
  let clock = clocks.get(zone);
  if (!clock) clocks.set(zone, (clock = new ZoneClock(zone)));
  const { minuteOfDay } = clock.local(atMs);
  const [from, to] = [minutes(window.from), minutes(window.to)];
  return from < to ? minuteOfDay >= from && minuteOfDay < to : minuteOfDay >= from || minuteOfDay < to;
}

function minutes(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
