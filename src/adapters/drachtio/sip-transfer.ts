import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { CallId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { Leg, TransferRequest, TransferTarget } from '../../telephony/leg.ts';
import { readRefer } from '../../telephony/refer-request.ts';
import type { ReplacedDialog } from '../../telephony/refer-request.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import type { SrfDialog, SrfRequest, SrfResponse } from './drachtio-srf.ts';
import { reasonPhrase } from './reason-phrase.ts';

/** Longest that a REFER waits to be accepted: the phone repeats it for 32 s (RFC 3261 §17.1.2.2, timer F). */
const DECISION_MAX_MS = 10_000;
/** Longest wait for the answer to a NOTIFY before the next one goes out. */
const NOTIFY_DEADLINE_MS = 4000;
/** Longest that a BYE waits for the last NOTIFY. */
const LAST_NOTIFY_MAX_MS = 1000;
/** NOTIFYs of progress; a forking far end could ring on and on. */
const PROGRESS_MAX = 10;
/** What the subscription is said to last: transfers take as long as somebody rings. */
const SUBSCRIPTION_SEC = 180;

/** What the transfers of one leg work with. */
export interface SipTransfersParts {
  readonly callId: CallId;
  readonly dialog: SrfDialog;
  readonly clock: Clock;
  readonly log: Log;
  /** The leg of ours that a Replaces names. */
  readonly findLeg: (dialog: ReplacedDialog) => Leg | undefined;
}

/** The REFERs that a phone sends within a call (RFC 3515), one at a time. */
export class SipTransfers {
  readonly #parts: SipTransfersParts;
  #listener: ((request: TransferRequest) => void) | undefined;
  #current: SipTransfer | undefined;
  #referCount = 0;

  constructor(parts: SipTransfersParts) {
    this.#parts = parts;
    parts.dialog.on('refer', (req: SrfRequest, res: SrfResponse) => this.#asked(req, res));
  }

  /** See Leg#onTransferRequest. */
  listen(listener: (request: TransferRequest) => void): () => void {
    this.#listener = listener;
    return () => {
      if (this.#listener === listener) this.#listener = undefined;
    };
  }

  /**
   * Resolves when the phone has heard what there is to tell, soon in any case: a BYE that overtook the last
   * NOTIFY would leave it without the outcome (RFC 5589 §7.1).
   */
  async told(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#current) await withDeadline(clock, LAST_NOTIFY_MAX_MS, this.#current.told);
  }

  /** The leg has ended: nothing more is told than was on its way. */
  close(): void {
    this.#listener = undefined;
    this.#current?.abandon();
  }

  #asked(req: SrfRequest, res: SrfResponse): void {
    const refer = readRefer((header) => req.get(header));
    if (refer.kind === 'refused') return res.send(refer.sipStatus);
    const listener = this.#listener;
    if (!listener) return res.send(603);
    if (this.#current?.isOpen === true) return res.send(491);
    const replaces = refer.replaces && this.#parts.findLeg(refer.replaces);
    // RFC 3891 §3: a dialog that is not there.
    if (refer.replaces && !replaces) return res.send(481);
    // RFC 3515 §2.4.6: from the second REFER of a dialog on, its CSeq tells the subscriptions apart.
    const id = this.#referCount++ === 0 ? undefined : req.get('CSeq')?.split(' ', 1)[0];
    const transfer = new SipTransfer(this.#parts, res, {
      target: refer.target,
      ...(replaces && { replaces }),
      event: refer.subscribes ? `refer${id === undefined ? '' : `;id=${id}`}` : undefined,
    });
    this.#current = transfer;
    listener(transfer);
  }
}

/** One REFER and its subscription. */
class SipTransfer implements TransferRequest {
  readonly target: TransferTarget;
  readonly replaces?: Leg;
  readonly #parts: SipTransfersParts;
  readonly #res: SrfResponse;
  /** Event header of the NOTIFYs; undefined when none are wanted. */
  readonly #event: string | undefined;
  #state: 'asked' | 'accepted' | 'over' = 'asked';
  #timer: TimerHandle | undefined;
  #notified: Promise<boolean> = Promise.resolve(true);
  #progressCount = 0;

  constructor(
    parts: SipTransfersParts,
    res: SrfResponse,
    asked: { target: TransferTarget; replaces?: Leg; event: string | undefined },
  ) {
    this.#parts = parts;
    this.#res = res;
    this.target = asked.target;
    if (asked.replaces) this.replaces = asked.replaces;
    this.#event = asked.event;
    this.#timer = parts.clock.setTimer(DECISION_MAX_MS, () => this.reject(603));
  }

  get isOpen(): boolean {
    return this.#state !== 'over';
  }

  /** Every NOTIFY so far has been answered. */
  get told(): Promise<unknown> {
    return this.#notified;
  }

  accept(): void {
    if (this.#state !== 'asked') return;
    this.#decided('accepted');
    const { contact } = this.#parts.dialog.local;
    const headers: Record<string, string> = contact === undefined ? {} : { Contact: contact };
    // RFC 4488 §4: said so when there will be no NOTIFY.
    if (this.#event === undefined) headers['Refer-Sub'] = 'false';
    this.#res.send(202, { headers });
    this.#notify(100, `active;expires=${SUBSCRIPTION_SEC}`);
  }

  progress(sipStatus: number): void {
    if (this.#state !== 'accepted' || ++this.#progressCount > PROGRESS_MAX) return;
    this.#notify(sipStatus, `active;expires=${SUBSCRIPTION_SEC}`);
  }

  done(sipStatus: number): void {
    this.accept();
    if (this.#state !== 'accepted') return;
    this.#state = 'over';
    this.#notify(sipStatus, 'terminated;reason=noresource');
  }

  reject(sipStatus: number): void {
    if (this.#state !== 'asked') return;
    this.#decided('over');
    this.#res.send(sipStatus);
  }

  /** The call is over: an unanswered REFER gets no answer from us any more, a NOTIFY no way. */
  abandon(): void {
    this.#decided('over');
  }

  #decided(state: 'accepted' | 'over'): void {
    this.#state = state;
    if (this.#timer) this.#parts.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** One after the other: a phone that hears 200 before 100 would not know what to think. */
  #notify(sipStatus: number, subscription: string): void {
    if (this.#event === undefined) return;
    const headers = {
      Event: this.#event,
      'Subscription-State': subscription,
      'Content-Type': 'message/sipfrag;version=2.0',
    };
    const body = `SIP/2.0 ${sipStatus} ${reasonPhrase(sipStatus)}\r\n`;
    this.#notified = this.#notified.then(async (isWanted) => isWanted && (await this.#send(headers, body)));
  }

  /** False: the phone has ended the subscription, or the call. */
  async #send(headers: Record<string, string>, body: string): Promise<boolean> {
    const { dialog, clock, log, callId } = this.#parts;
    if (!dialog.connected) return false;
    const sent = new Promise<boolean>((resolve) => {
      dialog.request({ method: 'NOTIFY', headers, body }, (err, res) => {
        if (err) log.debug({ callId, error: messageOf(err) }, 'NOTIFY could not be sent');
        if (err || (res && res.status >= 200)) resolve(!err && (res?.status ?? 500) < 300);
      });
    });
    return (await withDeadline(clock, NOTIFY_DEADLINE_MS, sent)) ?? true;
  }
}
