import { describe, expect, it } from 'vitest';

import { heard, joined, only, repeated, signal, speech } from './signal.ts';
import type { Stretch } from './signal.ts';

const QUIET = { ms: 405 };

function triplet(hz: readonly number[], ms: readonly number[], pauseMs = 0, dbm0 = -20): Stretch[] {
  return hz.flatMap((each, index) => [{ ms: ms[index] ?? 0, hz: [each], dbm0 }, { ms: pauseMs }]);
}

describe('special information tones', () => {
  it.each([
    ['sit-intercept', [913.8, 1370.6, 1776.7], [274, 274, 380]],
    ['sit-vacant', [985.2, 1370.6, 1776.7], [380, 274, 380]],
    ['sit-reorder', [913.8, 1428.5, 1776.7], [274, 380, 380]],
    ['sit-reorder', [985.2, 1370.6, 1776.7], [274, 380, 380]],
    ['sit-nocircuit', [985.2, 1428.5, 1776.7], [380, 380, 380]],
    ['sit-nocircuit', [913.8, 1370.6, 1776.7], [380, 380, 380]],
  ])('%s is named by %j Hz and %j ms', (sit, hz, ms) => {
    for (const [pauseMs, dbm0, scale, offsetHz] of [
      [0, -20, 1, 0],
      [30, -35, 1.06, 8],
      [4, -6, 0.94, -8],
    ] as const) {
      const tones = triplet(
        hz.map((each) => each + offsetHz),
        ms.map((each) => each * scale),
        pauseMs,
        dbm0,
      );
      const events = heard(joined(signal([QUIET, ...tones, { ms: 300 }]), speech(500)));
      expect(only(events, 'SIT_HEARD').map((event) => [event.sit, event.isCoded])).toEqual([[sit, true]]);
      expect(only(events, 'BEEP_HEARD')).toEqual([]);
      expect(Math.abs((only(events, 'SIT_HEARD')[0]?.startMs ?? 0) - 405)).toBeLessThan(10);
    }
  });

  it.each([
    [[950, 1400, 1800], 330, 0],
    [[950, 1400, 1800], 330, 30],
    [[950, 1400, 1800], 270, 10],
    [[950, 1400, 1800], 400, 0],
  ])('the plain triplet %j of %i ms means a number that is not in service', (hz, ms, pauseMs) => {
    const events = heard(signal([QUIET, ...triplet(hz, [ms, ms, ms], pauseMs), { ms: 300 }]));
    expect(only(events, 'SIT_HEARD').map((event) => [event.sit, event.isCoded])).toEqual([
      ['sit-vacant', false],
    ]);
    expect(only(events, 'BEEP_HEARD')).toEqual([]);
  });

  it('need all three tones in their order', () => {
    const falling = signal([QUIET, ...triplet([1800, 1400, 950], [330, 330, 330]), { ms: 500 }]);
    expect(only(heard(falling), 'SIT_HEARD')).toEqual([]);
    const two = signal([QUIET, ...triplet([950, 1400], [330, 330]), { ms: 900 }]);
    expect(only(heard(two), 'SIT_HEARD')).toEqual([]);
  });
});

describe('fax tones', () => {
  it('each burst of the calling tone is told with its number, and is no beep', () => {
    const events = heard(signal([QUIET, ...repeated(2, { ms: 500, hz: [1100] }, { ms: 3000 })]));
    expect(only(events, 'FAX_TONE_HEARD').map((event) => [event.tone, event.burstCount])).toEqual([
      ['cng', 1],
      ['cng', 2],
    ]);
    expect(only(events, 'BEEP_HEARD')).toEqual([]);
  });

  it.each([2085, 2100, 2115])('the answering tone of %i Hz is told after a second', (hz) => {
    const events = heard(signal([QUIET, { ms: 2600, hz: [hz] }, { ms: 300 }]));
    const [tone, ...more] = only(events, 'FAX_TONE_HEARD');
    expect(more).toEqual([]);
    expect(tone?.tone).toBe('ced');
    expect(tone?.reportedAtMs).toBeLessThan(1500);
    expect(only(events, 'BEEP_HEARD')).toEqual([]);
  });

  it('the modulated answering tone with its phase reversals is told apart', () => {
    const samples = signal([
      QUIET,
      { ms: 3300, hz: [2100], modulation: { hz: 15, depth: 0.2 } },
      { ms: 300 },
    ]);
    for (let i = 405 * 8; i < samples.length; i++) {
      if (Math.floor((i - 405 * 8) / 3600) % 2 === 1) samples[i] = -(samples[i] ?? 0);
    }
    const events = heard(samples);
    expect(only(events, 'FAX_TONE_HEARD').map((event) => event.tone)).toEqual(['ansam']);
    expect(only(events, 'BEEP_HEARD')).toEqual([]);
  });

  it('a beep of the calling tone after a greeting is told as a beep too', () => {
    const samples = joined(speech(1500), signal([{ ms: 600 }, { ms: 500, hz: [1100] }, { ms: 400 }]));
    expect(only(heard(samples), 'BEEP_HEARD')).toHaveLength(1);
  });
});

describe('keys', () => {
  const rows = [697, 770, 852, 941];
  const columns = [1209, 1336, 1477, 1633];
  const keys = '123A456B789C*0#D';
  const press = (index: number, ms: number): Stretch => ({
    ms,
    hz: [rows[index >> 2] ?? 0, columns[index & 3] ?? 0],
  });
  const digits = (samples: Int16Array): string =>
    only(heard(samples), 'DTMF_HEARD')
      .map((event) => event.digit)
      .join('');

  it.each([40, 50, 100])('of %i ms are all told in order', (ms) => {
    const stretches = keys.split('').flatMap((_, index) => [press(index, ms), { ms: 50 }]);
    expect(digits(signal([QUIET, ...stretches, { ms: 100 }]))).toBe(keys);
  });

  it.each([
    ['twist of 4 dB', { twistDb: 4 }],
    ['reverse twist of 8 dB', { twistDb: -8 }],
    ['a high level', { dbm0: -3 }],
    ['a low level', { dbm0: -30 }],
  ])('are told with %s', (_, change) => {
    const stretches = [0, 5, 10, 15].flatMap((index) => [{ ...press(index, 60), ...change }, { ms: 60 }]);
    expect(digits(signal([QUIET, ...stretches, { ms: 100 }]))).toBe('159D');
  });

  it('1.5 % off their frequencies are told, 3.5 % off are not', () => {
    const off = (share: number): Int16Array =>
      signal([QUIET, { ms: 80, hz: [770 * (1 + share), 1336 * (1 + share)] }, { ms: 200 }]);
    expect(digits(off(0.015))).toBe('5');
    expect(digits(off(-0.015))).toBe('5');
    expect(digits(off(0.035))).toBe('');
    expect(digits(off(-0.035))).toBe('');
  });

  it('of 20 ms are none, and speech is none', () => {
    expect(digits(signal([QUIET, press(5, 20), { ms: 200 }]))).toBe('');
    for (const pitch of [100, 150, 210]) expect(digits(speech(4000, pitch))).toBe('');
  });

  it('held for long are one key with its length', () => {
    const [key, ...more] = only(heard(signal([QUIET, press(4, 900), { ms: 200 }])), 'DTMF_HEARD');
    expect(more).toEqual([]);
    expect(Math.abs((key?.endMs ?? 0) - (key?.startMs ?? 0) - 900)).toBeLessThan(20);
  });
});
