import { SAMPLE_RATE_HZ } from './g711.ts';
import { ToneRenderer } from './tone-script.ts';
import type { ToneScript } from './tone-script.ts';

/**
 * One piece of what is played. `pcm` is linear 8 kHz audio in shared memory: it costs nothing to hand over.
 */
export type AudioSegment =
  | { readonly kind: 'pcm'; readonly samples: Int16Array; readonly startSample?: number }
  /** `durationMs` −1 is for ever; `noiseDivisor` > 1 gives comfort noise, quieter the larger it is. */
  | { readonly kind: 'silence'; readonly durationMs: number; readonly noiseDivisor: number }
  | { readonly kind: 'tone'; readonly script: ToneScript };

/** A playlist of segments rendered frame by frame. */
export class AudioSource {
  readonly #segments: readonly AudioSegment[];
  readonly #isEndless: boolean;
  #index = -1;
  #renderer: (into: Int16Array, offset: number) => number = () => 0;
  #writtenInLoop = 0;
  /** Samples rendered so far. */
  playedSamples = 0;

  /** @param isEndless begins anew after the last segment. */
  constructor(segments: readonly AudioSegment[], isEndless: boolean) {
    this.#segments = segments;
    this.#isEndless = isEndless;
  }

  /** Fills a frame; the rest is silence. @returns false when nothing was left. */
  read(into: Int16Array): boolean {
    let written = 0;
    while (written < into.length) {
      const count = this.#index < 0 ? 0 : this.#renderer(into, written);
      written += count;
      this.#writtenInLoop += count;
      if (count === 0 && !this.#nextSegment()) break;
    }
    this.playedSamples += written;
    into.fill(0, written);
    return written > 0;
  }

  #nextSegment(): boolean {
    this.#index++;
    if (this.#index >= this.#segments.length) {
      // A loop that gave no sample would never end.
      if (!this.#isEndless || this.#writtenInLoop === 0) return false;
      this.#index = 0;
      this.#writtenInLoop = 0;
    }
    const segment = this.#segments[this.#index];
    if (segment === undefined) return false;
    this.#renderer = rendererOf(segment);
    return true;
  }
}

function rendererOf(segment: AudioSegment): (into: Int16Array, offset: number) => number {
  if (segment.kind === 'tone') {
    const renderer = new ToneRenderer(segment.script);
    return (into, offset) => renderer.read(into, offset);
  }
  if (segment.kind === 'pcm') return pcmRenderer(segment.samples, segment.startSample ?? 0);
  return silenceRenderer(segment.durationMs, segment.noiseDivisor);
}

function pcmRenderer(samples: Int16Array, start: number): (into: Int16Array, offset: number) => number {
  let at = start;
  return (into, offset) => {
    const count = Math.max(0, Math.min(samples.length - at, into.length - offset));
    if (count > 0) into.set(samples.subarray(at, at + count), offset);
    at += count;
    return count;
  };
}

function silenceRenderer(
  durationMs: number,
  noiseDivisor: number,
): (into: Int16Array, offset: number) => number {
  let left = durationMs < 0 ? Infinity : Math.round((durationMs * SAMPLE_RATE_HZ) / 1000);
  let seed = 12345;
  return (into, offset) => {
    const count = Math.min(left, into.length - offset);
    for (let i = 0; i < count; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) | 0;
      into[offset + i] = noiseDivisor > 1 ? Math.trunc((seed >> 16) / noiseDivisor) : 0;
    }
    left -= count;
    return count;
  };
}
