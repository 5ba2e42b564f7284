import { DateTime } from 'luxon';

const DAY_MINUTES = 24 * 60;
const HOUR_MINUTES = 60;
const NOON_HOUR = 12;

/** A day as somebody on the telephone names it. `digits`: month and day, `MMDD`. */
export type DayChoice =
  | { readonly kind: 'today' }
  | { readonly kind: 'tomorrow' }
  | { readonly kind: 'keyed'; readonly digits: string };

export type DayAnswer =
  /** Local date, `2026-03-02`. */
  | { readonly kind: 'accepted'; readonly date: string }
  /** `not-valid`: no day of the calendar; `too-far`: after the last bookable time. */
  | { readonly kind: 'refused'; readonly reason: 'not-valid' | 'too-far' };

/**
 * The local date that somebody means: a month and a day are the next such day from today on.
 * @param zone IANA zone in which days begin and end.
 * @param untilMs nothing that begins later can be booked.
 */
export function wishedDay(choice: DayChoice, nowMs: number, zone: string, untilMs: number): DayAnswer {
  const today = DateTime.fromMillis(nowMs, { zone }).startOf('day');
  const day = dayOf(choice, today);
  if (!day) return { kind: 'refused', reason: 'not-valid' };
  if (day.toMillis() >= untilMs) return { kind: 'refused', reason: 'too-far' };
  return { kind: 'accepted', date: day.toISODate() ?? '' };
}

function dayOf(choice: DayChoice, today: DateTime): DateTime | undefined {
  if (choice.kind === 'today') return today;
  if (choice.kind === 'tomorrow') return today.plus({ days: 1 });
  if (!/^\d{4}$/.test(choice.digits)) return undefined;
  const month = Number(choice.digits.slice(0, 2));
  const day = Number(choice.digits.slice(2));
  // The 29th of February may be up to eight years away.
  for (let ahead = 0; ahead <= 8; ahead++) {
    const found = DateTime.fromObject({ year: today.year + ahead, month, day }, { zone: today.zone });
    if (found.isValid && found >= today) return found;
  }
  return undefined;
}

export type TimeAnswer =
  /** Minutes since local midnight. */
  | { readonly kind: 'accepted'; readonly minuteOfDay: number }
  /** On a clock of 12 hours it could be before or after noon. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'refused' };

/**
 * A time of day keyed as `HHMM` (or `HMM`).
 * @param twelveHourClock hours 1–12 then need `half`; 0 and 13–24 are clear by themselves.
 * @param half which half of the day, once asked.
 */
export function keyedTime(digits: string, twelveHourClock: boolean, half?: 'am' | 'pm'): TimeAnswer {
  if (!/^\d{3,4}$/.test(digits)) return { kind: 'refused' };
  const hour = Number(digits.slice(0, -2));
  const minute = Number(digits.slice(-2));
  if (minute >= HOUR_MINUTES || hour * HOUR_MINUTES + minute >= DAY_MINUTES) return { kind: 'refused' };
  const isOpen = twelveHourClock && hour >= 1 && hour <= NOON_HOUR;
  if (!isOpen) return { kind: 'accepted', minuteOfDay: hour * HOUR_MINUTES + minute };
  if (half === undefined) return { kind: 'ambiguous' };
  const from = half === 'am' ? 0 : NOON_HOUR;
  return { kind: 'accepted', minuteOfDay: (from + (hour % NOON_HOUR)) * HOUR_MINUTES + minute };
}

/**
 * The instant of a local time, UTC epoch ms. A time that the clock skips is the same length after the gap, of
 * one that it shows twice the first is meant.
 */
export function wishedInstant(date: string, minuteOfDay: number, zone: string): number {
  const day = DateTime.fromISO(date, { zone });
  const time = { hour: Math.floor(minuteOfDay / HOUR_MINUTES), minute: minuteOfDay % HOUR_MINUTES };
  return Math.min(
    ...day
      .set(time)
      .getPossibleOffsets()
      .map((instant) => instant.toMillis()),
  );
}
