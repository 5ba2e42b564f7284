import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { ZoneClock } from '../../../src/calendar/local-time.ts';

const HOUR_MS = 3_600_000;
const zones = ['Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia', 'Australia/Lord_Howe'];

describe('a zone clock', () => {
  it.each(zones)('writes every hour of a year of %s as luxon does, clock changes included', (zone) => {
    const clock = new ZoneClock(zone);
    const fromMs = Date.UTC(2026, 0, 1, 0, 30);
    const different: string[] = [];
    for (let atMs = fromMs; atMs < fromMs + 365 * 24 * HOUR_MS; atMs += HOUR_MS) {
      const expected = DateTime.fromMillis(atMs, { zone }).toISO() ?? '';
      if (clock.iso(atMs) !== expected) different.push(expected);
    }
    expect(different).toEqual([]);
  });
});
