import { randomUUID } from 'node:crypto';
import { messageOf } from '../../kernel/errors.ts';
import type { TimerHandle } from '../../kernel/clock.ts';
import type { ClientTransaction, ClientTransactionHandlers } from '../sip/client-transaction.ts';
import { tagOf, withTag } from '../sip/name-addr.ts';
import { numericTargetOf } from '../sip/next-hop.ts';
import { SipDialog } from '../sip/sip-dialog.ts';
import type { SipTarget } from '../sip/sip-flow.ts';
import { newCallId, newTag } from '../sip/sip-ids.ts';
import { createRequest, createResponse } from '../sip/sip-message.ts';
import type { SipRequest, SipResponse } from '../sip/sip-message.ts';
import { parseCSeq } from '../sip/via.ts';
import { appHeader, contactOf, contentTypeOf, copyAppHeaders, fillLocalhost } from './app-headers.ts';
import type { LocalAddress } from './app-headers.ts';
import { formatNotOk } from './control-message.ts';
import type { AppMessage, AppSipMessage } from './control-message.ts';
import type { ControlConnection } from './control-connection.ts';
import { isSuccess } from './server-core.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerDialog } from './server-dialog.ts';

type AppSip = Extract<AppMessage, { kind: 'sip' }>;

/** A request of an application that has no final answer yet. */
interface Outbound {
  readonly id: string;
  readonly owner: ControlConnection;
  readonly transaction: ClientTransaction;
  readonly dialog: ServerDialog | undefined;
  /** RFC 3261 §16.6 timer C, kept here for INVITE: nobody rings for ever. */
  ringing: TimerHandle | undefined;
}

/** Answers other than 1xx that leave the dialog of a BYE in place: the BYE comes again with credentials. */
const CHALLENGES = new Set([401, 407]);
/** Methods whose request carries a Contact by default. */
const CONTACT_METHODS = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/** Requests that applications send: outside dialogs, inside them, ACK, PRACK and CANCEL. */
export class OutboundRequests {
  readonly #core: ServerCore;
  readonly #ringingMs: number;
  readonly #byId = new Map<string, Outbound>();

  /** @param ringingMs an INVITE that got provisional answers only is cancelled after so long. */
  constructor(core: ServerCore, ringingMs: number) {
    this.#core = core;
    this.#ringingMs = ringingMs;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** A `sip` message of an application that holds a request. */
  send(owner: ControlConnection, sip: AppSip): void {
    const { start } = sip.message;
    if (start.kind !== 'request') return;
    if (start.method === 'CANCEL') this.#cancel(owner, sip);
    else if (sip.dialogId !== '') this.#sendInside(owner, sip, start.method);
    else {
      const known = this.#core.dialogs.byId(this.#dialogIdByCallId(sip.message));
      if (known?.isConfirmed) this.#sendInside(owner, { ...sip, dialogId: known.id }, start.method);
      else void this.#sendOutside(owner, sip, start.method, start.uri);
    }
  }

  /** Stops every wait. */
  close(): void {
    for (const id of this.#byId.keys()) this.#forget(id);
  }

  /** The application is gone: its calls in the making are cancelled, its other requests forgotten. */
  abandon(owner: ControlConnection): void {
    for (const outbound of this.#byId.values()) {
      if (outbound.owner !== owner) continue;
      // The INVITE's own handlers send ACK and BYE should a 2xx cross the CANCEL.
      if (outbound.transaction.isInvite) this.#core.stack.cancel(outbound.transaction);
      else this.#forget(outbound.id);
    }
  }

  #refuse(owner: ControlConnection, sip: AppSip, reason: string): void {
    owner.send(formatNotOk(sip.id, reason));
  }

  /** An application may name a dialog by its Call-ID and From tag alone. */
  #dialogIdByCallId(message: AppSipMessage): string {
    const callId = appHeader(message, 'Call-ID');
    const tag = tagOf(appHeader(message, 'From'));
    return callId === undefined || tag === undefined ? '' : `${callId};from-tag=${tag}`;
  }

  async #sendOutside(owner: ControlConnection, sip: AppSip, method: string, uri: string): Promise<void> {
    const next = sip.routeUri === '' ? uri : toUri(sip.routeUri);
    let target = numericTargetOf(next);
    if (target === undefined) {
      try {
        target = await this.#core.stack.resolve(next);
      } catch (error) {
        this.#refuse(owner, sip, messageOf(error));
        return;
      }
    }
    const local = this.#core.localTowards(target);
    if (target.address === local.host && target.port === local.port) {
      this.#refuse(owner, sip, 'can not send request to myself');
      return;
    }
    const request = buildOutside(sip.message, method, uri, local);
    if (request === undefined) {
      this.#refuse(owner, sip, 'missing content-type');
      return;
    }
    const id = randomUUID();
    const dialog = method === 'INVITE' ? this.#newDialog(owner, request, id) : undefined;
    this.#start(owner, sip.id, id, request, target, dialog);
  }

  #newDialog(owner: ControlConnection, invite: SipRequest, transactionId: string): ServerDialog {
    const { headers } = invite;
    const dialog: ServerDialog = {
      id: `${headers.get('Call-ID')};from-tag=${tagOf(headers.get('From')) ?? ''}`,
      owner,
      side: 'uac',
      inviteTransactionId: transactionId,
      contact: headers.get('Contact') ?? '',
      sip: undefined,
      isConfirmed: false,
      invite: undefined,
      inboundInvite: undefined,
      peer: undefined,
      reliableSequence: 0,
      isEndedByCancel: false,
    };
    this.#core.dialogs.add(dialog);
    return dialog;
  }

  #sendInside(owner: ControlConnection, sip: AppSip, method: string): void {
    const dialog = this.#core.dialogs.byId(sip.dialogId);
    const target = dialog === undefined ? undefined : this.#core.targetOf(dialog);
    if (dialog === undefined || dialog.sip === undefined) {
      // drachtio-server words these two differently, and drachtio-srf tells a lost dialog by the second.
      const isAck = method === 'ACK';
      const why = isAck ? 'ACK for non-success final response is automatically generated by server' : '';
      this.#refuse(owner, sip, `Server error: ${why || 'unable to find dialog for dialog id provided'}`);
      return;
    }
    if (target === undefined) {
      this.#refuse(owner, sip, `Server error: no way to send to ${dialog.sip.nextHopUri}`);
      return;
    }
    if (method === 'ACK') {
      this.#sendAck(owner, sip, dialog, dialog.sip, target);
      return;
    }
    const local = this.#core.localTowards(target);
    const contentType = contentTypeOf(sip.message);
    if (sip.message.body !== '' && contentType === undefined) {
      this.#refuse(owner, sip, 'Server error: missing content-type');
      return;
    }
    const given = parseCSeq(appHeader(sip.message, 'CSeq') ?? '');
    if (given !== undefined) dialog.sip.raiseLocalSequence(given.number - 1);
    // RFC 3261 §12.2.1.1: to the dialog's own target, whatever address the application names.
    const request = dialog.sip.createRequest(method);
    const hasContact = appHeader(sip.message, 'Contact') !== undefined;
    if (hasContact) request.headers.append('Contact', contactOf(sip.message, local));
    else if (CONTACT_METHODS.has(method)) request.headers.append('Contact', dialog.contact);
    finish(request, sip.message, local, contentType);
    // A BYE while our own re-INVITE is open: that one is given up first.
    if (method === 'BYE' && dialog.invite?.state === 'proceeding') this.#core.stack.cancel(dialog.invite);
    this.#start(owner, sip.id, randomUUID(), request, target, dialog);
  }

  /**
   * RFC 3261 §13.2.2.4: the application acknowledges a 2xx, with an answer in it when the 2xx made the offer.
   */
  #sendAck(
    owner: ControlConnection,
    sip: AppSip,
    dialog: ServerDialog,
    sipDialog: SipDialog,
    target: SipTarget,
  ): void {
    const { invite } = dialog;
    const isAnswered = invite?.state === 'accepted' || invite?.state === 'terminated';
    if (invite === undefined || !dialog.isConfirmed || !isAnswered) {
      this.#refuse(owner, sip, 'ACK for non-success responses is automatically generated by the stack');
      return;
    }
    const ack = sipDialog.createAck(invite.request);
    finish(ack, sip.message, this.#core.localTowards(target), contentTypeOf(sip.message));
    const sent = this.#core.stack.sendAck(ack, target, invite);
    this.#core.echo(owner, sip.id, sent, target, randomUUID());
    if (dialog.isEndedByCancel) {
      this.#core.endDialog(dialog, 'SIP ;cause=200 ;text="ACK-BYE due to cancel race condition"');
    }
  }

  #cancel(owner: ControlConnection, sip: AppSip): void {
    const outbound = this.#byId.get(sip.transactionId);
    if (outbound === undefined || !outbound.transaction.isInvite) {
      this.#refuse(owner, sip, `unable to cancel unknown transaction id: ${sip.transactionId}`);
      return;
    }
    const extra = sip.message.headers.filter(([name]) => /^(reason|x-)/i.test(name));
    const receipt = this.#core.stack.cancel(outbound.transaction, extra);
    if (receipt.outcome === 'too-late') {
      this.#refuse(owner, sip, `internal server error canceling transaction id: ${sip.transactionId}`);
      return;
    }
    if (outbound.dialog) outbound.dialog.isEndedByCancel = !outbound.dialog.isConfirmed;
    this.#core.echo(owner, sip.id, receipt.cancel, outbound.transaction.target, randomUUID());
  }

  #start(
    owner: ControlConnection,
    requestId: string,
    id: string,
    request: SipRequest,
    target: SipTarget,
    dialog: ServerDialog | undefined,
  ): void {
    const synthetic = (status: number): void => {
      const made = createResponse(request, status);
      this.#receiveFinal(id, made, target);
    };
    const handlers: ClientTransactionHandlers = {
      provisional: (response) => this.#receiveProvisional(id, response, target),
      final: (response) => this.#receiveFinal(id, response, target, request, dialog),
      // As sofia-sip does for drachtio-server: no answer is a 408, no transport a 503.
      timeout: () => synthetic(this.#byId.get(id)?.transaction.isCancelled ? 487 : 408),
      transportError: () => synthetic(503),
    };
    const transaction = this.#core.stack.sendRequest(request, target, handlers);
    if (transaction.isInvite && dialog) dialog.invite = transaction;
    this.#byId.set(id, { id, owner, transaction, dialog, ringing: undefined });
    this.#core.echo(owner, requestId, request, target, id);
  }

  #receiveProvisional(id: string, response: SipResponse, target: SipTarget): void {
    const outbound = this.#byId.get(id);
    if (outbound === undefined) return;
    const { dialog, transaction, owner } = outbound;
    if (transaction.isInvite && outbound.ringing === undefined) {
      outbound.ringing = this.#core.clock.setTimer(this.#ringingMs, () => {
        this.#core.stack.cancel(transaction);
      });
    }
    // sofia-sip keeps 100 to itself.
    if (response.status === 100) return;
    const sequence = Number(response.headers.get('RSeq') ?? '0');
    if (dialog !== undefined && !dialog.isConfirmed && tagOf(response.headers.get('To')) !== undefined) {
      if (dialog.sip?.remoteTag !== tagOf(response.headers.get('To'))) {
        this.#core.dialogs.setSip(dialog, SipDialog.fromClient(transaction.request, response));
        dialog.reliableSequence = 0;
      }
      // RFC 3262 §4: a repeated reliable response is dropped; its PRACK is on its way.
      if (sequence > 0 && sequence <= dialog.reliableSequence) return;
      if (sequence > 0) dialog.reliableSequence = sequence;
      dialog.peer = this.#core.peerToUse(response, target);
    }
    this.#core.tell(owner, response, target, { transactionId: id, dialogId: dialog?.id ?? '' });
  }

  #receiveFinal(
    id: string,
    response: SipResponse,
    target: SipTarget,
    request?: SipRequest,
    given?: ServerDialog,
  ): void {
    const outbound = this.#byId.get(id);
    if (outbound === undefined) {
      // A 2xx of another branch of a fork, after the first one was taken: ours to end (RFC 3261 §13.2.2.4).
      if (request?.method === 'INVITE' && isSuccess(response) && given)
        this.#endFork(request, response, target);
      return;
    }
    this.#forget(id);
    const { dialog, transaction, owner } = outbound;
    if (dialog !== undefined) this.#settle(dialog, transaction, response, target);
    if (owner.isClosed) {
      if (transaction.isInvite && isSuccess(response)) this.#endFork(transaction.request, response, target);
      return;
    }
    this.#core.tell(owner, response, target, { transactionId: id, dialogId: dialog?.id ?? '' });
  }

  /** What a final answer does to the dialog of its request. */
  #settle(
    dialog: ServerDialog,
    transaction: ClientTransaction,
    response: SipResponse,
    target: SipTarget,
  ): void {
    const { dialogs } = this.#core;
    const { method } = transaction.request;
    if (method === 'BYE' && !CHALLENGES.has(response.status)) dialogs.remove(dialog);
    else if (method === 'INVITE' && !dialog.isConfirmed) {
      if (!isSuccess(response) || dialog.owner.isClosed) {
        dialogs.remove(dialog);
        return;
      }
      dialogs.setSip(dialog, SipDialog.fromClient(transaction.request, response));
      dialog.isConfirmed = true;
      dialog.peer = this.#core.peerToUse(response, target);
    } else dialog.sip?.receiveResponse(response);
  }

  #endFork(invite: SipRequest, response: SipResponse, target: SipTarget): void {
    const sip = SipDialog.fromClient(invite, response);
    this.#core.stack.sendAck(sip.createAck(invite), target);
    this.#core.stack.sendRequest(sip.createRequest('BYE'), target, {});
  }

  #forget(id: string): void {
    const ringing = this.#byId.get(id)?.ringing;
    if (ringing !== undefined) this.#core.clock.clearTimer(ringing);
    this.#byId.delete(id);
  }
}

/** A request outside a dialog: what the application gave, and what drachtio-server fills in. */
function buildOutside(
  message: AppSipMessage,
  method: string,
  uri: string,
  local: LocalAddress,
): SipRequest | undefined {
  const request = createRequest(method, uri);
  const { headers } = request;
  const from = fillLocalhost(appHeader(message, 'From') ?? `<sip:${local.host}:${local.port}>`, local);
  const to = fillLocalhost(appHeader(message, 'To') ?? `<${uri}>`, local);
  headers.append('Max-Forwards', appHeader(message, 'Max-Forwards') ?? '70');
  headers.append('From', withTag(from, newTag()));
  headers.append('To', to);
  headers.append('Call-ID', appHeader(message, 'Call-ID') ?? newCallId());
  const given = parseCSeq(appHeader(message, 'CSeq') ?? '');
  headers.append('CSeq', `${given?.number ?? 1} ${method}`);
  if (CONTACT_METHODS.has(method) || appHeader(message, 'Contact') !== undefined) {
    headers.append('Contact', contactOf(message, local));
  }
  const contentType = contentTypeOf(message);
  if (message.body !== '' && contentType === undefined) return undefined;
  finish(request, message, local, contentType);
  return request;
}

function finish(
  request: SipRequest,
  message: AppSipMessage,
  local: LocalAddress,
  contentType: string | undefined,
): void {
  copyAppHeaders(message, request.headers, local);
  if (message.body === '') return;
  request.body = Buffer.from(message.body);
  request.headers.append('Content-Type', contentType ?? 'application/sdp');
}

/** drachtio takes `host:port` for a proxy, too. */
function toUri(route: string): string {
  return /^sips?:/i.test(route) ? route : `sip:${route}`;
}
