import { decodeG711, encodeG711, type G711Law } from '../../src/embedded/rtp/g711.ts';

/** Samples per second of the corpus. */
export const RATE_HZ = 8000;

/** Numbers in [0, 1) from a seed (mulberry32): the same corpus on every machine. */
export class Dice {
  #state: number;

  constructor(seed: string) {
    let hash = 2166136261;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 16777619);
    this.#state = hash >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Standard normal (Box–Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}

export function samplesOf(ms: number): number {
  return Math.round((ms * RATE_HZ) / 1000);
}

export function msOf(samples: number): number {
  return Math.round((samples * 1000) / RATE_HZ);
}

export function silence(ms: number): Float64Array {
  return new Float64Array(samplesOf(ms));
}

export function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Adds `sound` to `onto` from `at` on; what does not fit is dropped. */
export function mixInto(onto: Float64Array, sound: Float64Array, at: number, gain = 1): void {
  const count = Math.min(sound.length, onto.length - at);
  for (let i = 0; i < count; i++) onto[at + i] = (onto[at + i] as number) + gain * (sound[i] as number);
}

/** A copy cut or repeated to `length` samples, from `from` on. */
export function looped(sound: Float64Array, length: number, from: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => sound[(from + i) % sound.length] as number);
}

/**
 * RMS of the 20 ms blocks that are within 25 dB of the loudest one: the level of the speech, not of its
 * pauses.
 */
export function activeRms(sound: Float64Array): number {
  const block = samplesOf(20);
  const powers: number[] = [];
  for (let at = 0; at + block <= sound.length; at += block) {
    let power = 0;
    for (let i = at; i < at + block; i++) power += (sound[i] as number) ** 2;
    powers.push(power / block);
  }
  const loud = Math.max(...powers, 0) / 316;
  const active = powers.filter((power) => power > loud);
  if (active.length === 0) return 0;
  return Math.sqrt(active.reduce((sum, power) => sum + power, 0) / active.length);
}

/** The sound with its active level at `dbfs` (RMS, full scale 1). */
export function atLevel(sound: Float64Array, dbfs: number): Float64Array {
  const rms = activeRms(sound);
  if (rms === 0) return sound;
  const gain = 10 ** (dbfs / 20) / rms;
  return sound.map((value) => value * gain);
}

/** Without what is 35 dB below the loudest 10 ms at both ends. */
export function trimmed(sound: Float64Array): Float64Array {
  const block = samplesOf(10);
  const powers: number[] = [];
  for (let at = 0; at + block <= sound.length; at += block) {
    let power = 0;
    for (let i = at; i < at + block; i++) power += (sound[i] as number) ** 2;
    powers.push(power);
  }
  const limit = Math.max(...powers, 0) / 3162;
  const first = powers.findIndex((power) => power > limit);
  const last = powers.findLastIndex((power) => power > limit);
  return first < 0 ? sound.slice(0, 0) : sound.slice(first * block, (last + 1) * block);
}

/** One or two sines with 4 ms ramps; `decayMs` makes it fade by e every so many ms. */
export function tone(
  frequenciesHz: readonly number[],
  ms: number,
  dbfs: number,
  decayMs?: number,
): Float64Array {
  const peak = (10 ** (dbfs / 20) * Math.SQRT2) / Math.sqrt(frequenciesHz.length);
  const length = samplesOf(ms);
  const ramp = 32;
  return Float64Array.from({ length }, (_, i) => {
    const t = i / RATE_HZ;
    const edge = Math.min(1, (i + 1) / ramp, (length - i) / ramp);
    const fade = decayMs === undefined ? 1 : Math.exp((-t * 1000) / decayMs);
    return edge * fade * peak * frequenciesHz.reduce((sum, hz) => sum + Math.sin(2 * Math.PI * hz * t), 0);
  });
}

/** White or, with `pole` near 1, low-passed noise with RMS 1. */
export function noise(dice: Dice, length: number, pole: number): Float64Array {
  const sound = new Float64Array(length);
  let last = 0;
  let sum = 0;
  for (let i = 0; i < length; i++) {
    last = pole * last + dice.normal();
    sound[i] = last;
    sum += last * last;
  }
  const gain = 1 / Math.sqrt(Math.max(sum / Math.max(1, length), 1e-12));
  return sound.map((value) => value * gain);
}

/** 300–3400 Hz by two second-order sections (RBJ cookbook), as a handset or a GSM channel has it. */
export function telephoneBand(sound: Float64Array): Float64Array {
  return biquad(biquad(sound, 'high', 300), 'low', 3300);
}

function biquad(sound: Float64Array, kind: 'low' | 'high', hz: number): Float64Array {
  const w = (2 * Math.PI * hz) / RATE_HZ;
  const alpha = Math.sin(w) / (2 * Math.SQRT1_2);
  const cos = Math.cos(w);
  const b1 = kind === 'low' ? 1 - cos : -(1 + cos);
  const b0 = Math.abs(b1) / 2;
  const a0 = 1 + alpha;
  const [x, y] = [
    [0, 0],
    [0, 0],
  ] as [[number, number], [number, number]];
  return sound.map((value) => {
    const out = (b0 * value + b1 * x[0] + b0 * x[1] + 2 * cos * y[0] - (1 - alpha) * y[1]) / a0;
    x[1] = x[0];
    x[0] = value;
    y[1] = y[0];
    y[0] = out;
    return out;
  });
}

/** Samples of half a block of the coder. */
const CODED_BLOCK = 128;
/** Coefficients so far below the strongest of their block are not sent; the others in so many steps. */
const CODED_DEPTH = 0.03;
const CODED_STEPS = 5;

/**
 * What a transform coder at a low rate makes of a sound: a cosine transform of overlapping blocks (MDCT)
 * whose weak coefficients are left out and whose strong ones are rounded coarsely.
 */
export function coded(sound: Float64Array): Float64Array {
  const size = CODED_BLOCK;
  const shape = Float64Array.from({ length: 2 * size }, (_, i) =>
    Math.sin((Math.PI * (i + 0.5)) / (2 * size)),
  );
  const output = new Float64Array(sound.length);
  for (let from = -size; from < sound.length; from += size) {
    const lines = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      for (let i = 0; i < 2 * size; i++) {
        lines[k] = (lines[k] as number) + (sound[from + i] ?? 0) * (shape[i] as number) * wave(k, i);
      }
    }
    const peak = lines.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const step = peak / CODED_STEPS;
    const sent = lines.map((value) =>
      Math.abs(value) < peak * CODED_DEPTH || step === 0
        ? 0
        : Math.sign(value) * stepped(Math.abs(value), step),
    );
    for (let i = 0; i < 2 * size; i++) {
      if (from + i < 0 || from + i >= output.length) continue;
      let value = 0;
      for (let k = 0; k < size; k++) value += (sent[k] as number) * wave(k, i);
      output[from + i] = (output[from + i] as number) + (value * (shape[i] as number)) / (size / 2);
    }
  }
  return output;
}

/** Steps that grow with the root of the value, as such coders have them. */
function stepped(value: number, step: number): number {
  return step * Math.round(Math.sqrt(value / step) * 2) ** 2 * 0.25;
}

const WAVES = Float64Array.from({ length: 2 * CODED_BLOCK * CODED_BLOCK }, (_, at) => {
  const [k, i] = [Math.floor(at / (2 * CODED_BLOCK)), at % (2 * CODED_BLOCK)];
  return Math.cos((Math.PI / CODED_BLOCK) * (i + 0.5 + CODED_BLOCK / 2) * (k + 0.5));
});

function wave(k: number, i: number): number {
  return WAVES[2 * CODED_BLOCK * k + i] as number;
}

/** Packets of 20 ms lost at random; the gap is silence, or a fading repeat of the packet before. */
export function withLoss(sound: Float64Array, dice: Dice, rate: number): Float64Array {
  const packet = samplesOf(20);
  const output = sound.slice();
  const isConcealed = dice.chance(0.5);
  for (let at = packet; at + packet <= output.length; at += packet) {
    if (!dice.chance(rate)) continue;
    for (let i = 0; i < packet; i++)
      output[at + i] = isConcealed ? 0.7 * (output[at + i - packet] as number) : 0;
  }
  return output;
}

/** 16-bit samples, clipped; through a G.711 law when one is given. */
export function quantised(sound: Float64Array, law: G711Law | undefined): Int16Array {
  const samples = Int16Array.from(sound, (value) =>
    Math.max(-32768, Math.min(32767, Math.round(value * 32767))),
  );
  if (law === undefined) return samples;
  const bytes = new Uint8Array(samples.length);
  encodeG711(law, samples, bytes);
  return decodeG711(law, bytes);
}
