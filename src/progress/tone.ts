/** A steady tone of one or two frequencies, from its onset on. */
export interface Tone {
  readonly startMs: number;
  /** The end; while the tone sounds, the last instant at which it was heard. */
  readonly endMs: number;
  /** The lower (or only) and the upper frequency; 0 when there is no upper one. */
  readonly lowHz: number;
  readonly highHz: number;
  /** It swings in strength at 8 … 55 Hz, as the ringback of some countries does. */
  readonly isModulated: boolean;
  /** Level over the first 100 ms. */
  readonly levelDbm0: number;
  /** How far the frequency strays from its mean from hop to hop (root mean square). */
  readonly frequencyWanderHz: number;
  /** Mean ups and downs of the level from hop to hop, a steady rise or decay not counted. */
  readonly levelWanderDb: number;
  /** Share of the sound that lies in the tone, 0 … 1, over its whole length. */
  readonly purity: number;
}

/** The frequencies of a tone, lowest first. */
export function toneFrequenciesHz(tone: Pick<Tone, 'lowHz' | 'highHz'>): number[] {
  const round = (hz: number): number => Math.round(hz * 10) / 10;
  return tone.highHz === 0 ? [round(tone.lowHz)] : [round(tone.lowHz), round(tone.highHz)];
}
