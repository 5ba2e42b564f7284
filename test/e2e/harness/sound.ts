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
 * How like the clip the best place in `heard` is that begins within a second of `fromSample`: 1 for the same,
 * about 0 for anything else. `endsAt` is the sample after the clip's last one there.
 */
export function findClip(
  heard: Int16Array,
  clip: Int16Array,
  fromSample: number,
): { likeness: number; endsAt: number } {
  const pieceAt = loudestPiece(clip);
  const piece = clip.subarray(pieceAt, pieceAt + PIECE_SAMPLES);
  let best = { likeness: 0, startsAt: fromSample };
  for (let startsAt = fromSample; startsAt < fromSample + SAMPLE_RATE; startsAt++) {
    const likeness = likenessOf(heard, startsAt + pieceAt, piece);
    if (likeness > best.likeness) best = { likeness, startsAt };
  }
  return { likeness: likenessOf(heard, best.startsAt, clip), endsAt: best.startsAt + clip.length };
}

/** The first sample that is not line noise. */
export function onsetOf(heard: Int16Array): number {
  return heard.findIndex((sample) => Math.abs(sample) > 500);
}

function loudestPiece(clip: Int16Array): number {
  let best = { square: -1, at: 0 };
  for (let at = 0; at + PIECE_SAMPLES <= clip.length; at += PIECE_SAMPLES / 2) {
    const square = clip.subarray(at, at + PIECE_SAMPLES).reduce((sum, sample) => sum + sample * sample, 0);
    if (square > best.square) best = { square, at };
  }
  return best.at;
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
