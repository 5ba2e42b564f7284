import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SAMPLE_RATE } from './tone.ts';

const PROMPTS = fileURLToPath(new URL('../../../flows/audio/', import.meta.url));
const AMPLITUDE = 6000;
/** Length of the piece of a clip by which its place is found. */
const PIECE_SAMPLES = 1200;

/** One after the other. */
export function joined(...parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function silence(durationMs: number): Int16Array {
  return new Int16Array((durationMs * SAMPLE_RATE) / 1000);
}

/** Sines of equal level, together as loud as one of them alone. */
export function tones(frequenciesHz: readonly number[], durationMs: number): Int16Array {
  return silence(durationMs).map((_, at) =>
    frequenciesHz.reduce(
      (sum, hz) => sum + (AMPLITUDE / frequenciesHz.length) * Math.sin((2 * Math.PI * hz * at) / SAMPLE_RATE),
      0,
    ),
  );
}

/** What somebody says: a prompt of the product by its path, without the silence around it. 16-bit PCM, 8 kHz. */
export function spoken(path: string): Int16Array {
  const wav = readFileSync(`${PROMPTS}${path}.wav`);
  const data = wav.indexOf('data', 12, 'latin1') + 8;
  const samples = new Int16Array((wav.length - data) >> 1);
  for (let at = 0; at < samples.length; at++) samples[at] = wav.readInt16LE(data + 2 * at);
  const isLoud = (sample: number): boolean => Math.abs(sample) > 200;
  return samples.slice(samples.findIndex(isLoud), samples.findLastIndex(isLoud) + 1);
}

/**
 * How like the clip the best place in `heard` is: 1 for the same, about 0 for anything else. `endsAt` is the
 * sample after the clip's last one there.
 */
export function findClip(heard: Int16Array, clip: Int16Array): { likeness: number; endsAt: number } {
  const pieceAt = Math.max(0, Math.min(clip.length >> 1, clip.length - PIECE_SAMPLES));
  const piece = clip.subarray(pieceAt, pieceAt + PIECE_SAMPLES);
  let best = { likeness: 0, at: 0 };
  for (let at = 0; at + piece.length <= heard.length; at++) {
    const likeness = likenessOf(heard, at, piece);
    if (likeness > best.likeness) best = { likeness, at };
  }
  const startsAt = Math.max(0, best.at - pieceAt);
  return { likeness: likenessOf(heard, startsAt, clip), endsAt: startsAt + clip.length };
}

/** Normalised correlation. */
function likenessOf(heard: Int16Array, from: number, clip: Int16Array): number {
  let product = 0;
  let heardSquare = 0;
  let clipSquare = 0;
  for (let at = 0; at < clip.length; at++) {
    const mine = heard[from + at] ?? 0;
    const wanted = clip[at]!;
    product += mine * wanted;
    heardSquare += mine * mine;
    clipSquare += wanted * wanted;
  }
  return heardSquare === 0 ? 0 : product / Math.sqrt(heardSquare * clipSquare);
}
