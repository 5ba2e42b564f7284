import type { Booking, BookingCheck, BookingRefusal } from '../callback/booking-check.ts';
import type { BookingOutcome } from '../callback/callback-runner.ts';
import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import { type OfferQuestion, type OpenFor, openFor } from '../calendar/open-for.ts';
import {
  type BookableQueue,
  type FreeSlot,
  freeSlots,
  nearestFree,
  slotRefusal,
} from '../calendar/slot-booking.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ServiceDirectory } from './service-directory.ts';

const DAY_MS = 86_400_000;
/** A hold outlives the longest dialogue after the proposal: day, time and number keyed again and again. */
export const HOLD_MS = 5 * 60_000;
/** Slots that became full while a lenient booking moved to them, before it is taken as asked. */
const MOVES_MAX = 5;
/** Slots looked at for one caller who asks for "the next" again and again. */
const PROPOSALS_LOOKED_AT_MAX = 200;

/** `strict`: hours and slots are enforced; `lenient`: a booking is moved, or taken all the same. */
export type BookingMode = 'strict' | 'lenient';

/** How a time is booked. */
export interface BookingWish {
  readonly mode: BookingMode;
  /** Undefined: as soon as possible. */
  readonly desiredAtMs: number | undefined;
  /**
   * Any time counts as a scheduled one: one that is now needs room, too, and one that is over is refused.
   * Default false.
   */
  readonly always?: boolean;
}

export interface SlotDeskOptions {
  readonly directory: ServiceDirectory;
  readonly unitOfWork: UnitOfWork<CallbackTx>;
  readonly clock: Clock;
}

/** Which slots of a queue to list. */
export type AvailabilityQuestion = {
  /** Slots at most. */
  readonly max: number;
  /** Full slots, too; for a range only. */
  readonly withFull?: boolean;
} & (
  | { readonly fromMs: number; readonly toMs: number }
  /** The nearest ones, nearest first. */
  | { readonly aroundMs: number }
);

/** Free slots of a queue. */
export interface Availability {
  /** The zone in which slots begin at the full hour. */
  readonly timeZone: string;
  readonly slotDurationMin: number;
  readonly slots: readonly FreeSlot[];
}

/**
 * Where slots are asked for, held and checked. What is checked here is checked inside the transaction that
 * stores the callback, so that no slot is ever oversold.
 */
export class SlotDesk {
  readonly #options: SlotDeskOptions;

  constructor(options: SlotDeskOptions) {
    this.#options = options;
  }

  /** Free slots; undefined: no such queue. */
  async availability(queue: string, question: AvailabilityQuestion): Promise<Availability | undefined> {
    const { clock, directory, unitOfWork } = this.#options;
    const nowMs = clock.nowMs();
    const bookable = this.#bookable(queue, nowMs);
    const settings = directory.queue(queue);
    if (!bookable || !settings) return undefined;
    const slots = await unitOfWork.transact((tx) =>
      'aroundMs' in question
        ? nearestFree(tx, bookable, { desiredAtMs: question.aroundMs, nowMs }, question.max)
        : freeSlots(tx, bookable, { ...question, nowMs }),
    );
    const { slotDurationMin } = settings;
    const { timeZone } = bookable.calendar;
    return { timeZone, slotDurationMin, slots: slots.slice(0, question.max) };
  }

  /** Whether and until when a queue is open and what it offers; undefined: no such queue. */
  openFor(queue: string, atMs: number, ewtSec?: number): OpenFor | undefined {
    const settings = this.#options.directory.queue(queue);
    return settings && openFor(this.offerQuestion(settings, atMs, ewtSec));
  }

  /** What {@link openFor} is asked about a queue. */
  offerQuestion(settings: QueueSettings, atMs: number, ewtSec?: number): OfferQuestion {
    const { directory } = this.#options;
    const hours = (name: string | undefined) =>
      name === undefined ? undefined : directory.businessHours(name);
    const { immediateEnabled, scheduledEnabled, immediateBlackoutMin } = settings;
    return {
      immediateEnabled,
      scheduledEnabled,
      immediateBlackoutMin,
      hours: hours(settings.businessHours),
      offerHours: hours(settings.immediateOfferHours),
      atMs,
      ...(ewtSec !== undefined && ewtSec >= 0 && { ewtSec }),
    };
  }

  /**
   * Holds the nearest free slot that was not proposed before, for the caller who hears it now; it replaces
   * the caller's earlier hold. Undefined: nothing is free.
   */
  async propose(
    queue: string,
    wish: { readonly desiredAtMs: number; readonly holderId: string; readonly passed: ReadonlySet<number> },
  ): Promise<FreeSlot | undefined> {
    const { clock, unitOfWork } = this.#options;
    const { desiredAtMs, holderId, passed } = wish;
    const nowMs = clock.nowMs();
    const bookable = this.#bookable(queue, nowMs);
    if (!bookable) return undefined;
    return unitOfWork.transact(async (tx) => {
      const max = Math.min(passed.size + 1, PROPOSALS_LOOKED_AT_MAX);
      const near = await nearestFree(tx, bookable, { desiredAtMs, nowMs, except: holderId }, max);
      const slot = near.find(({ startMs }) => !passed.has(startMs));
      const expiresAtMs = nowMs + HOLD_MS;
      if (!slot) await tx.removeSlotHold(holderId);
      else {
        const { startMs: slotStartMs } = slot;
        await tx.putSlotHold({ holderId, virtualQueue: queue, slotStartMs, expiresAtMs }, nowMs);
      }
      return slot;
    });
  }

  /** Gives a hold up; nothing happens when there is none. */
  async release(holderId: string): Promise<void> {
    await this.#options.unitOfWork.transact((tx) => tx.removeSlotHold(holderId));
  }

  /**
   * The check of a booking for a later time; immediate ones pass.
   * @param holderId whose hold the booking uses up.
   * @param askedAtMs the time that was asked for, where any time needs room: one that is now, too, and one
   * that is over has none.
   */
  check(holderId?: string, askedAtMs?: number): BookingCheck {
    return async (tx, { callback, nowMs }: Booking): Promise<BookingRefusal | undefined> => {
      const { virtualQueue, id } = callback;
      const desiredAtMs = askedAtMs ?? callback.desiredAtMs;
      if (askedAtMs === undefined && desiredAtMs <= nowMs) return undefined;
      const bookable = this.#bookable(virtualQueue, nowMs);
      if (!bookable) return undefined;
      const refusal = await slotRefusal(tx, bookable, { desiredAtMs, nowMs, except: holderId ?? id });
      if (refusal) return { kind: 'slot-full', ...refusal };
      if (holderId !== undefined) await tx.removeSlotHold(holderId);
      return undefined;
    };
  }

  /**
   * The check of every change to another time and of every repetition of a callback: a queue that is not
   * `lenient` takes only times that are free.
   */
  changeCheck(): BookingCheck {
    const check = this.check();
    return async (tx, booking) => {
      const settings = this.#options.directory.queue(booking.callback.virtualQueue);
      const passes = booking.cause === 'create' || settings?.bookingCheck === 'lenient';
      return passes ? undefined : check(tx, booking);
    };
  }

  /**
   * Books with the check of the mode. Lenient: a full slot is exchanged for the nearest free one; a time that
   * has no slot is taken as asked, unless the queue rejects what is outside its hours.
   * @param book stores the callback for a time, with the checks given.
   */
  async book(
    settings: QueueSettings,
    { mode, desiredAtMs, always = false }: BookingWish,
    book: (desiredAtMs: number | undefined, checks: readonly BookingCheck[]) => Promise<BookingOutcome>,
  ): Promise<BookingOutcome> {
    let outcome = await book(desiredAtMs, [this.check(undefined, always ? desiredAtMs : undefined)]);
    if (mode === 'strict') return outcome;
    for (let moveCount = 0; moveCount < MOVES_MAX; moveCount++) {
      if (outcome.kind !== 'refused' || outcome.refusal.kind !== 'slot-full') return outcome;
      const { reason, free } = outcome.refusal;
      if (reason === 'too-far' || (reason === 'closed' && settings.rejectOutsideHours)) return outcome;
      const [nearest] = free;
      if (reason !== 'full' || !nearest) return book(desiredAtMs, []);
      outcome = await book(nearest.startMs, [this.check()]);
    }
    return outcome;
  }

  #bookable(queue: string, nowMs: number): BookableQueue | undefined {
    const { directory } = this.#options;
    const settings = directory.queue(queue);
    const calendar = directory.slotCalendar(queue);
    if (!settings || !calendar) return undefined;
    return { virtualQueue: queue, calendar, untilMs: nowMs + settings.maxFutureDays * DAY_MS };
  }
}
