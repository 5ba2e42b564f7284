import { FRAME_SAMPLES_MAX } from './frame.ts';
import type { ProgressEventSink } from './frame.ts';
import type { HopSpectrum } from './hop-analyser.ts';

/** Idle hops in a row that are digital silence: 100 ms, longer than a lost packet's gap. */
const IDLE_HOPS_MIN = 10;
/** What a sample at the limit of either law decodes to, at least (µ-law 32124, A-law 32256). */
const LIMIT = 32000;
/** A sine at full scale spends two samples at its top; three in a row are cut. */
const CUT_SAMPLES_MIN = 3;
/** Clipping is told once in so many samples: 1 s. */
const REPORT_EVERY_SAMPLES = 8000;

/** Watches for digital silence and clipping. */
export class LevelWatch {
  readonly #emit: ProgressEventSink;
  #position = 0;
  #cut = 0;
  #reportFrom = 0;
  #idleHops = 0;
  #idleStartMs = 0;

  constructor(emit: ProgressEventSink) {
    this.#emit = emit;
  }

  /** Looks at the samples for clipping. */
  push(frame: Int16Array): void {
    const count = Math.min(frame.length, FRAME_SAMPLES_MAX);
    for (let i = 0; i < count; i++) {
      const sample = frame[i] as number;
      this.#cut = sample >= LIMIT || sample <= -LIMIT ? this.#cut + 1 : 0;
      if (this.#cut === CUT_SAMPLES_MIN && this.#position + i >= this.#reportFrom) {
        const at = this.#position + i;
        this.#reportFrom = at + REPORT_EVERY_SAMPLES;
        this.#emit({ type: 'CLIPPING_HEARD', atMs: at / 8, reportedAtMs: (this.#position + count) / 8 });
      }
    }
    this.#position += count;
  }

  take(hop: HopSpectrum): void {
    const nowMs = hop.positionSamples / 8;
    if (hop.isDigitalSilence) {
      if (this.#idleHops === 0) this.#idleStartMs = hop.startMs;
      this.#idleHops++;
      if (this.#idleHops === IDLE_HOPS_MIN) {
        this.#emit({ type: 'DIGITAL_SILENCE_STARTED', startMs: this.#idleStartMs, reportedAtMs: nowMs });
      }
      return;
    }
    this.#endSilence(hop.startMs, nowMs);
  }

  finish(endMs: number): void {
    this.#endSilence(endMs, endMs);
  }

  #endSilence(endMs: number, nowMs: number): void {
    if (this.#idleHops >= IDLE_HOPS_MIN) {
      this.#emit({
        type: 'DIGITAL_SILENCE_ENDED',
        startMs: this.#idleStartMs,
        endMs,
        reportedAtMs: nowMs,
      });
    }
    this.#idleHops = 0;
  }
}
