import { LONG_BIN_HZ, peakHz } from './hop-analyser.ts';

/** Bins of the long spectrum from 188 to 3406 Hz. */
const FIRST = 24;
const LAST = 436;
/** Half width of a line in the long spectrum, and the least distance of two: 23 Hz. */
const LINE_BINS = 2;
/** Share of the sound in the lines. */
const PURITY_MIN = 0.8;
/** A second line within 14 dB counts. */
const SECOND_LINE_MIN = 0.04;
/** The weaker sideband of a modulated tone against the stronger one, and how far they may be: 55 Hz. */
const SIDEBAND_MIN = 0.3;
const SIDEBAND_MAX_BINS = 7;
/** Half width of a modulated tone's cluster: 47 Hz. */
const CLUSTER_BINS = 6;

/** One or two frequencies read over 128 ms, or a cluster around one centre (a modulated tone). */
export interface FineTone {
  /** One or two lines hold the sound. */
  isTone: boolean;
  /** Share of the sound that these lines hold, 0–1. */
  purity: number;
  lowHz: number;
  highHz: number;
  /**
   * The strongest line has one of equal distance on either side: it swings in strength. `highHz` is then 0.
   */
  isModulated: boolean;
  /** Centre of the cluster around the strongest line that holds the sound; 0 when it is spread wider. */
  centroidHz: number;
}

/** Reads a long spectrum (bins of 7.8 Hz): tells 400 + 450 Hz from 425 Hz. */
export function readFineTone(power: Float64Array, into: FineTone): void {
  let total = 0;
  let best = FIRST;
  for (let k = FIRST; k <= LAST; k++) {
    total += power[k] as number;
    if ((power[k] as number) > (power[best] as number)) best = k;
  }
  let next = 0;
  let nextPower = (power[best] as number) * SECOND_LINE_MIN;
  for (let k = FIRST; k <= LAST; k++) {
    if (Math.abs(k - best) <= LINE_BINS) continue;
    const value = power[k] as number;
    if (value <= nextPower || value < (power[k - 1] as number) || value < (power[k + 1] as number)) continue;
    nextPower = value;
    next = k;
  }
  let lines = 0;
  let cluster = 0;
  let weighted = 0;
  for (let k = FIRST; k <= LAST; k++) {
    const value = power[k] as number;
    if (Math.abs(k - best) <= LINE_BINS || (next !== 0 && Math.abs(k - next) <= LINE_BINS)) lines += value;
    if (Math.abs(k - best) <= CLUSTER_BINS) {
      cluster += value;
      weighted += value * k;
    }
  }
  const mirrored = next === 0 ? 0 : strongestNear(power, 2 * best - next);
  const isModulated = mirrored >= nextPower * SIDEBAND_MIN && Math.abs(next - best) <= SIDEBAND_MAX_BINS;
  if (isModulated) lines += mirrored + (power[2 * best - next - 1] ?? 0) + (power[2 * best - next + 1] ?? 0);
  const bestHz = peakHz(power, best, LONG_BIN_HZ);
  const nextHz = next === 0 ? 0 : peakHz(power, next, LONG_BIN_HZ);
  into.purity = total > 0 ? lines / total : 0;
  into.isTone = total > 0 && lines >= total * PURITY_MIN;
  into.isModulated = isModulated;
  into.lowHz = next === 0 || isModulated ? bestHz : Math.min(bestHz, nextHz);
  into.highHz = next === 0 || isModulated ? 0 : Math.max(bestHz, nextHz);
  into.centroidHz = total > 0 && cluster >= total * PURITY_MIN ? (weighted / cluster) * LONG_BIN_HZ : 0;
}

function strongestNear(power: Float64Array, k: number): number {
  return Math.max(power[k - 1] ?? 0, power[k] ?? 0, power[k + 1] ?? 0);
}
