import { randomInt, randomUUID } from 'node:crypto';
import type { TimerHandle } from '../../kernel/clock.ts';
import { tagOf } from '../sip/name-addr.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import { SipDialog } from '../sip/sip-dialog.ts';
import { createResponse, sipMessageText } from '../sip/sip-message.ts';
import type { SipResponse } from '../sip/sip-message.ts';
import type { SipTimers } from '../sip/sip-timers.ts';
import { appHeader, contactOf, contentTypeOf, copyAppHeaders } from './app-headers.ts';
import { formatNotOk, formatResponseSent } from './control-message.ts';
import type { AppMessage, AppSipMessage } from './control-message.ts';
import type { ControlConnection } from './control-connection.ts';
import { ReliableProvisionals } from './reliable-provisionals.ts';
import { isSuccess } from './server-core.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerDialog } from './server-dialog.ts';

type AppSip = Extract<AppMessage, { kind: 'sip' }>;

/** A request from the network that an application is to answer. */
interface Inbound {
  readonly id: string;
  readonly owner: ControlConnection;
  readonly transaction: ServerTransaction;
  dialog: ServerDialog | undefined;
  /** True for the INVITE that begins a dialog. */
  readonly isInitialInvite: boolean;
  reliable: ReliableProvisionals | undefined;
  /** Ends the wait for an application that says nothing. */
  patience: TimerHandle | undefined;
}

/** How long applications may take. */
export interface InboundPatience {
  /** A request an application does not answer at all is refused after so long (drachtio-server: 64 s). */
  readonly silentMs: number;
  /** An INVITE that got provisional answers only is refused after so long. */
  readonly ringingMs: number;
}

/** Every method answered somewhere here; the Allow of a 405. */
const ALLOW =
  'INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, SUBSCRIBE, PRACK, PUBLISH';
/** Methods that mean nothing outside a dialog (drachtio-server answers them 481 without asking anybody). */
const DIALOG_METHODS = new Set(['BYE', 'UPDATE', 'PRACK']);
/** Methods drachtio-server answers 503 when no application wants them; any other gets 405. */
const KNOWN_METHODS = new Set([
  'INVITE',
  'REGISTER',
  'MESSAGE',
  'OPTIONS',
  'INFO',
  'NOTIFY',
  'SUBSCRIBE',
  'PUBLISH',
]);
/** The first RSeq is drawn below this (RFC 3262 §3 asks for less than 2^31). */
const FIRST_RSEQ_MAX = 100_000;

/** Requests that arrive, and the answers applications give to them. */
export class InboundRequests {
  readonly #core: ServerCore;
  readonly #timers: SipTimers;
  readonly #patience: InboundPatience;
  readonly #choose: (method: string) => ControlConnection | undefined;
  readonly #byId = new Map<string, Inbound>();
  #ringingCount = 0;

  constructor(
    core: ServerCore,
    timers: SipTimers,
    patience: InboundPatience,
    choose: (method: string) => ControlConnection | undefined,
  ) {
    this.#core = core;
    this.#timers = timers;
    this.#patience = patience;
    this.#choose = choose;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** INVITEs that begin a dialog and have no final answer. */
  get ringingCount(): number {
    return this.#ringingCount;
  }

  /** Stops every wait; nothing is answered. */
  close(): void {
    for (const inbound of this.#byId.values()) this.#settle(inbound);
  }

  /** A new request from the network. */
  receive(transaction: ServerTransaction): void {
    const { request } = transaction;
    const hasToTag = tagOf(request.headers.get('To')) !== undefined;
    const dialog = hasToTag ? this.#core.dialogs.bySipId(SipDialog.idOf(request)) : undefined;
    if (dialog !== undefined) this.#receiveInside(transaction, dialog);
    else if (DIALOG_METHODS.has(request.method) || (hasToTag && request.method === 'INVITE')) {
      transaction.reply(481);
    } else this.#receiveOutside(transaction);
  }

  /** A `sip` message of an application that holds a response. */
  respond(owner: ControlConnection, sip: AppSip): void {
    const { start } = sip.message;
    if (start.kind !== 'response') return;
    const inbound = this.#byId.get(sip.transactionId);
    if (sip.transactionId === '' || inbound === undefined || inbound.owner !== owner) {
      const why =
        sip.transactionId === '' ? 'transaction id missing' : 'Response not sent due to unknown transaction';
      owner.send(formatNotOk(sip.id, why));
      return;
    }
    const response = this.#build(inbound, sip.message, start.status, start.reason);
    const fault = this.#send(inbound, response);
    if (fault !== undefined) {
      owner.send(formatNotOk(sip.id, fault));
      return;
    }
    const notice = {
      source: 'application' as const,
      peer: inbound.transaction.flow,
      transactionId: inbound.id,
      dialogId: inbound.dialog?.id ?? '',
      text: sipMessageText(response),
    };
    owner.send(formatResponseSent(sip.id, notice, this.#core.clock.nowMs()));
  }

  /** The application is gone: what it had not answered is refused. */
  abandon(owner: ControlConnection): void {
    for (const inbound of this.#byId.values()) {
      if (inbound.owner !== owner) continue;
      inbound.transaction.reply(inbound.transaction.request.method === 'BYE' ? 200 : 503);
      this.#settle(inbound);
      if (inbound.isInitialInvite && inbound.dialog) this.#core.dialogs.remove(inbound.dialog);
    }
  }

  #receiveOutside(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const owner = this.#choose(request.method);
    if (owner === undefined) {
      // RFC 3261 §8.2.1. drachtio-server drops methods it does not know; an answer spares repetitions.
      if (KNOWN_METHODS.has(request.method)) transaction.reply(503);
      else transaction.reply(405, { headers: { Allow: ALLOW } });
      return;
    }
    const isInvite = request.method === 'INVITE';
    const inbound = this.#add(transaction, owner, undefined, isInvite);
    if (isInvite) this.#watchInvite(inbound);
    this.#core.tell(owner, request, flow, { transactionId: inbound.id, dialogId: '' }, flow);
  }

  #receiveInside(transaction: ServerTransaction, dialog: ServerDialog): void {
    const { request, flow } = transaction;
    if (request.method === 'PRACK') {
      this.#receivePrack(transaction, dialog);
      return;
    }
    if (request.method === 'INVITE') {
      // RFC 3261 §14.2: one INVITE at a time inside a dialog, whoever sent it.
      const ours = dialog.invite?.state;
      if (ours === 'calling' || ours === 'proceeding') {
        transaction.reply(491);
        return;
      }
      const open = dialog.inboundInvite?.state;
      if (open === 'proceeding' || (dialog.side === 'uas' && !dialog.isConfirmed)) {
        transaction.reply(500, { headers: { 'Retry-After': String(randomInt(1, 10)) } });
        return;
      }
    }
    if (dialog.sip?.receive(request) === 'out-of-order') {
      transaction.reply(500);
      return;
    }
    if (request.method === 'BYE') this.#core.dialogs.remove(dialog);
    if (dialog.owner.isClosed) {
      transaction.reply(481);
      return;
    }
    const inbound = this.#add(transaction, dialog.owner, dialog, false);
    if (request.method === 'INVITE') {
      dialog.inboundInvite = transaction;
      this.#watchInvite(inbound);
    }
    if (dialog.peer !== undefined) dialog.peer = this.#core.peerToUse(request, flow) ?? dialog.peer;
    this.#core.tell(dialog.owner, request, flow, { transactionId: inbound.id, dialogId: dialog.id });
  }

  /** RFC 3262 §3. Told to the application when it asked for reliability itself. */
  #receivePrack(transaction: ServerTransaction, dialog: ServerDialog): void {
    const invite = this.#byId.get(dialog.inviteTransactionId);
    if (dialog.sip?.receive(transaction.request) === 'out-of-order') transaction.reply(500);
    else if (invite?.reliable?.acknowledge(transaction.request) !== true) transaction.reply(481);
    else {
      const inbound = this.#add(transaction, dialog.owner, dialog, false);
      const ids = { transactionId: inbound.id, dialogId: dialog.id };
      this.#core.tell(dialog.owner, transaction.request, transaction.flow, ids);
    }
  }

  #add(
    transaction: ServerTransaction,
    owner: ControlConnection,
    dialog: ServerDialog | undefined,
    isInitialInvite: boolean,
  ): Inbound {
    const inbound: Inbound = {
      id: randomUUID(),
      owner,
      transaction,
      dialog,
      isInitialInvite,
      reliable: undefined,
      patience: undefined,
    };
    this.#byId.set(inbound.id, inbound);
    if (isInitialInvite) this.#ringingCount++;
    this.#await(inbound, this.#patience.silentMs);
    return inbound;
  }

  #await(inbound: Inbound, delayMs: number): void {
    if (inbound.patience) this.#core.clock.clearTimer(inbound.patience);
    inbound.patience = this.#core.clock.setTimer(delayMs, () => this.#giveUp(inbound, 504));
  }

  #giveUp(inbound: Inbound, status: number): void {
    inbound.transaction.reply(status);
    this.#settle(inbound);
    if (inbound.isInitialInvite && inbound.dialog) this.#core.dialogs.remove(inbound.dialog);
  }

  #watchInvite(inbound: Inbound): void {
    const { transaction, owner } = inbound;
    const { flow } = transaction;
    transaction.listen({
      cancel: (cancel) => {
        // RFC 3261 §9.2; the application only hears of it, its own answer comes too late.
        transaction.reply(487);
        this.#settle(inbound);
        const dialogId = inbound.dialog?.id ?? '';
        if (inbound.isInitialInvite && inbound.dialog) this.#core.dialogs.remove(inbound.dialog);
        this.#core.tell(owner, cancel, flow, { transactionId: inbound.id, dialogId });
      },
      ack: (ack, ackFlow) => {
        const { dialog } = inbound;
        if (dialog === undefined || !isAnswered(transaction)) return;
        this.#core.tell(owner, ack, ackFlow, { transactionId: inbound.id, dialogId: dialog.id });
      },
      ackTimeout: () => {
        // RFC 3261 §13.3.1.4
        if (inbound.dialog === undefined || !isAnswered(transaction)) return;
        if (this.#core.dialogs.byId(inbound.dialog.id) !== inbound.dialog) return;
        this.#core.endDialog(inbound.dialog, 'SIP ;cause=200 ;text="ACK timeout"');
      },
      terminated: () => {
        const isLost = this.#byId.has(inbound.id);
        this.#settle(inbound);
        if (isLost && inbound.isInitialInvite && inbound.dialog) this.#core.dialogs.remove(inbound.dialog);
      },
    });
  }

  #build(inbound: Inbound, message: AppSipMessage, status: number, reason: string): SipResponse {
    const { transaction } = inbound;
    const { request, flow } = transaction;
    const local = this.#core.localTowards(flow);
    const toTag = inbound.dialog?.sip?.localTag ?? tagOf(appHeader(message, 'To')) ?? transaction.localTag;
    const response = createResponse(request, status, { toTag, ...(reason === '' ? {} : { reason }) });
    const needsContact =
      request.method === 'INVITE' && (isSuccess(response) || this.#isReliable(inbound, message, status));
    if (needsContact || appHeader(message, 'Contact') !== undefined) {
      for (const [name, value] of message.headers) {
        // A registrar answers with one Contact a binding (RFC 3261 §10.3).
        if (name.toLowerCase() === 'contact' && request.method === 'REGISTER') {
          response.headers.append('Contact', value);
        }
      }
      if (request.method !== 'REGISTER') response.headers.append('Contact', contactOf(message, local));
    }
    copyAppHeaders(message, response.headers, local);
    if (this.#isReliable(inbound, message, status) && !response.headers.listHas('Require', '100rel')) {
      response.headers.append('Require', '100rel');
    }
    if (message.body !== '') {
      response.body = Buffer.from(message.body);
      response.headers.append('Content-Type', contentTypeOf(message) ?? 'application/sdp');
    }
    return response;
  }

  /** The application asks for it, or the peer requires it (RFC 3262 §3). */
  #isReliable(inbound: Inbound, message: AppSipMessage, status: number): boolean {
    if (!inbound.isInitialInvite || status <= 100 || status >= 200) return false;
    const wanted = appHeader(message, 'Require')?.toLowerCase().includes('100rel') ?? false;
    return wanted || inbound.transaction.request.headers.listHas('Require', '100rel');
  }

  /** Sends; returns why not. */
  #send(inbound: Inbound, response: SipResponse): string | undefined {
    const { transaction } = inbound;
    if (response.status > 100 && response.status < 300 && inbound.isInitialInvite) {
      this.#enterDialog(inbound, response);
    }
    if (response.headers.listHas('Require', '100rel') && response.status < 200) {
      if (!supportsReliable(transaction)) return 'Remote endpoint does not support 100rel';
      const reliable = (inbound.reliable ??= this.#newReliable(inbound));
      if (!reliable.send(response)) return 'too many reliable provisional responses wait for their PRACK';
    } else if (!transaction.respond(response)) return 'Response not sent due to unknown transaction';
    if (response.status < 200) {
      this.#await(inbound, this.#patience.ringingMs);
      return undefined;
    }
    this.#settle(inbound);
    const { dialog } = inbound;
    if (dialog !== undefined && inbound.isInitialInvite) {
      if (isSuccess(response)) dialog.isConfirmed = true;
      else this.#core.dialogs.remove(dialog);
    }
    return undefined;
  }

  #newReliable(inbound: Inbound): ReliableProvisionals {
    return new ReliableProvisionals(
      inbound.transaction,
      this.#core.clock,
      this.#timers,
      randomInt(1, FIRST_RSEQ_MAX),
      // RFC 3262 §3: the original request is rejected with a 5xx.
      () => this.#giveUp(inbound, 504),
    );
  }

  #enterDialog(inbound: Inbound, response: SipResponse): void {
    const { request, flow } = inbound.transaction;
    const { dialogs } = this.#core;
    if (inbound.dialog === undefined) {
      inbound.dialog = {
        id: `${request.headers.get('Call-ID')};from-tag=${tagOf(request.headers.get('From')) ?? ''}`,
        owner: inbound.owner,
        side: 'uas',
        inviteTransactionId: inbound.id,
        contact: '',
        sip: undefined,
        isConfirmed: false,
        invite: undefined,
        inboundInvite: undefined,
        peer: this.#core.peerToUse(request, flow),
        reliableSequence: 0,
        isEndedByCancel: false,
      };
      dialogs.add(inbound.dialog);
      dialogs.setSip(inbound.dialog, SipDialog.fromServer(request, response));
    }
    inbound.dialog.contact = response.headers.get('Contact') ?? inbound.dialog.contact;
  }

  #settle(inbound: Inbound): void {
    if (inbound.patience) this.#core.clock.clearTimer(inbound.patience);
    inbound.patience = undefined;
    inbound.reliable?.close();
    if (this.#byId.delete(inbound.id) && inbound.isInitialInvite) this.#ringingCount--;
  }
}

function isAnswered(transaction: ServerTransaction): boolean {
  return transaction.finalResponse !== undefined && isSuccess(transaction.finalResponse);
}

function supportsReliable(transaction: ServerTransaction): boolean {
  const { headers } = transaction.request;
  return headers.listHas('Supported', '100rel') || headers.listHas('Require', '100rel');
}
