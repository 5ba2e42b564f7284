import type { UnitOfWork } from '../callback/callback-store.ts';
import type { FlowOutcome } from '../ivr/flow-host.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { CallOutcome, CallRecord, CallRecordTx } from '../telephony/call-record.ts';
import type { InboundCall } from '../telephony/telephony.ts';

export interface CallBookOptions {
  readonly store: UnitOfWork<CallRecordTx>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Records wait so long for company: a commit, which holds the event loop for a disk write, then serves many
 * calls.
 */
const WRITE_BEHIND_MS = 200;
/** As many are written without waiting; bounds what a crash can lose, together with the time. */
const UNWRITTEN_MAX = 200;

/**
 * Writes down every answered inbound call. Written behind: no call waits for its record. At 40 calls a second
 * two commits a call took a tenth of the program's time.
 */
export class CallBook {
  readonly #options: CallBookOptions;
  readonly #open = new Map<CallId, CallRecord>();
  /** The latest state of each record that is not on disk yet. */
  readonly #unwritten = new Map<CallId, CallRecord>();
  #timer: TimerHandle | undefined;

  constructor(options: CallBookOptions) {
    this.#options = options;
  }

  answered(call: InboundCall, virtualQueue: string): void {
    const { source } = call;
    const nowMs = this.#options.clock.nowMs();
    this.#put({
      callId: call.callId,
      dialled: call.dialled,
      callerNumber: call.from.number ?? null,
      source: source.kind === 'trunk' ? `trunk:${source.trunk}` : `agent:${source.agentId}`,
      virtualQueue,
      startedAtMs: nowMs,
      answeredAtMs: nowMs,
      endedAtMs: null,
      outcome: null,
      agentId: null,
      callbackId: null,
    });
  }

  ended(callId: CallId, outcome: FlowOutcome | 'over', agentId: string | undefined): void {
    const record = this.#open.get(callId);
    if (!record) return;
    this.#put({
      ...record,
      endedAtMs: this.#options.clock.nowMs(),
      outcome: callOutcomeOf(outcome, agentId),
      agentId: agentId ?? null,
      callbackId: outcome !== 'over' && outcome.kind === 'booked' ? outcome.callbackId : null,
    });
    this.#open.delete(callId);
  }

  /** Writes what is not written yet; resolves when it is on disk, or logged as lost. Never rejects. */
  async flush(): Promise<void> {
    const { store, clock, log } = this.#options;
    if (this.#timer) clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const records = [...this.#unwritten.values()];
    this.#unwritten.clear();
    if (records.length === 0) return;
    try {
      await store.transact(async (tx) => {
        for (const record of records) await tx.putCallRecord(record);
      });
    } catch (error) {
      log.error({ error, callIds: records.map(({ callId }) => callId) }, 'call records could not be stored');
    }
  }

  #put(record: CallRecord): void {
    this.#open.set(record.callId, record);
    this.#unwritten.set(record.callId, record);
    if (this.#unwritten.size >= UNWRITTEN_MAX) void this.flush();
    else this.#timer ??= this.#options.clock.setTimer(WRITE_BEHIND_MS, () => void this.flush());
  }
}

/**
 * What a dialogue's end means for the call's record; `over`: an agent was rung, or the caller left meanwhile.
 */
export function callOutcomeOf(outcome: FlowOutcome | 'over', agentId: string | undefined): CallOutcome {
  if (agentId !== undefined) return 'answered-by-agent';
  if (outcome === 'over') return 'abandoned';
  switch (outcome.kind) {
    case 'booked':
      return 'callback-booked';
    case 'hung-up':
      return 'abandoned';
    case 'finished':
    case 'transferred':
      return 'ended-by-flow';
    case 'agent-taken':
    case 'continues':
    case 'stopped':
    case 'failed':
      return 'error';
    default:
      return outcome satisfies never;
  }
}
