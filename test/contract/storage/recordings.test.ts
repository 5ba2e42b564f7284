import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordingFilter, RecordingRecord } from '../../../src/recording/recording-store.ts';
import { implementations, type TestedStorage } from './implementations.ts';

const aRecording = (number: number, fields: Partial<RecordingRecord> = {}): RecordingRecord => ({
  id: `recording_${String(number).padStart(8, '0')}`,
  kind: 'conversation',
  state: 'finished',
  callId: null,
  callbackId: null,
  agentId: null,
  virtualQueue: 'support',
  path: `2026-03-02/${number}.wav`,
  startedAtMs: 1000 * number,
  endedAtMs: 1000 * number + 500,
  durationMs: 500,
  bytes: 100,
  expiresAtMs: 10_000 * number,
  ...fields,
});

describe.each(implementations)('recordings in $name', ({ create }) => {
  let tested: TestedStorage;
  beforeEach(async () => {
    tested = await create();
  });
  afterEach(() => tested.destroy());

  const put = (...records: RecordingRecord[]): Promise<void> =>
    tested.storage.transact(async (tx) => {
      for (const record of records) await tx.putRecording(record);
    });
  const listed = async (filter: Omit<RecordingFilter, 'limit'>, limit = 10): Promise<number[]> => {
    const found = await tested.storage.transact((tx) => tx.listRecordings({ ...filter, limit }));
    return found.items.map(({ startedAtMs }) => startedAtMs / 1000);
  };

  it('are found again as they were, also after a restart, and replaced by what is put later', async () => {
    const begun = aRecording(1, { state: 'recording', endedAtMs: null, durationMs: null, bytes: null });
    await put(begun);
    await tested.reopen();
    const find = () => tested.storage.transact((tx) => tx.findRecording(begun.id));
    expect(await find()).toEqual(begun);
    await put(aRecording(1, { callbackId: 'callback_1' }));
    expect(await find()).toEqual(aRecording(1, { callbackId: 'callback_1' }));
    await tested.storage.transact((tx) => tx.deleteRecording(begun.id));
    expect(await find()).toBeUndefined();
  });

  it('are listed newest first, page by page, by everything that is asked for together', async () => {
    await put(
      aRecording(1, { agentId: 'anna', callId: 'call_1' }),
      aRecording(2, { agentId: 'ben', kind: 'voicemail', callbackId: 'callback_2' }),
      aRecording(3, { agentId: 'anna', virtualQueue: 'sales' }),
      aRecording(4, { virtualQueue: null }),
    );
    expect(await listed({})).toEqual([4, 3, 2, 1]);
    expect(await listed({}, 2)).toEqual([4, 3]);
    expect(await listed({ afterId: aRecording(3).id }, 2)).toEqual([2, 1]);
    expect(await listed({ agentId: 'anna' })).toEqual([3, 1]);
    expect(await listed({ agentId: 'anna', virtualQueue: 'support' })).toEqual([1]);
    expect(await listed({ agentId: 'ben', ownAgentId: 'anna' })).toEqual([]);
    expect(await listed({ ownAgentId: 'anna' })).toEqual([3, 1]);
    expect(await listed({ kind: 'voicemail' })).toEqual([2]);
    expect(await listed({ callId: 'call_1' })).toEqual([1]);
    expect(await listed({ callbackId: 'callback_2' })).toEqual([2]);
    expect(await listed({ virtualQueues: ['sales', 'other'] })).toEqual([3]);
    expect(await listed({ virtualQueues: [] })).toEqual([]);
  });

  it('tell which are unfinished, which have been kept long enough, and how much they take', async () => {
    await put(
      aRecording(1, { state: 'recording', bytes: null }),
      aRecording(2),
      aRecording(3, { state: 'recording', bytes: null }),
      aRecording(4),
    );
    const ask = <Result>(work: Parameters<TestedStorage['storage']['transact']>[0]): Promise<Result> =>
      tested.storage.transact(work) as Promise<Result>;
    const ids = (records: readonly RecordingRecord[]): number[] => records.map((r) => r.startedAtMs / 1000);
    expect(ids(await ask((tx) => tx.unfinishedRecordings(10)))).toEqual([1, 3]);
    expect(ids(await ask((tx) => tx.unfinishedRecordings(1)))).toEqual([1]);
    expect(ids(await ask((tx) => tx.expiredRecordings(20_000, 10)))).toEqual([1, 2]);
    expect(ids(await ask((tx) => tx.expiredRecordings(40_000, 2)))).toEqual([1, 2]);
    expect(await ask((tx) => tx.recordedBytes())).toBe(200);
  });
});
