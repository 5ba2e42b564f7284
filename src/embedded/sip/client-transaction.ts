import { SipHeaders } from './sip-headers.ts';
import { createRequest, serializeSipMessage } from './sip-message.ts';
import type { HeaderInput, SipRequest, SipResponse } from './sip-message.ts';
import type { SipTarget } from './sip-flow.ts';
import { tagOf } from './name-addr.ts';
import { transactionTimeoutMs } from './sip-timers.ts';
import { TimerSet } from './transaction-host.ts';
import type { TransactionHost } from './transaction-host.ts';
import { parseCSeq } from './via.ts';

/** What a client transaction tells its user. Each is optional; none is called after `close()`. */
export interface ClientTransactionHandlers {
  readonly provisional?: (response: SipResponse) => void;
  /** The final response. For INVITE, again for a 2xx of another branch of a fork (another To tag). */
  readonly final?: (response: SipResponse) => void;
  /** Timer B or F: nobody answered. */
  readonly timeout?: () => void;
  readonly transportError?: (error: Error) => void;
  /** The transaction is gone; nothing follows. */
  readonly terminated?: () => void;
}

/** States of RFC 3261 §17.1 and, for INVITE after a 2xx, RFC 6026 §7.2. */
export type ClientTransactionState =
  | 'calling'
  | 'trying'
  | 'proceeding'
  | 'completed'
  | 'accepted'
  | 'terminated';

/**
 * What became of a wish to cancel: sent, held until a provisional response comes, or without effect any more.
 */
export type CancelReceipt =
  | { readonly outcome: 'sent' | 'held'; readonly cancel: SipRequest }
  | { readonly outcome: 'too-late' };

type TimerName = 'retransmit' | 'timeout' | 'linger' | 'cancel';

/** 2xx answers of different To tags that one INVITE may bring (forking); more are ignored. */
const FORKS_MAX = 16;

/** A request sent and its answers: RFC 3261 §17.1 with RFC 6026. Made by `SipStack#sendRequest`. */
export class ClientTransaction {
  readonly key: string;
  readonly request: SipRequest;
  readonly target: SipTarget;
  readonly isInvite: boolean;
  #state: ClientTransactionState;
  readonly #host: TransactionHost;
  readonly #handlers: ClientTransactionHandlers;
  readonly #bytes: Buffer;
  readonly #timers: TimerSet<TimerName>;
  /** RFC 3261 §13.2.2.4: the ACK of each To tag, sent again when the 2xx is. */
  readonly #acks = new Map<string, { readonly bytes: Buffer; readonly target: SipTarget } | undefined>();
  #failureAck: Buffer | undefined;
  #pendingCancel: (() => void) | undefined;
  #isCancelled = false;
  #isSilent = false;

  constructor(
    key: string,
    request: SipRequest,
    target: SipTarget,
    host: TransactionHost,
    handlers: ClientTransactionHandlers,
  ) {
    this.key = key;
    this.request = request;
    this.target = target;
    this.isInvite = request.method === 'INVITE';
    this.#host = host;
    this.#handlers = handlers;
    this.#timers = new TimerSet(host.clock);
    this.#bytes = serializeSipMessage(request);
    this.#state = this.isInvite ? 'calling' : 'trying';
  }

  get state(): ClientTransactionState {
    return this.#state;
  }

  /** True once `cancel` was asked for, whether or not the CANCEL has left. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Sends the request for the first time. Called by the stack. */
  start(): void {
    this.#transmit(this.#bytes);
    const { timers } = this.#host;
    if (this.target.protocol === 'udp') this.#retransmitAfter(timers.t1Ms);
    // RFC 3261 §17.1.1.2 timer B, §17.1.2.2 timer F
    this.#timers.set('timeout', transactionTimeoutMs(timers), () => {
      this.#tell(() => this.#handlers.timeout?.());
      this.#terminate();
    });
  }

  /** A response that matched this transaction. Called by the stack. */
  receive(response: SipResponse): void {
    if (response.status < 200) this.#receiveProvisional(response);
    else if (!this.isInvite) this.#receiveNonInviteFinal(response);
    else if (response.status < 300) this.#receiveInviteSuccess(response);
    else this.#receiveInviteFailure(response);
  }

  /**
   * Remembers the ACK that was sent for the 2xx with this To tag: a repeated 2xx brings it out again without
   * a word to the user (RFC 3261 §13.2.2.4). Called by `SipStack#sendAck`.
   */
  rememberAck(toTag: string, bytes: Buffer, target: SipTarget): void {
    if (this.#state === 'accepted' && this.#acks.has(toTag)) this.#acks.set(toTag, { bytes, target });
  }

  /**
   * Asks for the INVITE to be cancelled: at once when a provisional response has come, else as soon as one
   * does (RFC 3261 §9.1). `send` sends the CANCEL; the stack gives it.
   */
  cancel(send: (cancel: SipRequest) => void, headers: HeaderInput = []): CancelReceipt {
    if (!this.isInvite || this.#isCancelled) return { outcome: 'too-late' };
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return { outcome: 'too-late' };
    this.#isCancelled = true;
    const cancel = this.#createFromRequest('CANCEL', this.request.headers.get('To') ?? '');
    const pairs = Symbol.iterator in headers ? headers : Object.entries(headers);
    for (const [name, value] of pairs) cancel.headers.append(name, value);
    const fire = (): void => {
      send(cancel);
      // RFC 3261 §9.1: a UAS of RFC 2543 may answer the CANCEL only; do not wait for ever.
      this.#timers.set('cancel', transactionTimeoutMs(this.#host.timers), () => {
        if (this.#state !== 'proceeding') return;
        this.#tell(() => this.#handlers.timeout?.());
        this.#terminate();
      });
    };
    if (this.#state === 'calling') {
      this.#pendingCancel = fire;
      return { outcome: 'held', cancel };
    }
    fire();
    return { outcome: 'sent', cancel };
  }

  /** Ends without another word to the user; what arrives later is nobody's. */
  close(): void {
    this.#isSilent = true;
    this.#terminate();
  }

  #receiveProvisional(response: SipResponse): void {
    if (this.#state === 'calling' || this.#state === 'trying') {
      this.#state = 'proceeding';
      if (this.isInvite) {
        // RFC 3261 §17.1.1.2: a provisional response ends retransmission and timer B.
        this.#timers.clear('retransmit');
        this.#timers.clear('timeout');
      } else if (this.target.protocol === 'udp') this.#retransmitAfter(this.#host.timers.t2Ms);
      const cancel = this.#pendingCancel;
      this.#pendingCancel = undefined;
      cancel?.();
    }
    if (this.#state === 'proceeding') this.#tell(() => this.#handlers.provisional?.(response));
  }

  #receiveNonInviteFinal(response: SipResponse): void {
    if (this.#state !== 'trying' && this.#state !== 'proceeding') return;
    this.#state = 'completed';
    this.#timers.clearAll();
    // RFC 3261 §17.1.2.2 timer K: absorbs repeated responses over UDP.
    if (this.target.protocol === 'tcp') this.#terminateAfter(() => this.#handlers.final?.(response));
    else {
      this.#timers.set('linger', this.#host.timers.t4Ms, () => this.#terminate());
      this.#tell(() => this.#handlers.final?.(response));
    }
  }

  #receiveInviteSuccess(response: SipResponse): void {
    const toTag = tagOf(response.headers.get('To')) ?? '';
    if (this.#state === 'calling' || this.#state === 'proceeding') {
      this.#state = 'accepted';
      this.#timers.clearAll();
      // RFC 6026 §7.2 timer M
      this.#timers.set('linger', transactionTimeoutMs(this.#host.timers), () => this.#terminate());
    } else if (this.#state !== 'accepted') return;
    if (this.#acks.has(toTag)) {
      const ack = this.#acks.get(toTag);
      if (ack !== undefined) this.#host.send(ack.bytes, ack.target, ignore);
      return;
    }
    if (this.#acks.size >= FORKS_MAX) return;
    this.#acks.set(toTag, undefined);
    this.#tell(() => this.#handlers.final?.(response));
  }

  #receiveInviteFailure(response: SipResponse): void {
    if (this.#state === 'completed') {
      if (this.#failureAck) this.#transmit(this.#failureAck);
      return;
    }
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    this.#state = 'completed';
    this.#timers.clearAll();
    // RFC 3261 §17.1.1.3
    const ack = this.#createFromRequest('ACK', response.headers.get('To') ?? '');
    this.#failureAck = serializeSipMessage(ack);
    this.#transmit(this.#failureAck);
    // RFC 3261 §17.1.1.2 timer D: at least 32 s over UDP, 0 over TCP.
    if (this.target.protocol === 'tcp') this.#terminateAfter(() => this.#handlers.final?.(response));
    else {
      this.#timers.set('linger', transactionTimeoutMs(this.#host.timers), () => this.#terminate());
      this.#tell(() => this.#handlers.final?.(response));
    }
  }

  /**
   * ACK for a failure and CANCEL: same Via branch, Request-URI, Route, From, Call-ID (RFC 3261 §9.1,
   * §17.1.1.3).
   */
  #createFromRequest(method: 'ACK' | 'CANCEL', to: string): SipRequest {
    const { headers } = this.request;
    const made = createRequest(method, this.request.uri);
    const copy = new SipHeaders();
    copy.append('Via', headers.list('Via')[0] ?? '');
    for (const route of headers.getAll('Route')) copy.append('Route', route);
    copy.append('Max-Forwards', '70');
    copy.append('From', headers.get('From') ?? '');
    copy.append('To', to);
    copy.append('Call-ID', headers.get('Call-ID') ?? '');
    copy.append('CSeq', `${parseCSeq(headers.get('CSeq') ?? '')?.number ?? 0} ${method}`);
    made.headers = copy;
    return made;
  }

  /** Timers A (doubling) and E (doubling up to T2). */
  #retransmitAfter(delayMs: number): void {
    this.#timers.set('retransmit', delayMs, () => {
      this.#transmit(this.#bytes);
      const { t2Ms } = this.#host.timers;
      const doubled = delayMs * 2;
      this.#retransmitAfter(this.isInvite ? doubled : Math.min(doubled, t2Ms));
    });
  }

  #transmit(bytes: Buffer): void {
    this.#host.send(bytes, this.target, (error) => {
      if (error === undefined || this.#state === 'terminated') return;
      // RFC 3261 §17.1.4. An ACK that could not be sent leaves the final response as it was told.
      const isWaiting = this.#state === 'calling' || this.#state === 'trying' || this.#state === 'proceeding';
      if (isWaiting) this.#terminateAfter(() => this.#handlers.transportError?.(error));
      else this.#terminate();
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
    this.#pendingCancel = undefined;
    this.#acks.clear();
    this.#host.remove(this.key);
    this.#tell(() => this.#handlers.terminated?.());
  }
}

function ignore(): void {
  // The 2xx comes again when the ACK was lost, and the ACK with it.
}
