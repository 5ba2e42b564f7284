import type { Clock } from '../../kernel/clock.ts';
import type { ServerTransaction } from './server-transaction.ts';
import type { SipFlow } from './sip-flow.ts';
import type { HeaderInput, SipRequest, SipResponse } from './sip-message.ts';
import type { SipTimers } from './sip-timers.ts';
import type { SipTransportLimits } from './sip-transport.ts';

/** What the stack tells its user. */
export interface SipStackHandlers {
  /** A new request other than ACK and CANCEL. Answer it through the transaction. */
  readonly request: (transaction: ServerTransaction) => void;
  /** An ACK that belongs to no transaction held here. */
  readonly strayAck?: (ack: SipRequest, flow: SipFlow) => void;
  /** A response that belongs to no transaction held here. */
  readonly strayResponse?: (response: SipResponse, flow: SipFlow) => void;
  /**
   * Asked before a transaction is made for a new request. An answer is sent without keeping any state (RFC
   * 3261 §8.2.7): how a flood is turned away cheaply.
   */
  readonly admit?: (request: SipRequest, flow: SipFlow) => StatelessAnswer | undefined;
}

/** A response sent without a transaction. */
export interface StatelessAnswer {
  readonly status: number;
  readonly headers?: HeaderInput;
}

export interface SipStackOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly timers?: Partial<SipTimers>;
  readonly limits?: Partial<SipTransportLimits>;
  /** 100 Trying for an INVITE not answered by then; default 200 (RFC 3261 §17.2.1); 0 sends it at once. */
  readonly tryingAfterMs?: number;
  /** Host written into Via when the stack listens on 0.0.0.0; default: chosen by the peer's address. */
  readonly advertisedHost?: string;
}

/** Counted since the stack was made. */
export interface SipStackCounters {
  receivedCount: number;
  /** Messages that could not be parsed, and streams that could not be framed. */
  malformedCount: number;
  /** Requests answered without a transaction because `admit` said so. */
  refusedCount: number;
  /** Errors thrown by the user's handlers: bugs, survived. */
  handlerErrorCount: number;
}

/** How the last malformed message or handler error came about, for the log. */
export interface SipStackFault {
  readonly kind: 'malformed' | 'handler-error';
  readonly reason: string;
  readonly from?: string;
}
