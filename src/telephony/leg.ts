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

/** What a finished recording holds. */
export interface RecordingFacts {
  readonly durationMs: number;
  /** Size of the file. */
  readonly bytes: number;
}

/** A recording in progress. */
export interface Recording {
  /** Ends the recording and resolves when the file is complete. Idempotent, never rejects. */
  stop(): Promise<RecordingFacts>;
  /** Resolves exactly once, never rejects: stopped, or the leg has ended, or the size limit is reached. */
  readonly ended: Promise<RecordingFacts>;
}

/** Where a phone wants the call to go. */
export interface TransferTarget {
  /** SIP URI of the Refer-To, without parameters and headers. */
  readonly uri: string;
  /** Its user part when it is a telephone number or extension. */
  readonly number?: string;
}

/**
 * A transfer that a phone asks for by REFER (RFC 3515). Either `accept` and later exactly one `done`, or
 * `reject`; what is called too late or twice does nothing. Unanswered for 10 s it is refused with 603.
 */
export interface TransferRequest {
  readonly target: TransferTarget;
  /**
   * Attended transfer: the other leg of the same phone, named by Replaces (RFC 3891 §3), whose far side takes
   * the phone's place. Absent in a blind transfer.
   */
  readonly replaces?: Leg;
  /** 202, and a NOTIFY of 100 Trying. */
  accept(): void;
  /** A NOTIFY with a provisional status 100–199 of the new call. */
  progress(sipStatus: number): void;
  /** The last NOTIFY, with a final status 200–699: the phone hangs up by itself after a 2xx. */
  done(sipStatus: number): void;
  /** A final status 300–699 to the REFER itself. */
  reject(sipStatus: number): void;
}

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
  /**
   * The far end has put us on hold (`true`) or taken us back: a re-INVITE or UPDATE with sendonly, inactive
   * or a connection address of 0.0.0.0 (RFC 3264 §8.4). Only changes are told. Returns the way to stop.
   */
  onHold(listener: (held: boolean) => void): () => void;
  /**
   * The far end asks for a transfer. One listener: a new one takes the old one's place; without one a REFER
   * is answered 603. Returns the way to stop.
   */
  onTransferRequest(listener: (request: TransferRequest) => void): () => void;
  /**
   * Nobody hears this leg while it is muted; it goes on hearing, and its keys go on working. Survives
   * bridges, mixes and holds. Idempotent; never rejects once the leg has ended. Rejects with
   * MEDIA_MUTE_FAILED.
   */
  setMuted(muted: boolean): Promise<void>;
  /**
   * Records what this leg sends and hears into a WAV file of 8 kHz, 16 bits, two channels: left is the far
   * end. Goes on through bridges and mixes. `path` is relative to the recordings' root and ends in `.wav`;
   * its directory is made. One recording a leg. Rejects with MEDIA_RECORDING_FAILED.
   */
  record(path: string): Promise<Recording>;
  /**
   * Hears what the far end sends from now on; one listener a leg. Returns the way to stop. Undefined: the
   * media server cannot be listened to.
   */
  tap(listener: AudioListener): (() => void) | undefined;
  /**
   * Calls `listener`, once, when the media server's own detection hears a fax that answers: for those that
   * cannot be tapped. Returns the way to stop. Absent: this leg has none.
   */
  onFaxTone?(listener: () => void): () => void;
  /** Ends the call (BYE) and frees its media. Idempotent; resolves when the leg has ended. */
  hangUp(): Promise<void>;
}
