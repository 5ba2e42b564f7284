import { HOP_MS, levelDbm0 } from './frame.ts';
import type { ProgressEventSink } from './frame.ts';
import type { Hop } from './hop.ts';
import { FIRST_BIN } from './hop-analyser.ts';
import type { HopSpectrum } from './hop-analyser.ts';
import { BAND_COUNT } from './noise-floor.ts';
import type { NoiseFloor } from './noise-floor.ts';
import { readVoicing, VOICING_LAST_BIN } from './voicing.ts';
import type { Voicing } from './voicing.ts';

/** Speech has ended when nothing was heard for so long; a stop consonant closes for less. */
export const SPEECH_GAP_MS = 200;
/** A sound is active when its bands stand out of the noise by this in the mean … */
const SNR_MEAN_MIN_DB = 4;
/** … or two of them by this. */
const SNR_PEAK_MIN_DB = 9;
/** A band counts at most this much. */
const SNR_MAX_DB = 15;
/** The 10 ms themselves must stand out of the noise by 2 dB, or the window has only caught a neighbour. */
const OWN_RATIO_MIN = 1.6;
/** What is quieter is silence: −59 dBm0. */
const POWER_MIN = 330;
/** Similarity of a voice's periods: white noise reaches 0.25 once in 100 hops, brown noise 0.36. */
const VOICING_MIN = 0.32;
/** Voiced hops within one stretch of sound that make it speech. */
const VOICED_HOPS_MIN = 5;
/** A stretch of sound holds together over gaps of this length. */
const STRETCH_GAP_MS = 60;
/** Breath and consonants before the first voiced hop belong to the speech for at most so long. */
const UNVOICED_ONSET_MAX_MS = 160;
/**
 * Sound without a voice for so long is no more speech; it ended so long after the last voiced hop at most.
 */
const UNVOICED_END_MS = 600;
const UNVOICED_TAIL_MAX_MS = 160;

/** The hop's fields, writable for their maker. */
type WritableHop = { -readonly [key in keyof Hop]: Hop[key] };

/** Tells speech from silence, noise and tones; fills the stream's `Hop`. */
export class VoiceActivity {
  readonly hop: Hop;
  readonly #hop: WritableHop = {
    startMs: 0,
    levelDbm0: 0,
    bandDbm0: 0,
    noiseFloorDbm0: 0,
    snrDb: 0,
    isActive: false,
    isVoiced: false,
    voicing: 0,
    pitchHz: 0,
    isSpeech: false,
    isTone: false,
    isDigitalSilence: false,
  };
  readonly #emit: ProgressEventSink;
  readonly #voicing: Voicing = { strength: 0, pitchHz: 0 };
  readonly #noisePerBin = new Float64Array(VOICING_LAST_BIN + 1);
  #voicingAtMs = -Infinity;
  /** Bit n: the hop of n hops ago was voiced. */
  #voicedHistory = 0;
  #isSpeech = false;
  #startMs = 0;
  #stretchStartMs = -1;
  #firstVoicedMs = 0;
  #voicedHops = 0;
  #lastActiveEndMs = -Infinity;
  #lastVoicedEndMs = -Infinity;

  constructor(emit: ProgressEventSink) {
    this.#emit = emit;
    this.hop = this.#hop;
  }

  /** In how many of the hops from 90 to 20 ms before an instant of the last 200 ms a voice was heard. */
  voicedHopsBefore(instantMs: number): number {
    const newest = this.#hop.startMs;
    let count = 0;
    for (let back = 0; back < 31; back++) {
      const startMs = newest - back * HOP_MS;
      if (((this.#voicedHistory >> back) & 1) === 1 && startMs >= instantMs - 90 && startMs < instantMs - 25)
        count++;
    }
    return count;
  }

  /** @param isSuspected the hop may be part of a tone that has not been recognised yet. */
  take(spectrum: HopSpectrum, noise: NoiseFloor, isTone: boolean, isSuspected: boolean): void {
    const hop = this.#hop;
    hop.startMs = spectrum.startMs;
    hop.levelDbm0 = levelDbm0(spectrum.meanSquare);
    hop.bandDbm0 = levelDbm0(spectrum.bandPower);
    hop.noiseFloorDbm0 = levelDbm0(noise.noisePower);
    hop.isDigitalSilence = spectrum.isDigitalSilence;
    hop.isTone = isTone;
    hop.isActive = this.#isActive(spectrum, noise) && !isTone;
    hop.isVoiced = false;
    hop.voicing = 0;
    hop.pitchHz = 0;
    if (hop.isActive) this.#readVoice(spectrum, noise, isSuspected);
    this.#voicedHistory = (this.#voicedHistory << 1) | (hop.isVoiced ? 1 : 0);
    this.#follow(spectrum.positionSamples / 8);
    hop.isSpeech = this.#isSpeech;
  }

  /** A tone has been recognised that began then: what looked like speech since was the tone. */
  toneStarted(startMs: number, nowMs: number): void {
    if (this.#isSpeech)
      this.#end(Math.max(this.#startMs + HOP_MS, Math.min(this.#lastActiveEndMs, startMs)), nowMs);
    this.#stretchStartMs = -1;
    this.#voicedHops = 0;
    this.#lastActiveEndMs = -Infinity;
  }

  finish(endMs: number): void {
    if (this.#isSpeech) this.#end(Math.min(endMs, this.#lastActiveEndMs), endMs);
    this.#stretchStartMs = -1;
  }

  #isActive(spectrum: HopSpectrum, noise: NoiseFloor): boolean {
    let sum = 0;
    let peaks = 0;
    for (let band = 0; band < BAND_COUNT; band++) {
      const ratio = (noise.bandPower[band] as number) / (noise.bandNoise[band] as number);
      const db = ratio <= 1 ? 0 : Math.min(SNR_MAX_DB, 10 * Math.log10(ratio));
      sum += db;
      if (db >= SNR_PEAK_MIN_DB) peaks++;
    }
    this.#hop.snrDb = sum / BAND_COUNT;
    if (spectrum.meanSquare < POWER_MIN || spectrum.meanSquare < noise.noisePower * OWN_RATIO_MIN)
      return false;
    return this.#hop.snrDb >= SNR_MEAN_MIN_DB || peaks >= 2;
  }

  #readVoice(spectrum: HopSpectrum, noise: NoiseFloor, isSuspected: boolean): void {
    // Windows of neighbouring hops overlap by two thirds: every second one is enough.
    if (spectrum.startMs - this.#voicingAtMs > HOP_MS) {
      this.#voicingAtMs = spectrum.startMs;
      noise.spreadOverBins(this.#noisePerBin, FIRST_BIN, VOICING_LAST_BIN);
      readVoicing(spectrum.power, this.#noisePerBin, this.#voicing);
    }
    this.#hop.voicing = this.#voicing.strength;
    this.#hop.isVoiced = !isSuspected && this.#voicing.strength >= VOICING_MIN;
    this.#hop.pitchHz = this.#hop.isVoiced ? this.#voicing.pitchHz : 0;
  }

  #follow(nowMs: number): void {
    const hop = this.#hop;
    if (hop.isActive) this.#extend();
    if (!this.#isSpeech) {
      if (this.#stretchStartMs >= 0 && this.#voicedHops >= VOICED_HOPS_MIN) this.#start(nowMs);
      return;
    }
    const quietMs = hop.startMs + HOP_MS - this.#lastActiveEndMs;
    if (quietMs >= SPEECH_GAP_MS) this.#end(this.#lastActiveEndMs, nowMs);
    else if (hop.startMs - this.#lastVoicedEndMs >= UNVOICED_END_MS) {
      this.#end(Math.min(this.#lastActiveEndMs, this.#lastVoicedEndMs + UNVOICED_TAIL_MAX_MS), nowMs);
    }
  }

  #extend(): void {
    const startMs = this.#hop.startMs;
    if (this.#stretchStartMs < 0 || startMs - this.#lastActiveEndMs > STRETCH_GAP_MS) {
      if (!this.#isSpeech) {
        this.#stretchStartMs = startMs;
        this.#voicedHops = 0;
      }
    }
    this.#lastActiveEndMs = startMs + HOP_MS;
    if (!this.#hop.isVoiced) return;
    // Unvoiced noise that has gone on for long is not the onset of the speech, and its stray hops are no
    // evidence.
    if (this.#voicedHops > 0 && startMs - this.#lastVoicedEndMs > UNVOICED_ONSET_MAX_MS) this.#voicedHops = 0;
    if (this.#voicedHops === 0) this.#firstVoicedMs = startMs;
    this.#voicedHops++;
    this.#lastVoicedEndMs = startMs + HOP_MS;
  }

  #start(nowMs: number): void {
    this.#isSpeech = true;
    this.#startMs = Math.max(this.#stretchStartMs, this.#firstVoicedMs - UNVOICED_ONSET_MAX_MS);
    this.#emit({ type: 'SPEECH_STARTED', startMs: this.#startMs, reportedAtMs: nowMs });
  }

  #end(endMs: number, nowMs: number): void {
    this.#isSpeech = false;
    this.#stretchStartMs = -1;
    this.#voicedHops = 0;
    this.#emit({ type: 'SPEECH_ENDED', startMs: this.#startMs, endMs, reportedAtMs: nowMs });
  }
}
