/** The three call progress tones that end or precede an answer (ITU-T E.182 §3). */
export type ProgressTone = 'ringback' | 'busy' | 'reorder';

/** What a special information tone says (Telcordia GR-674: intercept, vacant code, no circuit, reorder). */
export type SitClass = 'sit-intercept' | 'sit-vacant' | 'sit-nocircuit' | 'sit-reorder';

/**
 * Tones of fax machines: calling (ITU-T T.30 §4.1), answering (T.30 §4.2) and answering with V.8's
 * modulation.
 */
export type FaxTone = 'cng' | 'ced' | 'ansam';

/**
 * Something heard on a line. `startMs` and `endMs` are instants of the sound itself, exact to a few ms;
 * `reportedAtMs` is the position in the stream at which the event was told, always the later one. All three
 * count from the stream's first sample.
 */
export type ProgressEvent =
  /** Speech has begun. It is told once there is evidence of a voice, so `startMs` lies up to 300 ms back. */
  | { readonly type: 'SPEECH_STARTED'; readonly startMs: number; readonly reportedAtMs: number }
  /** Speech has paused: no voice since `endMs`, for `SPEECH_GAP_MS` by the time of the report. */
  | {
      readonly type: 'SPEECH_ENDED';
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
    }
  /** The same value in every sample (the idle pattern of a switch) for at least 100 ms. */
  | { readonly type: 'DIGITAL_SILENCE_STARTED'; readonly startMs: number; readonly reportedAtMs: number }
  | {
      readonly type: 'DIGITAL_SILENCE_ENDED';
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
    }
  /** Samples at the limit of the code in a row; told once a second at most. */
  | { readonly type: 'CLIPPING_HEARD'; readonly atMs: number; readonly reportedAtMs: number }
  /** A steady tone of one or two frequencies has begun, whatever it means; not yet a beep. */
  | {
      readonly type: 'TONE_STARTED';
      readonly startMs: number;
      readonly reportedAtMs: number;
      readonly frequenciesHz: readonly number[];
      readonly levelDbm0: number;
    }
  | {
      readonly type: 'TONE_ENDED';
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
      readonly frequenciesHz: readonly number[];
      readonly levelDbm0: number;
    }
  /**
   * Ringback, busy or reorder. Told once as soon as it can be nothing else (`isConfirmed` false: by its
   * frequencies alone), and once more when its cadence has been seen.
   */
  | {
      readonly type: 'PROGRESS_TONE_HEARD';
      readonly tone: ProgressTone;
      readonly isConfirmed: boolean;
      /** ISO 3166-1 codes of the plans that fit. */
      readonly countries: readonly string[];
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
      readonly frequenciesHz: readonly number[];
    }
  | {
      readonly type: 'SIT_HEARD';
      readonly sit: SitClass;
      /** False for the plain ITU-T E.180 §7 triplet (950, 1400, 1800 Hz), which carries no meaning. */
      readonly isCoded: boolean;
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
    }
  /**
   * Each CNG burst, and CED or ANSam once (`endMs` is then the instant of recognition, not the tone's end).
   */
  | {
      readonly type: 'FAX_TONE_HEARD';
      readonly tone: FaxTone;
      readonly burstCount: number;
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
    }
  /** A key: 0–9, *, #, A–D. Told at its end. */
  | {
      readonly type: 'DTMF_HEARD';
      readonly digit: string;
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
    }
  /** An answering machine's beep has ended. */
  | {
      readonly type: 'BEEP_HEARD';
      readonly startMs: number;
      readonly endMs: number;
      readonly reportedAtMs: number;
      readonly frequenciesHz: readonly number[];
      readonly levelDbm0: number;
      /** As pure and steady as no voice is, and not as long and high as a burst of a plan's ringback. */
      readonly isCertain: boolean;
    };
