import type { NoSlot, Slot, SlotCalendar } from './slot-calendar.ts';
import type { SlotTx, TakenPlaces } from './slot-store.ts';

const DAY_MS = 86_400_000;
/**
 * Days looked through on either side of a wish: bounds the search of a full calendar, 0.2 s with slots of
 * five minutes.
 */
const SEARCH_DAYS_MAX = 60;
/** Free slots proposed instead of a full one at most. */
export const PROPOSALS_MAX = 20;

/** A slot with room. */
export interface FreeSlot extends Slot {
  /** Places left; above 0 unless full slots were asked for. */
  readonly freeCount: number;
}

/** Where and until when a queue can be booked. */
export interface BookableQueue {
  readonly virtualQueue: string;
  readonly calendar: SlotCalendar;
  /** Nothing that begins later can be booked; UTC epoch ms. */
  readonly untilMs: number;
}

/** One wish for a time. */
export interface SlotWish {
  readonly desiredAtMs: number;
  readonly nowMs: number;
  /** A callback or holder whose own booking does not count. */
  readonly except?: string;
}

/** Why a time cannot be booked. `past`: its slot is over; `too-far`: beyond the queue's `maxFutureDays`. */
export type SlotRefusalReason = NoSlot | 'full' | 'past' | 'too-far';

/** A time that cannot be booked, and what can be instead. */
export interface SlotRefusal {
  readonly reason: SlotRefusalReason;
  /** Nearest first; empty when nothing is free. */
  readonly free: readonly FreeSlot[];
}

/**
 * Looks at a wish inside the transaction that will store the callback: two bookings at the same time cannot
 * both get the last place. Undefined: it can be booked.
 */
export async function slotRefusal(
  tx: SlotTx,
  queue: BookableQueue,
  wish: SlotWish,
): Promise<SlotRefusal | undefined> {
  const reason = await refusalReason(tx, queue, wish);
  if (reason === undefined) return undefined;
  const nearMs = Math.max(wish.nowMs, Math.min(wish.desiredAtMs, queue.untilMs));
  return { reason, free: await nearestFree(tx, queue, { ...wish, desiredAtMs: nearMs }, PROPOSALS_MAX) };
}

async function refusalReason(
  tx: SlotTx,
  queue: BookableQueue,
  wish: SlotWish,
): Promise<SlotRefusalReason | undefined> {
  if (wish.desiredAtMs >= queue.untilMs) return 'too-far';
  if (isOver(queue.calendar, wish.desiredAtMs, wish.nowMs)) return 'past';
  const slot = queue.calendar.slotAt(wish.desiredAtMs);
  if (typeof slot === 'string') return slot;
  return slot.capacity > (await takenIn(tx, queue, slot, wish)) ? undefined : 'full';
}

/** The time lies before now, and not in the slot that is now. */
function isOver(calendar: SlotCalendar, atMs: number, nowMs: number): boolean {
  if (atMs >= nowMs) return false;
  const slot = calendar.slotAt(atMs);
  return typeof slot === 'string' || slot.endMs <= nowMs;
}

async function takenIn(tx: SlotTx, queue: BookableQueue, slot: Slot, wish: SlotWish): Promise<number> {
  const { virtualQueue } = queue;
  const taken = await tx.takenPlaces(virtualQueue, slot.startMs, slot.endMs, wish.nowMs, wish.except);
  return taken.reduce((sum, { count }) => sum + count, 0);
}

/**
 * Free slots around a wished time, nearest first (of two equally near the later), from now to the queue's
 * last bookable time, {@link SEARCH_DAYS_MAX} days away at most. They may lie days away: the customer hears
 * which it is before accepting.
 */
export async function nearestFree(
  tx: SlotTx,
  queue: BookableQueue,
  wish: SlotWish,
  max: number,
): Promise<readonly FreeSlot[]> {
  const { nowMs, desiredAtMs, except } = wish;
  const found: FreeSlot[] = [];
  const distance = ({ startMs }: Slot): number => Math.abs(startMs - desiredAtMs);
  // A day after and a day before at a time: whatever the next round finds is farther than all of this one.
  for (let day = 0; found.length < max && day < SEARCH_DAYS_MAX; day++) {
    const aheadMs = day * DAY_MS;
    const after = { fromMs: desiredAtMs + aheadMs, toMs: desiredAtMs + aheadMs + DAY_MS };
    const before = { fromMs: desiredAtMs - aheadMs - DAY_MS, toMs: desiredAtMs - aheadMs };
    if (after.fromMs >= queue.untilMs && before.toMs <= nowMs) break;
    const round: FreeSlot[] = [];
    for (const { fromMs, toMs } of [after, before]) {
      const range = { fromMs: Math.max(fromMs, nowMs), toMs: Math.min(toMs, queue.untilMs), nowMs };
      if (range.fromMs < range.toMs) round.push(...(await freeSlots(tx, queue, { ...range, except })));
    }
    round.sort((a, b) => distance(a) - distance(b) || b.startMs - a.startMs);
    found.push(...round);
  }
  return found.slice(0, max);
}

/** A stretch of time to look through. */
export interface SlotRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  readonly except?: string | undefined;
  /** Full slots, too. Default false. */
  readonly withFull?: boolean;
}

/**
 * Slots that begin in a range, with the places left in each, in order. Slots that have begun are left out.
 */
export async function freeSlots(
  tx: SlotTx,
  queue: BookableQueue,
  range: SlotRange,
): Promise<readonly FreeSlot[]> {
  const { nowMs, except, withFull = false } = range;
  const fromMs = Math.max(range.fromMs, nowMs);
  const slots = [...queue.calendar.slots(fromMs, Math.min(range.toMs, queue.untilMs))];
  const last = slots.at(-1);
  if (!last) return [];
  const taken = await tx.takenPlaces(queue.virtualQueue, fromMs, last.endMs, nowMs, except);
  return withRoom(slots, taken).filter(({ freeCount }) => withFull || freeCount > 0);
}

/** Both lists are in order of time: one walk through both. */
function withRoom(slots: readonly Slot[], taken: readonly TakenPlaces[]): FreeSlot[] {
  let at = 0;
  return slots.map((slot) => {
    let takenCount = 0;
    for (; at < taken.length; at++) {
      const place = taken[at];
      if (!place || place.atMs >= slot.endMs) break;
      if (place.atMs >= slot.startMs) takenCount += place.count;
    }
    return { ...slot, freeCount: Math.max(0, slot.capacity - takenCount) };
  });
}
