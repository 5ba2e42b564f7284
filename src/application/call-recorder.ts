import { messageOf } from '../kernel/errors.ts';
import type { RecordingId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { RecordingBook, RecordingSubject } from '../recording/recording-book.ts';
import type { Leg, Recording } from '../telephony/leg.ts';

/** Recordings of one call at most; bounds what starting and stopping again can use up. */
export const RECORDINGS_MAX = 20;

export interface CallRecorderOptions {
  readonly book: RecordingBook;
  readonly log: Log;
  /** Recording began or ended. */
  readonly changed: () => void;
}

/** Records one conversation, as often as it is asked to: what the customer sends and hears. */
export class CallRecorder {
  readonly #options: CallRecorderOptions;
  readonly #ids: RecordingId[] = [];
  #current: Recording | undefined;
  /** From the wish to the first sample. */
  #isStarting = false;

  constructor(options: CallRecorderOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#isStarting || this.#current !== undefined;
  }

  get ids(): readonly RecordingId[] {
    return this.#ids;
  }

  get canStart(): boolean {
    return !this.active && this.#ids.length < RECORDINGS_MAX;
  }

  /**
   * @throws AppError RECORDINGS_FULL, MEDIA_RECORDING_FAILED, and what the store throws; nothing is recorded
   * then.
   */
  async start(leg: Leg, subject: RecordingSubject): Promise<void> {
    const { book, changed } = this.#options;
    this.#isStarting = true;
    try {
      const { id, path } = await book.begin(subject);
      try {
        this.#current = await leg.record(path);
      } catch (error) {
        await book.failed(id);
        throw error;
      }
      this.#ids.push(id);
      void this.#follow(id, this.#current);
    } finally {
      this.#isStarting = false;
      changed();
    }
  }

  /** Resolves when the file is complete. */
  async stop(): Promise<void> {
    await this.#current?.stop();
  }

  async #follow(id: RecordingId, recording: Recording): Promise<void> {
    const { book, log, changed } = this.#options;
    const facts = await recording.ended;
    if (this.#current === recording) this.#current = undefined;
    changed();
    // What is not stored now is looked at by the next start.
    await book.finished(id, facts).catch((error: unknown) => {
      log.error({ error: messageOf(error), recordingId: id }, 'end of a recording could not be stored');
    });
  }
}
