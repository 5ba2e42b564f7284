import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { CallId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { AudioListener, Leg, Party } from '../../telephony/leg.ts';
import type { ReplacedDialog } from '../../telephony/refer-request.ts';
import { parseReasonHeader } from '../../telephony/reason-header.ts';
import type { OriginateOutcome, OutboundCall } from '../../telephony/telephony.ts';
import { terminationOfMedia } from './media-termination.ts';
import { terminationOfInvite } from '../../telephony/termination-table.ts';
import type { InviteEnd } from '../../telephony/termination-table.ts';
import { TerminationBucket } from '../../telephony/termination.ts';
import type { Termination } from '../../telephony/termination.ts';
import type { MediaEndpoint } from '../freeswitch/media-endpoint.ts';
import type { MediaServer } from '../freeswitch/media-server.ts';
import { mediaFault, sameMedia } from '../freeswitch/session-description.ts';
import type { SrfDialog, SrfRequest, SrfResponse, SrfSipError } from './drachtio-srf.ts';
import type { LegJournal } from './leg-journal.ts';
import { quietly } from './sip-link.ts';
import type { SipLink } from './sip-link.ts';
import { SipLeg } from './sip-leg.ts';

/** One place to ring: a trunk, or one contact of an agent's phone. */
export interface DialTarget {
  readonly uri: string;
  /** Next hop when it is not the URI's host: a phone behind a NAT, a TCP connection. */
  readonly proxy?: string;
  readonly auth?: { readonly username: string; readonly password: string };
}

/** What an outbound call is made of. */
export interface OutboundCallParts {
  readonly callId: CallId;
  readonly remote: Party;
  readonly targets: readonly DialTarget[];
  /** Headers of every INVITE, `From` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly ringTimeoutMs: number;
  readonly link: SipLink;
  readonly media: MediaServer;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: LegJournal;
  readonly onAnswered: (leg: SipLeg) => void;
  /** The leg of ours that a Replaces names. */
  readonly findLeg: (dialog: ReplacedDialog) => Leg | undefined;
  /** Called once when the call will have no leg. */
  readonly onOver: () => void;
}

/** One INVITE on its way. */
interface Branch {
  req: SrfRequest | undefined;
  /** Any response has come, 100 Trying too. */
  heard: boolean;
  provisionalSeen: boolean;
  /** Nobody wants this branch's answer any more. */
  abandoned: boolean;
  end: InviteEnd | undefined;
}

/** Rings all targets with the media of one endpoint; the first to answer wins, the others are cancelled. */
export class SipOutboundCall implements OutboundCall {
  readonly callId: CallId;
  readonly outcome: Promise<OriginateOutcome>;
  readonly ringing: Promise<void>;
  readonly inviteSent: Promise<number>;
  readonly #parts: OutboundCallParts;
  readonly #branches: Branch[] = [];
  #settleOutcome: (outcome: OriginateOutcome) => void = () => undefined;
  #settleRinging: () => void = () => undefined;
  #settleInviteSent: (atMs: number) => void = () => undefined;
  #endpoint: MediaEndpoint | undefined;
  #settled = false;
  #won = false;
  #givenUp: Termination | undefined;
  #earlySdp: string | undefined;
  #earlyMedia: Promise<unknown> | undefined;
  #timer: TimerHandle | undefined;
  #listener: AudioListener | undefined;
  #stopTap: (() => void) | undefined;

  constructor(parts: OutboundCallParts) {
    this.#parts = parts;
    this.callId = parts.callId;
    this.outcome = new Promise((resolve) => {
      this.#settleOutcome = resolve;
    });
    this.ringing = new Promise((resolve) => {
      this.#settleRinging = resolve;
    });
    this.inviteSent = new Promise((resolve) => {
      this.#settleInviteSent = resolve;
    });
  }

  /** Sends the INVITEs; call once. */
  async start(): Promise<void> {
    const { media, targets } = this.#parts;
    const outcome = await media.offeringEndpoint(media.codecs.codecOf(targets[0]?.uri ?? ''));
    if (outcome.kind !== 'endpoint') {
      const detail =
        outcome.kind === 'refused' ? `media server answered ${outcome.sipStatus}` : outcome.detail;
      return this.#fail({ bucket: TerminationBucket.serverError, reason: 'media-server-failure', detail });
    }
    const { endpoint } = outcome;
    if (this.#settled) return endpoint.destroy();
    this.#endpoint = endpoint;
    void endpoint.gone.then(() => {
      if (!this.#won) this.#give({ bucket: TerminationBucket.serverError, reason: 'media-server-failure' });
    });
    this.#timer = this.#parts.clock.setTimer(this.#parts.ringTimeoutMs, () => this.#ringTimedOut());
    const invites = targets.map((target) => this.#invite(target, endpoint));
    // Set up while the phone is being looked for: a tone may begin with the first early media.
    this.#beginTap(endpoint);
    await Promise.all(invites);
  }

  /** INVITEs are out and none of the phones has answered with anything yet. */
  get isUnheard(): boolean {
    return this.#branches.length > 0 && this.#branches.every(({ heard, end }) => !heard && end === undefined);
  }

  cancel(): void {
    this.#give(terminationOfInvite({ kind: 'cancelled' }));
  }

  /** See OutboundCall#tap: the stream begins with the first media, early or answered. */
  tap(listener: AudioListener): (() => void) | undefined {
    if (!this.#parts.media.canTap || this.#settled) return undefined;
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
      this.#stopTap?.();
    };
  }

  /** Ends the attempt for a reason of ours: the SIP server was lost, or the program ends. */
  endWith(termination: Termination): void {
    this.#give(termination);
  }

  async #invite(target: DialTarget, endpoint: MediaEndpoint): Promise<void> {
    const branch: Branch = {
      req: undefined,
      heard: false,
      provisionalSeen: false,
      abandoned: false,
      end: undefined,
    };
    this.#branches.push(branch);
    let dialog: SrfDialog;
    try {
      dialog = await this.#parts.link.srf.createUAC(
        target.uri,
        {
          localSdp: endpoint.localSdp,
          headers: { ...this.#parts.headers, 'Content-Type': 'application/sdp' },
          ...(target.proxy !== undefined && { proxy: target.proxy }),
          ...(target.auth && { auth: { ...target.auth } }),
        },
        {
          cbRequest: (_err, req) => this.#sent(branch, req),
          cbProvisional: (res) => this.#progress(branch, res),
        },
      );
    } catch (thrown) {
      this.#journalClosed(branch);
      branch.end = inviteEndOf(thrown, branch.provisionalSeen);
      return this.#branchEnded();
    }
    this.#journalClosed(branch);
    // An answer that crossed our CANCEL, or the second of a fork: the library has sent ACK, now BYE (RFC 3261
    // §15).
    if (branch.abandoned || this.#settled || this.#won) return sayBye(dialog);
    await this.#answered(branch, dialog, endpoint, target.uri);
  }

  #sent(branch: Branch, req: SrfRequest | undefined): void {
    if (!req) return;
    // A second INVITE, with credentials, follows a refused one.
    this.#journalClosed(branch);
    branch.req = req;
    if (req.stackTxnId !== undefined) {
      this.#parts.journal.opened(this.callId, { kind: 'invite', reference: req.stackTxnId });
    }
    this.#settleInviteSent(this.#parts.clock.nowMs());
    if (branch.abandoned) cancelInvite(branch);
  }

  #progress(branch: Branch, res: SrfResponse): void {
    branch.heard = true;
    if (res.status <= 100) return;
    this.#journalDialog(branch, res.stackDialogId);
    branch.provisionalSeen = true;
    this.#settleRinging();
    const sdp = res.body ?? '';
    // Early media of one target only: of several nobody could tell whose it is.
    if (this.#parts.targets.length !== 1 || this.#settled || sdp === '' || this.#earlySdp !== undefined)
      return;
    if (mediaFault(sdp) !== undefined || !this.#endpoint) return;
    this.#earlySdp = sdp;
    this.#earlyMedia = this.#modify(this.#endpoint, sdp).catch((thrown: unknown) => {
      this.#earlySdp = undefined;
      this.#parts.log.debug({ callId: this.callId, error: messageOf(thrown) }, 'early media not used');
    });
  }

  #beginTap(endpoint: MediaEndpoint): void {
    if (this.#listener && !this.#stopTap) this.#stopTap = endpoint.tap(this.#listener);
  }

  /** The far end's media are known: from now on there is something to hear. */
  async #modify(endpoint: MediaEndpoint, sdp: string): Promise<void> {
    await endpoint.modify(sdp);
    this.#beginTap(endpoint);
  }

  /** A provisional response tells what the dialog will be called. */
  #journalDialog({ req, provisionalSeen }: Branch, dialogId: string | undefined): void {
    const reference = req?.stackTxnId;
    if (provisionalSeen || reference === undefined || dialogId === undefined) return;
    this.#parts.journal.opened(this.callId, { kind: 'invite', reference, dialogId });
  }

  #journalClosed({ req }: Branch): void {
    if (req?.stackTxnId !== undefined) this.#parts.journal.closed(req.stackTxnId);
  }

  async #answered(branch: Branch, dialog: SrfDialog, endpoint: MediaEndpoint, uri: string): Promise<void> {
    this.#won = true;
    this.#stopTimer();
    for (const other of this.#branches) if (other !== branch) abandon(other);
    const leg = new SipLeg({
      callId: this.callId,
      direction: 'outbound',
      remote: { ...this.#parts.remote, uri },
      dialog,
      endpoint,
      clock: this.#parts.clock,
      log: this.#parts.log,
      findLeg: this.#parts.findLeg,
    });
    this.#parts.onAnswered(leg);
    const answer = dialog.remote.sdp ?? '';
    this.#parts.media.codecs.answered(uri, answer);
    try {
      await this.#earlyMedia;
      const known = this.#earlySdp !== undefined && sameMedia(this.#earlySdp, answer);
      if (mediaFault(answer) !== undefined) throw new Error(mediaFault(answer));
      if (!known) await this.#modify(endpoint, answer);
    } catch (thrown) {
      void leg.endWith(terminationOfMedia(thrown));
    }
    // Given up while the media were being joined: the answer crossed the CANCEL.
    if (this.#givenUp) void leg.hangUp();
    this.#settled = true;
    const termination = this.#givenUp ?? leg.termination;
    this.#settleOutcome(termination ? { kind: 'failed', termination } : { kind: 'answered', leg });
  }

  #branchEnded(): void {
    const ends = this.#branches.map(({ end }) => end);
    if (this.#settled || this.#won || ends.some((end) => end === undefined)) return;
    if (this.#branches.length < this.#parts.targets.length) return;
    this.#fail(bestOf(ends.filter((end) => end !== undefined).map(terminationOfInvite)));
  }

  #ringTimedOut(): void {
    const provisionalSeen = this.#branches.some((branch) => branch.provisionalSeen);
    this.#give(terminationOfInvite({ kind: 'ring-timeout', provisionalSeen }));
  }

  /** Gives up whatever is still ringing. */
  #give(termination: Termination): void {
    if (this.#settled) return;
    if (this.#won) {
      this.#givenUp ??= termination;
      return;
    }
    for (const branch of this.#branches) abandon(branch);
    this.#fail(termination);
  }

  #fail(termination: Termination): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#stopTimer();
    void this.#endpoint?.destroy();
    this.#parts.onOver();
    this.#settleOutcome({ kind: 'failed', termination });
  }

  #stopTimer(): void {
    if (this.#timer) this.#parts.clock.clearTimer(this.#timer);
  }
}

function abandon(branch: Branch): void {
  if (branch.abandoned) return;
  branch.abandoned = true;
  if (branch.end === undefined) cancelInvite(branch);
}

/** RFC 3261 §9.1: the SIP server holds the CANCEL back until a provisional response has come. */
function cancelInvite(branch: Branch): void {
  quietly(() => branch.req?.cancel(() => undefined));
}

function sayBye(dialog: SrfDialog): Promise<void> {
  return dialog.destroy().then(
    () => undefined,
    () => undefined,
  );
}

function inviteEndOf(thrown: unknown, provisionalSeen: boolean): InviteEnd {
  const { status, reason, res } = thrown as Partial<SrfSipError>;
  if (typeof status !== 'number') return { kind: 'transport-failure', detail: messageOf(thrown) };
  const { q850Cause, text } = parseReasonHeader(res?.get('Reason'));
  const detail = text ?? reason;
  return {
    kind: 'status',
    status,
    provisionalSeen,
    ...(q850Cause !== undefined && { q850Cause }),
    ...(detail !== undefined && { detail }),
  };
}

/** Of several refusals the one that says most about the person: declined, then busy, then not reached. */
function bestOf(terminations: readonly Termination[]): Termination {
  const rank = ({ reason, bucket }: Termination): number => {
    if (reason === 'declined') return 0;
    if (reason === 'busy') return 1;
    return bucket === TerminationBucket.unreachable ? 2 : 3;
  };
  const [best] = [...terminations].sort((a, b) => rank(a) - rank(b));
  return best ?? { bucket: TerminationBucket.indeterminate, reason: 'unknown' };
}
