import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { keyedTime, wishedDay, wishedInstant } from '../../../src/calendar/wished-time.ts';

describe('a day named on the telephone', () => {
  const at = (text: string, zone: string): number => DateTime.fromISO(text, { zone }).toMillis();
  const farMs = Number.MAX_SAFE_INTEGER;

  test.each([
    ['today', '', '2026-03-02T23:59', 'Europe/Berlin', '2026-03-02'],
    ['tomorrow', '', '2026-03-02T23:59', 'Europe/Berlin', '2026-03-03'],
    ['tomorrow', '', '2026-12-31T12:00', 'Europe/Berlin', '2027-01-01'],
    // The night in which Santiago skips midnight.
    ['tomorrow', '', '2026-09-05T12:00', 'America/Santiago', '2026-09-06'],
    ['keyed', '0302', '2026-03-02T23:59', 'Europe/Berlin', '2026-03-02'],
    ['keyed', '0301', '2026-03-02T00:00', 'Europe/Berlin', '2027-03-01'],
    ['keyed', '1231', '2026-03-02T00:00', 'Europe/Berlin', '2026-12-31'],
    ['keyed', '0229', '2026-03-02T00:00', 'Europe/Berlin', '2028-02-29'],
  ] as const)('%s %s at %s in %s is %s', (kind, digits, now, zone, date) => {
    const choice = kind === 'keyed' ? { kind, digits } : { kind };
    expect(wishedDay(choice, at(now, zone), zone, farMs)).toEqual({ kind: 'accepted', date });
  });

  test.each(['0230', '1301', '0132', '0000', '13', 'abcd'])('%s is no day', (digits) => {
    const answer = wishedDay({ kind: 'keyed', digits }, at('2026-03-02T12:00', 'UTC'), 'UTC', farMs);
    expect(answer).toEqual({ kind: 'refused', reason: 'not-valid' });
  });

  test('the last bookable day is taken, the one after it is too far', () => {
    const nowMs = at('2026-03-02T12:00', 'UTC');
    const untilMs = at('2026-03-05T12:00', 'UTC');
    const answer = (digits: string) => wishedDay({ kind: 'keyed', digits }, nowMs, 'UTC', untilMs).kind;
    expect([answer('0305'), answer('0306')]).toEqual(['accepted', 'refused']);
  });
});

describe('a time keyed as HHMM', () => {
  test.each([
    ['0000', 0],
    ['0905', 545],
    ['905', 545],
    ['1200', 720],
    ['2359', 1439],
  ])('%s is minute %i on a clock of 24 hours', (digits, minuteOfDay) => {
    expect(keyedTime(digits, false)).toEqual({ kind: 'accepted', minuteOfDay });
  });

  test.each(['2400', '0960', '9', '12345', '', '12*0'])('%s is no time', (digits) => {
    expect(keyedTime(digits, false)).toEqual({ kind: 'refused' });
    expect(keyedTime(digits, true, 'am')).toEqual({ kind: 'refused' });
  });

  test.each([
    ['0100', 60, 780],
    ['1159', 719, 1439],
    ['1200', 0, 720],
    ['1230', 30, 750],
  ])('%s is minute %i or %i on a clock of 12 hours, and asked for', (digits, am, pm) => {
    expect(keyedTime(digits, true)).toEqual({ kind: 'ambiguous' });
    expect(keyedTime(digits, true, 'am')).toEqual({ kind: 'accepted', minuteOfDay: am });
    expect(keyedTime(digits, true, 'pm')).toEqual({ kind: 'accepted', minuteOfDay: pm });
  });

  test.each([
    ['0030', 30],
    ['1300', 780],
    ['2359', 1439],
  ])('%s is clear on any clock', (digits, minuteOfDay) => {
    expect(keyedTime(digits, true)).toEqual({ kind: 'accepted', minuteOfDay });
  });
});

test.each([
  ['2026-03-02', 570, 'Europe/Berlin', '2026-03-02T08:30:00Z'],
  // Skipped: 02:30 becomes 03:30.
  ['2026-03-29', 150, 'Europe/Berlin', '2026-03-29T01:30:00Z'],
  // Shown twice: the first.
  ['2026-10-25', 150, 'Europe/Berlin', '2026-10-25T00:30:00Z'],
  ['2026-11-01', 90, 'America/New_York', '2026-11-01T05:30:00Z'],
  ['2026-09-06', 0, 'America/Santiago', '2026-09-06T04:00:00Z'],
])('%s, minute %i in %s is %s', (date, minute, zone, instant) => {
  expect(new Date(wishedInstant(date, minute, zone)).toISOString()).toBe(instant.replace('Z', '.000Z'));
});
