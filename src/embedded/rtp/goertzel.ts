import { SAMPLE_RATE_HZ } from './g711.ts';

/**
 * Power of one frequency in a block, relative to the block's length squared (so that a full sine of amplitude
 * a gives a²/4).
 */
export function goertzelPower(samples: Int16Array, frequencyHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / SAMPLE_RATE_HZ);
  let previous = 0;
  let beforeThat = 0;
  for (let i = 0; i < samples.length; i++) {
    const current = (samples[i] ?? 0) + coefficient * previous - beforeThat;
    beforeThat = previous;
    previous = current;
  }
  const power = previous * previous + beforeThat * beforeThat - coefficient * previous * beforeThat;
  return power / (samples.length * samples.length);
}

/** Mean square of a block. */
export function meanSquare(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  return samples.length === 0 ? 0 : sum / samples.length;
}

/** The share of a block's energy that lies in these frequencies, 0 … 1 (a pure tone gives nearly 1). */
export function toneShare(samples: Int16Array, frequenciesHz: readonly number[]): number {
  const total = meanSquare(samples);
  if (total < 1) return 0;
  let sum = 0;
  for (const hz of frequenciesHz) sum += 2 * goertzelPower(samples, hz);
  return Math.min(1, sum / total);
}
