import { describe, expect, it } from 'vitest';
import { endOfBusinessDay } from '../../../src/application/end-of-day.ts';
import { BusinessHours, businessHoursSchema } from '../../../src/calendar/business-hours.ts';
import { aQueue } from '../../fakes/queue-settings.ts';

type Intervals = { from: string; to: string }[];

/** End of the business day of an instant, as UTC text; all weekdays alike, closed at weekends. */
function endOf(intervals: Intervals, at: string, timeZone = 'Etc/UTC'): string | null {
  const weekly = Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, intervals]));
  const hours = new BusinessHours(businessHoursSchema.parse({ name: 'hours', timeZone, weekly }));
  const settings = aQueue({ businessHours: 'hours' });
  const directory = { queue: () => settings, businessHours: () => hours };
  const endMs = endOfBusinessDay(directory, 'support', Date.parse(at));
  return endMs === null ? null : new Date(endMs).toISOString().slice(0, 16);
}

describe('the end of the business day', () => {
  const office: Intervals = [{ from: '08:00', to: '18:00' }];
  const withNoon: Intervals = [
    { from: '09:00', to: '12:00' },
    { from: '13:30', to: '18:00' },
  ];
  const night: Intervals = [{ from: '22:00', to: '06:00' }];

  it.each([
    ['during the day', office, '2026-03-02T10:00Z', '2026-03-02T18:00'],
    ['before the opening is that of the day to come', office, '2026-03-02T06:00Z', '2026-03-02T18:00'],
    ['after the closing is that of the next day', office, '2026-03-02T18:00Z', '2026-03-03T18:00'],
    ['on a Saturday is that of Monday', office, '2026-03-07T10:00Z', '2026-03-09T18:00'],
    ['in the morning leaves the break at noon out', withNoon, '2026-03-02T10:00Z', '2026-03-02T18:00'],
    ['in the break is in the evening', withNoon, '2026-03-02T12:30Z', '2026-03-02T18:00'],
    ['of a night begins in the evening', night, '2026-03-02T23:00Z', '2026-03-03T06:00'],
    ['after midnight is that of the same night', night, '2026-03-03T02:00Z', '2026-03-03T06:00'],
  ])('%s', (_name, intervals, at, end) => {
    expect(endOf(intervals, at)).toBe(end);
  });

  it('is told by the clock of the queue, also on the day it changes', () => {
    expect(endOf(office, '2026-03-27T12:00Z', 'Europe/Berlin')).toBe('2026-03-27T17:00');
    expect(endOf(office, '2026-03-30T12:00Z', 'Europe/Berlin')).toBe('2026-03-30T16:00');
  });

  it('never comes where the queue never closes', () => {
    const settings = aQueue();
    const directory = { queue: () => settings, businessHours: () => undefined };
    expect(endOfBusinessDay(directory, 'support', 0)).toBeNull();
  });
});
