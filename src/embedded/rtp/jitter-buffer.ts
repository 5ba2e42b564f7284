import { timestampDistance } from './rtp-packet.ts';

const RING_SAMPLES = 8192;
const FRAME_SAMPLES = 160;
const TARGET_MIN_SAMPLES = 160;
const TARGET_MAX_SAMPLES = 960;
/** A timestamp further from the play-out point than this starts the buffer anew. */
const RESYNC_SAMPLES = 4000;
/** Frames without an underrun after which the buffer shrinks by one. */
const SHRINK_AFTER_FRAMES = 250;

/**
 * A small adaptive jitter buffer of linear audio: packets go in by timestamp, a 20 ms frame comes out per
 * tick.
 */
export class JitterBuffer {
  readonly #ring = new Int16Array(RING_SAMPLES);
  #readAt = 0;
  #end = 0;
  #isStarted = false;
  #isFilling = true;
  #target = 2 * FRAME_SAMPLES;
  #calmFrames = 0;
  #ssrc: number | undefined;
  underrunCount = 0;
  lateCount = 0;

  /** How much audio waits, in samples. */
  get depthSamples(): number {
    return this.#isStarted ? Math.max(0, timestampDistance(this.#end, this.#readAt)) : 0;
  }

  get targetSamples(): number {
    return this.#target;
  }

  /** Takes a packet's audio; what comes too late is dropped. */
  push(ssrc: number, timestamp: number, samples: Int16Array): void {
    if (samples.length > RING_SAMPLES / 4) return;
    const ahead = timestampDistance(timestamp, this.#readAt);
    if (!this.#isStarted || ssrc !== this.#ssrc || Math.abs(ahead) > RESYNC_SAMPLES) {
      this.#restart(ssrc, timestamp);
    }
    const offset = timestampDistance(timestamp, this.#readAt);
    if (offset + samples.length <= 0) {
      this.lateCount++;
      return;
    }
    for (let i = Math.max(0, -offset); i < samples.length; i++) {
      this.#ring[(timestamp + i) & (RING_SAMPLES - 1)] = samples[i] ?? 0;
    }
    const end = (timestamp + samples.length) >>> 0;
    if (timestampDistance(end, this.#end) > 0) this.#end = end;
  }

  /** Fills `into` (160 samples) with the next 20 ms; false when there was nothing and it is silence. */
  pull(into: Int16Array): boolean {
    const depth = this.depthSamples;
    if (this.#isFilling && depth < this.#target) {
      into.fill(0);
      return false;
    }
    this.#isFilling = false;
    if (depth < into.length) {
      this.#underrun();
      into.fill(0);
      return false;
    }
    this.#calmFrames++;
    if (depth > this.#target + 3 * FRAME_SAMPLES) this.#skip(FRAME_SAMPLES);
    else if (this.#calmFrames > SHRINK_AFTER_FRAMES) this.#shrink();
    for (let i = 0; i < into.length; i++) {
      const at = (this.#readAt + i) & (RING_SAMPLES - 1);
      into[i] = this.#ring[at] ?? 0;
      this.#ring[at] = 0;
    }
    this.#readAt = (this.#readAt + into.length) >>> 0;
    return true;
  }

  #underrun(): void {
    this.underrunCount++;
    this.#calmFrames = 0;
    this.#isFilling = true;
    this.#isStarted = false;
    this.#target = Math.min(TARGET_MAX_SAMPLES, this.#target + FRAME_SAMPLES);
  }

  #shrink(): void {
    this.#calmFrames = 0;
    this.#target = Math.max(TARGET_MIN_SAMPLES, this.#target - FRAME_SAMPLES);
  }

  #skip(samples: number): void {
    for (let i = 0; i < samples; i++) this.#ring[(this.#readAt + i) & (RING_SAMPLES - 1)] = 0;
    this.#readAt = (this.#readAt + samples) >>> 0;
  }

  #restart(ssrc: number, timestamp: number): void {
    this.#ring.fill(0);
    this.#ssrc = ssrc;
    this.#readAt = timestamp;
    this.#end = timestamp;
    this.#isStarted = true;
    this.#isFilling = true;
  }
}
