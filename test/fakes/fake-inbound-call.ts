import type { CallId } from '../../src/kernel/ids.ts';
import type { InboundCall } from '../../src/telephony/telephony.ts';
import { QuietLeg } from './fake-telephony.ts';

/** A call that reaches the door; what became of it can be read. */
export class FakeInboundCall implements InboundCall {
  readonly callId: CallId;
  readonly source: InboundCall['source'];
  readonly from: InboundCall['from'];
  readonly dialled: string;
  readonly sipCallId: string;
  readonly cancelled = new Promise<void>(() => undefined);
  /** Once it has been answered. */
  leg: QuietLeg | undefined;
  rejectedWith: number | undefined;

  constructor(callId: CallId, source: InboundCall['source'], dialled: string) {
    const number = source.kind === 'agent' ? source.agentId : '2125550147';
    this.callId = callId;
    this.source = source;
    this.from = { uri: `sip:${number}@test`, number };
    this.dialled = dialled;
    this.sipCallId = `${callId}@test`;
  }

  answer(): ReturnType<InboundCall['answer']> {
    this.leg = new QuietLeg(this.callId, 'inbound', this.from.number ?? '');
    return Promise.resolve({ kind: 'answered', leg: this.leg });
  }

  reject(sipStatus: number): void {
    this.rejectedWith = sipStatus;
  }
}
