import type { SipFlow, SipTarget } from './sip-flow.ts';
import { createResponse, serializeSipMessage } from './sip-message.ts';
import type { MessageParts, SipRequest, SipResponse } from './sip-message.ts';
import { transactionTimeoutMs } from './sip-timers.ts';
import { TimerSet } from './transaction-host.ts';
import type { TransactionHost } from './transaction-host.ts';

/** What a server transaction tells its user; set with `listen`. */
export interface ServerTransactionHandlers {
  /** A CANCEL for this INVITE; it has been answered 200. The user answers the INVITE, with 487 as a rule. */
  readonly cancel?: (cancel: SipRequest) => void;
  /** The ACK, of a 2xx or of a failure. */
  readonly ack?: (ack: SipRequest, flow: SipFlow) => void;
  /** A 2xx or a failure was never acknowledged (RFC 3261 §13.3.1.4, timer H). */
  readonly ackTimeout?: (response: SipResponse) => void;
  readonly transportError?: (error: Error) => void;
  /** The transaction is gone; nothing follows. */
  readonly terminated?: () => void;
}

/** States of RFC 3261 §17.2 and, for INVITE after a 2xx, RFC 6026 §7.1. */
export type ServerTransactionState =
  | 'trying'
  | 'proceeding'
  | 'completed'
  | 'confirmed'
  | 'accepted'
  | 'terminated';

type TimerName = 'trying' | 'retransmit' | 'end' | 'unacknowledged';

/** A request received and how it is answered: RFC 3261 §17.2 with RFC 6026. Handed to `onRequest`. */
export class ServerTransaction {
  readonly key: string;
  readonly request: SipRequest;
  /** Where the request came from. */
  readonly flow: SipFlow;
  /** Where responses go (RFC 3261 §18.2.2, RFC 3581 §4). */
  readonly replyTo: SipTarget;
  readonly isInvite: boolean;
  /** The tag `reply` puts on To, the same for all responses of this transaction. */
  readonly localTag: string;
  #state: ServerTransactionState;
  readonly #host: TransactionHost;
  readonly #timers: TimerSet<TimerName>;
  #handlers: ServerTransactionHandlers = {};
  #lastBytes: Buffer | undefined;
  #finalResponse: SipResponse | undefined;
  #isAcknowledged = false;
  #isSilent = false;

  constructor(
    key: string,
    request: SipRequest,
    flow: SipFlow,
    replyTo: SipTarget,
    localTag: string,
    host: TransactionHost,
  ) {
    this.key = key;
    this.request = request;
    this.flow = flow;
    this.replyTo = replyTo;
    this.localTag = localTag;
    this.isInvite = request.method === 'INVITE';
    this.#host = host;
    this.#timers = new TimerSet(host.clock);
    this.#state = this.isInvite ? 'proceeding' : 'trying';
  }

  get state(): ServerTransactionState {
    return this.#state;
  }

  /** The final response sent, if one was. */
  get finalResponse(): SipResponse | undefined {
    return this.#finalResponse;
  }

  listen(handlers: ServerTransactionHandlers): void {
    this.#handlers = handlers;
  }

  /**
   * Sends 100 Trying unless something was answered by then (RFC 3261 §17.2.1: 200 ms). Called by the stack.
   */
  tryAfter(delayMs: number): void {
    const trying = (): void => {
      if (this.#lastBytes === undefined) this.respond(createResponse(this.request, 100));
    };
    if (delayMs <= 0) trying();
    else this.#timers.set('trying', delayMs, trying);
  }

  /** Builds a response from the request (`createResponse` with this transaction's tag) and sends it. */
  reply(status: number, parts: MessageParts & { readonly reason?: string } = {}): SipResponse | undefined {
    const response = createResponse(this.request, status, { toTag: this.localTag, ...parts });
    return this.respond(response) ? response : undefined;
  }

  /** Sends a response; false, with nothing sent, when a final one has gone before. */
  respond(response: SipResponse): boolean {
    if (this.#state !== 'trying' && this.#state !== 'proceeding') return false;
    this.#timers.clear('trying');
    const bytes = serializeSipMessage(response);
    this.#lastBytes = bytes;
    if (response.status < 200) this.#state = 'proceeding';
    else {
      this.#finalResponse = response;
      this.#finish(response, bytes);
    }
    this.#transmit(bytes);
    return true;
  }

  /** The request again: the last response goes out again. Called by the stack. */
  receiveRetransmission(): void {
    // RFC 6026 §7.1: in Accepted the INVITE is absorbed; the 2xx is repeated on its own timer.
    if (this.#state === 'accepted' || this.#state === 'confirmed') return;
    if (this.#lastBytes !== undefined) this.#transmit(this.#lastBytes);
  }

  /** The ACK. Called by the stack. */
  receiveAck(ack: SipRequest, flow: SipFlow): void {
    if (this.#state === 'completed') {
      // RFC 3261 §17.2.1: Confirmed absorbs further ACKs for T4.
      this.#state = 'confirmed';
      this.#timers.clearAll();
      this.#tell(() => this.#handlers.ack?.(ack, flow));
      if (this.flow.protocol === 'tcp') this.#terminate();
      else this.#timers.set('end', this.#host.timers.t4Ms, () => this.#terminate());
    } else if (this.#state === 'accepted' && !this.#isAcknowledged) {
      this.#isAcknowledged = true;
      this.#timers.clear('retransmit');
      this.#timers.clear('unacknowledged');
      this.#tell(() => this.#handlers.ack?.(ack, flow));
    }
  }

  /** A CANCEL that matched. Called by the stack, which has answered it. */
  receiveCancel(cancel: SipRequest): void {
    // RFC 3261 §9.2: without effect once a final response was sent.
    if (this.#state === 'proceeding') this.#tell(() => this.#handlers.cancel?.(cancel));
  }

  /** Ends without another word to the user. */
  close(): void {
    this.#isSilent = true;
    this.#terminate();
  }

  #finish(response: SipResponse, bytes: Buffer): void {
    const timeoutMs = transactionTimeoutMs(this.#host.timers);
    const isUdp = this.flow.protocol === 'udp';
    if (!this.isInvite) {
      // RFC 3261 §17.2.2 timer J
      this.#state = 'completed';
      this.#timers.set('end', isUdp ? timeoutMs : 0, () => this.#terminate());
    } else if (response.status < 300) {
      // RFC 6026 §7.1 timer L; RFC 3261 §13.3.1.4: the 2xx is repeated, over TCP too, until the ACK.
      this.#state = 'accepted';
      this.#repeatAfter(bytes, this.#host.timers.t1Ms);
      this.#timers.set('end', timeoutMs, () => {
        if (this.#isAcknowledged) this.#terminate();
        else this.#terminateAfter(() => this.#handlers.ackTimeout?.(response));
      });
    } else {
      // RFC 3261 §17.2.1 timers G and H
      this.#state = 'completed';
      if (isUdp) this.#repeatAfter(bytes, this.#host.timers.t1Ms);
      this.#timers.set('unacknowledged', timeoutMs, () => {
        this.#terminateAfter(() => this.#handlers.ackTimeout?.(response));
      });
    }
  }

  #repeatAfter(bytes: Buffer, delayMs: number): void {
    this.#timers.set('retransmit', delayMs, () => {
      this.#transmit(bytes);
      this.#repeatAfter(bytes, Math.min(delayMs * 2, this.#host.timers.t2Ms));
    });
  }

  #transmit(bytes: Buffer): void {
    this.#host.send(bytes, this.replyTo, (error) => {
      if (error === undefined || this.#state === 'terminated') return;
      this.#tell(() => this.#handlers.transportError?.(error));
      // RFC 6026 §7.1: in Accepted a transport error is told and the transaction stays; elsewhere it ends.
      if (this.#state !== 'accepted') this.#terminate();
    });
  }

  #tell(call: () => void): void {
    if (!this.#isSilent) call();
  }

  #terminateAfter(call: () => void): void {
    this.#tell(call);
    this.#terminate();
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timers.clearAll();
    this.#host.remove(this.key);
    this.#tell(() => this.#handlers.terminated?.());
  }
}
