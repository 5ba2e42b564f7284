import type { Clock } from '../kernel/clock.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { RecordingBook } from '../recording/recording-book.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import type { AudioSource } from '../telephony/leg.ts';
import type { Telephony } from '../telephony/telephony.ts';
import { CallTargets } from './call-targets.ts';
import type { InboundCalls } from './inbound-calls.ts';
import { LiveCallDesk } from './live-call-desk.ts';
import { PhoneControl } from './phone-control.ts';
import type { ServiceDirectory } from './service-directory.ts';
import { TransferredCalls, type TransferredCallsOptions } from './transferred-calls.ts';

export interface CallControlOptions extends Pick<TransferredCallsOptions, 'runner' | 'store'> {
  readonly inbound: () => Pick<InboundCalls, 'takeOver' | 'queueOfCall'>;
  readonly telephony: Telephony;
  readonly registry: AgentRegistry;
  readonly router: Router;
  readonly directory: ServiceDirectory;
  readonly recordings: RecordingBook;
  readonly holdMusic: readonly AudioSource[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** What is done with calls once customer and agent talk. */
export interface CallControl {
  readonly calls: LiveCallDesk;
  readonly phones: PhoneControl;
  /** Customers whom agents gave to queues. */
  readonly transferred: TransferredCalls;
}

/** Connects the desk with the phones' own keys and with the lines that customers are given to. */
export function createCallControl(options: CallControlOptions): CallControl {
  const { clock, log } = options;
  const targets = new CallTargets({ ...options, nowMs: () => clock.nowMs() });
  const transferred = new TransferredCalls(options);
  const phones = new PhoneControl({
    desk: () => calls,
    targets,
    queueOfCall: (callId, agentId) => options.inbound().queueOfCall(callId, agentId),
    log,
  });
  const calls = new LiveCallDesk({
    ...options,
    targets,
    promisePlace: (queue, facts) => transferred.promise(queue, facts),
    toQueue: (customer, queue, facts, place) => transferred.take(customer, queue, facts, place),
    transferRequested: (call, partyId, request) => phones.transferRequested(call, partyId, request),
  });
  return { calls, phones, transferred };
}
