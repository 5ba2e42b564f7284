import { fadeEdges, level } from './prompt-audio.ts';
import type { Sound } from './prompt-audio.ts';

const RATE = 8000;
const BEAT_SEC = 0.9;
const BEATS_PER_BAR = 4;
const BARS_PER_PART = 4;
const LEVEL_DB = -24;
const PEAK_DB = -9;

/** MIDI notes of the chords, one a bar; five parts of four bars, the last leading back to the first. */
const chords: readonly (readonly number[])[] = [
  [48, 55, 59, 64], [45, 52, 55, 60], [41, 48, 52, 57], [43, 50, 55, 59],
  [48, 55, 59, 64], [40, 47, 55, 59], [41, 48, 57, 60], [43, 50, 53, 59],
  [45, 52, 60, 64], [41, 48, 57, 64], [38, 50, 53, 60], [43, 50, 55, 62],
  [41, 48, 57, 60], [40, 47, 55, 62], [38, 45, 53, 60], [43, 50, 53, 57],
  [48, 55, 59, 64], [41, 48, 55, 57], [38, 50, 53, 57], [43, 50, 55, 59],
]; // prettier-ignore

/** Which chord note (and how many octaves up) a plucked note takes, on each half beat; null rests. */
const figures: readonly (readonly (readonly [number, number] | null)[])[] = [
  [[0, 1], null, [2, 1], null, [3, 1], null, [2, 1], null],
  [[3, 1], null, [1, 1], [2, 1], null, null, [3, 1], null],
  [[1, 1], null, [3, 1], null, [2, 1], [3, 1], null, null],
  [[2, 1], null, [3, 1], null, null, null, [1, 1], null],
]; // prettier-ignore

/**
 * Calm music of our own composing for waiting callers, in parts that can each be a beginning: every part
 * starts and ends in silence (no click wherever it is joined). Deterministic. 8 kHz.
 */
export function holdMusic(): Sound[] {
  const barLength = Math.round(BEAT_SEC * BEATS_PER_BAR * RATE);
  const whole = new Float64Array(barLength * chords.length);
  chords.forEach((chord, bar) => {
    const at = bar * barLength;
    for (const note of chord) pad(whole, at, barLength, frequency(note), 0.11);
    pluck(whole, at, frequency((chord[0] ?? 48) - 12), 0.5, 1.6);
    pluck(whole, at + barLength / 2, frequency((chord[1] ?? 48) - 12), 0.28, 1.2);
    const figure = figures[bar % figures.length] ?? [];
    figure.forEach((step, half) => {
      if (!step) return;
      const note = (chord[step[0]] ?? 60) + 12 * step[1];
      // A little late and softer off the beat: a machine that breathes.
      const late = half % 2 === 1 ? 0.02 * RATE : 0;
      pluck(whole, at + (half * barLength) / 8 + late, frequency(note), half % 2 === 1 ? 0.2 : 0.3, 0.9);
    });
  });
  const levelled = level({ rate: RATE, samples: whole }, LEVEL_DB, PEAK_DB);
  const partLength = barLength * BARS_PER_PART;
  return Array.from({ length: chords.length / BARS_PER_PART }, (_, part) =>
    fadeEdges(
      { rate: RATE, samples: levelled.samples.slice(part * partLength, (part + 1) * partLength) },
      40,
    ),
  );
}

function frequency(note: number): number {
  return 440 * 2 ** ((note - 69) / 12);
}

/**
 * A soft held tone with two slightly detuned voices; rises over a third of the bar. Wraps round at the end.
 */
function pad(into: Float64Array, at: number, length: number, hz: number, gain: number): void {
  const total = Math.round(length * 1.15);
  for (let i = 0; i < total; i++) {
    const rise = Math.min(1, i / (length * 0.33));
    const fall = Math.min(1, (total - i) / (length * 0.4));
    const t = i / RATE;
    const wave =
      Math.sin(2 * Math.PI * hz * 0.9985 * t) +
      Math.sin(2 * Math.PI * hz * 1.0015 * t) +
      0.25 * Math.sin(2 * Math.PI * 2 * hz * t);
    const place = (at + i) % into.length;
    into[place] =
      (into[place] ?? 0) + gain * wave * Math.sin((Math.PI / 2) * rise) * Math.sin((Math.PI / 2) * fall);
  }
}

/** A soft mallet: three partials, each dying faster than the one below. Wraps round at the end. */
function pluck(into: Float64Array, at: number, hz: number, gain: number, decaySec: number): void {
  const total = Math.round(decaySec * 4 * RATE);
  const start = Math.round(at);
  for (let i = 0; i < total; i++) {
    const t = i / RATE;
    const attack = Math.min(1, i / (0.006 * RATE));
    const wave =
      Math.sin(2 * Math.PI * hz * t) * Math.exp(-t / decaySec) +
      0.35 * Math.sin(2 * Math.PI * 2 * hz * t) * Math.exp((-3 * t) / decaySec) +
      (hz * 4 < RATE / 2 ? 0.12 * Math.sin(2 * Math.PI * 4 * hz * t) * Math.exp((-9 * t) / decaySec) : 0);
    const place = (start + i) % into.length;
    into[place] = (into[place] ?? 0) + gain * attack * wave;
  }
}

/** A short signal: one frequency with soft edges, at −20 dBFS. */
export function beep(hz: number, durationMs: number): Sound {
  const samples = Float64Array.from(
    { length: (RATE * durationMs) / 1000 },
    (_, i) => Math.SQRT2 * 0.1 * Math.sin((2 * Math.PI * hz * i) / RATE),
  );
  return fadeEdges({ rate: RATE, samples }, 10);
}
