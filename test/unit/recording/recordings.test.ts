import { beforeEach, describe, expect, it } from 'vitest';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { RecordingRetention } from '../../../src/recording/recording-retention.ts';
import { Recordings } from '../../../src/recording/recordings.ts';
import { settle } from '../../fakes/fake-telephony.ts';
import { MemoryRecordingFiles, MemoryRecordingStore } from '../../fakes/memory-recording-store.ts';

const DAY_MS = 86_400_000;
const HEADER = 44;

let clock: SimulatedClock;
let store: MemoryRecordingStore;
let files: MemoryRecordingFiles;
let recordings: Recordings;

const newRecordings = (bytesMax = 1000): Recordings =>
  new Recordings({
    unitOfWork: store,
    files,
    keptDaysOf: (queue) => ({ short: 1 })[queue],
    bytesMax,
    clock,
    ids: new IdSource(clock, new SeededRandom(3)),
    log: silentLog,
  });

beforeEach(() => {
  clock = new SimulatedClock();
  store = new MemoryRecordingStore();
  files = new MemoryRecordingFiles();
  recordings = newRecordings();
});

/** A recording of `bytes` bytes whose end was told. */
async function kept(bytes: number, virtualQueue = 'support'): Promise<string> {
  const { id, path } = await recordings.begin({ kind: 'conversation', virtualQueue });
  files.files.set(path, new Uint8Array(bytes));
  await recordings.finished(id, { durationMs: 1000, bytes });
  return id;
}

describe('a recording', () => {
  it('is written down before its file is begun, with a path of its own below the day', async () => {
    const first = await recordings.begin({ kind: 'voicemail', callId: 'call_1', callbackId: 'callback_1' });
    const second = await recordings.begin({ kind: 'conversation', agentId: 'anna' });
    expect(first.path).toMatch(/^\d{4}-\d\d-\d\d\/recording_[0-9a-z]+\.wav$/);
    expect(second.path).not.toBe(first.path);
    expect(store.records.get(first.id)).toMatchObject({
      state: 'recording',
      kind: 'voicemail',
      callId: 'call_1',
      callbackId: 'callback_1',
      agentId: null,
      bytes: null,
    });
  });

  it('keeps its first end, whatever is told later', async () => {
    const id = await kept(500);
    await recordings.failed(id);
    await recordings.finished(id, { durationMs: 9, bytes: 999 });
    expect(store.records.get(id)).toMatchObject({ state: 'finished', durationMs: 1000, bytes: 500 });
    expect(files.files.size).toBe(1);
    expect(recordings.usedBytes).toBe(500);
  });

  it('without a sample has failed and leaves no file', async () => {
    const id = await kept(HEADER);
    expect(store.records.get(id)).toMatchObject({ state: 'failed', bytes: null });
    expect(files.files.size).toBe(0);
  });

  it('may come to belong to another callback, or to none', async () => {
    const id = await kept(500);
    await recordings.belongsTo(id, 'callback_9');
    expect(store.records.get(id)?.callbackId).toBe('callback_9');
    await recordings.belongsTo(id, null);
    expect(store.records.get(id)?.callbackId).toBeNull();
  });

  it('is not begun when the space is used up, and again after one was deleted', async () => {
    const id = await kept(1000);
    await expect(recordings.begin({ kind: 'voicemail' })).rejects.toMatchObject({ code: 'RECORDINGS_FULL' });
    expect(store.records.size).toBe(1);
    expect(await recordings.delete(id)).toBe('deleted');
    expect(recordings.usedBytes).toBe(0);
    await expect(recordings.begin({ kind: 'voicemail' })).resolves.toBeDefined();
  });

  it('is not deleted while it is written, nor forgotten while its file cannot be deleted', async () => {
    const { id } = await recordings.begin({ kind: 'voicemail' });
    expect(await recordings.delete(id)).toBe('in-progress');
    const other = await kept(500);
    files.stuck.add(store.records.get(other)?.path ?? '');
    expect(await recordings.delete(other)).toBe('failed');
    expect(store.records.has(other)).toBe(true);
    expect(await recordings.delete('recording_none')).toBe('not-found');
  });
});

describe('after a crash', () => {
  it('what has sound is kept, what has none has failed, and the space used is known again', async () => {
    await kept(100);
    const half = await recordings.begin({ kind: 'conversation' });
    files.files.set(half.path, new Uint8Array(HEADER + 320));
    const empty = await recordings.begin({ kind: 'conversation' });
    files.files.set(empty.path, new Uint8Array(HEADER));
    const none = await recordings.begin({ kind: 'voicemail' });
    recordings = newRecordings();
    expect(await recordings.recover()).toEqual({ keptCount: 1, failedCount: 2 });
    expect(store.records.get(half.id)).toMatchObject({ state: 'finished', durationMs: 10, bytes: 364 });
    expect(store.records.get(empty.id)?.state).toBe('failed');
    expect(store.records.get(none.id)?.state).toBe('failed');
    expect(files.files.has(empty.path)).toBe(false);
    expect(recordings.usedBytes).toBe(464);
    expect(await recordings.recover()).toEqual({ keptCount: 0, failedCount: 0 });
  });
});

describe('retention', () => {
  it('deletes a recording and its file when its queue wants it kept no longer, and no other', async () => {
    const short = await kept(100, 'short');
    const long = await kept(100);
    const retention = new RecordingRetention({ recordings, clock, log: silentLog });
    retention.start();
    clock.advance(DAY_MS - 3_600_000);
    await settle();
    expect(store.records.has(short)).toBe(true);
    clock.advance(2 * 3_600_000);
    await settle();
    clock.advance(3_600_000);
    await settle();
    expect(store.records.has(short)).toBe(false);
    expect(store.records.has(long)).toBe(true);
    expect(files.files.size).toBe(1);
    retention.close();
    expect(clock.pendingCount).toBe(0);
  });

  it('tries again an hour later when a file cannot be deleted', async () => {
    const id = await kept(100, 'short');
    const path = store.records.get(id)?.path ?? '';
    files.stuck.add(path);
    clock.advance(DAY_MS);
    expect(await recordings.deleteExpired(10)).toBe(0);
    files.stuck.clear();
    expect(await recordings.deleteExpired(10)).toBe(1);
    expect(store.records.size + files.files.size).toBe(0);
  });
});
