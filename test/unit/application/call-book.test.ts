import { describe, expect, it } from 'vitest';
import { CallBook } from '../../../src/application/call-book.ts';
import type { CallId } from '../../../src/kernel/ids.ts';
import { SimulatedClock } from '../../../src/kernel/simulated-clock.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import type { CallRecord, CallRecordTx } from '../../../src/telephony/call-record.ts';
import type { InboundCall } from '../../../src/telephony/telephony.ts';

function book() {
  const clock = new SimulatedClock(1_000_000);
  const commits: CallRecord[][] = [];
  const store = {
    transact: async <T>(work: (tx: CallRecordTx) => Promise<T>): Promise<T> => {
      const written: CallRecord[] = [];
      const result = await work({
        putCallRecord: async (record: CallRecord) => void written.push(record),
      } as CallRecordTx);
      commits.push(written);
      return result;
    },
  };
  return { clock, commits, calls: new CallBook({ store, clock, log: silentLog }) };
}

const call = (id: string): InboundCall =>
  ({
    callId: id as CallId,
    source: { kind: 'trunk', trunk: 'here' },
    dialled: '5000',
    from: {},
  }) as InboundCall;

/** Lets every promise that is due run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the call book', () => {
  it('writes the records of many calls in one commit, each in its latest state', async () => {
    const { clock, commits, calls } = book();
    calls.answered(call('call_1'), 'support');
    calls.answered(call('call_2'), 'support');
    calls.ended('call_1', { kind: 'hung-up', state: 'line', inLine: true }, undefined);
    expect(commits).toEqual([]);
    clock.advance(200);
    await settled();
    expect(commits).toHaveLength(1);
    expect(commits[0]?.map(({ callId, outcome }) => [callId, outcome])).toEqual([
      ['call_1', 'abandoned'],
      ['call_2', null],
    ]);
  });

  it('writes what is left when it is flushed, and nothing twice', async () => {
    const { clock, commits, calls } = book();
    calls.answered(call('call_1'), 'support');
    await calls.flush();
    await calls.flush();
    clock.advance(1000);
    await settled();
    expect(commits.map((records) => records.length)).toEqual([1]);
  });
});
