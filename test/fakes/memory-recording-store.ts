import type { Turn } from '../../src/kernel/turns.ts';
import type {
  RecordingFiles,
  RecordingFilter,
  RecordingRecord,
  RecordingTx,
} from '../../src/recording/recording-store.ts';

/** Records of recordings in memory; one transaction at a time is enough for the tests that use it. */
export class MemoryRecordingStore implements RecordingTx {
  readonly records = new Map<string, RecordingRecord>();

  transact<Result>(work: (tx: RecordingTx) => Promise<Result>): Promise<Result> {
    return work(this);
  }

  putRecording(record: RecordingRecord): Promise<void> {
    this.records.set(record.id, record);
    return Promise.resolve();
  }

  findRecording(id: string): Promise<RecordingRecord | undefined> {
    return Promise.resolve(this.records.get(id));
  }

  listRecordings(filter: RecordingFilter): Promise<Turn<RecordingRecord>> {
    const { limit, afterId, ownAgentId, virtualQueues, ...equal } = filter;
    const fits = (record: RecordingRecord): boolean =>
      Object.entries(equal).every(([key, value]) => record[key as keyof RecordingRecord] === value) &&
      (ownAgentId === undefined || record.agentId === ownAgentId) &&
      (virtualQueues === undefined || virtualQueues.includes(record.virtualQueue ?? '')) &&
      (afterId === undefined || record.id < afterId);
    const items = this.#sorted().filter(fits).toReversed().slice(0, limit);
    return Promise.resolve({ items, next: undefined });
  }

  unfinishedRecordings(limit: number): Promise<RecordingRecord[]> {
    return Promise.resolve(
      this.#sorted()
        .filter(({ state }) => state === 'recording')
        .slice(0, limit),
    );
  }

  expiredRecordings(nowMs: number, limit: number): Promise<RecordingRecord[]> {
    return Promise.resolve(
      this.#sorted()
        .filter(({ expiresAtMs }) => expiresAtMs <= nowMs)
        .slice(0, limit),
    );
  }

  deleteRecording(id: string): Promise<void> {
    this.records.delete(id);
    return Promise.resolve();
  }

  recordedBytes(): Promise<number> {
    return Promise.resolve(this.#sorted().reduce((sum, { bytes }) => sum + (bytes ?? 0), 0));
  }

  #sorted(): RecordingRecord[] {
    return [...this.records.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

/** Files of recordings in memory. */
export class MemoryRecordingFiles implements RecordingFiles {
  readonly files = new Map<string, Uint8Array>();
  /** Files that cannot be deleted. */
  readonly stuck = new Set<string>();

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  measure(path: string): Promise<{ durationMs: number; bytes: number } | undefined> {
    const file = this.files.get(path);
    return Promise.resolve(file && { durationMs: Math.floor((file.length - 44) / 32), bytes: file.length });
  }

  remove(path: string): Promise<void> {
    if (this.stuck.has(path)) return Promise.reject(new Error('permission denied'));
    this.files.delete(path);
    return Promise.resolve();
  }

  async read(path: string, from: number, to: number): Promise<AsyncIterable<Uint8Array> | undefined> {
    const file = this.files.get(path);
    return file && once(file.slice(from, to + 1));
  }

  size(path: string): Promise<number | undefined> {
    return Promise.resolve(this.files.get(path)?.length);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
