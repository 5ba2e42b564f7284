import type { NegotiatedAudio, SessionDescription } from '../rtp/session-description.ts';
import {
  negotiateAudio,
  parseSessionDescription,
  writeAnswer,
  writeOffer,
} from '../rtp/session-description.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import { SipDialog } from '../sip/sip-dialog.ts';
import type { SipRequest, SipResponse } from '../sip/sip-message.ts';
import { createResponse } from '../sip/sip-message.ts';
import { numericTargetOf } from '../sip/next-hop.ts';
import type { SipStack } from '../sip/sip-stack.ts';
import type { HangupCause } from './hangup-cause.ts';
import { reasonHeaderOf } from './hangup-cause.ts';

/** What a leg tells the server. */
export interface SipLegHandlers {
  /** Offer and answer are complete, for the first time or anew. */
  media(settled: NegotiatedAudio, localSdp: string, remoteSdp: string): void;
  /** The first negotiation is over and the call stands. */
  established(): void;
  /** The phone's side ended the call, or it never came about. */
  ended(cause: HangupCause): void;
  digit(digit: string, durationMs: number): void;
}

const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE';
const INFO_DURATION_DEFAULT_MS = 250;

/** The SIP side of one channel: answers the INVITE, negotiates again when asked, says BYE. */
export class SipLeg {
  readonly #stack: SipStack;
  readonly #handlers: SipLegHandlers;
  readonly #address: string;
  readonly #port: number;
  readonly #sessionId = Math.floor(Date.now() / 1000);
  readonly #tx: ServerTransaction;
  #version = Math.floor(Date.now() / 1000);
  #dialog: SipDialog | undefined;
  #isEnded = false;
  #isEstablished = false;
  #localSdp = '';

  constructor(
    stack: SipStack,
    tx: ServerTransaction,
    local: { readonly address: string; readonly port: number },
    handlers: SipLegHandlers,
  ) {
    this.#stack = stack;
    this.#tx = tx;
    this.#address = local.address;
    this.#port = local.port;
    this.#handlers = handlers;
  }

  /** The key requests inside the dialog find this leg by; undefined before the answer. */
  get dialogId(): string | undefined {
    return this.#dialog?.id;
  }

  /**
   * Answers the INVITE; its offer was checked to be acceptable, without one ours goes out (RFC 3261 §13.2.1).
   */
  answer(): void {
    const offer = readBody(this.#tx.request);
    this.#answerOffer(this.#tx, offer, (response) => {
      this.#dialog = SipDialog.fromServer(this.#tx.request, response);
    });
    if (offer !== undefined) this.#establish();
  }

  /** A request inside the dialog. */
  receive(tx: ServerTransaction): void {
    const { request } = tx;
    if (this.#dialog?.receive(request) === 'out-of-order') {
      // RFC 3261 §12.2.2
      tx.reply(500, { headers: { 'Retry-After': '1' } });
      return;
    }
    switch (request.method) {
      case 'BYE':
        tx.reply(200);
        this.#end('NORMAL_CLEARING');
        return;
      case 'INVITE':
      case 'UPDATE':
        this.#renegotiate(tx);
        return;
      case 'INFO':
        this.#receiveInfo(tx);
        return;
      case 'OPTIONS':
        tx.reply(200, { headers: { Allow: ALLOW } });
        return;
      default:
        tx.reply(405, { headers: { Allow: ALLOW } });
    }
  }

  /** Ends the call from our side (RFC 3261 §15.1.1). */
  bye(cause: HangupCause): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const dialog = this.#dialog;
    if (dialog === undefined) {
      this.#tx.reply(480);
      return;
    }
    const bye = dialog.createRequest('BYE', { headers: { Reason: reasonHeaderOf(cause) } });
    const target = numericTargetOf(dialog.nextHopUri) ?? this.#tx.flow;
    this.#stack.sendRequest(bye, target, {});
  }

  #renegotiate(tx: ServerTransaction): void {
    const offer = readBody(tx.request);
    if (offer === undefined && tx.request.method === 'UPDATE') {
      tx.reply(200, { headers: this.#headers() });
      return;
    }
    if (offer !== undefined && negotiateAudio(offer.parsed.audio) === undefined) {
      // RFC 3261 §14.2: the session stays as it was.
      tx.reply(488, { headers: { Warning: '304 turnkeeper "Media type not available"' } });
      return;
    }
    this.#answerOffer(tx, offer, () => undefined);
  }

  #answerOffer(
    tx: ServerTransaction,
    offer: ReadBody | undefined,
    sent: (response: SipResponse) => void,
  ): void {
    const settled = negotiateAudio(offer?.parsed.audio);
    const local = {
      address: this.#address,
      port: this.#port,
      sessionId: this.#sessionId,
      version: ++this.#version,
    };
    const localSdp =
      offer === undefined || settled === undefined
        ? writeOffer(local)
        : writeAnswer(local, offer.parsed, settled);
    this.#localSdp = localSdp;
    tx.listen({
      cancel: () => undefined,
      ack: (ack) => this.#acknowledged(ack, offer === undefined),
      // RFC 3261 §13.3.1.4: no ACK, no session.
      ackTimeout: () => {
        this.bye('RECOVERY_ON_TIMER_EXPIRE');
        this.#handlers.ended('RECOVERY_ON_TIMER_EXPIRE');
      },
    });
    const response = createResponse(tx.request, 200, {
      toTag: tx.localTag,
      headers: this.#headers(),
      body: localSdp,
    });
    // The dialog must stand before the answer leaves.
    sent(response);
    tx.reply(200, { headers: this.#headers(), body: localSdp });
    if (offer !== undefined && settled !== undefined) this.#handlers.media(settled, localSdp, offer.text);
  }

  /** RFC 3264 §4: after our offer the answer comes with the ACK. */
  #acknowledged(ack: SipRequest, isAnswerDue: boolean): void {
    if (!isAnswerDue || this.#isEnded) return;
    const answer = readBody(ack);
    const settled = negotiateAudio(answer?.parsed.audio);
    if (answer === undefined || settled === undefined) {
      this.bye('INCOMPATIBLE_DESTINATION');
      this.#handlers.ended('INCOMPATIBLE_DESTINATION');
      return;
    }
    this.#handlers.media(settled, this.#localSdp, answer.text);
    this.#establish();
  }

  #establish(): void {
    if (this.#isEstablished) return;
    this.#isEstablished = true;
    this.#handlers.established();
  }

  #receiveInfo(tx: ServerTransaction): void {
    const type = (tx.request.headers.get('Content-Type') ?? '').toLowerCase();
    const body = tx.request.body.toString('utf8').slice(0, 512);
    tx.reply(200);
    const signal = type.startsWith('application/dtmf-relay')
      ? /Signal\s*=\s*(\S)/i.exec(body)?.[1]
      : body.trim();
    if (!type.startsWith('application/dtmf') || signal === undefined || !/^[0-9*#A-D]$/i.test(signal)) return;
    const duration = Number(/Duration\s*=\s*(\d{1,5})/i.exec(body)?.[1] ?? INFO_DURATION_DEFAULT_MS);
    this.#handlers.digit(signal.toUpperCase(), duration);
  }

  #end(cause: HangupCause): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#handlers.ended(cause);
  }

  #headers(): Record<string, string> {
    const contact = this.#stack.hostPortTowards(this.#tx.flow.address);
    const transport = this.#tx.flow.protocol === 'tcp' ? ';transport=tcp' : '';
    return {
      Contact: `<sip:drachtio@${contact}${transport}>`,
      Allow: ALLOW,
      'User-Agent': 'turnkeeper-media',
    };
  }
}

interface ReadBody {
  readonly text: string;
  readonly parsed: SessionDescription;
}

function readBody(message: SipRequest): ReadBody | undefined {
  if (message.body.length === 0) return undefined;
  const text = message.body.toString('utf8');
  const parsed = parseSessionDescription(text);
  return parsed === undefined ? undefined : { text, parsed };
}
