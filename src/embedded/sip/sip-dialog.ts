import { parseNameAddr, tagOf } from './name-addr.ts';
import { createRequest } from './sip-message.ts';
import type { HeaderInput, MessageParts, SipRequest, SipResponse } from './sip-message.ts';
import { parseSipUri } from './sip-uri.ts';
import { parseCSeq } from './via.ts';

/** What `SipDialog#receive` says of a request inside the dialog. */
export type DialogReceipt = 'accepted' | 'out-of-order';

interface DialogState {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From value of our requests, with our tag. */
  readonly local: string;
  /** To value of our requests, with the peer's tag. */
  readonly remote: string;
  readonly remoteTarget: string;
  readonly routes: readonly string[];
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
}

/**
 * A SIP dialog as RFC 3261 §12 describes it: what must be remembered to send and judge requests inside it.
 */
export class SipDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly #local: string;
  readonly #remote: string;
  readonly #routes: readonly string[];
  #remoteTarget: string;
  #localSequence: number;
  #remoteSequence: number | undefined;

  private constructor(state: DialogState) {
    this.callId = state.callId;
    this.localTag = state.localTag;
    this.remoteTag = state.remoteTag;
    this.#local = state.local;
    this.#remote = state.remote;
    this.#routes = state.routes;
    this.#remoteTarget = state.remoteTarget;
    this.#localSequence = state.localSequence;
    this.#remoteSequence = state.remoteSequence;
  }

  /** RFC 3261 §12.1.1: the side that answered; `response` carries our tag on To. */
  static fromServer(request: SipRequest, response: SipResponse): SipDialog {
    const { headers } = request;
    return new SipDialog({
      callId: headers.get('Call-ID') ?? '',
      localTag: tagOf(response.headers.get('To')) ?? '',
      remoteTag: tagOf(headers.get('From')) ?? '',
      local: response.headers.get('To') ?? '',
      remote: headers.get('From') ?? '',
      remoteTarget: uriOfContact(headers.list('Contact')[0]) ?? uriOfContact(headers.get('From')) ?? '',
      routes: headers.list('Record-Route'),
      // RFC 3261 §12.2.1.1: free to choose when nothing was sent yet.
      localSequence: 0,
      remoteSequence: parseCSeq(headers.get('CSeq') ?? '')?.number,
    });
  }

  /** RFC 3261 §12.1.2: the side that called. */
  static fromClient(request: SipRequest, response: SipResponse): SipDialog {
    const { headers } = request;
    return new SipDialog({
      callId: headers.get('Call-ID') ?? '',
      localTag: tagOf(headers.get('From')) ?? '',
      remoteTag: tagOf(response.headers.get('To')) ?? '',
      local: headers.get('From') ?? '',
      remote: response.headers.get('To') ?? '',
      remoteTarget: uriOfContact(response.headers.list('Contact')[0]) ?? request.uri,
      routes: response.headers.list('Record-Route').toReversed(),
      localSequence: parseCSeq(headers.get('CSeq') ?? '')?.number ?? 1,
      remoteSequence: undefined,
    });
  }

  /** The key an arriving request finds its dialog by: Call-ID, To tag (ours), From tag (the peer's). */
  static idOf(request: SipRequest): string {
    const { headers } = request;
    return dialogId(headers.get('Call-ID') ?? '', tagOf(headers.get('To')), tagOf(headers.get('From')));
  }

  get id(): string {
    return dialogId(this.callId, this.localTag, this.remoteTag);
  }

  /** The peer's Contact: the Request-URI of our requests. */
  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  get localSequence(): number {
    return this.#localSequence;
  }

  /** Our address in the dialog, with our tag: the From of our requests. */
  get local(): string {
    return this.#local;
  }

  /** The peer's address in the dialog, with its tag: the To of our requests. */
  get remote(): string {
    return this.#remote;
  }

  /**
   * The URI a request inside the dialog is sent to: the first Route, or the peer's Contact (RFC 3261 §8.1.2).
   */
  get nextHopUri(): string {
    return uriOfContact(this.#routes[0]) ?? this.#remoteTarget;
  }

  /**
   * A request inside the dialog (RFC 3261 §12.2.1.1) with the next CSeq; the user adds a Contact where one is
   * needed.
   */
  createRequest(method: string, parts: MessageParts = {}): SipRequest {
    this.#localSequence++;
    return this.#create(method, this.#localSequence, parts);
  }

  /** The ACK for the 2xx of an INVITE sent inside or as the start of this dialog (RFC 3261 §13.2.2.4). */
  createAck(invite: SipRequest, parts: MessageParts = {}): SipRequest {
    const number = parseCSeq(invite.headers.get('CSeq') ?? '')?.number ?? this.#localSequence;
    const ack = this.#create('ACK', number, parts);
    // RFC 3261 §13.2.2.4: credentials of the INVITE go into its ACK.
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      for (const value of invite.headers.getAll(name)) ack.headers.append(name, value);
    }
    return ack;
  }

  /**
   * Takes note of a request inside the dialog: its CSeq must rise (RFC 3261 §12.2.2, otherwise answer 500),
   * and a target refresh request brings a new remote target.
   */
  receive(request: SipRequest): DialogReceipt {
    const number = parseCSeq(request.headers.get('CSeq') ?? '')?.number ?? 0;
    if (request.method === 'ACK') return 'accepted';
    if (this.#remoteSequence !== undefined && number <= this.#remoteSequence) return 'out-of-order';
    this.#remoteSequence = number;
    this.#refresh(request.method, request.headers.list('Contact')[0]);
    return 'accepted';
  }

  /** Takes note of a response to a request of ours: a 2xx to INVITE or UPDATE brings a new remote target. */
  receiveResponse(response: SipResponse): void {
    if (response.status < 200 || response.status > 299) return;
    const method = parseCSeq(response.headers.get('CSeq') ?? '')?.method ?? '';
    this.#refresh(method, response.headers.list('Contact')[0]);
  }

  /**
   * A CSeq used for this dialog by other means (a retry with credentials): the next request goes above it.
   */
  raiseLocalSequence(number: number): void {
    this.#localSequence = Math.max(this.#localSequence, number);
  }

  /** RFC 3261 §12.2.1.2, RFC 3311 §5.1, RFC 6665 §4.4.1 */
  #refresh(method: string, contact: string | undefined): void {
    if (!['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER'].includes(method)) return;
    this.#remoteTarget = uriOfContact(contact) ?? this.#remoteTarget;
  }

  #create(method: string, sequence: number, parts: MessageParts): SipRequest {
    const first = uriOfContact(this.#routes[0]);
    const isStrict = first !== undefined && !(parseSipUri(first)?.params.has('lr') ?? false);
    // RFC 3261 §12.2.1.1: a strict router is put into the Request-URI, the remote target at the end of the
    // route.
    const uri = isStrict ? first : this.#remoteTarget;
    const routes = isStrict ? [...this.#routes.slice(1), `<${this.#remoteTarget}>`] : this.#routes;
    const headers: [string, string][] = [
      ...routes.map((route): [string, string] => ['Route', route]),
      ['Max-Forwards', '70'],
      ['From', this.#local],
      ['To', this.#remote],
      ['Call-ID', this.callId],
      ['CSeq', `${sequence} ${method}`],
      ...pairsOf(parts.headers),
    ];
    return createRequest(method, uri, { ...parts, headers });
  }
}

function dialogId(callId: string, localTag: string | undefined, remoteTag: string | undefined): string {
  return `${callId}|${localTag ?? ''}|${remoteTag ?? ''}`;
}

function uriOfContact(value: string | undefined): string | undefined {
  return value === undefined ? undefined : parseNameAddr(value)?.uri;
}

function pairsOf(headers: HeaderInput = []): [string, string][] {
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers);
  return [...pairs].map(([name, value]) => [name, value]);
}
