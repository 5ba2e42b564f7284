import { DateTime } from 'luxon';
import type { Clock } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { CallbackId, IdSource, RecordingId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { inTurns } from '../kernel/turns.ts';
import type { RecordingBook, RecordingMeasure, RecordingSubject } from './recording-book.ts';
import type { RecordingFiles, RecordingFilter, RecordingRecord, RecordingTx } from './recording-store.ts';

const DAY_MS = 86_400_000;
/** Where no queue says how long its recordings are kept. */
const KEPT_DAYS_FALLBACK = 90;
/** A WAV file of no sample. */
const HEADER_BYTES = 44;
/** Unfinished recordings looked at in one step of a start. */
const UNFINISHED_BATCH_MAX = 200;
/** Steps of one start; bounds a store that gives the same ones again and again. */
const UNFINISHED_BATCHES_MAX = 500;

export interface RecordingsOptions {
  readonly unitOfWork: {
    transact<Result>(
      work: (tx: RecordingTx) => Promise<Result>,
      turn?: 'prompt' | 'patient',
    ): Promise<Result>;
  };
  readonly files: RecordingFiles;
  /** Days that recordings of a queue are kept; undefined: there is no such queue. */
  readonly keptDaysOf: (virtualQueue: string) => number | undefined;
  /** Space for all recordings. */
  readonly bytesMax: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/**
 * Every recording there is. The record is stored before its file is begun and deleted after it, so that there
 * is never a file that nobody knows of.
 */
export class Recordings implements RecordingBook {
  readonly #options: RecordingsOptions;
  #usedBytes = 0;

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  /** Bytes of all complete recordings. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  async begin(subject: RecordingSubject): Promise<{ readonly id: RecordingId; readonly path: string }> {
    const { bytesMax, clock, files, ids, keptDaysOf, unitOfWork, log } = this.#options;
    if (this.#usedBytes >= bytesMax) {
      throw new AppError('RECORDINGS_FULL', 'the space for recordings is used up', { retryable: true });
    }
    const id = ids.next('recording');
    const startedAtMs = clock.nowMs();
    const { kind, callId = null, callbackId = null, agentId = null, virtualQueue = null } = subject;
    const days = (virtualQueue === null ? undefined : keptDaysOf(virtualQueue)) ?? KEPT_DAYS_FALLBACK;
    const path = `${dayOf(startedAtMs)}/${id}.wav`;
    const record: RecordingRecord = {
      id,
      kind,
      state: 'recording',
      callId,
      callbackId,
      agentId,
      virtualQueue,
      path,
      startedAtMs,
      endedAtMs: null,
      durationMs: null,
      bytes: null,
      expiresAtMs: startedAtMs + days * DAY_MS,
    };
    await unitOfWork.transact((tx) => tx.putRecording(record));
    try {
      await files.prepare(path);
    } catch (error) {
      await this.failed(id);
      throw error;
    }
    log.info({ recordingId: id, kind, callId, callbackId, agentId }, 'recording begun');
    return { id, path };
  }

  async finished(id: RecordingId, { durationMs, bytes }: RecordingMeasure): Promise<void> {
    if (bytes <= HEADER_BYTES) {
      await this.failed(id);
      return;
    }
    const record = await this.#end(id, { state: 'finished', durationMs, bytes });
    if (record) this.#usedBytes += bytes;
  }

  async failed(id: RecordingId): Promise<void> {
    const record = await this.#end(id, { state: 'failed' });
    if (record) await this.#removeFile(record);
  }

  async belongsTo(id: RecordingId, callbackId: CallbackId | null): Promise<void> {
    await this.#options.unitOfWork.transact(async (tx) => {
      const record = await tx.findRecording(id);
      if (record) await tx.putRecording({ ...record, callbackId });
    });
  }

  find(id: RecordingId): Promise<RecordingRecord | undefined> {
    return this.#options.unitOfWork.transact((tx) => tx.findRecording(id));
  }

  /** Newest first. */
  list(filter: RecordingFilter): Promise<RecordingRecord[]> {
    const { unitOfWork } = this.#options;
    return inTurns(filter.limit, (limit, below) => {
      const wanted = { ...filter, limit, ...(below !== undefined && { afterId: below as RecordingId }) };
      return unitOfWork.transact((tx) => tx.listRecordings(wanted), 'patient');
    });
  }

  /** Size of a recording's file now; undefined: there is none (not complete, failed, or lost). */
  sizeOf({ state, path }: RecordingRecord): Promise<number | undefined> {
    return state === 'finished' ? this.#options.files.size(path) : Promise.resolve(undefined);
  }

  /** Bytes `from` to `to`, both included. Undefined: the file is not there. */
  read({ path }: RecordingRecord, from: number, to: number): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#options.files.read(path, from, to);
  }

  /**
   * Deletes a recording with its file, a complete one or a failed one. `in-progress`: its file is being
   * written; `failed`: the file could not be deleted, the record stays.
   */
  async delete(id: RecordingId): Promise<'deleted' | 'not-found' | 'in-progress' | 'failed'> {
    const record = await this.find(id);
    if (!record) return 'not-found';
    if (record.state === 'recording') return 'in-progress';
    return (await this.#forget(record)) ? 'deleted' : 'failed';
  }

  /** Deletes what has been kept long enough, at most `max` recordings. Returns how many. */
  async deleteExpired(max: number): Promise<number> {
    const { clock, unitOfWork } = this.#options;
    const expired = await unitOfWork.transact((tx) => tx.expiredRecordings(clock.nowMs(), max));
    let count = 0;
    // One that is still being written is deleted once its end is known.
    for (const record of expired) {
      if (record.state !== 'recording' && (await this.#forget(record))) count++;
    }
    return count;
  }

  /**
   * After a start, before anything is recorded: recordings that the last run left unfinished are completed
   * from what is in their files, or failed. Returns how many of each.
   */
  async recover(): Promise<{ readonly keptCount: number; readonly failedCount: number }> {
    const { unitOfWork, files } = this.#options;
    this.#usedBytes = await unitOfWork.transact((tx) => tx.recordedBytes());
    const counts = { keptCount: 0, failedCount: 0 };
    for (let batch = 0; batch < UNFINISHED_BATCHES_MAX; batch++) {
      const unfinished = await unitOfWork.transact((tx) => tx.unfinishedRecordings(UNFINISHED_BATCH_MAX));
      for (const { id, path } of unfinished) {
        const measure = await files.measure(path).catch(() => undefined);
        if (measure && measure.bytes > HEADER_BYTES) {
          await this.finished(id, measure);
          counts.keptCount++;
        } else {
          await this.failed(id);
          counts.failedCount++;
        }
      }
      if (unfinished.length < UNFINISHED_BATCH_MAX) break;
    }
    return counts;
  }

  /**
   * The file first: a record without a file is deleted by the next sweep, a file without a record by none.
   */
  async #forget(record: RecordingRecord): Promise<boolean> {
    const { unitOfWork, log } = this.#options;
    if (!(await this.#removeFile(record))) return false;
    await unitOfWork.transact((tx) => tx.deleteRecording(record.id));
    this.#usedBytes -= record.bytes ?? 0;
    log.info({ recordingId: record.id }, 'recording deleted');
    return true;
  }

  async #removeFile({ id, path }: RecordingRecord): Promise<boolean> {
    try {
      await this.#options.files.remove(path);
      return true;
    } catch (error) {
      this.#options.log.error({ error, recordingId: id }, 'the file of a recording could not be deleted');
      return false;
    }
  }

  /** The end of a recording in progress; undefined: there is no such one. */
  #end(id: RecordingId, end: Partial<RecordingRecord>): Promise<RecordingRecord | undefined> {
    const { clock, unitOfWork } = this.#options;
    return unitOfWork.transact(async (tx) => {
      const before = await tx.findRecording(id);
      if (before?.state !== 'recording') return undefined;
      const record = { ...before, ...end, endedAtMs: clock.nowMs() };
      await tx.putRecording(record);
      return record;
    });
  }
}

/** UTC date of an instant, one folder a day. */
function dayOf(atMs: number): string {
  return DateTime.fromMillis(atMs, { zone: 'utc' }).toFormat('yyyy-MM-dd');
}
