import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { CallId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { Leg, Party } from '../../telephony/leg.ts';
import type { ReplacedDialog } from '../../telephony/refer-request.ts';
import type { CallSource, InboundCall } from '../../telephony/telephony.ts';
import { TerminationBucket } from '../../telephony/termination.ts';
import type { Termination, TerminationReason } from '../../telephony/termination.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import type { MediaEndpoint } from '../freeswitch/media-endpoint.ts';
import type { EndpointOutcome, MediaServer } from '../freeswitch/media-server.ts';
import { mediaFault, withoutEncryption } from '../freeswitch/session-description.ts';
import type { SrfDialog, SrfRequest, SrfResponse } from './drachtio-srf.ts';
import { ALLOWED_METHODS } from './sip-replies.ts';
import { quietly } from './sip-link.ts';
import type { SipLink } from './sip-link.ts';
import { SipLeg } from './sip-leg.ts';

/** What an inbound call is made of. */
export interface InboundCallParts {
  readonly callId: CallId;
  readonly source: CallSource;
  readonly from: Party;
  readonly dialled: string;
  readonly req: SrfRequest;
  readonly res: SrfResponse;
  readonly link: SipLink;
  readonly media: MediaServer;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with the leg once answered. */
  readonly onAnswered: (leg: SipLeg) => void;
  /** The leg of ours that a Replaces names. */
  readonly findLeg: (dialog: ReplacedDialog) => Leg | undefined;
  /** Called once when the call will have no leg: refused, cancelled or failed. */
  readonly onOver: () => void;
}

/**
 * Longest wait for the ACK that carries the answer to our offer: a little over 32 s (RFC 3261 §17, timer H).
 */
const ACK_DEADLINE_MS = 33_000;

type Answered = { kind: 'answered'; leg: Leg } | { kind: 'failed'; termination: Termination };

/** An INVITE waiting for its final response. */
export class SipInboundCall implements InboundCall {
  readonly callId: CallId;
  readonly source: CallSource;
  readonly from: Party;
  readonly dialled: string;
  readonly sipCallId: string;
  readonly cancelled: Promise<void>;
  readonly #parts: InboundCallParts;
  #state: 'waiting' | 'answering' | 'over' = 'waiting';
  #isCancelled = false;
  /** Why nobody waits for this call any more: the SIP server was lost, or the program ends. */
  #abandonedBy: Termination | undefined;
  #abandon: () => void = () => undefined;
  readonly #abandoned: Promise<undefined>;
  #settleOver: () => void = () => undefined;
  /** Resolves when the call has been refused, has failed, or is a leg. */
  readonly over: Promise<void>;

  constructor(parts: InboundCallParts) {
    this.#parts = parts;
    this.callId = parts.callId;
    this.source = parts.source;
    this.from = parts.from;
    this.dialled = parts.dialled;
    this.sipCallId = parts.req.get('Call-ID') ?? '';
    this.#abandoned = new Promise((resolve) => {
      this.#abandon = () => resolve(undefined);
    });
    this.over = new Promise((resolve) => {
      this.#settleOver = resolve;
    });
    this.cancelled = new Promise((resolve) => {
      // The SIP server has answered CANCEL and sent 487 by itself (RFC 3261 §9.2).
      parts.req.once('cancel', () => {
        this.#isCancelled = true;
        if (this.#state === 'waiting') this.#over();
        resolve();
      });
    });
  }

  async answer(): Promise<Answered> {
    if (this.#isCancelled || this.#state !== 'waiting') return this.#callerGone();
    this.#state = 'answering';
    const offer = this.#parts.req.body ?? '';
    const fault = offer === '' ? undefined : mediaFault(withoutEncryptionIfOptional(offer));
    if (fault !== undefined)
      return this.#refuse(488, 'incompatible-media', TerminationBucket.clientError, fault);
    const outcome = await this.#endpoint(offer);
    if (outcome.kind !== 'endpoint') return this.#noEndpoint(outcome);
    if (this.#isCancelled || this.#abandonedBy) {
      await outcome.endpoint.destroy();
      return this.#callerGone();
    }
    return this.#complete(outcome.endpoint, offer);
  }

  reject(sipStatus: number, options: { reason?: string; retryAfterSec?: number } = {}): void {
    if (this.#state !== 'waiting' || this.#isCancelled) return;
    this.#send(sipStatus, options.reason, options.retryAfterSec);
    this.#over();
  }

  /** Gives the call up: refused with 503 while it waits, hung up when its answer is on the way. */
  abandon(termination: Termination): void {
    this.#abandonedBy = termination;
    this.#abandon();
    if (this.#state !== 'waiting') return;
    quietly(() => this.#send(503, undefined, 10));
    this.#over();
  }

  #endpoint(offer: string): Promise<EndpointOutcome> {
    // RFC 3261 §13.2.1: an INVITE without offer gets ours in the 200.
    return offer === ''
      ? this.#parts.media.offeringEndpoint()
      : this.#parts.media.endpointFor(withoutEncryptionIfOptional(offer));
  }

  async #complete(endpoint: MediaEndpoint, offer: string): Promise<Answered> {
    const { req, res, link } = this.#parts;
    let dialog: SrfDialog | undefined;
    try {
      const answering = link.srf.createUAS(req, res, {
        localSdp: endpoint.localSdp,
        headers: { Allow: ALLOWED_METHODS, 'Content-Type': 'application/sdp' },
      });
      dialog = await Promise.race([answering, this.#abandoned]);
      if (!dialog) void answering.then((late) => late.destroy()).catch(() => undefined);
    } catch (thrown) {
      // CANCEL came first, or the SIP server has gone.
      this.#parts.log.info(
        { callId: this.callId, error: messageOf(thrown) },
        'the caller left before the answer',
      );
    }
    if (!dialog) {
      await endpoint.destroy();
      return this.#callerGone();
    }
    const leg = new SipLeg({
      callId: this.callId,
      direction: 'inbound',
      remote: this.from,
      dialog,
      endpoint,
      clock: this.#parts.clock,
      log: this.#parts.log,
      findLeg: this.#parts.findLeg,
    });
    this.#state = 'over';
    this.#parts.onAnswered(leg);
    this.#settleOver();
    if (offer === '' && !(await this.#takeAnswerFromAck(dialog, endpoint, leg))) {
      await leg.endWith({ bucket: TerminationBucket.clientError, reason: 'incompatible-media' });
    }
    return leg.termination ? { kind: 'failed', termination: leg.termination } : { kind: 'answered', leg };
  }

  /** RFC 3261 §13.2.1: the answer to our offer is in the ACK. */
  async #takeAnswerFromAck(dialog: SrfDialog, endpoint: MediaEndpoint, leg: SipLeg): Promise<boolean> {
    const acked = new Promise<string>((resolve) => {
      dialog.once('ack', (ack: SrfRequest) => resolve(ack.body ?? ''));
    });
    const left = leg.ended.then(() => '');
    const answer = await withDeadline(this.#parts.clock, ACK_DEADLINE_MS, Promise.race([acked, left]));
    if (answer === undefined || answer === '' || mediaFault(answer) !== undefined) return false;
    try {
      await endpoint.modify(answer);
      return true;
    } catch (thrown) {
      this.#parts.log.warn(
        { callId: this.callId, error: messageOf(thrown) },
        'the answer in the ACK is of no use',
      );
      return false;
    }
  }

  #noEndpoint(outcome: Exclude<EndpointOutcome, { kind: 'endpoint' }>): Answered {
    if (outcome.kind === 'refused' && [415, 488, 606].includes(outcome.sipStatus)) {
      return this.#refuse(488, 'incompatible-media', TerminationBucket.clientError);
    }
    const detail = outcome.kind === 'refused' ? `media server answered ${outcome.sipStatus}` : outcome.detail;
    return this.#refuse(503, 'media-server-failure', TerminationBucket.serverError, detail);
  }

  #refuse(
    status: 488 | 503,
    reason: TerminationReason,
    bucket: TerminationBucket,
    detail?: string,
  ): Answered {
    if (this.#isCancelled) return this.#callerGone();
    quietly(() => this.#send(status, undefined, status === 503 ? 5 : undefined));
    this.#over();
    const termination = { bucket, reason, sipStatus: status, ...(detail !== undefined && { detail }) };
    return { kind: 'failed', termination };
  }

  #callerGone(): Answered {
    if (this.#abandonedBy && !this.#parts.res.finalResponseSent) {
      quietly(() => this.#send(503, undefined, 10));
    }
    this.#over();
    return {
      kind: 'failed',
      termination: this.#abandonedBy ?? {
        bucket: TerminationBucket.success,
        reason: 'remote-hangup',
        sipStatus: 487,
      },
    };
  }

  #send(status: number, reason: string | undefined, retryAfterSec: number | undefined): void {
    const headers: Record<string, string> =
      retryAfterSec === undefined ? {} : { 'Retry-After': String(retryAfterSec) };
    if (reason === undefined) this.#parts.res.send(status, { headers });
    else this.#parts.res.send(status, reason.replace(/[\r\n]/g, ' ').slice(0, 100), { headers });
  }

  #over(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#parts.onOver();
    this.#settleOver();
  }
}

/**
 * `a=crypto` on plain RTP is an offer of optional encryption; on RTP/SAVP it is required, and refused (488).
 */
function withoutEncryptionIfOptional(offer: string): string {
  return /^m=audio \d+ RTP\/SAVP/m.test(offer) ? offer : withoutEncryption(offer);
}
