import { describe, expect, it } from 'vitest';

import { TONE_ROWS } from '../../../src/progress/tone-plans.ts';
import type { ToneRow } from '../../../src/progress/tone-plans.ts';
import { heard, only, repeated, signal, speech, joined } from './signal.ts';
import type { Stretch } from './signal.ts';

function played(row: ToneRow, periods: number, offsetHz = 0, dbm0 = -15): Int16Array {
  const burst = (ms: number): Stretch => ({
    ms,
    hz: row.frequenciesHz.map((hz) => hz + offsetHz),
    dbm0,
    ...(row.isModulated ? { modulation: { hz: 25, depth: 0.9 } } : {}),
  });
  const period = row.cadenceMs.map((ms, index) => (index % 2 === 0 ? burst(ms) : { ms }));
  return signal([{ ms: 235 }, ...repeated(periods, ...period), { ms: 300 }]);
}

function periodsOf(row: ToneRow): number {
  return row.tone === 'ringback' ? 1 : row.cadenceMs.length > 2 ? 3 : 4;
}

const rowsOf = (country: string): ToneRow[] => TONE_ROWS.filter((row) => row.countries.includes(country));

const cache = new Map<ToneRow, Int16Array>();

function samplesOf(row: ToneRow): Int16Array {
  const samples = cache.get(row) ?? played(row, periodsOf(row));
  cache.set(row, samples);
  return samples;
}

const TABLE = TONE_ROWS.map((row) => ({
  row,
  name: `${row.tone} ${row.frequenciesHz.join('+')} ${row.cadenceMs.join(' ')} of ${row.countries[0]}`,
}));

describe('national call progress tones', () => {
  it.each(TABLE)('$name is known by its country', ({ row }) => {
    const told = only(heard(samplesOf(row), { countries: row.countries.slice(0, 1) }), 'PROGRESS_TONE_HEARD');
    expect(told.map((event) => event.tone)).toContain(row.tone);
    expect(told.find((event) => event.tone === row.tone && event.isConfirmed)?.countries).toContain(
      row.countries[0],
    );
  });

  it.each(TABLE)('$name is found among all plans and never taken for a beep', ({ row }) => {
    const events = heard(samplesOf(row));
    const told = only(events, 'PROGRESS_TONE_HEARD').filter((event) => event.isConfirmed);
    expect(told.length).toBeGreaterThan(0);
    // Where one country's busy is another one's reorder, the majority has its way.
    const isRingback = row.tone === 'ringback';
    expect(told.every((event) => (event.tone === 'ringback') === isRingback)).toBe(true);
    expect(only(events, 'BEEP_HEARD')).toEqual([]);
  });

  it.each([-7, 7])('hears ringback %i Hz off its frequency', (offsetHz) => {
    const [row] = rowsOf('DE').filter((each) => each.tone === 'ringback');
    const told = only(heard(played(row as ToneRow, 2, offsetHz)), 'PROGRESS_TONE_HEARD');
    expect(told.some((event) => event.tone === 'ringback' && event.isConfirmed)).toBe(true);
  });

  it.each([-3, -25, -40])('hears busy at %i dBm0', (dbm0) => {
    const [row] = rowsOf('US').filter((each) => each.tone === 'busy');
    const told = only(heard(played(row as ToneRow, 5, 0, dbm0)), 'PROGRESS_TONE_HEARD');
    expect(told.map((event) => [event.tone, event.isConfirmed])).toEqual([
      ['busy', false],
      ['busy', true],
    ]);
  });

  it('tells ringback of two close tones after 300 ms, long before its cadence', () => {
    const [first] = only(heard(signal([{ ms: 500 }, { ms: 2000, hz: [440, 480] }])), 'PROGRESS_TONE_HEARD');
    expect(first).toMatchObject({ tone: 'ringback', isConfirmed: false });
    expect(first?.reportedAtMs).toBeLessThan(900);
    expect(first?.frequenciesHz[0]).toBeCloseTo(440, 0);
    expect(first?.frequenciesHz[1]).toBeCloseTo(480, 0);
  });

  it('hears ringback whose first burst was cut by the start of the stream', () => {
    const samples = signal([
      { ms: 700, hz: [400, 450] },
      { ms: 2000 },
      ...repeated(1, { ms: 400, hz: [400, 450] }, { ms: 200 }, { ms: 400, hz: [400, 450] }, { ms: 2000 }),
    ]);
    const told = only(heard(samples), 'PROGRESS_TONE_HEARD');
    expect(told.filter((event) => event.isConfirmed).map((event) => event.tone)).toEqual(['ringback']);
  });

  it('hears busy after speech', () => {
    const samples = joined(
      speech(1500),
      signal([{ ms: 800 }, ...repeated(5, { ms: 480, hz: [425] }, { ms: 480 })]),
    );
    const events = heard(samples);
    expect(only(events, 'PROGRESS_TONE_HEARD').map((event) => event.tone)).toEqual(['busy']);
    expect(only(events, 'BEEP_HEARD')).toEqual([]);
  });

  it('takes neither a lasting tone nor a wrong cadence for one of them', () => {
    expect(only(heard(signal([{ ms: 500 }, { ms: 6000, hz: [350, 440] }])), 'PROGRESS_TONE_HEARD')).toEqual(
      [],
    );
    const odd = signal([{ ms: 500 }, ...repeated(6, { ms: 90, hz: [425] }, { ms: 700 })]);
    expect(only(heard(odd), 'PROGRESS_TONE_HEARD')).toEqual([]);
  });
});

describe('the table of tones', () => {
  it('knows the countries that the product serves', () => {
    const known = new Set(TONE_ROWS.flatMap((row) => row.countries));
    const west = 'US CA GB DE FR IT ES NL BE CH AT SE NO DK FI PL CZ PT IE'.split(' ');
    const wanted = [...west, ...'AU NZ JP CN IN BR MX ZA RU IL TR KR SG HK'.split(' ')];
    expect(wanted.filter((code) => !known.has(code))).toEqual([]);
  });

  it('is read for the countries that are expected, the likeliest first', () => {
    const spanish = rowsOf('ES').find((each) => each.tone === 'busy') as ToneRow;
    const toneFor = (...countries: string[]): unknown =>
      only(heard(played(spanish, 8), { countries }), 'PROGRESS_TONE_HEARD').at(-1)?.tone;
    expect(toneFor('ES')).toBe('busy');
    expect(toneFor('es', 'IT')).toBe('busy');
    expect(toneFor('IT', 'ES')).toBe('reorder');
  });

  it('knows the tones of a country that is not expected', () => {
    const american = rowsOf('US').find((each) => each.tone === 'busy') as ToneRow;
    const told = only(heard(played(american, 5), { countries: ['DE', 'XX'] }), 'PROGRESS_TONE_HEARD');
    expect(told.at(-1)?.tone).toBe('busy');
  });

  it('has whole periods of sensible frequencies', () => {
    for (const row of TONE_ROWS) {
      expect(row.cadenceMs.length % 2).toBe(0);
      expect(row.cadenceMs.every((ms) => ms >= 100 && ms <= 6000)).toBe(true);
      expect(row.frequenciesHz.every((hz) => hz >= 350 && hz <= 700)).toBe(true);
    }
  });
});
