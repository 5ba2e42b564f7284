import { FRAME_SAMPLES_MAX, HOP_MS, HOP_SAMPLES, SAMPLE_RATE_HZ } from './frame.ts';
import { PowerTransform } from './power-transform.ts';

/** Samples of the window of a hop: 32 ms tell tones 94 Hz apart and still show a beep of 60 ms. */
const WINDOW_SAMPLES = 256;
/** Samples of the window that tells 400 + 450 Hz from 425 Hz: 128 ms. */
const LONG_WINDOW_SAMPLES = 1024;
/** Width of one bin of a hop's spectrum: 31.25 Hz. */
export const BIN_HZ = SAMPLE_RATE_HZ / WINDOW_SAMPLES;
/** Width of one bin of the long spectrum: 7.8 Hz. */
export const LONG_BIN_HZ = SAMPLE_RATE_HZ / LONG_WINDOW_SAMPLES;
/** First and last bin that count: 188 … 3406 Hz, the telephone band without the hum below it. */
export const FIRST_BIN = 6;
export const LAST_BIN = 109;
/** A line is its strongest bin and this many on either side. */
export const LOBE_BINS = 3;
/** What is quieter than −63 dBm0 is nothing: under the noise floor's and every tone's lower limit. */
const NOTHING = 120;
/** One line or two that are a tone hold most of the sound, the stronger one at least this share. */
const FIRST_LINE_MIN = 0.2;
/** The hop whose 10 ms hold the window's centre lies this many hops back. */
const LOOK_BACK_HOPS = 2;

// One set of tables and scratch memory serves all streams: nothing here waits in the middle of a hop.
const hopTransform = new PowerTransform(WINDOW_SAMPLES);
const longTransform = new PowerTransform(LONG_WINDOW_SAMPLES);

/**
 * What 10 ms of a stream look like. One object a stream, overwritten by each hop. Powers are mean squares of
 * 16-bit samples.
 */
export interface HopSpectrum {
  /** Samples received when this hop was judged, a multiple of 80. */
  positionSamples: number;
  /** The instant the window's centre stands for, in ms. */
  centreMs: number;
  /** First instant of the 10 ms around that centre, and their mean square without the constant part. */
  startMs: number;
  meanSquare: number;
  /** Every sample of those 10 ms lies within an idle pattern's range. */
  isDigitalSilence: boolean;
  /** Power of each bin; valid until the next hop of any stream. */
  power: Float64Array;
  /** Power of bins `FIRST_BIN` … `LAST_BIN`. */
  bandPower: number;
  /**
   * The strongest line, and the next strongest one at least 94 Hz away; 0 Hz with no power when there is
   * none.
   */
  firstHz: number;
  firstPower: number;
  secondHz: number;
  secondPower: number;
}

/** Cuts a stream into hops of 10 ms and looks at each through a Hann window of 32 ms. */
export class HopAnalyser {
  readonly #ring = new Float64Array(LONG_WINDOW_SAMPLES);
  readonly #energies = new Float64Array(4);
  readonly #idle = new Uint8Array(4);
  readonly #onHop: (hop: HopSpectrum) => void;
  readonly #hop: HopSpectrum = {
    positionSamples: 0,
    centreMs: 0,
    startMs: 0,
    meanSquare: 0,
    isDigitalSilence: true,
    power: hopTransform.power,
    bandPower: 0,
    firstHz: 0,
    firstPower: 0,
    secondHz: 0,
    secondPower: 0,
  };
  #silentHops = 0;
  #position = 0;
  #sum = 0;
  #squares = 0;
  #lowest = 0;
  #highest = 0;

  /** @param onHop called every 80 samples with the same object. */
  constructor(onHop: (hop: HopSpectrum) => void) {
    this.#onHop = onHop;
  }

  /** Samples received so far. */
  get positionSamples(): number {
    return this.#position;
  }

  /** Takes up to `FRAME_SAMPLES_MAX` samples; the rest of a longer array is ignored. */
  push(frame: Int16Array): void {
    const count = Math.min(frame.length, FRAME_SAMPLES_MAX);
    const mask = LONG_WINDOW_SAMPLES - 1;
    for (let i = 0; i < count; i++) {
      const sample = frame[i] as number;
      this.#ring[this.#position & mask] = sample;
      this.#sum += sample;
      this.#squares += sample * sample;
      if (sample < this.#lowest) this.#lowest = sample;
      if (sample > this.#highest) this.#highest = sample;
      this.#position++;
      if (this.#position % HOP_SAMPLES === 0) this.#endOfHop(sample);
    }
  }

  /**
   * The last 128 ms in fine resolution: bins of `LONG_BIN_HZ`, valid until the next call for any stream.
   * Costs as much as five hops: for tones only.
   */
  longPower(): Float64Array {
    longTransform.analyse(this.#ring, this.#position);
    return longTransform.power;
  }

  #endOfHop(lastSample: number): void {
    const index = this.#position / HOP_SAMPLES - 1;
    const mean = this.#sum / HOP_SAMPLES;
    this.#energies[index & 3] = Math.max(0, this.#squares / HOP_SAMPLES - mean * mean);
    this.#idle[index & 3] = isIdle(this.#lowest, this.#highest) ? 1 : 0;
    this.#sum = 0;
    this.#squares = 0;
    this.#lowest = lastSample;
    this.#highest = lastSample;
    const hop = this.#hop;
    const judged = index - LOOK_BACK_HOPS + 1;
    hop.positionSamples = this.#position;
    hop.centreMs = ((this.#position - WINDOW_SAMPLES / 2) * 1000) / SAMPLE_RATE_HZ;
    hop.startMs = judged * HOP_MS;
    hop.meanSquare = judged < 0 ? 0 : (this.#energies[judged & 3] as number);
    hop.isDigitalSilence = judged < 0 || this.#idle[judged & 3] === 1;
    if (judged < 0) return;
    // A window of nothing needs no transform: a call is silent for half of its time.
    this.#silentHops = (this.#energies[index & 3] as number) < NOTHING ? this.#silentHops + 1 : 0;
    if (this.#silentHops * HOP_SAMPLES >= WINDOW_SAMPLES) hopTransform.power.fill(0);
    else hopTransform.analyse(this.#ring, this.#position);
    findLines(hop);
    this.#onHop(hop);
  }
}

/**
 * What a switch sends when nobody speaks: one value, or the code's smallest steps (±8 after A-law, ±0 after
 * µ-law).
 */
function isIdle(lowest: number, highest: number): boolean {
  return lowest === highest || (lowest >= -8 && highest <= 8);
}

function findLines(hop: HopSpectrum): void {
  const power = hop.power;
  let total = 0;
  let best = 0;
  let bestPower = 0;
  for (let k = FIRST_BIN; k <= LAST_BIN; k++) {
    const value = power[k] as number;
    total += value;
    if (value > bestPower) {
      bestPower = value;
      best = k;
    }
  }
  hop.bandPower = total;
  hop.firstHz = best === 0 ? 0 : peakHz(power, best, BIN_HZ);
  hop.firstPower = best === 0 ? 0 : lobe(power, best - LOBE_BINS, best + LOBE_BINS);
  hop.secondHz = 0;
  hop.secondPower = 0;
  if (hop.firstPower < total * FIRST_LINE_MIN) return;
  let next = 0;
  let nextPower = bestPower * 1e-3;
  for (let k = FIRST_BIN; k <= LAST_BIN; k++) {
    if (k >= best - LOBE_BINS && k <= best + LOBE_BINS) continue;
    const value = power[k] as number;
    if (value <= nextPower) continue;
    if (value < (power[k - 1] as number) || value < (power[k + 1] as number)) continue;
    nextPower = value;
    next = k;
  }
  hop.secondHz = next === 0 ? 0 : peakHz(power, next, BIN_HZ);
  hop.secondPower =
    next === 0
      ? 0
      : next > best
        ? lobe(power, Math.max(next - LOBE_BINS, best + LOBE_BINS + 1), next + LOBE_BINS)
        : lobe(power, next - LOBE_BINS, Math.min(next + LOBE_BINS, best - LOBE_BINS - 1));
}

function lobe(power: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let k = Math.max(0, from); k <= to; k++) sum += power[k] ?? 0;
  return sum;
}

/** Power of the line at a frequency, whether or not there is a peak. */
export function powerNear(power: Float64Array, hz: number, binHz: number, bins: number): number {
  const centre = Math.round(hz / binHz);
  return lobe(power, centre - bins, centre + bins);
}

/**
 * Frequency of a sine whose main lobe has its peak in bin k. Two neighbouring bins of a Hann window stand in
 * the ratio (1 + d) / (2 − d), where d is the distance from the stronger to the weaker one's side.
 */
export function peakHz(power: Float64Array, k: number, binHz: number): number {
  const peak = Math.sqrt(power[k] ?? 0);
  const below = Math.sqrt(power[k - 1] ?? 0);
  const above = Math.sqrt(power[k + 1] ?? 0);
  if (peak === 0) return 0;
  const ratio = Math.max(below, above) / peak;
  const distance = Math.max(0, (2 * ratio - 1) / (ratio + 1));
  return (above > below ? k + distance : k - distance) * binHz;
}
