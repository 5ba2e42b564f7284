import { describe, expect, it } from 'vitest';
import { AudioSource } from '../../../../src/embedded/rtp/audio-source.ts';
import { DtmfDetector } from '../../../../src/embedded/rtp/dtmf-detector.ts';
import { toneShare } from '../../../../src/embedded/rtp/goertzel.ts';
import { ToneDetector } from '../../../../src/embedded/rtp/tone-detector.ts';
import { parseToneScript, ToneRenderer } from '../../../../src/embedded/rtp/tone-script.ts';

function render(text: string, samplesMax = 80_000): Int16Array {
  const script = parseToneScript(text);
  const samples = new Int16Array(samplesMax);
  if (script === undefined) return new Int16Array();
  return samples.subarray(0, new ToneRenderer(script).read(samples, 0));
}

describe('the tone language', () => {
  it.each([
    ['%(500,200,440);%(500,200,880)', 11_200],
    ['%(100,0,440)', 800],
    ['L=3;%(100,100,440)', 4_800],
    ['loops=2;%(100,50,350,440)', 2_400],
    ['v=-13;%(250,0,1000)', 2_000],
    ['12#', 3 * 2_400],
  ])('%s lasts %i samples', (text, length) => {
    expect(render(text).length).toBe(length);
  });

  it('goes on for ever with loops=-1', () => {
    expect(render('loops=-1;%(100,0,440)').length).toBe(80_000);
  });

  it.each(['', '%(', '%(0,0,440)', '%(-1,0,440)', '%(100,0,9000)', 'nonsense', '%(1,1,100);'.repeat(65)])(
    'refuses %j',
    (text) => expect(parseToneScript(text)).toBeUndefined(),
  );

  it('sounds as it is written, 6 dB lower for 6 dB less', () => {
    const loud = render('v=-7;%(500,0,440)');
    const quiet = render('v=-13;%(500,0,440)');
    expect(toneShare(loud, [440])).toBeGreaterThan(0.99);
    expect(Math.max(...loud) / Math.max(...quiet)).toBeCloseTo(2, 1);
  });
});

describe('DTMF in audio', () => {
  it('hears every key once, in order', () => {
    const detector = new DtmfDetector();
    expect(detector.push(render('v=-10;1234567890*#ABCD', 200_000)).join('')).toBe('1234567890*#ABCD');
  });

  it.each(['%(1000,0,440)', '%(1000,0,697)', '%(1000,0,350,440)', '%(1000,0,1400)', '%(1000,0,480,620)'])(
    'takes %s for no key',
    (text) => expect(new DtmfDetector().push(render(text))).toEqual([]),
  );

  it('takes noise for no key', () => {
    const source = new AudioSource([{ kind: 'silence', durationMs: 5_000, noiseDivisor: 4 }], false);
    const detector = new DtmfDetector();
    const frame = new Int16Array(160);
    const heard: string[] = [];
    while (source.read(frame)) heard.push(...detector.push(frame));
    expect(heard).toEqual([]);
  });
});

it('tells a tone after so many blocks, and no other one', () => {
  const samples = render('%(200,0,1400)');
  const wanted = new ToneDetector([1_400], 4);
  const other = new ToneDetector([1_000], 4);
  const told: number[] = [];
  for (let i = 0; i < 5; i++) {
    const frame = samples.subarray(i * 160, (i + 1) * 160);
    if (wanted.push(frame)) told.push(i);
    expect(other.push(frame)).toBe(false);
  }
  expect(told).toEqual([3]);
});

describe('a playlist', () => {
  it('plays segments without a gap and counts samples', () => {
    const pcm = new Int16Array(100).fill(5);
    const source = new AudioSource(
      [
        { kind: 'pcm', samples: pcm },
        { kind: 'silence', durationMs: 10, noiseDivisor: 0 },
        { kind: 'pcm', samples: pcm, startSample: 40 },
      ],
      false,
    );
    const frame = new Int16Array(160);
    expect(source.read(frame)).toBe(true);
    expect([frame[99], frame[100], frame[159]]).toEqual([5, 0, 0]);
    expect(source.read(frame)).toBe(true);
    expect([frame[20], frame[79], frame[80]]).toEqual([5, 5, 0]);
    expect(source.read(frame)).toBe(false);
    expect(source.playedSamples).toBe(240);
  });

  it('does not spin on an endless list of nothing', () => {
    const source = new AudioSource([{ kind: 'pcm', samples: new Int16Array() }], true);
    expect(source.read(new Int16Array(160))).toBe(false);
  });
});
