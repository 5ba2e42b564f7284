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

  it('encodes every sample to a step no further than half a gap away', () => {
    const samples = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
    const bytes = new Uint8Array(samples.length);
    encodeG711(law, samples, bytes);
    const back = decodeG711(law, bytes);
    const steps = [...new Set(decodeG711(law, ALL_BYTES))].sort((x, y) => x - y);
    const halfGap = new Map(
      steps.map((step, at) => {
        const below = step - (steps[at - 1] ?? step);
        const above = (steps[at + 1] ?? step) - step;
        return [step, Math.max(below, above) / 2];
      }),
    );
    const wrong: number[] = [];
    for (const [i, sample] of samples.entries()) {
      const step = back[i] ?? 0;
      const isClipped = Math.abs(sample) > (steps.at(-1) ?? 0);
      // The standards decide on 14 and 13 bits: at the border between two steps one unit may go either way.
      if (!isClipped && Math.abs(step - sample) > (halfGap.get(step) ?? 0) + 1) wrong.push(sample);
      if (isClipped && Math.abs(step) !== steps.at(-1)) wrong.push(sample);
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
