import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';
import { nameSchema } from '../telephony/directory.ts';

/** Days of the week as configuration names them; luxon's weekday is the index + 1. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Intervals of one day and special days of one object at most. */
const INTERVALS_MAX = 12;
const SPECIAL_DAYS_MAX = 1000;
/** How far ahead an opening is looked for; beyond it hours count as never opening. */
export const LOOK_AHEAD_DAYS = 400;
/**
 * How long "no change within the look-ahead" is kept: finding it costs 70 ms, and it stays true that long.
 */
const UNCHANGED_DAYS_KEPT = 30;
/** Windows kept: callers ask about now, bookings about other days, in turns. */
const WINDOWS_MAX = 16;
/** Dates whose spans are kept, so that the question asked for every caller costs little. */
const DATES_KEPT_MAX = 1000;
const MINUTES_PER_DAY = 24 * 60;

const clockTime = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time like "09:00"; the end of a day is "24:00"');

/**
 * Half-open local times `[from, to)`. `to` at or before `from` passes midnight: `22:00`–`06:00` ends the next
 * morning; `00:00`–`24:00` is the whole day.
 */
const intervalSchema = z
  .strictObject({
    from: clockTime.refine((time) => time !== '24:00', 'a day begins at "00:00"'),
    to: clockTime,
  })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    message: 'must differ from "from"; the whole day is "00:00" to "24:00"',
  });
export type LocalInterval = z.infer<typeof intervalSchema>;

const dayIntervals = z
  .array(intervalSchema)
  .max(INTERVALS_MAX)
  .superRefine((intervals, context) => {
    const sorted = intervals.map(minutesOf).sort((a, b) => a.from - b.from);
    for (let i = 1; i < sorted.length; i++) {
      if ((sorted[i]?.from ?? 0) < (sorted[i - 1]?.to ?? 0)) {
        context.addIssue({ code: 'custom', message: 'has intervals that overlap' });
        return;
      }
    }
  });

const specialDaySchema = z.strictObject({
  /** The local date on which the day's intervals begin. */
  date: z.string().refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && DateTime.fromISO(text).isValid, {
    error: 'must be a date like "2026-12-25"',
  }),
  name: z.string().max(100).optional(),
  /** Instead of the weekly intervals that begin on this date; an empty list: closed. */
  intervals: dayIntervals,
});

/** Named business hours, as configuration writes them (product §4). */
export const businessHoursSchema = z
  .strictObject({
    name: nameSchema,
    /** IANA zone of all local times. */
    timeZone: z.string().refine((zone) => IANAZone.isValidZone(zone), {
      error: 'must be an IANA time zone such as "Europe/Berlin"',
    }),
    /** Intervals that begin on each weekday; a day left out is closed. */
    weekly: z.partialRecord(z.enum(weekdays), dayIntervals),
    specialDays: z.array(specialDaySchema).max(SPECIAL_DAYS_MAX).default([]),
  })
  .superRefine(({ specialDays }, context) => {
    const seen = new Set<string>();
    specialDays.forEach(({ date }, index) => {
      if (seen.has(date)) {
        context.addIssue({ code: 'custom', path: ['specialDays', index, 'date'], message: 'stands twice' });
      }
      seen.add(date);
    });
  });
export type BusinessHoursSettings = z.infer<typeof businessHoursSchema>;

interface Span {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** A stretch of time in which nothing changes, as far as it has been looked at. */
interface Window {
  readonly isOpen: boolean;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** When it closes or opens; undefined: not within the look-ahead. */
  readonly changesMs: number | undefined;
}

/**
 * Tells whether a named calendar is open. Instants are UTC epoch ms; intervals are local and half-open.
 *
 * A special day replaces what *begins* on its date: the tail of an interval that began the evening before
 * stays open. DST: a local time in the gap is moved forward by the gap (02:30 becomes 03:30), an ambiguous
 * one means its first occurrence when it opens and its second when it closes, so that no opening is ever
 * shorter than it reads.
 */
export class BusinessHours {
  readonly name: string;
  readonly timeZone: string;
  readonly #weekly: readonly (readonly LocalInterval[])[];
  readonly #special: ReadonlyMap<string, readonly LocalInterval[]>;
  /** The latest first. */
  readonly #windows: Window[] = [];
  readonly #spansByDate = new Map<string, readonly Span[]>();
  /** No day has a minute that is closed: known without reckoning every day that is looked ahead. */
  readonly #isAlwaysOpen: boolean;

  constructor(settings: BusinessHoursSettings) {
    this.name = settings.name;
    this.timeZone = settings.timeZone;
    this.#weekly = weekdays.map((day) => settings.weekly[day] ?? []);
    this.#special = new Map(settings.specialDays.map(({ date, intervals }) => [date, intervals]));
    this.#isAlwaysOpen = [...this.#weekly, ...this.#special.values()].every((day) => day.some(isWholeDay));
  }

  /** Asked for every caller at every step: the answer is kept as long as it holds (0.1 µs against 300 µs). */
  isOpen(atMs: number): boolean {
    return this.#windowAt(atMs).isOpen;
  }

  /**
   * When it closes, if open at `atMs`; intervals that touch count as one. Undefined: closed, or open without
   * an end.
   */
  closesAt(atMs: number): number | undefined {
    const { isOpen, changesMs } = this.#windowAt(atMs);
    return isOpen ? changesMs : undefined;
  }

  /**
   * The instant from which it is open: `atMs` itself when open then, else the next opening. Undefined when
   * there is none within {@link LOOK_AHEAD_DAYS} days.
   */
  nextOpening(atMs: number): number | undefined {
    const { isOpen, changesMs } = this.#windowAt(atMs);
    return isOpen ? atMs : changesMs;
  }

  #windowAt(atMs: number): Window {
    const at = this.#windows.findIndex(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
    const known = this.#windows[at];
    if (known && at > 0) this.#windows.splice(at, 1);
    if (at === 0 && known) return known;
    const window = known ?? this.#reckonWindow(atMs);
    this.#windows.unshift(window);
    if (this.#windows.length > WINDOWS_MAX) this.#windows.pop();
    return window;
  }

  #reckonWindow(atMs: number): Window {
    if (this.#isAlwaysOpen) return { isOpen: true, fromMs: -Infinity, toMs: Infinity, changesMs: undefined };
    const isOpen = this.#spanAt(atMs) !== undefined;
    const changesMs = isOpen ? this.#closingAfter(atMs) : this.#openingAfter(atMs);
    const toMs = changesMs ?? atMs + UNCHANGED_DAYS_KEPT * MINUTES_PER_DAY * 60_000;
    return { isOpen, fromMs: atMs, toMs, changesMs };
  }

  #closingAfter(atMs: number): number | undefined {
    let span = this.#spanAt(atMs);
    const limitMs = atMs + LOOK_AHEAD_DAYS * MINUTES_PER_DAY * 60_000;
    while (span) {
      const next = this.#spanAt(span.toMs);
      if (!next) return span.toMs;
      if (next.toMs > limitMs) return undefined;
      span = next;
    }
    return undefined;
  }

  #openingAfter(atMs: number): number | undefined {
    const today = this.#localDay(atMs);
    for (let ahead = 0; ahead <= LOOK_AHEAD_DAYS; ahead++) {
      const openings = this.#spansOf(today.plus({ days: ahead }))
        .map(({ fromMs }) => fromMs)
        .filter((fromMs) => fromMs > atMs);
      if (openings.length > 0) return Math.min(...openings);
    }
    return undefined;
  }

  /** The span around an instant; of several, the one that ends last. */
  #spanAt(atMs: number): Span | undefined {
    const today = this.#localDay(atMs);
    return [today.minus({ days: 1 }), today]
      .flatMap((day) => this.#spansOf(day))
      .filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
      .reduce<Span | undefined>((best, span) => (best && best.toMs >= span.toMs ? best : span), undefined);
  }

  /** Noon names a local date safely: no zone changes its clock then. */
  #localDay(atMs: number): DateTime {
    return DateTime.fromMillis(atMs, { zone: this.timeZone }).set({
      hour: 12,
      minute: 0,
      second: 0,
      millisecond: 0,
    });
  }

  #spansOf(day: DateTime): readonly Span[] {
    const date = day.toISODate() ?? '';
    const known = this.#spansByDate.get(date);
    if (known) return known;
    const spans = this.#reckonSpans(day, this.#special.get(date) ?? this.#weekly[day.weekday - 1] ?? []);
    if (this.#spansByDate.size >= DATES_KEPT_MAX) this.#spansByDate.clear();
    this.#spansByDate.set(date, spans);
    return spans;
  }

  #reckonSpans(day: DateTime, intervals: readonly LocalInterval[]): readonly Span[] {
    return intervals
      .map((interval) => {
        const { from, to } = minutesOf(interval);
        return { fromMs: instantOf(day, from, 'first'), toMs: instantOf(day, to, 'last') };
      })
      .filter(({ fromMs, toMs }) => fromMs < toMs);
  }
}

function isWholeDay(interval: LocalInterval): boolean {
  const { from, to } = minutesOf(interval);
  return from === 0 && to >= MINUTES_PER_DAY;
}

/** Minutes from the day's midnight; `to` beyond 1440 is on the next day. */
function minutesOf({ from, to }: LocalInterval): { from: number; to: number } {
  const [start, end] = [from, to].map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) as [
    number,
    number,
  ];
  return { from: start, to: end <= start ? end + MINUTES_PER_DAY : end };
}

/**
 * The instant of a local wall-clock time, `minutes` after the local midnight of `day` by the clock on the
 * wall.
 */
function instantOf(day: DateTime, minutes: number, occurrence: 'first' | 'last'): number {
  const date = day.plus({ days: Math.floor(minutes / MINUTES_PER_DAY) });
  const rest = minutes % MINUTES_PER_DAY;
  const local = date.set({ hour: Math.floor(rest / 60), minute: rest % 60 });
  const instants = local.getPossibleOffsets().map((candidate) => candidate.toMillis());
  return occurrence === 'first' ? Math.min(...instants) : Math.max(...instants);
}
