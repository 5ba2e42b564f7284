import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cpdCommand } from '../../../src/cli/cpd-command.ts';
import { resample } from '../../../src/cli/resampler.ts';
import { readWav } from '../../../src/cli/wav-reader.ts';
import { joined, signal, speech } from '../progress/signal.ts';

interface Format {
  readonly code: number;
  readonly bits: number;
  readonly rateHz?: number;
  readonly channels?: number;
  readonly isExtensible?: boolean;
}

/** A WAV file of bytes that are already in the format. */
function wav(
  data: Buffer,
  { code, bits, rateHz = 8000, channels = 1, isExtensible = false }: Format,
): Buffer {
  const format = Buffer.alloc(isExtensible ? 40 : 16);
  format.writeUInt16LE(isExtensible ? 0xfffe : code, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rateHz, 4);
  format.writeUInt16LE((channels * bits) / 8, 12);
  format.writeUInt16LE(bits, 14);
  if (isExtensible) format.writeUInt16LE(code, 24);
  const chunk = (name: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  const chunks = [chunk('fmt ', format), chunk('LIST', Buffer.from('odd')), chunk('data', data)];
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), ...chunks]);
}

const pcm16 = (samples: Int16Array): Buffer =>
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
const person = (): Int16Array => joined(signal([{ ms: 400 }]), speech(600), signal([{ ms: 2000 }]));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cpd-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function run(
  files: Record<string, Buffer>,
  options: object = {},
): { status: number; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const output = { line: (text: string) => void lines.push(JSON.parse(text)), error: () => undefined };
  const paths = Object.keys(files).map((name) => join(folder, name));
  return { status: cpdCommand(output, paths, { early: false, profile: 'favour-person', ...options }), lines };
}

describe('turnkeeper cpd', () => {
  it('prints a line with every field for a file', () => {
    const { status, lines } = run({ 'person.wav': wav(pcm16(person()), { code: 1, bits: 16 }) });
    expect(status).toBe(0);
    const fields = 'file verdict score reason speechOnsetMs decidedAtMs beepStartMs beepEndMs tones';
    expect(Object.keys(lines[0] ?? {}).join(' ')).toBe(fields);
    expect(lines[0]).toMatchObject({ verdict: 'human', beepStartMs: null, tones: [] });
  });

  it('says what is wrong with a broken file, judges the others and ends with 1', () => {
    const { status, lines } = run({
      'empty.wav': Buffer.alloc(0),
      'text.wav': Buffer.from('hello, this is no sound file'),
      'person.wav': wav(pcm16(person()), { code: 1, bits: 16 }),
      'adpcm.wav': wav(Buffer.alloc(100), { code: 2, bits: 4 }),
    });
    expect(status).toBe(1);
    expect(
      lines.map((line) => (line['error'] as { code: string } | undefined)?.code ?? line['verdict']),
    ).toEqual(['WAV_FILE_INVALID', 'WAV_FILE_INVALID', 'human', 'WAV_FILE_INVALID']);
  });

  it('refuses a profile that it does not know', () => {
    expect(run({}, { profile: 'favour-dogs' }).status).toBe(2);
  });

  it('hears one channel of two, at another rate', () => {
    const source = Float64Array.from(person(), (value) => value / 32768);
    const fast = resample(source, 8000, 44_100);
    const stereo = new Int16Array(fast.length * 2);
    for (const [at, value] of fast.entries()) stereo[2 * at + 1] = Math.round(value * 32767);
    const bytes = wav(pcm16(stereo), { code: 1, bits: 16, rateHz: 44_100, channels: 2 });
    expect(run({ 'stereo.wav': bytes }).lines[0]).toMatchObject({ verdict: 'human' });
  });

  it('hears channels of opposite sign, whose mean is nothing', () => {
    const fast = resample(
      Float64Array.from(person(), (value) => value / 32768),
      8000,
      44_100,
    );
    const twisted = new Int16Array(fast.length * 2);
    for (const [at, value] of fast.entries()) {
      twisted[2 * at] = Math.round(value * 32767);
      twisted[2 * at + 1] = -(twisted[2 * at] as number);
    }
    const bytes = wav(pcm16(twisted), { code: 1, bits: 16, rateHz: 44_100, channels: 2 });
    expect(run({ 'twisted.wav': bytes }).lines[0]).toMatchObject({ verdict: 'human' });
  });
});

describe('formats of WAV files', () => {
  const float = Buffer.alloc(12);
  for (const [at, value] of [0.5, -0.5, Number.NaN].entries()) float.writeFloatLE(value, 4 * at);
  it.each([
    ['PCM of 8 bits', { code: 1, bits: 8 }, Buffer.from([192, 64, 128]), [0.5, -0.5, 0]],
    ['PCM of 16 bits', { code: 1, bits: 16 }, Buffer.from([0, 0x40, 0, 0xc0]), [0.5, -0.5]],
    ['PCM of 24 bits', { code: 1, bits: 24 }, Buffer.from([0, 0, 0x40, 0, 0, 0xc0]), [0.5, -0.5]],
    ['PCM of 32 bits', { code: 1, bits: 32 }, Buffer.from([0, 0, 0, 0x40, 0, 0, 0, 0xc0]), [0.5, -0.5]],
    ['float, without what is no number', { code: 3, bits: 32 }, float, [0.5, -0.5, 0]],
    [
      'A-law',
      { code: 6, bits: 8 },
      Buffer.from([0xd5, 0xaa, 0x2a]),
      [8 / 32768, 32256 / 32768, -32256 / 32768],
    ],
    ['µ-law', { code: 7, bits: 8 }, Buffer.from([0xff, 0x80, 0x00]), [0, 32124 / 32768, -32124 / 32768]],
    ['extensible', { code: 1, bits: 16, isExtensible: true }, Buffer.from([0, 0x40]), [0.5]],
  ] as const)('reads %s', (_, format, data, expected) => {
    expect([...(readWav(wav(data, format)).channels[0] ?? [])]).toEqual(expected);
  });

  it('reads a file whose writer left the size open, as far as it goes', () => {
    const bytes = wav(Buffer.from([0, 0x40]), { code: 1, bits: 16 });
    bytes.writeUInt32LE(0xffffffff, bytes.length - 6);
    expect(readWav(bytes).channels[0]).toHaveLength(1);
  });

  it.each([0, 1, 12, 20, 30, 40, 47])('refuses a file that is cut after %d bytes', (length) => {
    expect(() => readWav(wav(Buffer.alloc(8), { code: 1, bits: 16 }).subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'WAV_FILE_INVALID' }),
    );
  });

  it.each([
    ['no channel', { channels: 0 }],
    ['too many channels', { channels: 99 }],
    ['a rate that is none', { rateHz: 7 }],
  ])('refuses %s', (_, fault) => {
    const bytes = wav(Buffer.alloc(8), { code: 1, bits: 16, ...fault });
    expect(() => readWav(bytes)).toThrow(expect.objectContaining({ code: 'WAV_FILE_INVALID' }));
  });
});

describe('another rate', () => {
  const sine = (hz: number, rateHz: number): Float64Array =>
    Float64Array.from({ length: rateHz }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rateHz));
  const rms = (sound: Float64Array): number => {
    const middle = sound.subarray(500, -500);
    return Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / middle.length);
  };

  it.each([16_000, 44_100, 48_000])('keeps 1 kHz of %d Hz and drops 6 kHz', (rateHz) => {
    expect(rms(resample(sine(1000, rateHz), rateHz, 8000))).toBeCloseTo(Math.SQRT1_2, 2);
    expect(rms(resample(sine(6000, rateHz), rateHz, 8000))).toBeLessThan(0.001);
  });
});
