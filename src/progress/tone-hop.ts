import { BIN_HZ, LOBE_BINS, powerNear } from './hop-analyser.ts';
import type { HopSpectrum } from './hop-analyser.ts';

/** Share of a hop's sound, noise taken off, that must lie in one or two lines. */
const PURITY_MIN = 0.85;
/** Twist up to which a second line counts: 14 dB … */
const SECOND_LINE_MIN = 0.04;
/** … but beside a line that is a tone by itself only up to 10 dB: noise and music have lines, too. */
const SECOND_BESIDE_TONE_MIN = 0.1;
/** Quieter tones are not looked for: −52 dBm0. */
const POWER_MIN = 1640;
/** At most this share of a hop is put down to noise, so that a tone needs at least 0 dB over it. */
const NOISE_SHARE_MAX = 0.5;

/** A hop read as a tone. `highHz` is 0 for a single one. */
export interface ToneHop {
  isTonal: boolean;
  lowHz: number;
  highHz: number;
  /** Power in its lines, as a mean square. */
  power: number;
  /** How much weaker the second line is, as a power ratio; 0 when there is none. */
  secondShare: number;
}

/** Power of the hop that is not noise. */
export function signalPower(hop: HopSpectrum, noisePower: number): number {
  return hop.bandPower - Math.min(noisePower, hop.bandPower * NOISE_SHARE_MAX);
}

/** Reads a hop as one line (with its second and third harmonic, should it be distorted) or as two. */
export function readToneHop(hop: HopSpectrum, noisePower: number, into: ToneHop): void {
  const signal = signalPower(hop, noisePower);
  const first = hop.firstPower;
  const second = hop.secondPower;
  into.isTonal = false;
  into.secondShare = first > 0 ? second / first : 0;
  into.highHz = 0;
  into.lowHz = hop.firstHz;
  into.power = first;
  if (first < POWER_MIN || signal <= 0) return;
  if (first / signal >= PURITY_MIN) {
    into.isTonal = true;
    if (into.secondShare < SECOND_BESIDE_TONE_MIN) return;
  } else if (first / signal >= 0.7 && harmonics(hop) + first >= signal * 0.95) {
    into.isTonal = true;
    return;
  }
  if (into.secondShare < SECOND_LINE_MIN) return;
  if ((first + second) / signal < PURITY_MIN) return;
  into.isTonal = true;
  into.power = first + second;
  into.lowHz = Math.min(hop.firstHz, hop.secondHz);
  into.highHz = Math.max(hop.firstHz, hop.secondHz);
}

function harmonics(hop: HopSpectrum): number {
  if (hop.firstHz < 330) return 0;
  return (
    powerNear(hop.power, 2 * hop.firstHz, BIN_HZ, LOBE_BINS) +
    powerNear(hop.power, 3 * hop.firstHz, BIN_HZ, LOBE_BINS)
  );
}
