/**
 * What a stream was like during 10 ms: the material of the answer classifier. One object a stream,
 * overwritten by the next hop; it is told about 20 ms after the instant it describes.
 */
export interface Hop {
  /** First instant of the 10 ms, from the start of the stream. */
  readonly startMs: number;
  readonly levelDbm0: number;
  /** Level of the telephone band alone, 188 … 3406 Hz, over a window of 32 ms. */
  readonly bandDbm0: number;
  readonly noiseFloorDbm0: number;
  /** Mean over the bands of how far they stand out of the noise, 0 … 15 dB. */
  readonly snrDb: number;
  /** Sound above the noise that is not a known tone: speech, music, a door. */
  readonly isActive: boolean;
  /** Periodic as a voice is; never while a tone sounds or is suspected. */
  readonly isVoiced: boolean;
  /** 0 … 1; white noise stays below 0.25, a clear vowel is above 0.4. */
  readonly voicing: number;
  /** 70 … 400 Hz, or 0. */
  readonly pitchHz: number;
  /** Inside speech as `SPEECH_STARTED` and `SPEECH_ENDED` tell it. */
  readonly isSpeech: boolean;
  readonly isTone: boolean;
  readonly isDigitalSilence: boolean;
}
