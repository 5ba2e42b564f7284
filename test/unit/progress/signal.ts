import { levelDbm0, SAMPLE_RATE_HZ } from '../../../src/progress/frame.ts';
import { ProgressListener } from '../../../src/progress/progress-listener.ts';
import type { ProgressEvent } from '../../../src/progress/progress-event.ts';

/** A stretch of a test signal: silence, or a sum of sines of equal level. */
export interface Stretch {
  readonly ms: number;
  readonly hz?: readonly number[];
  /** Level of all sines together; −15 when left out. */
  readonly dbm0?: number;
  /** Level of the second sine over the first. */
  readonly twistDb?: number;
  /** Frequency and depth of an amplitude modulation. */
  readonly modulation?: { readonly hz: number; readonly depth: number };
  /** Time constant of a decay. */
  readonly decayMs?: number;
}

/** Seeded noise of unit variance. */
export function noiseSource(seed: number): () => number {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x3fffffff - 1;
  };
  return () => next() + next() + next();
}

/** Amplitude of a sine of this level. */
export function amplitude(dbm0: number): number {
  return Math.sqrt(2 * 10 ** ((dbm0 - levelDbm0(1)) / 10));
}

/** Joins stretches; white noise lies under all of them. */
export function signal(stretches: readonly Stretch[], noiseDbm0 = -70): Int16Array {
  const noise = noiseSource(5);
  const noiseAmplitude = amplitude(noiseDbm0) / Math.SQRT2;
  const total = stretches.reduce((sum, stretch) => sum + stretch.ms, 0);
  const samples = new Float64Array(Math.ceil((total * SAMPLE_RATE_HZ) / 1000));
  for (let i = 0; i < samples.length; i++) samples[i] = noiseAmplitude * noise();
  let fromMs = 0;
  for (const stretch of stretches) {
    addTones(samples, stretch, fromMs);
    fromMs += stretch.ms;
  }
  return Int16Array.from(samples, (value) => Math.max(-32768, Math.min(32767, Math.round(value))));
}

function addTones(samples: Float64Array, stretch: Stretch, fromMs: number): void {
  const hz = stretch.hz ?? [];
  if (hz.length === 0) return;
  const each = amplitude((stretch.dbm0 ?? -15) - 10 * Math.log10(hz.length));
  const first = Math.ceil((fromMs * SAMPLE_RATE_HZ) / 1000);
  const end = Math.ceil(((fromMs + stretch.ms) * SAMPLE_RATE_HZ) / 1000);
  const { modulation, decayMs } = stretch;
  for (let i = first; i < end; i++) {
    const t = i / SAMPLE_RATE_HZ;
    let value = 0;
    for (let index = 0; index < hz.length; index++) {
      const gain = 10 ** (((stretch.twistDb ?? 0) * (index === 0 ? -0.5 : 0.5)) / 20);
      value += each * gain * Math.sin(2 * Math.PI * (hz[index] ?? 0) * t + index);
    }
    if (modulation !== undefined) value *= 1 + modulation.depth * Math.sin(2 * Math.PI * modulation.hz * t);
    if (decayMs !== undefined) value *= Math.exp(-((i - first) * 1000) / SAMPLE_RATE_HZ / decayMs);
    samples[i] = (samples[i] ?? 0) + value;
  }
}

/** Stretches said over again. */
export function repeated(count: number, ...stretches: readonly Stretch[]): Stretch[] {
  return Array.from({ length: count }, () => stretches).flat();
}

/**
 * Something like speech: syllables of harmonics whose pitch and formants move, with pauses of 60 ms between
 * them.
 *
 * @param pitchHz 90 … 250.
 */
export function speech(ms: number, pitchHz = 120, dbm0 = -20): Int16Array {
  const length = (ms * SAMPLE_RATE_HZ) / 1000;
  const raw = new Float64Array(length);
  let phase = 0;
  for (let i = 0; i < length; i++) {
    const t = i / SAMPLE_RATE_HZ;
    const inSyllable = (t % 0.24) / 0.18;
    const pitch =
      pitchHz * (1 + 0.12 * Math.sin(2 * Math.PI * 1.7 * t) + 0.05 * Math.sin(2 * Math.PI * 4.3 * t));
    phase += (2 * Math.PI * pitch) / SAMPLE_RATE_HZ;
    if (inSyllable > 1) continue;
    const loudness = Math.sin(Math.PI * inSyllable);
    const formants = [500 + 250 * Math.sin(9 * t), 1500 + 500 * Math.sin(5 * t + 1), 2500];
    for (let harmonic = 1; harmonic * pitch < 3300; harmonic++) {
      const hz = harmonic * pitch;
      if (hz < 250) continue;
      const gain = formants.reduce((sum, formant) => sum + 1 / (1 + ((hz - formant) / 120) ** 2), 0.02);
      raw[i] = (raw[i] ?? 0) + loudness * gain * Math.sin(harmonic * phase);
    }
  }
  const square = raw.reduce((sum, value) => sum + value * value, 0) / Math.max(1, length);
  const gain = amplitude(dbm0) / Math.SQRT2 / Math.sqrt(Math.max(1e-12, square));
  return Int16Array.from(raw, (value) => Math.max(-32768, Math.min(32767, Math.round(value * gain))));
}

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

/** What a listener hears in a signal. */
export function heard(
  samples: Int16Array,
  options: { readonly frameSamples?: number; readonly countries?: readonly string[] } = {},
): ProgressEvent[] {
  const events: ProgressEvent[] = [];
  const listener = new ProgressListener({
    onEvent: (event) => events.push(event),
    ...(options.countries === undefined ? {} : { countries: options.countries }),
  });
  const step = options.frameSamples ?? 160;
  for (let i = 0; i < samples.length; i += step) listener.push(samples.subarray(i, i + step));
  listener.finish();
  return events;
}

/** The events of one type. */
export function only<T extends ProgressEvent['type']>(
  events: readonly ProgressEvent[],
  type: T,
): Extract<ProgressEvent, { type: T }>[] {
  return events.filter((event): event is Extract<ProgressEvent, { type: T }> => event.type === type);
}
