import type { CallbackId, CallId } from '../kernel/ids.ts';

/** What came of an inbound call. */
export type CallOutcome =
  /** Talked with an agent. */
  | 'answered-by-agent'
  /** Left with a callback booked. */
  | 'callback-booked'
  /** Hung up while waiting. */
  | 'abandoned'
  /** Ended by the flow: closed, queue full, nothing to offer. */
  | 'ended-by-flow'
  /** Refused before an answer: overload, unknown source, media. */
  | 'refused'
  /** The process ended while the call was up. */
  | 'lost-at-restart'
  | 'error';

/** One inbound call as lists and reports show it. */
export interface CallRecord {
  readonly callId: CallId;
  /** DID that was dialled. */
  readonly dialled: string;
  /** ANI; null when withheld. */
  readonly callerNumber: string | null;
  /** `trunk:<name>` or `agent:<id>`. */
  readonly source: string;
  readonly virtualQueue: string | null;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly outcome: CallOutcome | null;
  readonly agentId: string | null;
  readonly callbackId: CallbackId | null;
}

/** The part of a transaction that keeps inbound calls. */
export interface CallRecordTx {
  /** Inserts or replaces the record of the call. */
  putCallRecord(record: CallRecord): Promise<void>;
  findCallRecord(callId: CallId): Promise<CallRecord | undefined>;
  /** Newest first; `limit` 1–1000; `beforeMs` continues a list. */
  listCallRecords(filter: {
    readonly limit: number;
    readonly beforeMs?: number;
    readonly virtualQueue?: string;
  }): Promise<CallRecord[]>;
  /** At a start: marks every call without an end as lost at the restart; returns how many. */
  endUnfinishedCalls(nowMs: number): Promise<number>;
}
