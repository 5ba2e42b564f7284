import { FIRST_BIN } from './hop-analyser.ts';

/** Samples of a hop's window. */
const WINDOW_SAMPLES = 256;
/** Harmonics are looked for up to 1.6 kHz: 44 bins. */
export const VOICING_LAST_BIN = 49;
/** Periods of a voice, in samples: 400 … 70 Hz. Long ones in coarser steps. */
const LAGS = lags();
/** cos(2π·k·lag / 256) for every lag and bin, row by row. */
const COSINES = cosines();
/**
 * What the window leaves of a periodic signal's similarity at each lag, taken out by half (a quarter of noise
 * stays).
 */
const COMPENSATION = compensation();

const magnitudes = new Float64Array(VOICING_LAST_BIN - FIRST_BIN + 1);

/** How periodic a hop is, and with which period. */
export interface Voicing {
  /** 0 (noise) … 1 (a clear voice, or a tone). */
  strength: number;
  pitchHz: number;
}

/**
 * Looks for the pitch of a voice by the autocorrelation of the square-rooted spectrum, noise taken off. The
 * root keeps one strong formant from hiding the harmonics (Tolonen and Karjalainen, 2000).
 *
 * @param power a hop's spectrum. @param noisePerBin noise expected in each of its bins. @param into is
 * overwritten.
 */
export function readVoicing(power: Float64Array, noisePerBin: Float64Array, into: Voicing): void {
  let total = 0;
  const count = magnitudes.length;
  for (let i = 0; i < count; i++) {
    const k = FIRST_BIN + i;
    const raw = power[k] as number;
    const clean = raw - (noisePerBin[k] as number);
    magnitudes[i] = clean > 0 ? Math.sqrt(clean) : 0;
    // What is left of mere noise is a few lonely bins: measured against the whole, they are no voice.
    total += Math.sqrt(raw);
  }
  into.strength = 0;
  into.pitchHz = 0;
  if (total <= 0) return;
  let best = 0;
  let bestLag = 0;
  for (let row = 0, at = 0; row < LAGS.length; row++) {
    let even = 0;
    let odd = 0;
    for (let i = 0; i < count; i += 2, at += 2) {
      even += (magnitudes[i] as number) * (COSINES[at] as number);
      odd += (magnitudes[i + 1] as number) * (COSINES[at + 1] as number);
    }
    const sum = (even + odd) * (COMPENSATION[row] as number);
    if (sum > best) {
      best = sum;
      bestLag = LAGS[row] as number;
    }
  }
  into.strength = Math.min(1, best / total);
  into.pitchHz = bestLag === 0 ? 0 : 8000 / bestLag;
}

function lags(): number[] {
  const list: number[] = [];
  for (let lag = 20; lag <= 114; lag += lag < 40 ? 1 : lag < 64 ? 2 : 3) list.push(lag);
  return list;
}

function cosines(): Float32Array {
  const bins = VOICING_LAST_BIN - FIRST_BIN + 1;
  const table = new Float32Array(LAGS.length * bins);
  LAGS.forEach((lag, row) => {
    for (let i = 0; i < bins; i++) {
      table[row * bins + i] = Math.cos((2 * Math.PI * (FIRST_BIN + i) * lag) / WINDOW_SAMPLES);
    }
  });
  return table;
}

function compensation(): Float64Array {
  return Float64Array.from(LAGS, (lag) => {
    const x = lag / WINDOW_SAMPLES;
    const left =
      (1 - x) * (2 / 3 + Math.cos(2 * Math.PI * x) / 3) + Math.sin(2 * Math.PI * x) / (2 * Math.PI);
    return left ** -0.75;
  });
}
