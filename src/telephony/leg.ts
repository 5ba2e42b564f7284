import type { CallId } from '../kernel/ids.ts';
import type { Termination } from './termination.ts';

/** One key of a telephone (RFC 4733 events 0–15). */
export type Digit =
  | '0'
  | '1'
  | '2'
  | '3'
  | '4'
  | '5'
  | '6'
  | '7'
  | '8'
  | '9'
  | '*'
  | '#'
  | 'A'
  | 'B'
  | 'C'
  | 'D';

/** Something to hear. */
export type AudioSource =
  /** A prompt or music file, relative to the audio root, with extension: `en/greeting.wav`. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'silence'; readonly durationMs: number }
  /** Equal-level tones sounding together, in Hz, for `onMs` then silence for `offMs`. */
  | {
      readonly kind: 'tone';
      readonly frequencies: readonly number[];
      readonly onMs: number;
      readonly offMs: number;
    };

export interface PlayOptions {
  /** Play the list again and again until stopped. Default false. */
  readonly loop?: boolean;
  /** Stops the playback when aborted; `play` then resolves to `stopped`. */
  readonly signal?: AbortSignal;
}

/** `done`: heard to the end; `stopped`: by signal, barge-in or a newer play; `ended`: the call ended. */
export type PlayOutcome = 'done' | 'stopped' | 'ended';

/** Who a call is from or to, as the SIP side told it. */
export interface Party {
  /** SIP URI of the remote party, without parameters. */
  readonly uri: string;
  /** The user part when it is a telephone number or extension; undefined when anonymous or withheld. */
  readonly number?: string;
  readonly displayName?: string;
}

/**
 * Hears what the far end sends: linear samples at 8 kHz, in order, in frames of some 20 ms. The array is the
 * listener's own.
 */
export type AudioListener = (samples: Int16Array) => void;

/**
 * One answered SIP dialog with its media endpoint (glossary: leg). Behaviour that belongs to a dialogue, a
 * bridge or a callback lives in those rooms; a leg only carries sound, digits and its end.
 */
export interface Leg {
  readonly callId: CallId;
  readonly direction: 'inbound' | 'outbound';
  readonly remote: Party;
  /** Resolves exactly once, never rejects. */
  readonly ended: Promise<Termination>;
  /** The end, once it has come. */
  readonly termination: Termination | undefined;
  /**
   * Plays the list without gaps. A new play stops the one before. Never rejects: failures read as `ended`.
   */
  play(sources: readonly AudioSource[], options?: PlayOptions): Promise<PlayOutcome>;
  /** Calls `listener` for every digit as it is recognised; returns the way to stop listening. */
  onDigit(listener: (digit: Digit) => void): () => void;
  /** Sends digits (RFC 4733). */
  sendDigits(digits: string): Promise<void>;
  /** Ends the call (BYE) and frees its media. Idempotent; resolves when the leg has ended. */
  hangUp(): Promise<void>;
}
