import { expect, it } from 'vitest';
import { readWav, wavHeader } from '../../../../src/embedded/media-server/wav-file.ts';

function wav(code: number, channels: number, rate: number, bits: number, data: Buffer): Buffer {
  const header = wavHeader(data.length, channels);
  header.writeUInt16LE(code, 20);
  header.writeUInt32LE(rate, 24);
  header.writeUInt16LE(bits, 34);
  return Buffer.concat([header, data]);
}

function linear(...samples: number[]): Buffer {
  return Buffer.from(Int16Array.from(samples).buffer);
}

it.each([
  ['8 kHz', wav(1, 1, 8_000, 16, linear(1, -2, 3)), [1, -2, 3]],
  ['16 kHz, halved', wav(1, 1, 16_000, 16, linear(10, 20, 30, 50)), [15, 40]],
  ['two channels, mixed', wav(1, 2, 8_000, 16, linear(10, 20, -4, -8)), [15, -6]],
  ['µ-law', wav(7, 1, 8_000, 8, Buffer.from([0x80, 0xff])), [32_124, 0]],
  ['A-law', wav(6, 1, 8_000, 8, Buffer.from([0xd5, 0xaa])), [8, 32_256]],
  ['8 bits', wav(1, 1, 8_000, 8, Buffer.from([128, 129])), [0, 256]],
])('reads %s', (_what, bytes, samples) => {
  expect([...(readWav(bytes) ?? [])]).toEqual(samples);
});

it('reads a recording whose header was never completed', () => {
  expect(readWav(Buffer.concat([wavHeader(0, 1), linear(5, 6)]))).toEqual(Int16Array.of(5, 6));
});

it.each([
  ['nothing', Buffer.alloc(0)],
  ['another kind of file', Buffer.alloc(100, 65)],
  ['24 bits', wav(1, 1, 8_000, 24, Buffer.alloc(6))],
  ['six channels', wav(1, 6, 8_000, 16, Buffer.alloc(24))],
  ['a rate of nothing', wav(1, 1, 0, 16, Buffer.alloc(4))],
  ['a header cut off', wavHeader(4, 1).subarray(0, 30)],
])('does not read %s', (_what, bytes) => {
  expect(readWav(bytes)).toBeUndefined();
});
