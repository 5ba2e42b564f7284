import { muLawByte } from './mu-law.ts';

/** Samples a second of every stream in these tests. */
export const SAMPLE_RATE = 8000;
/** Samples in one packet: 20 ms. */
export const FRAME_SAMPLES = 160;

const AMPLITUDE = 8000;

/**
 * One packet's bytes of a sine in the codec of `encode`, phase-continuous over `frameIndex`. 0 Hz is silence.
 */
export function toneFrame(frequencyHz: number, frameIndex: number, encode = muLawByte): Buffer {
  const frame = Buffer.alloc(FRAME_SAMPLES, encode(0));
  if (frequencyHz === 0) return frame;
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const at = frameIndex * FRAME_SAMPLES + i;
    frame[i] = encode(AMPLITUDE * Math.sin((2 * Math.PI * frequencyHz * at) / SAMPLE_RATE));
  }
  return frame;
}

/** Share of a block's energy at one frequency, 0 to 1 (Goertzel); 0 for a block of silence. */
export function toneShare(samples: readonly number[], frequencyHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / SAMPLE_RATE);
  let before = 0;
  let last = 0;
  let energy = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
    energy += sample * sample;
  }
  // Quieter than about -50 dBFS is line noise, whatever its spectrum.
  if (energy / samples.length < 100 ** 2) return 0;
  const power = last * last + before * before - coefficient * last * before;
  return Math.min(1, (2 * power) / (samples.length * energy));
}
