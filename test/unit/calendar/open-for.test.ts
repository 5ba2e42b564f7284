import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { BusinessHours, businessHoursSchema } from '../../../src/calendar/business-hours.ts';
import { type OfferQuestion, openFor } from '../../../src/calendar/open-for.ts';

function monday(from: string, to: string): BusinessHours {
  const named = { name: 'x', timeZone: 'Europe/Berlin', weekly: { mon: [{ from, to }] } };
  return new BusinessHours(businessHoursSchema.parse(named));
}

const office = monday('09:00', '17:00');
const question: Omit<OfferQuestion, 'atMs'> = {
  immediateEnabled: true,
  scheduledEnabled: true,
  immediateBlackoutMin: 30,
  hours: office,
  offerHours: undefined,
};
const at = (time: string): number =>
  DateTime.fromISO(`2026-03-02T${time}`, { zone: 'Europe/Berlin' }).toMillis();

test.each<[string, Partial<OfferQuestion>, boolean, number | null, string | null]>([
  ['08:59', {}, false, 0, 'closed'],
  ['09:00', {}, true, 28_800, null],
  ['16:29', {}, true, 1860, null],
  ['16:30', {}, true, 1800, 'blackout'],
  ['16:30', { immediateBlackoutMin: 0 }, true, 1800, null],
  ['17:00', { immediateBlackoutMin: 0 }, false, 0, 'closed'],
  ['12:00', { immediateEnabled: false }, true, 18_000, 'disabled'],
  ['16:00', { ewtSec: 1799 }, true, 3600, null],
  ['16:00', { ewtSec: 1800 }, true, 3600, 'wait-past-closing'],
  // Offer hours replace business hours and blackout.
  ['16:45', { offerHours: monday('09:00', '17:00') }, true, 900, null],
  ['14:00', { offerHours: monday('09:00', '14:00') }, true, 10_800, 'outside-offer-hours'],
  ['13:59', { offerHours: monday('09:00', '14:00'), ewtSec: 60 }, true, 10_860, 'wait-past-closing'],
  ['18:00', { offerHours: monday('09:00', '19:00') }, false, 0, null],
  ['03:00', { hours: undefined }, true, null, null],
])('at %s with %j: open %s for %s s, immediate refused: %s', (time, changes, open, openForSec, reason) => {
  const answer = openFor({ ...question, ...changes, atMs: at(time) });
  expect(answer.open).toBe(open);
  expect(answer.openForSec).toBe(openForSec);
  expect(answer.immediate).toEqual(reason === null ? { allowed: true } : { allowed: false, reason });
});

test('offer hours tell how long they last: -1 without, 0 outside', () => {
  const seconds = (time: string, offerHours?: BusinessHours): number | null =>
    openFor({ ...question, offerHours, atMs: at(time) }).immediateOfferHoursOpenForSec;
  expect(seconds('12:00')).toBe(-1);
  expect(seconds('08:00', monday('09:00', '14:00'))).toBe(0);
  expect(seconds('13:00', monday('09:00', '14:00'))).toBe(3600);
});

test('scheduled callbacks are offered unless they are switched off', () => {
  const scheduled = (scheduledEnabled: boolean) =>
    openFor({ ...question, scheduledEnabled, atMs: at('03:00') }).scheduled;
  expect(scheduled(true)).toEqual({ allowed: true });
  expect(scheduled(false)).toEqual({ allowed: false, reason: 'disabled' });
});
