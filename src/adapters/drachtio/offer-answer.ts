import { AppError, messageOf } from '../../kernel/errors.ts';
import type { CallId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { MediaEndpoint } from '../freeswitch/media-endpoint.ts';
import { answerTo, isHold, mediaFault, withDirection } from '../freeswitch/session-description.ts';
import type { SrfDialog, SrfRequest, SrfResponse } from './drachtio-srf.ts';

/** What the negotiation of a leg's media works with. */
export interface OfferAnswerParts {
  readonly callId: CallId;
  readonly dialog: SrfDialog;
  readonly endpoint: MediaEndpoint;
  readonly log: Log;
  readonly hasEnded: () => boolean;
  /** The far end has put us on hold, or taken us back. */
  readonly onHold: (held: boolean) => void;
}

/**
 * The far end's changes of media within a call: hold, resume, a new address, refreshes (RFC 3261 §14.2, RFC
 * 3311, RFC 4028). We never change media by ourselves, so that an offer of ours is only ever out when the far
 * end has asked for it.
 */
export class OfferAnswer {
  readonly #parts: OfferAnswerParts;
  /** `answering`: an offer is at the media server; `offering`: ours is out, its answer comes in the ACK. */
  #state: 'idle' | 'answering' | 'offering' = 'idle';
  #held = false;
  /** The media server is being told an answer that came in an ACK; never rejects. */
  #telling: Promise<void> = Promise.resolve();

  constructor(parts: OfferAnswerParts) {
    this.#parts = parts;
  }

  /** A re-INVITE or UPDATE has come; answers it. Never rejects. */
  async changed(req: SrfRequest, res: SrfResponse): Promise<void> {
    const offer = req.body ?? '';
    if (offer === '' && req.method === 'UPDATE') return res.send(200, { headers: this.#contact });
    // RFC 3261 §14.2: a second offer before the first is answered. RFC 3311 §5.2, RFC 6337 §4.3: one that
    // crosses ours.
    if (this.#state === 'answering') return res.send(500, { headers: { 'Retry-After': '1' } });
    if (this.#state === 'offering') return res.send(491);
    if (offer === '') return this.#offer(req, res);
    if (mediaFault(offer) !== undefined) return res.send(488);
    await this.#answer(offer, res);
  }

  /** A re-INVITE without an offer: ours goes out, the answer comes in the ACK (RFC 3261 §14.2). */
  #offer(req: SrfRequest, res: SrfResponse): void {
    const { dialog, endpoint } = this.#parts;
    this.#state = 'offering';
    const acknowledged = (ack: SrfRequest): void => {
      // The ACK of the INVITE before may be told of after this one: drachtio-srf puts ACKs off for a turn.
      if (cseqOf(ack) !== cseqOf(req)) return;
      dialog.removeListener('ack', acknowledged);
      this.#answeredInAck(ack.body ?? '');
    };
    dialog.on('ack', acknowledged);
    // RFC 6337 §5.3: all that we can do, also when we are on hold: this may be the way back.
    this.#sendSdp(res, withDirection(dialog.local.sdp ?? endpoint.localSdp, 'sendrecv'));
  }

  async #answer(offer: string, res: SrfResponse): Promise<void> {
    const { dialog, endpoint } = this.#parts;
    this.#state = 'answering';
    await this.#telling;
    try {
      const answer = answerTo(offer, await endpoint.modify(offer));
      dialog.local.sdp = answer;
      this.#state = 'idle';
      this.#sendSdp(res, answer);
      this.#noteHold(offer);
    } catch (thrown) {
      this.#state = 'idle';
      this.#warn(thrown, 'a change of media was refused');
      // RFC 3261 §14.2: the session stays as it was; 488 only when the offer is what is wrong.
      const isRefused = thrown instanceof AppError && thrown.code === 'MEDIA_NOT_ACCEPTED';
      if (!this.#parts.hasEnded()) res.send(isRefused ? 488 : 500);
    }
  }

  #answeredInAck(answer: string): void {
    this.#state = 'idle';
    if (answer !== '' && !this.#parts.hasEnded()) this.#telling = this.#tell(answer);
  }

  async #tell(answer: string): Promise<void> {
    try {
      if (mediaFault(answer) !== undefined) {
        throw new AppError('MEDIA_NOT_ACCEPTED', 'unusable answer in ACK');
      }
      await this.#parts.endpoint.modify(answer);
      this.#noteHold(answer);
    } catch (thrown) {
      this.#warn(thrown, 'the answer in an ACK could not be used');
    }
  }

  #noteHold(sdp: string): void {
    const held = isHold(sdp);
    if (held === this.#held || this.#parts.hasEnded()) return;
    this.#held = held;
    this.#parts.onHold(held);
  }

  get #contact(): Record<string, string> {
    const { contact } = this.#parts.dialog.local;
    return contact === undefined ? {} : { Contact: contact };
  }

  #sendSdp(res: SrfResponse, body: string): void {
    res.send(200, { headers: { ...this.#contact, 'Content-Type': 'application/sdp' }, body });
  }

  #warn(thrown: unknown, message: string): void {
    this.#parts.log.warn({ callId: this.#parts.callId, error: messageOf(thrown) }, message);
  }
}

function cseqOf(req: SrfRequest): string | undefined {
  return req.get('CSeq')?.split(' ', 1)[0];
}
