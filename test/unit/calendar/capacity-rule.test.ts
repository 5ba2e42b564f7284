import { describe, expect, test } from 'vitest';
import {
  CapacityRule,
  capacityRuleSchema,
  convertCapacity,
  type CapacityStatement,
} from '../../../src/calendar/capacity-rule.ts';

/** A statement as people copy and paste it. */
const pasted = `{"days":{"sun":{"02:00":2},"mon":{"05:00":2},"tue":{"07:00":3,"06:00":4},"wed":{"08:00":5},
"thu":{"11:00":6},"fri":{"18:00":6},"sat":{"19:00":6}},"duration":60}`;

function rule(statement: unknown, exceptions: unknown = []): CapacityRule {
  return new CapacityRule(capacityRuleSchema.parse({ name: 'March', statement, exceptions }));
}

function faults(entry: object): string[] {
  const outcome = capacityRuleSchema.safeParse({ name: 'March', ...entry });
  return outcome.success ? [] : outcome.error.issues.map((issue) => issue.path.join('.'));
}

describe('a pasted statement', () => {
  // 2026-03-01 is a Sunday.
  test.each([
    ['2026-03-01', '02:00', 2],
    ['2026-03-02', '05:00', 2],
    ['2026-03-03', '06:59', 4],
    ['2026-03-03', '07:00', 3],
    ['2026-03-03', '07:45', 3],
    ['2026-03-03', '08:00', 0],
    ['2026-03-04', '08:15', 5],
    ['2026-03-05', '11:30', 6],
    ['2026-03-06', '18:59', 6],
    ['2026-03-07', '19:00', 6],
    ['2026-03-07', '00:00', 0],
  ])('gives on %s at %s the capacity %i', (date, time, capacity) => {
    const minuteOfDay = Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
    expect(rule(JSON.parse(pasted)).capacityAt(date, minuteOfDay)).toBe(capacity);
  });

  test('reads as it was written, whatever the order of its cells', () => {
    const parsed = capacityRuleSchema.parse({ name: 'March', statement: JSON.parse(pasted) });
    expect(parsed.statement).toEqual(JSON.parse(pasted));
  });
});

test('half hours have values of their own', () => {
  const halves = rule({ days: { mon: { '09:00': 1, '09:30': 2 } }, duration: 30 });
  expect([540, 569, 570, 599, 600].map((minute) => halves.capacityAt('2026-03-02', minute))).toEqual([
    1, 1, 2, 2, 0,
  ]);
});

describe('exceptions', () => {
  const withHoliday = rule({ days: { thu: { '09:00': 5, '10:00': 5 } }, duration: 60 }, [
    { date: '2026-12-24', cells: { '09:00': 1 } },
    { date: '2026-12-31', cells: {} },
  ]);

  test.each([
    ['2026-12-17', 540, 5],
    ['2026-12-24', 540, 1],
    ['2026-12-24', 600, 0],
    ['2026-12-31', 540, 0],
  ])('on %s at minute %i the capacity is %i', (date, minute, capacity) => {
    expect(withHoliday.capacityAt(date, minute)).toBe(capacity);
  });
});

describe('another length of cells', () => {
  const halves: CapacityStatement = {
    days: { mon: { '09:00': 8, '09:30': 10, '10:00': 8, '10:30': 10 }, tue: { '11:30': 4 } },
    duration: 30,
  };

  test('half hours to hours keeps the full hour and drops the half hour', () => {
    const hours = convertCapacity(halves, 60);
    expect(hours).toEqual({ days: { mon: { '09:00': 8, '10:00': 8 }, tue: {} }, duration: 60 });
    expect(rule(hours).capacityAt('2026-03-02', 570)).toBe(8);
    expect(rule(hours).capacityAt('2026-03-03', 690)).toBe(0);
  });

  test('hours to half hours puts the value into both halves', () => {
    expect(convertCapacity({ days: { mon: { '09:00': 8, '10:00': 8 } }, duration: 60 }, 30)).toEqual({
      days: { mon: { '09:00': 8, '09:30': 8, '10:00': 8, '10:30': 8 } },
      duration: 30,
    });
  });

  test('the same length changes nothing', () => {
    expect(convertCapacity(halves, 30)).toBe(halves);
  });
});

test.each([
  ['an unknown day', { statement: { days: { monday: {} }, duration: 60 } }, 'statement.days'],
  ['another duration', { statement: { days: {}, duration: 45 } }, 'statement.duration'],
  ['no duration', { statement: { days: {} } }, 'statement.duration'],
  ['a quarter hour', { statement: { days: { mon: { '09:15': 1 } }, duration: 30 } }, 'statement.days.mon'],
  ['24:00', { statement: { days: { mon: { '24:00': 1 } }, duration: 60 } }, 'statement.days.mon'],
  ['half an hour in hours', { statement: { days: { mon: { '09:30': 1 } }, duration: 60 } }, 'days.mon.09:30'],
  ['a negative value', { statement: { days: { mon: { '09:00': -1 } }, duration: 60 } }, 'days.mon.09:00'],
  ['a fraction', { statement: { days: { mon: { '09:00': 1.5 } }, duration: 60 } }, 'days.mon.09:00'],
  ['above the limit', { statement: { days: { mon: { '09:00': 10_001 } }, duration: 60 } }, 'mon.09:00'],
  [
    'a date twice',
    {
      statement: { days: {}, duration: 60 },
      exceptions: [
        { date: '2026-12-24', cells: {} },
        { date: '2026-12-24', cells: {} },
      ],
    },
    'exceptions.1.date',
  ],
  [
    'no such date',
    { statement: { days: {}, duration: 60 }, exceptions: [{ date: '2026-02-30', cells: {} }] },
    'exceptions.0.date',
  ],
])('%s is refused at its place', (_, entry, place) => {
  expect(faults(entry).join(' ')).toContain(place);
});
