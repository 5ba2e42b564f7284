import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { BusinessHours, businessHoursSchema } from '../../../src/calendar/business-hours.ts';
import { CapacityRule, capacityRuleSchema } from '../../../src/calendar/capacity-rule.ts';
import { SlotCalendar } from '../../../src/calendar/slot-calendar.ts';

const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

interface Setting {
  readonly zone?: string;
  readonly hours?: readonly { readonly from: string; readonly to: string }[];
  readonly weekly?: object;
  readonly specialDays?: readonly object[];
  readonly slotDurationMin?: number;
  readonly slotCapacity?: number;
  readonly rule?: object;
  readonly exceptions?: readonly object[];
}

function calendar(setting: Setting): SlotCalendar {
  const { zone = 'Europe/Berlin', hours = [{ from: '00:00', to: '24:00' }], rule } = setting;
  const weekly = setting.weekly ?? Object.fromEntries(everyDay.map((day) => [day, hours]));
  const { specialDays = [], exceptions = [], slotDurationMin = 15, slotCapacity = 5 } = setting;
  const named = { name: 'x', timeZone: zone, weekly, specialDays };
  return new SlotCalendar(
    { slotDurationMin, slotCapacity },
    new BusinessHours(businessHoursSchema.parse(named)),
    rule && new CapacityRule(capacityRuleSchema.parse({ name: 'x', statement: rule, exceptions })),
  );
}

function at(slots: SlotCalendar, text: string): number {
  return DateTime.fromISO(text, { zone: slots.timeZone }).toMillis();
}

/** Beginnings as the wall clock shows them, with the offset. */
function beginnings(slots: SlotCalendar, from: string, to: string): string[] {
  return [...slots.slots(at(slots, from), at(slots, to))].map(({ startMs }) =>
    DateTime.fromMillis(startMs, { zone: slots.timeZone }).toFormat('HH:mmZZ'),
  );
}

describe('opening hours', () => {
  test('that begin at 07:50 have 08:00 as the first slot of 15 minutes', () => {
    const slots = calendar({ hours: [{ from: '07:50', to: '08:35' }] });
    const found = beginnings(slots, '2026-03-02T00:00', '2026-03-03T00:00');
    expect(found).toEqual(['08:00+01:00', '08:15+01:00', '08:30+01:00']);
  });

  test('are looked at for the beginning of a slot only: the last may end after closing', () => {
    const slots = calendar({ hours: [{ from: '09:00', to: '09:31' }], slotDurationMin: 30 });
    const [, last] = slots.slots(at(slots, '2026-03-02T00:00'), at(slots, '2026-03-03T00:00'));
    expect(last?.endMs).toBe(at(slots, '2026-03-02T10:00'));
  });

  test('that pass midnight have slots on both days', () => {
    const slots = calendar({ weekly: { mon: [{ from: '23:30', to: '00:30' }] } });
    expect(beginnings(slots, '2026-03-02T12:00', '2026-03-04T12:00')).toEqual([
      '23:30+01:00',
      '23:45+01:00',
      '00:00+01:00',
      '00:15+01:00',
    ]);
  });

  test('of special days count: closed on a holiday, open on a Sunday', () => {
    const slots = calendar({
      weekly: { mon: [{ from: '09:00', to: '10:00' }] },
      specialDays: [
        { date: '2026-03-02', intervals: [] },
        { date: '2026-03-08', intervals: [{ from: '11:00', to: '11:30' }] },
      ],
      slotDurationMin: 30,
    });
    expect(beginnings(slots, '2026-03-02T00:00', '2026-03-10T00:00')).toEqual([
      '11:00+01:00',
      '09:00+01:00',
      '09:30+01:00',
    ]);
  });

  test('of none at all end the search at once', () => {
    expect(beginnings(calendar({ weekly: {} }), '2026-03-02T00:00', '2027-03-02T00:00')).toEqual([]);
  });

  test('of a queue without any are always open, in UTC', () => {
    const slots = new SlotCalendar({ slotDurationMin: 60, slotCapacity: 1 }, undefined, undefined);
    expect(slots.timeZone).toBe('UTC');
    expect([...slots.slots(0, 86_400_000)]).toHaveLength(24);
  });
});

describe('capacity', () => {
  test('of a rule applies to each slot inside its hour and overrides the setting', () => {
    const slots = calendar({ rule: { days: { mon: { '09:00': 5 } }, duration: 60 }, slotCapacity: 3 });
    const found = [...slots.slots(at(slots, '2026-03-02T00:00'), at(slots, '2026-03-03T00:00'))];
    expect(found.map(({ capacity }) => capacity)).toEqual([5, 5, 5, 5]);
    expect(found.at(0)?.startMs).toBe(at(slots, '2026-03-02T09:00'));
  });

  test('of an empty cell is 0: there is no slot', () => {
    const slots = calendar({ rule: { days: { mon: { '09:00': 0 } }, duration: 60 } });
    expect(slots.slotAt(at(slots, '2026-03-02T09:20'))).toBe('no-capacity');
    expect(slots.slotAt(at(slots, '2026-03-02T10:20'))).toBe('no-capacity');
    expect(beginnings(slots, '2026-03-02T00:00', '2026-03-09T00:00')).toEqual([]);
  });

  test('is read in the zone of the business hours, with exceptions by local date', () => {
    const slots = calendar({
      zone: 'America/New_York',
      slotDurationMin: 60,
      rule: { days: { thu: { '09:00': 4 } }, duration: 60 },
      exceptions: [{ date: '2026-11-26', cells: { '22:00': 2 } }],
    });
    expect(beginnings(slots, '2026-11-19T00:00', '2026-11-27T00:00')).toEqual(['09:00-05:00', '22:00-05:00']);
  });

  test('of 07:30 to 08:30 with opening at 07:50 begins at 08:00', () => {
    const slots = calendar({
      hours: [{ from: '07:50', to: '18:00' }],
      rule: { days: { mon: { '07:30': 10, '08:00': 10 } }, duration: 30 },
    });
    expect(beginnings(slots, '2026-03-02T00:00', '2026-03-03T00:00')).toEqual(['08:00+01:00', '08:15+01:00']);
    expect(slots.slotAt(at(slots, '2026-03-02T07:55'))).toBe('closed');
  });
});

describe('when clocks change', () => {
  test.each<[string, Setting, string, string, string[]]>([
    [
      'Berlin in spring has no 02:00 slots',
      { slotDurationMin: 30 },
      '2026-03-29T01:30',
      '2026-03-29T03:30',
      ['01:30+01:00', '03:00+02:00'],
    ],
    [
      'Berlin in autumn has the slots of 02:00 twice',
      { slotDurationMin: 30 },
      '2026-10-25T01:30',
      '2026-10-25T03:00',
      ['01:30+02:00', '02:00+02:00', '02:30+02:00', '02:00+01:00', '02:30+01:00'],
    ],
    [
      'New York in spring',
      { zone: 'America/New_York', slotDurationMin: 60 },
      '2026-03-08T00:00',
      '2026-03-08T05:00',
      ['00:00-05:00', '01:00-05:00', '03:00-04:00', '04:00-04:00'],
    ],
    [
      'New York in autumn',
      { zone: 'America/New_York', slotDurationMin: 60 },
      '2026-11-01T00:00',
      '2026-11-01T03:00',
      ['00:00-04:00', '01:00-04:00', '01:00-05:00', '02:00-05:00'],
    ],
    [
      'Lord Howe in spring moves by half an hour: slots stay on the local hour',
      { zone: 'Australia/Lord_Howe', slotDurationMin: 60 },
      '2026-10-04T01:00',
      '2026-10-04T05:00',
      ['01:00+10:30', '03:00+11:00', '04:00+11:00'],
    ],
    [
      'Lord Howe in spring, slots of 20 minutes',
      { zone: 'Australia/Lord_Howe', slotDurationMin: 20 },
      '2026-10-04T01:20',
      '2026-10-04T03:20',
      ['01:20+10:30', '01:40+10:30', '02:40+11:00', '03:00+11:00'],
    ],
    [
      'Lord Howe in autumn, slots of 30 minutes',
      { zone: 'Australia/Lord_Howe', slotDurationMin: 30 },
      '2026-04-05T01:00',
      '2026-04-05T02:30',
      ['01:00+11:00', '01:30+11:00', '01:30+10:30', '02:00+10:30'],
    ],
    [
      'Santiago in spring skips midnight: the day begins at 01:00',
      { zone: 'America/Santiago', slotDurationMin: 30 },
      '2026-09-05T23:30',
      '2026-09-06T02:00',
      ['23:30-04:00', '01:00-03:00', '01:30-03:00'],
    ],
    [
      'Santiago in autumn has the last hour of Saturday twice',
      { zone: 'America/Santiago', slotDurationMin: 30 },
      '2026-04-04T23:00',
      '2026-04-05T00:30',
      ['23:00-03:00', '23:30-03:00', '23:00-04:00', '23:30-04:00', '00:00-04:00'],
    ],
  ])('%s', (_, setting, from, to, expected) => {
    expect(beginnings(calendar(setting), from, to)).toEqual(expected);
  });

  test.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago'])(
    'in %s every instant of a year lies in exactly one slot, which begins on the local grid',
    (zone) => {
      const slots = calendar({ zone, slotDurationMin: 30 });
      let expectedMs = at(slots, '2026-01-01T00:00');
      const faults: string[] = [];
      for (const slot of slots.slots(expectedMs, at(slots, '2027-01-01T00:00'))) {
        const isOnGrid = new Date(slot.startMs).getUTCMinutes() % 30 === 0;
        const around = [slots.slotAt(slot.startMs), slots.slotAt(slot.endMs - 1)];
        const isAround = around.every((found) => typeof found === 'object' && found.startMs === slot.startMs);
        if (slot.startMs !== expectedMs || !isOnGrid || !isAround)
          faults.push(JSON.stringify({ slot, around }));
        expectedMs = slot.endMs;
      }
      expect(faults).toEqual([]);
      expect(expectedMs).toBe(at(slots, '2027-01-01T00:00'));
    },
  );
});
