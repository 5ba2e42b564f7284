import type { CallbackId, CallId, RecordingId } from '../kernel/ids.ts';
import type { Turn } from '../kernel/turns.ts';
import type { RecordingKind } from './recording-book.ts';

/** `recording`: in progress, or its end was not told; `failed`: there is no file. */
export const RecordingState = { recording: 'recording', finished: 'finished', failed: 'failed' } as const;
export type RecordingState = (typeof RecordingState)[keyof typeof RecordingState];

/** One recording as it is written down. */
export interface RecordingRecord {
  readonly id: RecordingId;
  readonly kind: RecordingKind;
  readonly state: RecordingState;
  readonly callId: CallId | null;
  readonly callbackId: CallbackId | null;
  readonly agentId: string | null;
  readonly virtualQueue: string | null;
  /** Relative to the recordings root. */
  readonly path: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly durationMs: number | null;
  /** Of the file; null until it is complete. */
  readonly bytes: number | null;
  /** Record and file are deleted from then on. */
  readonly expiresAtMs: number;
}

/** What to select, newest first. */
export interface RecordingFilter {
  readonly callId?: CallId;
  readonly callbackId?: CallbackId;
  readonly agentId?: string;
  readonly virtualQueue?: string;
  /** One of these. */
  readonly virtualQueues?: readonly string[];
  /** This agent's, beside what else is asked for. */
  readonly ownAgentId?: string;
  readonly kind?: RecordingKind;
  /** 1–1000. */
  readonly limit: number;
  /** Continue after this id. */
  readonly afterId?: RecordingId;
}

/** The part of a transaction that keeps recordings. */
export interface RecordingTx {
  /** Inserts or replaces. */
  putRecording(record: RecordingRecord): Promise<void>;
  findRecording(id: RecordingId): Promise<RecordingRecord | undefined>;
  /** Newest first: as much as one turn at the store should find. */
  listRecordings(filter: RecordingFilter): Promise<Turn<RecordingRecord>>;
  /** Those in the state `recording`, oldest first, at most `limit`. */
  unfinishedRecordings(limit: number): Promise<RecordingRecord[]>;
  /** Those whose `expiresAtMs` is at or before `nowMs`, at most `limit`. */
  expiredRecordings(nowMs: number, limit: number): Promise<RecordingRecord[]>;
  deleteRecording(id: RecordingId): Promise<void>;
  /** Bytes of all files together. */
  recordedBytes(): Promise<number>;
}

/** The files below the recordings root. Paths are those of the records. */
export interface RecordingFiles {
  /** Makes the folder of a file that is about to be written, so that its files can be deleted later. */
  prepare(path: string): Promise<void>;
  /**
   * Looks at a file and mends the lengths in its header where whoever wrote it could not. Undefined: there is
   * no such file, or it is no WAV file of ours.
   */
  measure(path: string): Promise<{ readonly durationMs: number; readonly bytes: number } | undefined>;
  /** Does nothing when there is none. */
  remove(path: string): Promise<void>;
  /** Bytes `from` to `to`, both included, as they come. Undefined: the file is not there. */
  read(path: string, from: number, to: number): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Size of the file; undefined: it is not there. */
  size(path: string): Promise<number | undefined>;
}
