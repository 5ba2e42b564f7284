import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { BusinessHours, businessHoursSchema } from '../../../src/calendar/business-hours.ts';

const office = {
  name: 'office',
  timeZone: 'Europe/Berlin',
  weekly: Object.fromEntries(
    ['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [{ from: '09:00', to: '17:00' }]]),
  ),
};

function hours(settings: object): BusinessHours {
  return new BusinessHours(businessHoursSchema.parse({ name: 'x', ...settings }));
}

/** An instant by its local text, in the zone of the hours. */
function at(calendar: BusinessHours, text: string): number {
  const local = DateTime.fromISO(text, { zone: calendar.timeZone });
  if (!local.isValid) throw new Error(`no instant: ${text}`);
  return local.toMillis();
}

function text(calendar: BusinessHours, atMs: number | undefined): string | undefined {
  if (atMs === undefined) return undefined;
  return DateTime.fromMillis(atMs, { zone: calendar.timeZone }).toFormat("yyyy-MM-dd'T'HH:mmZZ");
}

describe('weekly hours', () => {
  const calendar = hours(office);

  test.each([
    ['2026-01-05T08:59:59.999', false, '2026-01-05T09:00+01:00', undefined],
    ['2026-01-05T09:00', true, '2026-01-05T09:00+01:00', '2026-01-05T17:00+01:00'],
    ['2026-01-05T16:59:59.999', true, '2026-01-05T16:59+01:00', '2026-01-05T17:00+01:00'],
    ['2026-01-05T17:00', false, '2026-01-06T09:00+01:00', undefined],
    ['2026-01-09T17:00', false, '2026-01-12T09:00+01:00', undefined],
    ['2026-01-10T12:00', false, '2026-01-12T09:00+01:00', undefined],
  ])('at %s: open is %s, opens %s, closes %s', (local, isOpen, opens, closes) => {
    const atMs = at(calendar, local);
    expect(calendar.isOpen(atMs)).toBe(isOpen);
    expect(text(calendar, calendar.nextOpening(atMs))).toBe(opens);
    expect(text(calendar, calendar.closesAt(atMs))).toBe(closes);
  });

  test('nextOpening is the instant itself while open', () => {
    const atMs = at(calendar, '2026-01-05T12:34:56.789');
    expect(calendar.nextOpening(atMs)).toBe(atMs);
  });

  test('hours that pass midnight belong to the day they begin on', () => {
    const night = hours({ timeZone: 'Europe/Berlin', weekly: { fri: [{ from: '22:00', to: '06:00' }] } });
    expect(night.isOpen(at(night, '2026-01-10T05:59'))).toBe(true);
    expect(night.isOpen(at(night, '2026-01-10T06:00'))).toBe(false);
    expect(night.isOpen(at(night, '2026-01-09T05:00'))).toBe(false);
    expect(text(night, night.closesAt(at(night, '2026-01-09T23:00')))).toBe('2026-01-10T06:00+01:00');
  });

  test('hours that touch close only at the end of the last', () => {
    const touching = hours({
      timeZone: 'Europe/Berlin',
      weekly: { mon: [{ from: '08:00', to: '12:00' }, { from: '12:00', to: '24:00' }], tue: [{ from: '00:00', to: '02:00' }] },
    }); // prettier-ignore
    expect(text(touching, touching.closesAt(at(touching, '2026-01-05T09:00')))).toBe(
      '2026-01-06T02:00+01:00',
    );
  });

  test('hours around the clock have no closing, hours without intervals no opening', () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
    const always = hours({
      timeZone: 'UTC',
      weekly: Object.fromEntries(days.map((day) => [day, [{ from: '00:00', to: '24:00' }]])),
    });
    const atMs = at(always, '2026-01-05T12:00');
    expect([always.isOpen(atMs), always.closesAt(atMs)]).toEqual([true, undefined]);
    const never = hours({ timeZone: 'UTC', weekly: {} });
    expect([never.isOpen(atMs), never.nextOpening(atMs)]).toEqual([false, undefined]);
  });

  test('hours around the clock end where a special day does not go around it', () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
    const around = [{ from: '00:00', to: '24:00' }];
    const open = (intervals: readonly { from: string; to: string }[]) =>
      hours({
        timeZone: 'America/New_York',
        weekly: Object.fromEntries(days.map((day) => [day, around])),
        specialDays: [{ date: '2026-12-25', intervals }],
      });
    // The clock goes forward in March and back in November: open all the same, at any instant.
    const instants = ['2026-03-08T02:30', '2026-11-01T01:30', '2026-12-25T12:00'];
    const always = open(around);
    for (const instant of instants) {
      const atMs = at(always, instant);
      expect([always.isOpen(atMs), always.nextOpening(atMs), always.closesAt(atMs)]).toEqual([
        true,
        atMs,
        undefined,
      ]);
    }
    const closed = open([]);
    expect([
      closed.isOpen(at(closed, '2026-12-25T12:00')),
      closed.closesAt(at(closed, '2026-12-24T12:00')),
    ]).toEqual([false, at(closed, '2026-12-25T00:00')]);
    const short = open([{ from: '00:00', to: '23:59' }]);
    expect(short.closesAt(at(short, '2026-12-24T12:00'))).toBe(at(short, '2026-12-25T23:59'));
  });
});

describe('special days', () => {
  const calendar = hours({
    ...office,
    weekly: { ...office.weekly, thu: [{ from: '22:00', to: '06:00' }] },
    specialDays: [
      { date: '2026-12-25', name: 'Christmas', intervals: [] },
      { date: '2026-12-26', intervals: [{ from: '10:00', to: '12:00' }] },
    ],
  });

  test('a closed day is closed, but for the tail of the evening before', () => {
    expect(calendar.isOpen(at(calendar, '2026-12-25T05:59'))).toBe(true);
    expect(calendar.isOpen(at(calendar, '2026-12-25T12:00'))).toBe(false);
    expect(text(calendar, calendar.nextOpening(at(calendar, '2026-12-25T06:00')))).toBe(
      '2026-12-26T10:00+01:00',
    );
  });

  test('an extra opening replaces the weekly hours of its day', () => {
    expect(calendar.isOpen(at(calendar, '2026-12-26T11:59'))).toBe(true);
    expect(calendar.isOpen(at(calendar, '2026-12-26T12:00'))).toBe(false);
  });
});

describe('when the clocks change', () => {
  // New York: 2026-03-08 02:00 EST becomes 03:00 EDT; 2026-11-01 02:00 EDT becomes 01:00 EST.
  const newYork = (from: string, to: string): BusinessHours =>
    hours({ timeZone: 'America/New_York', weekly: { sun: [{ from, to }] } });

  test.each([
    ['an opening in the gap moves behind it', '02:30', '04:00', '2026-03-08', '2026-03-08T03:30-04:00', '2026-03-08T04:00-04:00', 30],
    ['a closing in the gap moves behind it', '01:00', '02:30', '2026-03-08', '2026-03-08T01:00-05:00', '2026-03-08T03:30-04:00', 90],
    ['hours around the gap are an hour shorter', '00:00', '06:00', '2026-03-08', '2026-03-08T00:00-05:00', '2026-03-08T06:00-04:00', 300],
    ['hours wholly in the gap follow it', '02:15', '02:45', '2026-03-08', '2026-03-08T03:15-04:00', '2026-03-08T03:45-04:00', 30],
    ['hours around the overlap are an hour longer', '00:00', '06:00', '2026-11-01', '2026-11-01T00:00-04:00', '2026-11-01T06:00-05:00', 420],
    ['an ambiguous opening is the first', '01:30', '03:00', '2026-11-01', '2026-11-01T01:30-04:00', '2026-11-01T03:00-05:00', 150],
    ['an ambiguous closing is the second', '00:00', '01:30', '2026-11-01', '2026-11-01T00:00-04:00', '2026-11-01T01:30-05:00', 150],
    ['on another Sunday they are as they read', '01:30', '03:00', '2026-06-07', '2026-06-07T01:30-04:00', '2026-06-07T03:00-04:00', 90],
  ])('%s', (_, from, to, date, opens, closes, minutes) => {
    const calendar = newYork(from, to);
    const openingMs = calendar.nextOpening(at(calendar, date) - 3_600_000) ?? Number.NaN;
    const closingMs = calendar.closesAt(openingMs) ?? Number.NaN;
    expect([text(calendar, openingMs), text(calendar, closingMs), (closingMs - openingMs) / 60_000]).toEqual([
      opens,
      closes,
      minutes,
    ]);
    expect([calendar.isOpen(openingMs - 1), calendar.isOpen(closingMs - 1), calendar.isOpen(closingMs)]).toEqual([
      false, true, false,
    ]);
  }); // prettier-ignore

  test('a night that passes the change is read by the clock on the wall', () => {
    const calendar = hours({
      timeZone: 'America/New_York',
      weekly: { sat: [{ from: '22:00', to: '06:00' }] },
    });
    expect(text(calendar, calendar.closesAt(at(calendar, '2026-03-07T23:00')))).toBe(
      '2026-03-08T06:00-04:00',
    );
    expect(text(calendar, calendar.closesAt(at(calendar, '2026-10-31T23:00')))).toBe(
      '2026-11-01T06:00-05:00',
    );
  });

  test('a day without a midnight begins when the clock says so', () => {
    // Cairo: 2026-04-24 00:00 becomes 01:00.
    const cairo = hours({ timeZone: 'Africa/Cairo', weekly: { thu: [{ from: '08:00', to: '24:00' }], fri: [{ from: '00:00', to: '09:00' }] } });
    expect(text(cairo, cairo.closesAt(at(cairo, '2026-04-23T10:00')))).toBe('2026-04-24T09:00+03:00');
  }); // prettier-ignore

  test('around each change, open and the next opening and closing agree', () => {
    const calendar = hours({
      timeZone: 'America/New_York',
      weekly: { sat: [{ from: '22:00', to: '02:30' }], sun: [{ from: '01:15', to: '01:45' }, { from: '03:00', to: '05:00' }] },
    }); // prettier-ignore
    for (const around of ['2026-03-07T12:00', '2026-10-31T12:00', '2026-06-06T12:00']) {
      const startMs = at(calendar, around);
      for (let minute = 0; minute < 36 * 60; minute += 5) {
        const atMs = startMs + minute * 60_000;
        const next = calendar.nextOpening(atMs) ?? Number.NaN;
        expect(calendar.isOpen(next)).toBe(true);
        expect([calendar.isOpen(atMs), next > atMs && calendar.isOpen(next - 1)]).toEqual([
          next === atMs,
          false,
        ]);
        const closes = calendar.closesAt(next) ?? Number.NaN;
        expect([calendar.isOpen(closes - 1), calendar.isOpen(closes)]).toEqual([true, false]);
      }
    }
  });
});

describe('settings are refused for', () => {
  test.each<[string, object, string]>([
    ['an unknown zone', { timeZone: 'Mars/Olympus' }, 'must be an IANA time zone such as "Europe/Berlin"'],
    ['a time that does not exist', { weekly: { mon: [{ from: '09:00', to: '26:00' }] } }, 'must be a time like "09:00"; the end of a day is "24:00"'],
    ['a day that begins at its end', { weekly: { mon: [{ from: '24:00', to: '12:00' }] } }, 'a day begins at "00:00"'],
    ['an empty interval', { weekly: { mon: [{ from: '09:00', to: '09:00' }] } }, 'must differ from "from"; the whole day is "00:00" to "24:00"'],
    ['overlapping intervals', { weekly: { mon: [{ from: '13:00', to: '18:00' }, { from: '09:00', to: '13:30' }] } }, 'has intervals that overlap'],
    ['an unknown weekday', { weekly: { monday: [] } }, 'Unrecognized key: "monday"'],
    ['a date that does not exist', { specialDays: [{ date: '2026-02-30', intervals: [] }] }, 'must be a date like "2026-12-25"'],
    ['a special day that stands twice', { specialDays: [{ date: '2026-01-01', intervals: [] }, { date: '2026-01-01', intervals: [] }] }, 'stands twice'],
  ])('%s', (_, wrong, message) => {
    const parsed = businessHoursSchema.safeParse({ ...office, ...wrong });
    expect(parsed.error?.issues.map((issue) => issue.message)).toEqual([message]);
  }); // prettier-ignore
});

test('the answers do not depend on what was asked before', () => {
  const settings = {
    timeZone: 'Europe/Berlin',
    weekly: { ...office.weekly, sat: [{ from: '22:00', to: '04:00' }] },
  };
  const asked = hours(settings);
  const fromMs = Date.UTC(2026, 2, 23);
  // Forty instants of two weeks, in an order that jumps to and fro, each asked several times.
  const instants = Array.from({ length: 120 }, (_, at) => fromMs + ((at * 7919) % 40) * 8.4 * 3_600_000);
  const answers = (calendar: BusinessHours, atMs: number): unknown => [
    calendar.isOpen(atMs),
    calendar.closesAt(atMs),
    calendar.nextOpening(atMs),
  ];
  expect(instants.map((atMs) => answers(asked, atMs))).toEqual(
    instants.map((atMs) => answers(hours(settings), atMs)),
  );
});
