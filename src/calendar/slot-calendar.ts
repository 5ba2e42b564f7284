import type { BusinessHours } from './business-hours.ts';
import type { CapacityRule } from './capacity-rule.ts';
import { ZoneClock } from './local-time.ts';

const MINUTE_MS = 60_000;
/** Every slot duration and every clock change of a zone is a multiple of this. */
const GRAIN_MS = 5 * MINUTE_MS;
/** The zone where a queue has no business hours. */
export const DEFAULT_TIME_ZONE = 'UTC';

/** A bookable stretch of time. */
export interface Slot {
  /** UTC epoch ms; aligned to the local hour. */
  readonly startMs: number;
  /** Exclusive: the next beginning on the wall clock, one slot duration later but for clock changes. */
  readonly endMs: number;
  /** Scheduled callbacks at most; above 0. */
  readonly capacity: number;
}

/** Why an instant lies in no bookable slot. */
export type NoSlot = 'closed' | 'no-capacity';

/** What a queue's settings say about its slots. */
export interface SlotSettings {
  /** Divides 60. */
  readonly slotDurationMin: number;
  /** Used where no rule is assigned. */
  readonly slotCapacity: number;
}

/**
 * The slots of one virtual queue (product §4). They begin at the local full hour and every slot duration
 * after it, in the zone of the business hours; opening hours and capacity are asked for at the beginning of a
 * slot only, so that hours from 07:50 with slots of 15 minutes have 08:00 as the first. DST: a local time
 * that the clock skips has no slot, one that it shows twice has two.
 */
export class SlotCalendar {
  readonly timeZone: string;
  readonly #clock: ZoneClock;
  readonly #hours: BusinessHours | undefined;
  readonly #rule: CapacityRule | undefined;
  readonly #capacity: number;
  readonly #durationMs: number;

  /**
   * @param hours undefined: always open, in UTC.
   * @param rule overrides `settings.slotCapacity`.
   */
  constructor(settings: SlotSettings, hours: BusinessHours | undefined, rule: CapacityRule | undefined) {
    this.timeZone = hours?.timeZone ?? DEFAULT_TIME_ZONE;
    this.#clock = new ZoneClock(this.timeZone);
    this.#hours = hours;
    this.#rule = rule;
    this.#capacity = settings.slotCapacity;
    this.#durationMs = settings.slotDurationMin * MINUTE_MS;
  }

  /** Bookable slots that begin in `[fromMs, toMs)`, in order. */
  *slots(fromMs: number, toMs: number): Generator<Slot> {
    let startMs = this.#beginningFrom(fromMs);
    while (startMs < toMs) {
      const opensMs = this.#hours ? this.#hours.nextOpening(startMs) : startMs;
      if (opensMs === undefined || opensMs >= toMs) return;
      if (opensMs > startMs) {
        startMs = this.#beginningFrom(opensMs);
        continue;
      }
      const endMs = this.#beginningFrom(startMs + 1);
      const capacity = this.#capacityAt(startMs);
      if (capacity > 0) yield { startMs, endMs, capacity };
      startMs = endMs;
    }
  }

  /** The bookable slot around an instant, or why there is none. */
  slotAt(atMs: number): Slot | NoSlot {
    const startMs = this.#beginningBefore(atMs);
    if (this.#hours && !this.#hours.isOpen(startMs)) return 'closed';
    const capacity = this.#capacityAt(startMs);
    return capacity > 0 ? { startMs, endMs: this.#beginningFrom(startMs + 1), capacity } : 'no-capacity';
  }

  #capacityAt(startMs: number): number {
    if (!this.#rule) return this.#capacity;
    const { date, minuteOfDay } = this.#clock.local(startMs);
    return this.#rule.capacityAt(date, minuteOfDay);
  }

  /** The first beginning of a slot at or after an instant, open or not. */
  #beginningFrom(atMs: number): number {
    const rest = this.#restOf(atMs);
    if (rest === 0) return atMs;
    const nextMs = atMs - rest + this.#durationMs;
    if (this.#sameOffset(atMs, nextMs)) return nextMs;
    let candidateMs = Math.ceil((atMs + 1) / GRAIN_MS) * GRAIN_MS;
    while (this.#restOf(candidateMs) !== 0) candidateMs += GRAIN_MS;
    return candidateMs;
  }

  /** The last beginning at or before an instant. */
  #beginningBefore(atMs: number): number {
    const beforeMs = atMs - this.#restOf(atMs);
    if (this.#sameOffset(atMs, beforeMs)) return beforeMs;
    let candidateMs = Math.floor(atMs / GRAIN_MS) * GRAIN_MS;
    while (this.#restOf(candidateMs) !== 0) candidateMs -= GRAIN_MS;
    return candidateMs;
  }

  /** Time since the wall clock last showed the beginning of a slot, if it ran evenly. */
  #restOf(atMs: number): number {
    const wallMs = this.#clock.wallMs(atMs);
    return ((wallMs % this.#durationMs) + this.#durationMs) % this.#durationMs;
  }

  #sameOffset(oneMs: number, otherMs: number): boolean {
    return this.#clock.wallMs(oneMs) - oneMs === this.#clock.wallMs(otherMs) - otherMs;
  }
}
