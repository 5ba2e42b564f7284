/*
 * A SIP endpoint's lower half: transport and transactions (RFC 3261 §17, §18, RFC 6026, RFC 3581), over UDP
 * and TCP on
 * IPv4. It decides nothing: what is answered, to whom a request goes and what a dialog is are its user's
 * affair.
 *
 *   const stack = new SipStack({
 *     request: (tx) => {
 *       if (tx.request.method !== 'INVITE') {
 *         tx.reply(tx.request.method === 'OPTIONS' ? 200 : 405);
 *         return;
 *       }
 *       tx.listen({
 *         cancel: () => tx.reply(487),
 *         ack: () => startMedia(),
 *         ackTimeout: () => hangUp(),
 *       });
 *       tx.reply(180);
 *       tx.reply(200, { headers: { Contact: `<sip:${stack.hostPortTowards(tx.flow.address)}>` }, body: answer
 *       });
 *     },
 *     // An ACK that fits no transaction here (a late one, or one for a call long gone); optional.
 *     strayAck: (ack, flow) => undefined,
 *   });
 *   await stack.listen({ host: '127.0.0.1', port: 0 });      // UDP and TCP on one free port
 *   stack.addresses                                           // [{ protocol: 'udp', host, port }, {
 *   protocol: 'tcp', … }]
 *
 * A call out. The dialog helper (sip-dialog.ts) builds what follows the 2xx:
 *
 *   const target = await stack.resolve('sip:alice@192.0.2.7');   // or numericTargetOf(uri) when it is an
 *   address
 *   const invite = createRequest('INVITE', 'sip:alice@192.0.2.7', {
 *     headers: {
 *       From: `<sip:me@host>;tag=${newTag()}`, To: '<sip:alice@192.0.2.7>', 'Call-ID': newCallId(),
 *       CSeq: '1 INVITE', Contact: `<sip:me@${stack.hostPortTowards(target.address)}>`,
 *     },
 *     body: offer,
 *   });
 *   const tx = stack.sendRequest(invite, target, {
 *     provisional: (response) => ring(),
 *     final: (response) => {                                  // a failure has been acknowledged already
 *       if (response.status >= 300) return;
 *       const dialog = SipDialog.fromClient(tx.request, response);
 *       stack.sendAck(dialog.createAck(tx.request), target, tx);   // repeated by the stack when the 2xx is
 *       stack.sendRequest(dialog.createRequest('BYE'), target, {});
 *     },
 *     timeout: () => giveUp(), transportError: (error) => giveUp(),
 *   });
 *   stack.cancel(tx);                                         // leaves once a provisional response has come
 *
 * Via, Max-Forwards and Content-Length are the stack's; every other header is the user's. `close()` ends
 * sockets,
 * transactions and timers; nothing is called after it. Time comes from `options.clock`, the base timers from
 * `options.timers`. An INVITE is answered 100 Trying after `tryingAfterMs` when nothing else was.
 */
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { SystemClock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import { AnswerBudget } from './answer-budget.ts';
import { ClientTransaction } from './client-transaction.ts';
import type { CancelReceipt, ClientTransactionHandlers } from './client-transaction.ts';
import { resolveTarget } from './next-hop.ts';
import { tagOf } from './name-addr.ts';
import { parseSipMessage } from './parse-sip-message.ts';
import { ServerTransaction } from './server-transaction.ts';
import type { SipAddress, SipFlow, SipTarget } from './sip-flow.ts';
import { newBranch, newTag, statelessTagOf } from './sip-ids.ts';
import { createResponse, serializeSipMessage } from './sip-message.ts';
import type { HeaderInput, SipRequest, SipResponse } from './sip-message.ts';
import type {
  SipStackCounters,
  SipStackFault,
  SipStackHandlers,
  SipStackOptions,
  StatelessAnswer,
} from './sip-stack-options.ts';
import { DEFAULT_SIP_TIMERS } from './sip-timers.ts';
import { DEFAULT_SIP_TRANSPORT_LIMITS, SipTransport } from './sip-transport.ts';
import { ackKeyOf, clientKeyOf, markReceived, replyTargetOf, serverKeyOf } from './transaction-key.ts';
import type { TransactionHost } from './transaction-host.ts';

const TRYING_AFTER_MS = 200;
/** Nobody is to make us answer rubbish as fast as it can be sent. */
const MALFORMED_ANSWERS_PER_SEC_MAX = 100;
const ANY_HOST = '0.0.0.0';

/** See the head of this file for how it is used. */
export class SipStack {
  readonly counters: SipStackCounters = {
    receivedCount: 0,
    malformedCount: 0,
    refusedCount: 0,
    handlerErrorCount: 0,
  };
  /** Set to hear of malformed messages and of handlers that threw. */
  onFault: ((fault: SipStackFault) => void) | undefined;
  readonly #handlers: SipStackHandlers;
  readonly #transport: SipTransport;
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();
  /**
   * INVITE server transactions by what their ACK for a 2xx will carry (another branch, RFC 3261 §17.1.1.3).
   */
  readonly #awaitingAck = new Map<string, ServerTransaction>();
  readonly #host: TransactionHost;
  readonly #malformedAnswers: AnswerBudget;
  readonly #tryingAfterMs: number;
  readonly #advertisedHost: string | undefined;
  #isClosed = false;

  constructor(handlers: SipStackHandlers, options: SipStackOptions = {}) {
    this.#handlers = handlers;
    this.#tryingAfterMs = options.tryingAfterMs ?? TRYING_AFTER_MS;
    this.#advertisedHost = options.advertisedHost;
    this.#transport = new SipTransport(
      { ...DEFAULT_SIP_TRANSPORT_LIMITS, ...options.limits },
      {
        message: (bytes, flow) => this.#guard(() => this.#receive(bytes, flow)),
        tooLarge: (head, flow) => this.#guard(() => this.#refuseTooLarge(head, flow)),
        rejected: (reason) => this.#countMalformed(reason),
      },
    );
    this.#host = {
      clock: options.clock ?? new SystemClock(),
      timers: { ...DEFAULT_SIP_TIMERS, ...options.timers },
      send: (bytes, target, done) => {
        this.#transport.send(bytes, target, (error) => this.#guard(() => done(error)));
      },
      remove: (key) => this.#remove(key),
    };
    this.#malformedAnswers = new AnswerBudget(MALFORMED_ANSWERS_PER_SEC_MAX, this.#host.clock);
  }

  /** Where the stack listens: one entry a protocol. */
  get addresses(): SipAddress[] {
    return this.#transport.addresses;
  }

  get clientTransactionCount(): number {
    return this.#clients.size;
  }

  get serverTransactionCount(): number {
    return this.#servers.size;
  }

  get connectionCount(): number {
    return this.#transport.connectionCount;
  }

  /**
   * Starts to listen; port 0 takes a free one, the same for both protocols.
   * @throws AppError SIP_LISTEN_FAILED when the address cannot be bound.
   */
  async listen(at: {
    readonly host: string;
    readonly port: number;
    /** Default: both. */
    readonly protocols?: readonly ('udp' | 'tcp')[];
  }): Promise<SipAddress[]> {
    await this.#transport.listen(at.host, at.port, at.protocols ?? ['udp', 'tcp']);
    return this.addresses;
  }

  /** Our `host:port` as a peer at that address should see it: for Contact and Via. */
  hostPortTowards(peerAddress: string): string {
    const bound = this.#transport.addresses[0];
    return `${this.#hostTowards(peerAddress)}:${bound?.port ?? 5060}`;
  }

  /**
   * Where a URI leads (RFC 3263).
   * @throws AppError SIP_TARGET_UNREACHABLE when it leads nowhere.
   */
  resolve(uri: string): Promise<SipTarget> {
    return resolveTarget(uri);
  }

  /** Sends a request in a transaction of its own; `handlers` hear of its answers. Not for ACK. */
  sendRequest(
    request: SipRequest,
    target: SipTarget,
    handlers: ClientTransactionHandlers,
  ): ClientTransaction {
    this.#addVia(request, target);
    return this.#start(request, target, handlers);
  }

  /**
   * Sends an ACK for a 2xx, and again by itself whenever the 2xx of `transaction` is repeated.
   * @returns the ACK as it was sent, with its Via.
   */
  sendAck(ack: SipRequest, target: SipTarget, transaction?: ClientTransaction): SipRequest {
    this.#addVia(ack, target);
    const bytes = serializeSipMessage(ack);
    transaction?.rememberAck(tagOf(ack.headers.get('To')) ?? '', bytes, target);
    // A lost ACK makes the peer repeat its 2xx, and that brings the ACK out again: no error to tell.
    this.#transport.send(bytes, target, () => undefined);
    return ack;
  }

  /** Cancels an INVITE in progress (RFC 3261 §9.1); the receipt holds the CANCEL as it left or will leave. */
  cancel(transaction: ClientTransaction, headers: HeaderInput = []): CancelReceipt {
    return transaction.cancel((cancel) => {
      // RFC 3261 §9.1: the CANCEL has the Via of the INVITE, and a transaction of its own.
      this.#start(cancel, transaction.target, {});
    }, headers);
  }

  /** True when a TCP connection with that peer is open: requests may go over it. */
  isConnected(target: SipTarget): boolean {
    return this.#transport.isConnected(target);
  }

  /** Ends everything at once: sockets, transactions, timers. Nothing is called after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const transaction of this.#clients.values()) transaction.close();
    for (const transaction of this.#servers.values()) transaction.close();
    this.#awaitingAck.clear();
    await this.#transport.close();
  }

  #start(request: SipRequest, target: SipTarget, handlers: ClientTransactionHandlers): ClientTransaction {
    const key = clientKeyOf(request.headers.list('Via')[0] ?? '', request.method);
    const transaction = new ClientTransaction(key, request, target, this.#host, handlers);
    this.#clients.set(key, transaction);
    transaction.start();
    return transaction;
  }

  /** RFC 3261 §8.1.1.7, §18.1.1; RFC 3581 §3 */
  #addVia(request: SipRequest, target: SipTarget): void {
    const sentBy = this.hostPortTowards(target.address);
    request.headers.prepend(
      'Via',
      `SIP/2.0/${target.protocol.toUpperCase()} ${sentBy};rport;branch=${newBranch()}`,
    );
    if (!request.headers.has('Max-Forwards')) request.headers.append('Max-Forwards', '70');
  }

  #receive(bytes: Buffer, flow: SipFlow): void {
    if (this.#isClosed) return;
    // RFC 5626 §4.4.1, and the two-byte keep-alives met in practice: nothing to read.
    if (bytes.length <= 4) return;
    this.counters.receivedCount++;
    const parsed = parseSipMessage(bytes);
    if (parsed.outcome === 'malformed') {
      this.#countMalformed(parsed.reason, flow);
      if (parsed.request !== undefined && parsed.status !== undefined) {
        this.#answerMalformed(parsed.request, flow, parsed.status, parsed.reason);
      }
      return;
    }
    const { message } = parsed;
    if (message.kind === 'response') this.#receiveResponse(message, flow);
    else this.#receiveRequest(message, flow);
  }

  /** RFC 3261 §21.5.7, for a message whose body is never read. */
  #refuseTooLarge(head: Buffer, flow: SipFlow): void {
    if (this.#isClosed) return;
    const reason = 'message too long';
    this.#countMalformed(`tcp: ${reason}`, flow);
    const parsed = parseSipMessage(head);
    const request = parsed.outcome === 'malformed' ? parsed.request : parsed.message;
    if (request?.kind === 'request') this.#answerMalformed(request, flow, 513, reason);
  }

  #answerMalformed(request: SipRequest, flow: SipFlow, status: number, reason: string): void {
    if (request.method === 'ACK' || !this.#malformedAnswers.take()) return;
    markReceived(request, flow);
    this.#answerStateless(request, flow, { status }, reason);
  }

  #receiveResponse(response: SipResponse, flow: SipFlow): void {
    const key = clientKeyOf(response.headers.list('Via')[0] ?? '', methodOf(response));
    const transaction = this.#clients.get(key);
    if (transaction !== undefined) transaction.receive(response);
    else this.#handlers.strayResponse?.(response, flow);
  }

  #receiveRequest(request: SipRequest, flow: SipFlow): void {
    const key = serverKeyOf(request);
    markReceived(request, flow);
    const known = this.#servers.get(key);
    if (request.method === 'ACK') this.#receiveAck(request, flow, known);
    else if (request.method === 'CANCEL') this.#receiveCancel(request, flow, known);
    else if (known !== undefined) known.receiveRetransmission();
    else this.#receiveNew(request, flow, key);
  }

  #receiveNew(request: SipRequest, flow: SipFlow, key: string): void {
    const refusal = this.#handlers.admit?.(request, flow);
    if (refusal !== undefined) {
      this.counters.refusedCount++;
      this.#answerStateless(request, flow, refusal);
      return;
    }
    const replyTo = replyTargetOf(request, flow);
    const transaction = new ServerTransaction(key, request, flow, replyTo, newTag(), this.#host);
    this.#servers.set(key, transaction);
    if (transaction.isInvite) {
      this.#awaitingAck.set(ackKeyOf(request), transaction);
      transaction.tryAfter(this.#tryingAfterMs);
    }
    this.#handlers.request(transaction);
  }

  #receiveAck(ack: SipRequest, flow: SipFlow, sameBranch: ServerTransaction | undefined): void {
    const transaction = sameBranch ?? this.#awaitingAck.get(ackKeyOf(ack));
    if (transaction !== undefined && transaction.state !== 'proceeding') transaction.receiveAck(ack, flow);
    else this.#handlers.strayAck?.(ack, flow);
  }

  /** RFC 3261 §9.2 */
  #receiveCancel(cancel: SipRequest, flow: SipFlow, invite: ServerTransaction | undefined): void {
    if (invite === undefined) {
      this.#answerStateless(cancel, flow, { status: 481 });
      return;
    }
    // The answer to the CANCEL carries the tag of the answers to the INVITE.
    const response = createResponse(cancel, 200, { toTag: invite.localTag });
    this.#transport.send(serializeSipMessage(response), replyTargetOf(cancel, flow), () => undefined);
    invite.receiveCancel(cancel);
  }

  /** RFC 3261 §8.2.7: the To tag is made of the request, so that a repetition gets the same answer. */
  #answerStateless(request: SipRequest, flow: SipFlow, answer: StatelessAnswer, reason?: string): void {
    const response = createResponse(request, answer.status, {
      toTag: statelessTagOf(request),
      headers: answer.headers ?? [],
    });
    if (reason !== undefined) response.reason = `${response.reason} (${reason})`;
    this.#transport.send(serializeSipMessage(response), replyTargetOf(request, flow), () => undefined);
  }

  #remove(key: string): void {
    if (this.#clients.delete(key)) return;
    const transaction = this.#servers.get(key);
    if (transaction === undefined) return;
    this.#servers.delete(key);
    if (!transaction.isInvite) return;
    const ackKey = ackKeyOf(transaction.request);
    if (this.#awaitingAck.get(ackKey) === transaction) this.#awaitingAck.delete(ackKey);
  }

  #hostTowards(peerAddress: string): string {
    const bound = this.#transport.addresses[0]?.host ?? ANY_HOST;
    if (bound !== ANY_HOST) return bound;
    if (peerAddress.startsWith('127.')) return '127.0.0.1';
    return this.#advertisedHost ?? firstAddress();
  }

  #countMalformed(reason: string, flow?: SipFlow): void {
    this.counters.malformedCount++;
    const from = flow === undefined ? {} : { from: `${flow.address}:${flow.port}` };
    this.onFault?.({ kind: 'malformed', reason, ...from });
  }

  /** A handler that throws must not take the socket, and every other call with it, down. */
  #guard(call: () => void): void {
    if (this.#isClosed) return;
    try {
      call();
    } catch (error) {
      this.counters.handlerErrorCount++;
      this.onFault?.({ kind: 'handler-error', reason: messageOf(error) });
    }
  }
}

function methodOf(response: SipResponse): string {
  const cseq = response.headers.get('CSeq') ?? '';
  return cseq.slice(cseq.lastIndexOf(' ') + 1).trim();
}

function firstAddress(): string {
  for (const list of Object.values(networkInterfaces())) {
    for (const entry of list ?? []) {
      if (!entry.internal && isIPv4(entry.address)) return entry.address;
    }
  }
  return '127.0.0.1';
}
