import type { CallbackId, IdSource, RecordingId } from '../kernel/ids.ts';
import type { RecordingBook, RecordingMeasure, RecordingSubject } from '../recording/recording-book.ts';

/** A recording as it stands. */
export interface MemoryRecording extends RecordingSubject {
  state: 'recording' | 'finished' | 'failed';
  measure: RecordingMeasure | undefined;
}

/** A recording book in memory, for the simulator and for tests of rooms. */
export class MemoryRecordings implements RecordingBook {
  readonly recordings = new Map<RecordingId, MemoryRecording>();
  /** Thrown by the next `begin`, which then begins nothing. */
  refusal: Error | undefined;
  readonly #ids: IdSource;

  constructor(ids: IdSource) {
    this.#ids = ids;
  }

  begin(subject: RecordingSubject): Promise<{ readonly id: RecordingId; readonly path: string }> {
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) return Promise.reject(refusal);
    const id = this.#ids.next('recording');
    this.recordings.set(id, { ...subject, state: 'recording', measure: undefined });
    return Promise.resolve({ id, path: `${id}.wav` });
  }

  finished(id: RecordingId, measure: RecordingMeasure): Promise<void> {
    this.#end(id, 'finished', measure);
    return Promise.resolve();
  }

  belongsTo(id: RecordingId, callbackId: CallbackId | null): Promise<void> {
    const recording = this.recordings.get(id);
    if (recording) this.recordings.set(id, { ...recording, callbackId: callbackId ?? '' });
    return Promise.resolve();
  }

  failed(id: RecordingId): Promise<void> {
    this.#end(id, 'failed', undefined);
    return Promise.resolve();
  }

  #end(id: RecordingId, state: 'finished' | 'failed', measure: RecordingMeasure | undefined): void {
    const recording = this.recordings.get(id);
    if (recording?.state !== 'recording') return;
    recording.state = state;
    recording.measure = measure;
  }
}
