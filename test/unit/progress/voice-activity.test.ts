import { describe, expect, it } from 'vitest';

import { levelDbm0, SILENCE_DBM0 } from '../../../src/progress/frame.ts';
import type { Hop } from '../../../src/progress/hop.ts';
import { ProgressListener } from '../../../src/progress/progress-listener.ts';
import { SPEECH_GAP_MS } from '../../../src/progress/voice-activity.ts';
import { amplitude, heard, joined, noiseSource, only, signal, speech } from './signal.ts';

function overNoise(samples: Int16Array, noiseDbm0: number): Int16Array {
  const noise = noiseSource(11);
  const gain = amplitude(noiseDbm0) / Math.SQRT2;
  return samples.map((value) => Math.max(-32768, Math.min(32767, Math.round(value + gain * noise()))));
}

function hopsOf(samples: Int16Array): Hop[] {
  const hops: Hop[] = [];
  const listener = new ProgressListener({ onEvent: () => undefined, onHop: (hop) => hops.push({ ...hop }) });
  for (let i = 0; i < samples.length; i += 80) listener.push(samples.subarray(i, i + 80));
  listener.finish();
  return hops;
}

describe('levels', () => {
  it('are in dBm0: a sine at full scale is +3.14', () => {
    expect(levelDbm0(32768 ** 2 / 2)).toBeCloseTo(3.14, 1);
    expect(levelDbm0(0)).toBe(SILENCE_DBM0);
  });

  it('are told every 10 ms', () => {
    const hops = hopsOf(signal([{ ms: 300 }, { ms: 300, hz: [1000], dbm0: -20 }, { ms: 300 }]));
    expect(hops[0]?.startMs).toBe(0);
    expect(hops[45]?.startMs).toBe(450);
    expect(hops[45]?.levelDbm0).toBeCloseTo(-20, 0);
    expect(hops[45]?.isTone).toBe(true);
    expect(hops[80]?.levelDbm0).toBeLessThan(-60);
  });

  it('the noise floor follows the noise', () => {
    const hops = hopsOf(signal([{ ms: 1500 }], -40));
    const last = hops.at(-1);
    expect(Math.abs((last?.noiseFloorDbm0 ?? 0) + 40)).toBeLessThan(4);
    expect(last?.isActive).toBe(false);
  });
});

describe('voice activity', () => {
  it.each([-3, -20, -35, -45])('hears speech at %i dBm0 from its start to its end', (dbm0) => {
    const samples = joined(signal([{ ms: 800 }]), speech(2000, 120, dbm0), signal([{ ms: 600 }]));
    const events = heard(samples);
    const [started] = only(events, 'SPEECH_STARTED');
    const ended = only(events, 'SPEECH_ENDED').at(-1);
    expect(Math.abs((started?.startMs ?? 0) - 800)).toBeLessThan(90);
    expect((started?.reportedAtMs ?? 0) - 800).toBeLessThan(400);
    // The last syllable ends 80 ms before the end of the stretch.
    expect(Math.abs((ended?.endMs ?? 0) - 2800)).toBeLessThan(160);
    expect(ended?.reportedAtMs).toBeGreaterThanOrEqual((ended?.endMs ?? 0) + SPEECH_GAP_MS);
  });

  it('hears speech that begins with the stream', () => {
    const [started] = only(heard(speech(1000)), 'SPEECH_STARTED');
    expect(started?.startMs).toBeLessThan(60);
  });

  it.each([100, 160, 230])('hears speech of %i Hz over noise 12 dB below it', (pitch) => {
    const samples = overNoise(
      joined(signal([{ ms: 1000 }]), speech(2000, pitch, -22), signal([{ ms: 700 }])),
      -34,
    );
    const events = heard(samples);
    const [started] = only(events, 'SPEECH_STARTED');
    const ended = only(events, 'SPEECH_ENDED').at(-1);
    expect(Math.abs((started?.startMs ?? 0) - 1000)).toBeLessThan(120);
    expect(Math.abs((ended?.endMs ?? 0) - 3000)).toBeLessThan(220);
  });

  it.each([-20, -30, -45])('is not deceived by noise at %i dBm0 from the start on', (dbm0) => {
    expect(only(heard(signal([{ ms: 4000 }], dbm0)), 'SPEECH_STARTED')).toEqual([]);
  });

  it('is not deceived by tones, keys and clicks', () => {
    const samples = signal([
      { ms: 400 },
      { ms: 2000, hz: [440, 480] },
      { ms: 500 },
      { ms: 300, hz: [1000] },
      { ms: 500 },
      { ms: 60, hz: [697, 1209] },
      { ms: 500 },
    ]);
    for (let i = 0; i < 40; i++) samples[2950 * 8 + i] = i % 2 === 0 ? 20000 : -20000;
    expect(only(heard(samples), 'SPEECH_STARTED')).toEqual([]);
  });

  it('tells a pause and the speech after it', () => {
    const events = heard(joined(speech(900), signal([{ ms: 600 }]), speech(900), signal([{ ms: 500 }])));
    expect(only(events, 'SPEECH_STARTED')).toHaveLength(2);
    expect(only(events, 'SPEECH_ENDED')).toHaveLength(2);
  });

  it('ends speech at the end of the stream', () => {
    const events = heard(speech(700));
    expect(only(events, 'SPEECH_ENDED')).toHaveLength(1);
  });
});

describe('digital silence and clipping', () => {
  it.each([
    ['zeros', 0],
    ['the byte 0xFF read as samples', -1],
    ['the byte 0x7F read as samples', 0x7f7f],
    ["A-law's idle value", 8],
  ])('%s are digital silence', (_, value) => {
    const events = heard(
      joined(signal([{ ms: 500 }], -50), new Int16Array(4000).fill(value), signal([{ ms: 300 }], -50)),
    );
    const [ended] = only(events, 'DIGITAL_SILENCE_ENDED');
    expect(only(events, 'DIGITAL_SILENCE_STARTED')).toHaveLength(1);
    expect(Math.abs((ended?.startMs ?? 0) - 500)).toBeLessThan(15);
    expect(Math.abs((ended?.endMs ?? 0) - 1000)).toBeLessThan(15);
    expect(only(events, 'SPEECH_STARTED')).toEqual([]);
  });

  it('a line with noise at −55 dBm0 is not digital silence', () => {
    expect(only(heard(signal([{ ms: 1000 }], -55)), 'DIGITAL_SILENCE_STARTED')).toEqual([]);
  });

  it('clipping is told once a second', () => {
    const loud = speech(2500, 120, 8);
    expect(only(heard(loud), 'CLIPPING_HEARD').length).toBeGreaterThan(0);
    expect(only(heard(loud), 'CLIPPING_HEARD').length).toBeLessThanOrEqual(3);
    expect(only(heard(speech(2500, 120, -20)), 'CLIPPING_HEARD')).toEqual([]);
  });
});

describe('a listener given junk', () => {
  it.each([
    ['empty frames', [new Int16Array(0), new Int16Array(0)]],
    ['odd frames', [new Int16Array(1), new Int16Array(81), new Int16Array(479)]],
    ['a frame of a minute', [new Int16Array(480_000).fill(1234)]],
    [
      'the greatest and least samples',
      [Int16Array.from({ length: 8000 }, (_, i) => (i % 2 ? 32767 : -32768))],
    ],
    ['nothing', []],
  ])('bears %s', (_, frames) => {
    let count = 0;
    const listener = new ProgressListener({ onEvent: () => count++ });
    for (const frame of frames) listener.push(frame);
    listener.finish();
    listener.finish();
    listener.push(new Int16Array(160));
    expect(count).toBeLessThan(20);
  });

  it('bears random bits with a bounded number of events', () => {
    const noise = noiseSource(3);
    const samples = Int16Array.from({ length: 80_000 }, () => Math.round(noise() * 1e6) & 0xffff);
    expect(heard(samples).length).toBeLessThan(60);
  });
});
