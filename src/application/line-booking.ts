import type { CallbackRunner } from '../callback/callback-runner.ts';
import type { NewCallback } from '../callback/new-callback.ts';
import { untilStored } from '../callback/store-retry.ts';
import type { Booking } from '../ivr/flow-host.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallId, IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { Leg } from '../telephony/leg.ts';
import type { CallerPlace } from './caller-place.ts';
import type { SlotDesk } from './slot-desk.ts';

/** Tries to store a booking while the caller hears nothing: about two seconds. */
const BOOK_TRIES_ON_LINE = 3;

export interface LineBookingOptions {
  readonly runner: CallbackRunner;
  readonly slots: SlotDesk;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who books, for what number and time. */
export interface LineBooking {
  readonly callId: CallId;
  readonly place: CallerPlace;
  readonly leg: Leg | undefined;
  /** Screened, E.164. */
  readonly number: string;
  /** Empty: the caller has not dialled, but was called. */
  readonly dialled: string;
  readonly language: string;
  /** Beginning of the slot that the caller accepted; undefined: as soon as possible. */
  readonly slotMs: number | undefined;
}

/** Turns a caller's place in line into a callback; refused, the caller has the place again. */
export async function bookFromLine(options: LineBookingOptions, booking: LineBooking): Promise<Booking> {
  const { runner, slots, ids, clock, log } = options;
  const { callId, place, leg, slotMs } = booking;
  const { atMs: placeAtMs, priority } = place.inLine;
  // Out of the line while the record is written: the place must not be served twice.
  const wasInLine = place.leave();
  const giveBack = (): void => {
    if (wasInLine && !leg?.termination) place.rejoin();
  };
  const request: NewCallback = {
    id: ids.next('callback'),
    virtualQueue: place.settings.name,
    customerNumber: booking.number,
    origin: 'ivr',
    originCallId: callId,
    ...(booking.dialled !== '' && { dialledNumber: booking.dialled }),
    language: booking.language,
    placeAtMs,
    desiredAtMs: slotMs ?? clock.nowMs(),
    priority,
  };
  let tryCount = 0;
  // Who waits on the line is told soon and keeps the place there; for who has hung up it is this or nothing.
  const wanted = (): boolean => leg?.termination !== undefined || tryCount < BOOK_TRIES_ON_LINE;
  const onFailure = (error: unknown): void => {
    tryCount++;
    log.error({ error, tryCount }, 'booking could not be stored');
  };
  try {
    const booked = await untilStored({ clock, wanted, onFailure }, () =>
      runner.create(request, { kind: 'customer' }, [slots.check(callId)]),
    );
    if (booked.kind !== 'refused') return { kind: 'booked', callbackId: booked.callback.id };
    giveBack();
    return { kind: 'refused', reason: booked.refusal.kind };
  } catch (error) {
    giveBack();
    throw error;
  }
}
