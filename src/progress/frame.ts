import type { ProgressEvent } from './progress-event.ts';

/** Samples per second of every stream in this room: the telephone network's 8 kHz (ITU-T G.711 §2). */
export const SAMPLE_RATE_HZ = 8000;

/** Samples of one hop, the step in which everything here is judged: 10 ms. */
export const HOP_SAMPLES = 80;

/** Length of one hop in ms. */
export const HOP_MS = 10;

/**
 * A frame is an `Int16Array` of linear 16-bit samples at 8 kHz, full scale ±32768. 80 or 160 samples are
 * usual; any length up to `FRAME_SAMPLES_MAX` is taken, the empty one too; what lies beyond is ignored.
 */
export const FRAME_SAMPLES_MAX = 8000;

/** The level of silence: what is quieter is called this, so that no level is infinite. */
export const SILENCE_DBM0 = -90;

/**
 * Receives what a processor has found, in the order of discovery. All instants are ms since the first sample
 * of the stream; nothing here knows the time of day.
 */
export type ProgressEventSink = (event: ProgressEvent) => void;

/** Something that listens to one stream, frame by frame. No IO, no clock, no allocation per sample. */
export interface FrameProcessor {
  /** The next samples of the stream. Never throws, whatever they are. The array is not kept. */
  push(frame: Int16Array): void;
  /**
   * The stream has ended: what is still open (speech, a beep) is closed at its last sample. May be called
   * twice.
   */
  finish(): void;
}

/**
 * Level of a mean square of 16-bit samples, in dBm0: a sine at full scale is +3.14 dBm0 (ITU-T G.711 table 5,
 * µ-law).
 */
export function levelDbm0(meanSquare: number): number {
  if (meanSquare < 1e-3) return SILENCE_DBM0;
  return Math.max(SILENCE_DBM0, 10 * Math.log10(meanSquare) - 84.16);
}
