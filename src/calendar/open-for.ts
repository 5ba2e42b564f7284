import type { BusinessHours } from './business-hours.ts';

const MINUTE_MS = 60_000;

/** Why an immediate callback is not offered now. */
export type ImmediateRefusal =
  /** `immediateEnabled` is off. */
  | 'disabled'
  /** Outside `immediateOfferHours`, which replace business hours and blackout. */
  | 'outside-offer-hours'
  | 'closed'
  /** Open, but closer to closing than `immediateBlackoutMin`. */
  | 'blackout'
  /** Open, but by the estimated wait the callback would come after closing. */
  | 'wait-past-closing';

/** Why a scheduled callback is not offered. */
export type ScheduledRefusal = 'disabled';

export type Offer<Refusal> =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: Refusal };

/** What is asked: one queue at one instant. */
export interface OfferQuestion {
  readonly immediateEnabled: boolean;
  readonly scheduledEnabled: boolean;
  readonly immediateBlackoutMin: number;
  /** Undefined: always open. */
  readonly hours: BusinessHours | undefined;
  /** Set: replaces `hours` and the blackout for immediate callbacks. */
  readonly offerHours: BusinessHours | undefined;
  readonly atMs: number;
  /** Estimated wait; undefined: nothing can be known, the wait is not looked at. */
  readonly ewtSec?: number | undefined;
}

/** Whether and until when a queue is open, and what may be offered. */
export interface OpenFor {
  readonly open: boolean;
  /** Seconds until closing; 0 when closed, null when it never closes. */
  readonly openForSec: number | null;
  /** Seconds until the offer hours end; −1 without offer hours, 0 outside them, null when they never end. */
  readonly immediateOfferHoursOpenForSec: number | null;
  readonly immediate: Offer<ImmediateRefusal>;
  readonly scheduled: Offer<ScheduledRefusal>;
  readonly immediateEnabled: boolean;
  /** By hours, blackout and wait alone, whether or not immediate callbacks are enabled. */
  readonly withinImmediateHours: boolean;
}

/** Answers what a queue offers at an instant (product §4; the open-for answers of the v3 API). */
export function openFor(question: OfferQuestion): OpenFor {
  const { hours, offerHours, atMs } = question;
  const open = hours?.isOpen(atMs) ?? true;
  const byHours = immediateOffer({ ...question, immediateEnabled: true });
  return {
    open,
    openForSec: secondsOpen(hours, atMs),
    immediateOfferHoursOpenForSec: offerHours ? secondsOpen(offerHours, atMs) : -1,
    immediate: question.immediateEnabled ? byHours : { allowed: false, reason: 'disabled' },
    scheduled: question.scheduledEnabled ? { allowed: true } : { allowed: false, reason: 'disabled' },
    immediateEnabled: question.immediateEnabled,
    withinImmediateHours: byHours.allowed,
  };
}

/** May an immediate callback be offered now? The cheap half of {@link openFor}, asked for every caller. */
export function immediateOffer(question: OfferQuestion): Offer<ImmediateRefusal> {
  const { offerHours, hours, atMs, ewtSec = 0 } = question;
  const refused = (reason: ImmediateRefusal) => ({ allowed: false, reason }) as const;
  if (!question.immediateEnabled) return refused('disabled');
  const calendar = offerHours ?? hours;
  if (!calendar) return { allowed: true };
  if (!calendar.isOpen(atMs)) return refused(offerHours ? 'outside-offer-hours' : 'closed');
  const closesMs = calendar.closesAt(atMs);
  if (closesMs === undefined) return { allowed: true };
  const blackoutMs = offerHours ? 0 : question.immediateBlackoutMin * MINUTE_MS;
  if (atMs >= closesMs - blackoutMs) return refused('blackout');
  if (atMs + ewtSec * 1000 >= closesMs - blackoutMs) return refused('wait-past-closing');
  return { allowed: true };
}

function secondsOpen(hours: BusinessHours | undefined, atMs: number): number | null {
  if (!hours) return null;
  if (!hours.isOpen(atMs)) return 0;
  const closesMs = hours.closesAt(atMs);
  return closesMs === undefined ? null : Math.floor((closesMs - atMs) / 1000);
}
