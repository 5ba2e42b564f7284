import { IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Offsets are asked for at both ends of such a stretch; no zone changes its clock twice within one. */
const STRETCH_MS = 6 * 3_600_000;
/** Stretches kept a zone: a year is 1461. */
const STRETCHES_MAX = 2000;

/** A wall clock's reading. */
export interface LocalTime {
  /** `2026-03-02`. */
  readonly date: string;
  /** Minutes since local midnight by the clock on the wall, 0–1439. */
  readonly minuteOfDay: number;
}

/**
 * The wall clock of an IANA zone, made for walking over many instants: the offset from UTC is kept for each
 * stretch of six hours in which it does not change.
 */
export class ZoneClock {
  readonly #zone: IANAZone;
  readonly #offsets = new Map<number, number>();
  #day = { startMs: Number.NaN, date: '' };

  constructor(timeZone: string) {
    this.#zone = IANAZone.create(timeZone);
  }

  /** What `atMs` would be as UTC if the wall clock showed UTC: for arithmetic on local times. */
  wallMs(atMs: number): number {
    return atMs + this.#offsetMs(atMs);
  }

  local(atMs: number): LocalTime {
    const wallMs = this.wallMs(atMs);
    const dayMs = Math.floor(wallMs / DAY_MS) * DAY_MS;
    if (dayMs !== this.#day.startMs) this.#day = { startMs: dayMs, date: isoDate(dayMs) };
    return { date: this.#day.date, minuteOfDay: Math.floor((wallMs - dayMs) / MINUTE_MS) };
  }

  /** ISO 8601 with the offset that holds then: `2026-03-02T09:00:00.000+01:00`. */
  iso(atMs: number): string {
    const wallMs = this.wallMs(atMs);
    const offsetMin = Math.round((wallMs - atMs) / MINUTE_MS);
    const [hours, minutes] = [Math.floor(Math.abs(offsetMin) / 60), Math.abs(offsetMin) % 60];
    const offset = `${offsetMin < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(minutes)}`;
    return `${new Date(wallMs).toISOString().slice(0, -1)}${offset}`;
  }

  #offsetMs(atMs: number): number {
    const stretch = Math.floor(atMs / STRETCH_MS);
    const known = this.#offsets.get(stretch);
    if (known !== undefined) return known;
    const [begin, end] = [stretch, stretch + 1].map((at) => this.#zone.offset(at * STRETCH_MS) * MINUTE_MS);
    if (begin === undefined || begin !== end) return this.#zone.offset(atMs) * MINUTE_MS;
    if (this.#offsets.size >= STRETCHES_MAX) this.#offsets.clear();
    this.#offsets.set(stretch, begin);
    return begin;
  }
}

function isoDate(dayMs: number): string {
  return new Date(dayMs).toISOString().slice(0, 10);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
