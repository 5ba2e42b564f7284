import type { CallbackId, CallId, RecordingId } from '../kernel/ids.ts';

/** `conversation`: customer and agent; `voicemail`: a message for a callback. */
export type RecordingKind = 'conversation' | 'voicemail';

/** What is about to be recorded. */
export interface RecordingSubject {
  readonly kind: RecordingKind;
  /** The inbound call; absent: none, or the leg was called. */
  readonly callId?: CallId;
  readonly callbackId?: CallbackId;
  /** Who talks with the customer; an agent may read the recordings of their own conversations only. */
  readonly agentId?: string;
  /** Its settings say how long the recording is kept. */
  readonly virtualQueue?: string;
}

/** How much was recorded; as `Leg.record` tells it when it stops. */
export interface RecordingMeasure {
  readonly durationMs: number;
  /** Of the whole file. */
  readonly bytes: number;
}

/**
 * Who records writes it down here: before the first sample, and after the last one. A recording of which
 * neither end is told (the program was killed) is looked at by the next start.
 */
export interface RecordingBook {
  /**
   * A new recording. `path` is relative to the recordings root, as `Leg.record` takes it.
   * @throws AppError RECORDINGS_FULL when the space for recordings is used up; nothing is written down then.
   */
  begin(subject: RecordingSubject): Promise<{ readonly id: RecordingId; readonly path: string }>;
  /** The file is complete. A file without sound counts as failed. Idempotent; unknown ids are ignored. */
  finished(id: RecordingId, measure: RecordingMeasure): Promise<void>;
  /** The callback that a recording belongs to after all; null: to none. Unknown ids are ignored. */
  belongsTo(id: RecordingId, callbackId: CallbackId | null): Promise<void>;
  /** There is no file, or none worth keeping: it is deleted. Idempotent; unknown ids are ignored. */
  failed(id: RecordingId): Promise<void>;
}
