import { describe, expect, it } from 'vitest';

import { heard, joined, only, repeated, signal, speech } from './signal.ts';
import type { Stretch } from './signal.ts';

const QUIET = { ms: 503 };
const AFTER = { ms: 400 };

function beeps(stretches: readonly Stretch[], noiseDbm0?: number): { startMs: number; endMs: number }[] {
  return only(heard(signal(stretches, noiseDbm0)), 'BEEP_HEARD');
}

describe('a beep', () => {
  it.each([350, 440, 500, 697, 850, 1000, 1400, 1700, 2000, 2100])('of %i Hz is heard', (hz) => {
    const [beep, ...more] = only(heard(signal([QUIET, { ms: 300, hz: [hz] }, AFTER])), 'BEEP_HEARD');
    expect(more).toEqual([]);
    expect(beep?.frequenciesHz).toHaveLength(1);
    expect(Math.abs((beep?.frequenciesHz[0] ?? 0) - hz)).toBeLessThan(3);
  });

  it.each([60, 80, 150, 500, 1200, 3000])(
    'of %i ms has its edges within 10 ms and is told 150 ms after its end',
    (ms) => {
      const [beep] = only(heard(signal([QUIET, { ms, hz: [1000] }, AFTER])), 'BEEP_HEARD');
      expect(Math.abs((beep?.startMs ?? 0) - 503)).toBeLessThan(10);
      expect(Math.abs((beep?.endMs ?? 0) - 503 - ms)).toBeLessThan(10);
      expect((beep?.reportedAtMs ?? 0) - 503 - ms).toBeLessThan(150);
    },
  );

  it.each([
    [-3, -70],
    [-38, -70],
    [-15, -30],
    [-20, -30],
  ])('at %i dBm0 over noise at %i dBm0 is heard', (dbm0, noiseDbm0) => {
    expect(beeps([QUIET, { ms: 400, hz: [900], dbm0 }, AFTER], noiseDbm0)).toHaveLength(1);
  });

  it.each([
    [[600, 740], 150],
    [[620, 1100], 300],
    [[1000, 1400], 300],
    [[440, 880], 400],
  ])('of two tones %j is heard', (hz, ms) => {
    const found = only(heard(signal([QUIET, { ms, hz }, AFTER])), 'BEEP_HEARD');
    expect(found).toHaveLength(1);
    expect(found[0]?.frequenciesHz).toHaveLength(2);
  });

  it('that decays like a bell is heard', () => {
    const [beep] = beeps([QUIET, { ms: 500, hz: [1000], dbm0: -8, decayMs: 60 }, AFTER]);
    expect(Math.abs((beep?.startMs ?? 0) - 503)).toBeLessThan(20);
  });

  it('after a greeting is heard, and only it', () => {
    const samples = joined(speech(3000), signal([{ ms: 700 }, { ms: 350, hz: [1000] }, AFTER]));
    const events = heard(samples);
    const [beep, ...more] = only(events, 'BEEP_HEARD');
    expect(more).toEqual([]);
    expect(Math.abs((beep?.startMs ?? 0) - 3700)).toBeLessThan(10);
  });

  it('survives a lost packet', () => {
    const samples = signal([QUIET, { ms: 400, hz: [1000] }, AFTER]);
    samples.fill(0, 650 * 8, 670 * 8);
    expect(only(heard(samples), 'BEEP_HEARD')).toHaveLength(1);
  });

  it('survives a lost packet at its onset', () => {
    const samples = signal([QUIET, { ms: 500, hz: [1000] }, AFTER]);
    samples.fill(0, 515 * 8, 535 * 8);
    expect(only(heard(samples), 'BEEP_HEARD')).toHaveLength(1);
  });

  it.each([
    [700, 1200],
    [850, 1200],
  ])('of %i + %i Hz is no key, near as these lie to one', (low, high) => {
    const events = heard(signal([QUIET, { ms: 300, hz: [low, high] }, AFTER]));
    expect(only(events, 'BEEP_HEARD')).toHaveLength(1);
    expect(only(events, 'DTMF_HEARD')).toEqual([]);
  });

  it('that the end of the stream cuts off is told at the end', () => {
    const found = only(heard(signal([QUIET, { ms: 300, hz: [1000] }])), 'BEEP_HEARD');
    expect(found.map((beep) => Math.round(beep.endMs))).toEqual([803]);
  });

  it.each([80, 160, 33, 1])('is the same in frames of %i samples', (frameSamples) => {
    const samples = signal([QUIET, { ms: 300, hz: [1000] }, AFTER]);
    const [beep] = only(heard(samples, { frameSamples }), 'BEEP_HEARD');
    const [usual] = only(heard(samples), 'BEEP_HEARD');
    expect(beep).toEqual(usual);
  });
});

describe('no beep is', () => {
  it('speech of any pitch', () => {
    for (const pitch of [90, 120, 170, 220, 250]) {
      expect(only(heard(speech(4000, pitch)), 'BEEP_HEARD')).toEqual([]);
    }
  });

  it('a melody', () => {
    const notes = [523, 587, 659, 698, 784, 659].map((hz) => ({ ms: 250, hz: [hz] }));
    expect(beeps([QUIET, ...notes, AFTER])).toEqual([]);
  });

  it('noise', () => {
    expect(beeps([{ ms: 3000 }], -25)).toEqual([]);
  });

  it('a tone without end', () => {
    expect(beeps([QUIET, { ms: 5000, hz: [1000] }, AFTER])).toEqual([]);
  });

  it('a pressed key', () => {
    expect(beeps([QUIET, ...repeated(3, { ms: 120, hz: [770, 1336] }, { ms: 150 })])).toEqual([]);
  });

  it('a burst of ringback that goes on after what sounded like a word', () => {
    const burst = { ms: 1000, hz: [425] };
    const samples = joined(signal([burst, { ms: 400 }]), speech(800), signal([{ ms: 2800 }, burst, AFTER]));
    expect(only(heard(joined(samples, signal([{ ms: 1000 }]))), 'BEEP_HEARD')).toEqual([]);
  });

  it('the first burst of a busy tone', () => {
    expect(beeps([QUIET, ...repeated(3, { ms: 500, hz: [440] }, { ms: 500 })])).toEqual([]);
  });
});
