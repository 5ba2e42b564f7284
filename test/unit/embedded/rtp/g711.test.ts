import { describe, expect, it } from 'vitest';
import { decodeG711, encodeG711, transcodeG711 } from '../../../../src/embedded/rtp/g711.ts';
import type { G711Law } from '../../../../src/embedded/rtp/g711.ts';

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

describe.each<G711Law>(['PCMU', 'PCMA'])('%s', (law) => {
  it('gives every byte back after decoding and encoding, the two zeros of µ-law aside', () => {
    const back = new Uint8Array(256);
    encodeG711(law, decodeG711(law, ALL_BYTES), back);
    // 0x7f is µ-law's negative zero.
    const expected = law === 'PCMU' ? ALL_BYTES.map((byte) => (byte === 0x7f ? 0xff : byte)) : ALL_BYTES;
    expect(back).toEqual(expected);
  });

  it('encodes every sample to the nearest of its steps', () => {
    const samples = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
    const bytes = new Uint8Array(samples.length);
    encodeG711(law, samples, bytes);
    const back = decodeG711(law, bytes);
    const wrong: number[] = [];
    for (const [i, sample] of samples.entries()) {
      const error = Math.abs((back[i] ?? 0) - sample);
      // A step is 1/16 of its segment; clipping adds what lies above the largest value.
      const allowed = Math.max(law === 'PCMU' ? 8 : 16, Math.abs(sample) / 30, Math.abs(sample) - 31_600);
      if (error > allowed) wrong.push(sample);
    }
    expect(wrong).toEqual([]);
  });
});

it('has the values of the standard', () => {
  expect([...decodeG711('PCMU', Uint8Array.of(0x00, 0x80, 0xff, 0x7f))].map((value) => value + 0)).toEqual([
    -32_124, 32_124, 0, 0,
  ]);
  expect([...decodeG711('PCMA', Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a))]).toEqual([8, -8, 32_256, -32_256]);
});

it('turns one law into the other without a detour', () => {
  const bytes = ALL_BYTES.slice();
  transcodeG711('PCMU', bytes, 0);
  const expected = new Uint8Array(256);
  encodeG711('PCMA', decodeG711('PCMU', ALL_BYTES), expected);
  expect(bytes).toEqual(expected);
});
