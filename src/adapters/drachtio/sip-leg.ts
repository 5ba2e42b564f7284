import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { CallId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type {
  AudioListener,
  AudioSource,
  Digit,
  Leg,
  Party,
  PlayOptions,
  PlayOutcome,
  Recording,
  TransferRequest,
} from '../../telephony/leg.ts';
import type { ReplacedDialog } from '../../telephony/refer-request.ts';
import { parseReasonHeader } from '../../telephony/reason-header.ts';
import { digitOfInfo } from '../../telephony/sip-uri-reader.ts';
import { terminationOfRemoteBye } from '../../telephony/termination-table.ts';
import { TerminationBucket } from '../../telephony/termination.ts';
import type { Termination } from '../../telephony/termination.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import type { MediaEndpoint } from '../freeswitch/media-endpoint.ts';
import { receivedPacketCount } from '../freeswitch/received-packets.ts';
import { DialogWatch } from './dialog-watch.ts';
import type { SrfDialog, SrfRequest, SrfResponse } from './drachtio-srf.ts';
import { OfferAnswer } from './offer-answer.ts';
import { ALLOWED_METHODS } from './sip-replies.ts';
import { SipTransfers } from './sip-transfer.ts';

/** Longest wait for the answer to a BYE; the leg has ended by then in any case. */
const BYE_DEADLINE_MS = 4000;

/** What a leg is made of. */
export interface SipLegParts {
  readonly callId: CallId;
  readonly direction: 'inbound' | 'outbound';
  readonly remote: Party;
  readonly dialog: SrfDialog;
  readonly endpoint: MediaEndpoint;
  readonly clock: Clock;
  readonly log: Log;
  /** The leg of ours that a Replaces names. */
  readonly findLeg: (dialog: ReplacedDialog) => Leg | undefined;
}

/** A dialog with a phone or trunk and the media channel behind it, which end together. */
export class SipLeg implements Leg {
  readonly callId: CallId;
  readonly direction: 'inbound' | 'outbound';
  readonly remote: Party;
  readonly ended: Promise<Termination>;
  readonly endpoint: MediaEndpoint;
  readonly #dialog: SrfDialog;
  readonly #clock: Clock;
  readonly #log: Log;
  #settle: (termination: Termination) => void = () => undefined;
  #termination: Termination | undefined;
  #goodbye: Promise<void> | undefined;
  readonly #holdListeners = new Set<(held: boolean) => void>();
  readonly #transfers: SipTransfers;
  #watch: DialogWatch | undefined;
  #isHeld = false;

  constructor(parts: SipLegParts) {
    this.callId = parts.callId;
    this.direction = parts.direction;
    this.remote = parts.remote;
    this.endpoint = parts.endpoint;
    this.#dialog = parts.dialog;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#transfers = new SipTransfers(parts);
    this.#listen(
      new OfferAnswer({
        ...parts,
        hasEnded: () => this.#termination !== undefined,
        onHold: (held) => {
          this.#isHeld = held;
          for (const listener of this.#holdListeners) listener(held);
        },
      }),
    );
    void parts.endpoint.gone.then(() =>
      this.#end({ bucket: TerminationBucket.serverError, reason: 'media-server-failure' }, true),
    );
  }

  /** The SIP server's name for the dialog. */
  get dialogId(): string {
    return this.#dialog.id;
  }

  get termination(): Termination | undefined {
    return this.#termination;
  }

  async play(sources: readonly AudioSource[], options?: PlayOptions): Promise<PlayOutcome> {
    if (this.#termination) return 'ended';
    try {
      const outcome = await this.endpoint.play(sources, options);
      return this.termination ? 'ended' : outcome;
    } catch (thrown) {
      this.#log.error({ callId: this.callId, error: messageOf(thrown) }, 'playback failed');
      return 'ended';
    }
  }

  onDigit(listener: (digit: Digit) => void): () => void {
    return this.endpoint.onDigit(listener);
  }

  async sendDigits(digits: string): Promise<void> {
    if (!this.#termination) await this.endpoint.sendDigits(digits);
  }

  onHold(listener: (held: boolean) => void): () => void {
    this.#holdListeners.add(listener);
    return () => this.#holdListeners.delete(listener);
  }

  onTransferRequest(listener: (request: TransferRequest) => void): () => void {
    return this.#termination ? () => undefined : this.#transfers.listen(listener);
  }

  async setMuted(muted: boolean): Promise<void> {
    if (!this.#termination) await this.endpoint.setMuted(muted);
  }

  record(path: string): Promise<Recording> {
    return this.endpoint.record(path);
  }

  tap(listener: AudioListener): (() => void) | undefined {
    return this.#termination ? undefined : this.endpoint.tap(listener);
  }

  onFaxTone(listener: () => void): () => void {
    return this.#termination ? () => undefined : this.endpoint.onFaxTone(listener);
  }

  /**
   * True when a Replaces header names this call (RFC 3891 §3); some phones write the tags the wrong way
   * round.
   */
  isNamedBy({ callId, toTag, fromTag }: ReplacedDialog): boolean {
    const { sip } = this.#dialog;
    if (this.#termination || callId !== sip.callId) return false;
    return (
      (toTag === sip.localTag && fromTag === sip.remoteTag) ||
      (toTag === sip.remoteTag && fromTag === sip.localTag)
    );
  }

  hangUp(): Promise<void> {
    this.#end({ bucket: TerminationBucket.success, reason: 'local-hangup' }, true);
    return this.#goodbye ?? Promise.resolve();
  }

  /** From now on notices within a minute or so when the far end is gone: {@link DialogWatch}. */
  watch(intervalMs: number): void {
    if (this.#termination || this.#watch) return;
    this.#watch = new DialogWatch({
      dialog: this.#dialog,
      clock: this.#clock,
      intervalMs,
      packetCount: () => receivedPacketCount(this.endpoint),
      isHeld: () => this.#isHeld,
      gone: () => {
        const detail = 'the far end answers no more';
        this.#end({ bucket: TerminationBucket.upstreamError, reason: 'no-response', detail }, true);
      },
    });
  }

  /** Ends the leg for a reason of ours: overload, shutdown. */
  endWith(termination: Termination): Promise<void> {
    this.#end(termination, true);
    return this.#goodbye ?? Promise.resolve();
  }

  /** The SIP server is gone: nobody can be told. The media channel is killed by who noticed. */
  sipLost(): void {
    this.#end({ bucket: TerminationBucket.serverError, reason: 'sip-server-lost' }, false);
  }

  #listen(offers: OfferAnswer): void {
    const dialog = this.#dialog;
    const changed = (req: SrfRequest, res: SrfResponse): void => void offers.changed(req, res);
    dialog.on('modify', changed);
    dialog.on('update', changed);
    dialog.on('destroy', (bye: SrfRequest | undefined) => {
      const reason = parseReasonHeader(bye?.get('Reason'));
      // drachtio ends a dialog by itself when the ACK never came (RFC 3261 §13.3.1.4).
      const ours = (bye as { source?: string } | undefined)?.source === 'application';
      this.#end(
        ours
          ? {
              bucket: TerminationBucket.upstreamError,
              reason: 'no-response',
              ...(reason.text !== undefined && { detail: reason.text }),
            }
          : terminationOfRemoteBye(reason),
        false,
      );
    });
    dialog.on('info', (req: SrfRequest, res: SrfResponse) => {
      const digit = digitOfInfo(req.get('Content-Type'), req.body);
      // RFC 6086 §4.2.2: a body that means nothing to us is 415; an empty INFO is a keep-alive.
      res.send(digit === undefined && (req.body ?? '') !== '' ? 415 : 200);
      if (digit !== undefined) this.endpoint.heardDigit(digit);
    });
    dialog.on('options', (_req: SrfRequest, res: SrfResponse) =>
      res.send(200, { headers: { Allow: ALLOWED_METHODS, Accept: 'application/sdp' } }),
    );
    dialog.on('message', (_req: SrfRequest, res: SrfResponse) =>
      res.send(405, { headers: { Allow: ALLOWED_METHODS } }),
    );
  }

  #end(termination: Termination, sayBye: boolean): void {
    if (this.#termination) return;
    this.#termination = termination;
    this.#watch?.close();
    this.#transfers.close();
    this.#holdListeners.clear();
    const freed = this.endpoint.destroy();
    const bye =
      sayBye && this.#dialog.connected
        ? withDeadline(this.#clock, BYE_DEADLINE_MS, this.#sayBye(termination)).then(() => undefined)
        : Promise.resolve();
    this.#goodbye = Promise.all([freed, bye]).then(() => undefined);
    this.#settle(termination);
  }

  async #sayBye(termination: Termination): Promise<void> {
    try {
      await this.#transfers.told();
      const failure = termination.bucket !== TerminationBucket.success;
      // RFC 3326: why, in the words of the telephone network (41 temporary failure, 16 normal clearing).
      const reason = failure ? 'Q.850;cause=41' : 'Q.850;cause=16';
      await this.#dialog.destroy({ headers: { Reason: reason } });
    } catch (thrown) {
      this.#log.debug({ callId: this.callId, error: messageOf(thrown) }, 'BYE could not be sent');
    }
  }
}
