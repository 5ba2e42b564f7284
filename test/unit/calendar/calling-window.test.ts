import { DateTime, IANAZone } from 'luxon';
import { describe, expect, test } from 'vitest';
import { callingWindowAt } from '../../../src/calendar/calling-window.ts';
import { zonesOfNumber } from '../../../src/calendar/number-zones.ts';

const window = { from: '09:00', to: '20:00' };

test.each([
  ['+493012345678', ['Europe/Berlin']],
  ['+442071234567', ['Europe/London']],
  ['+12125550123', ['America/New_York']],
  ['+13125550123', ['America/Chicago']],
  ['+13105550123', ['America/Los_Angeles']],
  ['+16025550123', ['America/Phoenix']],
  ['+18085550123', ['Pacific/Honolulu']],
  ['+14165550123', ['America/Toronto']],
  ['+17095550123', ['America/Halifax', 'America/St_Johns']],
  ['+18765550123', ['America/Jamaica']],
  ['+34912345678', ['Europe/Madrid', 'Atlantic/Canary']],
  ['+35314960000', ['Europe/Dublin']],
  ['+3906698123', ['Europe/Rome']],
  ['+18005550123', []],
  ['+8821312345', []],
  ['1001', []],
  ['+', []],
])('%s may be in %j', (number, zones) => {
  expect(zonesOfNumber(number)).toEqual(zones);
});

test('a Russian number may be in any zone from Kaliningrad to Kamchatka', () => {
  const zones = zonesOfNumber('+79161234567');
  expect(zones).toContain('Europe/Kaliningrad');
  expect(zones).toContain('Asia/Kamchatka');
});

test('every zone of the tables exists', () => {
  const numbers = Array.from({ length: 800 }, (_, area) => `+1${area + 200}5550100`);
  for (let code = 20; code < 1000; code++) numbers.push(`+${code}12345678`);
  const zones = new Set(numbers.flatMap((number) => zonesOfNumber(number)));
  expect(zones.size).toBeGreaterThan(230);
  expect([...zones].filter((zone) => !IANAZone.isValidZone(zone))).toEqual([]);
});

describe('the calling window', () => {
  const ask = (number: string, local: string, zone: string, limits = window) => {
    const atMs = DateTime.fromISO(local, { zone }).toMillis();
    const answer = callingWindowAt(limits, number, 'Europe/Berlin', atMs);
    if (answer.kind === 'open') return 'open';
    if (answer.opensAtMs === undefined) return 'never';
    return DateTime.fromMillis(answer.opensAtMs, { zone }).toFormat("yyyy-MM-dd'T'HH:mm");
  };

  test.each([
    ['+12125550123', '2026-03-02T08:59', 'America/New_York', '2026-03-02T09:00'],
    ['+12125550123', '2026-03-02T09:00', 'America/New_York', 'open'],
    ['+12125550123', '2026-03-02T19:59', 'America/New_York', 'open'],
    ['+12125550123', '2026-03-02T20:00', 'America/New_York', '2026-03-03T09:00'],
    // Kentucky, in two zones: both must be inside.
    ['+12705550123', '2026-03-02T09:30', 'America/New_York', '2026-03-02T10:00'],
    ['+12705550123', '2026-03-02T19:30', 'America/New_York', 'open'],
    ['+12705550123', '2026-03-02T20:00', 'America/New_York', '2026-03-03T10:00'],
    // Unknown: the queue's zone.
    ['+18005550123', '2026-03-02T08:30', 'Europe/Berlin', '2026-03-02T09:00'],
    ['1001', '2026-03-02T12:00', 'Europe/Berlin', 'open'],
    // The night in which clocks go forward.
    ['+493012345678', '2026-03-28T22:00', 'Europe/Berlin', '2026-03-29T09:00'],
  ])('of %s at %s in %s: %s', (number, local, zone, expected) => {
    expect(ask(number, local, zone)).toBe(expected);
  });

  test('may begin at any minute', () => {
    const limits = { from: '09:07', to: '20:00' };
    expect(ask('+493012345678', '2026-03-02T03:00', 'Europe/Berlin', limits)).toBe('2026-03-02T09:07');
    expect(ask('+493012345678', '2026-03-02T09:06', 'Europe/Berlin', limits)).toBe('2026-03-02T09:07');
  });

  test('may pass midnight and may end at 24:00', () => {
    const night = { from: '22:00', to: '02:00' };
    expect(ask('+493012345678', '2026-03-02T01:59', 'Europe/Berlin', night)).toBe('open');
    expect(ask('+493012345678', '2026-03-02T02:00', 'Europe/Berlin', night)).toBe('2026-03-02T22:00');
    const late = { from: '09:00', to: '24:00' };
    expect(ask('+493012345678', '2026-03-02T23:59', 'Europe/Berlin', late)).toBe('open');
  });

  test('of zones that never agree never opens', () => {
    const short = { from: '09:00', to: '10:00' };
    expect(ask('+79161234567', '2026-03-02T09:30', 'Europe/Moscow', short)).toBe('never');
  });
});
