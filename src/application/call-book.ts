import type { UnitOfWork } from '../callback/callback-store.ts';
import type { FlowOutcome } from '../ivr/flow-host.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { CallOutcome, CallRecord, CallRecordTx } from '../telephony/call-record.ts';
import type { InboundCall } from '../telephony/telephony.ts';

export interface CallBookOptions {
  readonly store: UnitOfWork<CallRecordTx>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Writes down every answered inbound call. Written behind: no call waits for its record. */
export class CallBook {
  readonly #options: CallBookOptions;
  readonly #open = new Map<CallId, CallRecord>();

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

  #put(record: CallRecord): void {
    const { store, log } = this.#options;
    this.#open.set(record.callId, record);
    store
      .transact((tx) => tx.putCallRecord(record))
      .catch((error: unknown) => {
        log.error({ error, callId: record.callId }, 'call record could not be stored');
      });
  }
}

/** What a dialogue's end means for the call's record; `over`: an agent was rung, or the caller left meanwhile. */
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
    case 'stopped':
    case 'failed':
      return 'error';
    default:
      return outcome satisfies never;
  }
}
