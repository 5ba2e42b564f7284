import { FIRST_BIN, LAST_BIN } from './hop-analyser.ts';
import type { HopSpectrum } from './hop-analyser.ts';

/** First bins of the bands in which noise is followed; the last one ends with `LAST_BIN`. */
const BAND_STARTS = [FIRST_BIN, 10, 14, 20, 28, 39, 54, 75];
/** Bands of 125 … 1100 Hz width, wider towards the top as hearing is. */
export const BAND_COUNT = BAND_STARTS.length;
/** The floor is the minimum of this many stretches of this many hops: 1.6 s. */
const STRETCHES = 8;
const STRETCH_HOPS = 20;
/** Weight of the past in a band's smoothed power. */
const SMOOTHING = 0.6;
/** A smoothed minimum lies about 2 dB under the mean of the noise. */
const BIAS = 1.6;
/** A band's floor is never lower (−71 dBm0 a band, −62 dBm0 in all: A-law's own noise) … */
const FLOOR_MIN = 20;
/** … and starts at −65 dBm0 in all, so that a greeting that begins with the stream is heard. */
const FLOOR_AT_START = FLOOR_MIN;
/** Sound without any voice for so long is noise. */
const UNVOICED_NOISE_HOPS = 30;

/**
 * Follows the noise under the speech, band by band, by the minimum of the smoothed power over 1.6 s (Martin,
 * "Noise power spectral density estimation based on optimal smoothing and minimum statistics", 2001,
 * simplified).
 */
export class NoiseFloor {
  /** Power of each band in this hop. */
  readonly bandPower = new Float64Array(BAND_COUNT);
  /** Noise expected in each band. */
  readonly bandNoise = new Float64Array(BAND_COUNT).fill(FLOOR_AT_START);
  readonly #smoothed = new Float64Array(BAND_COUNT);
  readonly #current = new Float64Array(BAND_COUNT).fill(Infinity);
  readonly #minima = new Float64Array(BAND_COUNT * STRETCHES).fill(FLOOR_AT_START / BIAS);
  readonly #unvoicedMinimum = new Float64Array(BAND_COUNT).fill(Infinity);
  #hops = 0;
  #stretch = 0;
  #unvoicedHops = 0;
  #total = FLOOR_AT_START * BAND_COUNT;

  /** Noise expected in the whole band, as a mean square. */
  get noisePower(): number {
    return this.#total;
  }

  /** Takes the bands' powers from a hop. To be followed by `learn`. */
  measure(hop: HopSpectrum): void {
    const power = hop.power;
    for (let band = 0; band < BAND_COUNT; band++) {
      const end = band + 1 < BAND_COUNT ? (BAND_STARTS[band + 1] as number) : LAST_BIN + 1;
      let sum = 0;
      for (let k = BAND_STARTS[band] as number; k < end; k++) sum += power[k] as number;
      this.bandPower[band] = sum;
    }
  }

  /**
   * Learns from the hop measured last.
   *
   * @param isTone a tone sounds: nothing can be learned from it.
   * @param isVoiced a voice was found in it.
   */
  learn(isTone: boolean, isVoiced: boolean): void {
    if (isTone) return;
    this.#unvoicedHops = isVoiced ? 0 : this.#unvoicedHops + 1;
    this.#hops++;
    const isStretchOver = this.#hops % STRETCH_HOPS === 0;
    const isNoise = this.#unvoicedHops === UNVOICED_NOISE_HOPS;
    for (let band = 0; band < BAND_COUNT; band++) {
      const raw = this.bandPower[band] as number;
      const smoothed =
        this.#hops === 1 ? raw : SMOOTHING * (this.#smoothed[band] as number) + (1 - SMOOTHING) * raw;
      this.#smoothed[band] = smoothed;
      if (smoothed < (this.#current[band] as number)) this.#current[band] = smoothed;
      if (isVoiced) this.#unvoicedMinimum[band] = Infinity;
      else if (smoothed < (this.#unvoicedMinimum[band] as number)) this.#unvoicedMinimum[band] = smoothed;
      const first = band * STRETCHES;
      if (isNoise) this.#minima.fill(this.#unvoicedMinimum[band] as number, first, first + STRETCHES);
      if (isStretchOver) {
        this.#minima[first + this.#stretch] = this.#current[band] as number;
        this.#current[band] = Infinity;
      }
      this.#setNoise(band, smoothed);
    }
    if (isStretchOver) this.#stretch = (this.#stretch + 1) % STRETCHES;
    if (isNoise) {
      this.#unvoicedHops = 0;
      this.#unvoicedMinimum.fill(Infinity);
    }
    this.#total = 0;
    for (let band = 0; band < BAND_COUNT; band++) this.#total += this.bandNoise[band] as number;
  }

  /** Writes the noise expected in each bin. */
  spreadOverBins(noisePerBin: Float64Array, firstBin: number, lastBin: number): void {
    for (let band = 0; band < BAND_COUNT; band++) {
      const start = BAND_STARTS[band] as number;
      const end = band + 1 < BAND_COUNT ? (BAND_STARTS[band + 1] as number) : LAST_BIN + 1;
      const each = (this.bandNoise[band] as number) / (end - start);
      for (let k = Math.max(start, firstBin); k < end && k <= lastBin; k++) noisePerBin[k] = each;
    }
  }

  #setNoise(band: number, smoothed: number): void {
    const first = band * STRETCHES;
    let minimum = Math.min(smoothed, this.#current[band] as number);
    for (let i = 0; i < STRETCHES; i++) minimum = Math.min(minimum, this.#minima[first + i] as number);
    this.bandNoise[band] = Math.max(FLOOR_MIN, minimum * BIAS);
  }
}
