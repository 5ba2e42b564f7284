import type { Clock } from '../../kernel/clock.ts';
import { AppError, assert, messageOf } from '../../kernel/errors.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { CallAdmission } from '../../telephony/call-admission.ts';
import type { Counters } from '../../telephony/counters.ts';
import type { Leg } from '../../telephony/leg.ts';
import type { ReplacedDialog } from '../../telephony/refer-request.ts';
import type { Registrar } from '../../telephony/registrar.ts';
import type { TelephonyDirectory } from '../../telephony/telephony-directory.ts';
import type {
  Bridge,
  InboundCall,
  Mix,
  OriginateRequest,
  OutboundCall,
  Telephony,
} from '../../telephony/telephony.ts';
import { TerminationBucket } from '../../telephony/termination.ts';
import type { Termination } from '../../telephony/termination.ts';
import { trunkForDialling } from '../../telephony/trunk-matching.ts';
import { withDeadline } from '../freeswitch/deadline.ts';
import type { MediaServer } from '../freeswitch/media-server.ts';
import { CallGate } from './call-gate.ts';
import { contactTarget, trunkTarget } from './dial-targets.ts';
import type { SrfRequest, SrfResponse } from './drachtio-srf.ts';
import { SipInboundCall } from './inbound-call.ts';
import { originateHeaders } from './originate-headers.ts';
import { SipOutboundCall } from './outbound-call.ts';
import type { DialTarget } from './outbound-call.ts';
import { LegJoins } from './leg-joins.ts';
import type { LegJournal } from './leg-journal.ts';
import { sendResponse } from './send-response.ts';
import type { SipLink, SipRoutes } from './sip-link.ts';
import type { SipLeg } from './sip-leg.ts';
import { ALLOWED_METHODS, callerOf } from './sip-replies.ts';
import type { TrunkUse } from './trunk-use.ts';

/** What telephony is made of; `link` and `media` are asked for late because they are made with its routes. */
export interface SipTelephonyParts {
  readonly directory: TelephonyDirectory;
  readonly registrar: Registrar;
  readonly admission: CallAdmission;
  readonly trunkUse: TrunkUse;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly counters: Counters;
  readonly journal: LegJournal;
  /** Time between two looks whether the far end of a call is there; 0: never. */
  readonly dialogCheckIntervalMs: number;
  readonly link: () => SipLink;
  readonly media: () => MediaServer;
}

/**
 * How long the end of the program waits for an attempt whose far end never said a word: an INVITE and its
 * first repetition may have been lost (RFC 3261 §17.1.1.2). Nobody rings there as far as can be told.
 */
const UNHEARD_MAX_MS = 1000;

/**
 * The Telephony port over drachtio and FreeSWITCH: keeps the calls in progress, and ends them when a server
 * goes.
 */
export class SipTelephony implements Telephony {
  readonly #parts: SipTelephonyParts;
  readonly #gate: CallGate;
  readonly #joins: LegJoins;
  readonly #legs = new Set<SipLeg>();
  readonly #inbound = new Set<SipInboundCall>();
  readonly #outbound = new Set<SipOutboundCall>();
  /** Attempts with an INVITE that is not over, given-up ones included. */
  readonly #attempts = new Map<SipOutboundCall, Promise<void>>();
  readonly #canCallListeners = new Set<() => void>();
  #closing = false;
  #handler: ((call: InboundCall) => void) | undefined;

  constructor(parts: SipTelephonyParts) {
    this.#parts = parts;
    this.#gate = new CallGate(parts);
    this.#joins = new LegJoins(parts.clock, parts.log);
  }

  /** Handlers of requests outside dialogs. */
  get routes(): SipRoutes {
    const notAllowed = (_req: SrfRequest, res: SrfResponse): void =>
      res.send(405, { headers: { Allow: ALLOWED_METHODS } });
    return {
      invite: (req, res) => this.#invited(req, res),
      // RFC 3261 §11.2: as an INVITE would be answered, without the body.
      options: (_req, res) =>
        res.send(200, {
          headers: { Allow: ALLOWED_METHODS, Accept: 'application/sdp', 'Accept-Encoding': 'identity' },
        }),
      // RFC 6665 §4.2.1.1: no event packages here.
      subscribe: (_req, res) => res.send(489),
      publish: (_req, res) => res.send(489),
      message: notAllowed,
      refer: notAllowed,
    };
  }

  get legCount(): number {
    return this.#legs.size;
  }

  get callCountsByTrunk(): ReadonlyMap<string, number> {
    return this.#parts.trunkUse.callCounts;
  }

  onInboundCall(handler: (call: InboundCall) => void): void {
    assert(this.#handler === undefined, 'onInboundCall is set once');
    this.#handler = handler;
  }

  canCall(): boolean {
    return !this.#closing && this.#parts.link().connected && this.#parts.media().connected;
  }

  onCanCall(listener: () => void): void {
    this.#canCallListeners.add(listener);
  }

  /** One of the two servers has been connected. */
  serverConnected(): void {
    if (this.canCall()) for (const listener of this.#canCallListeners) listener();
  }

  isAgentReachable(agentId: string): boolean {
    return this.#parts.registrar.isReachable(agentId);
  }

  onAgentReachability(listener: (agentId: string, reachable: boolean) => void): void {
    this.#parts.registrar.onReachability(listener);
  }

  originate(request: OriginateRequest): OutboundCall {
    const failed = (termination: Termination): OutboundCall => ({
      callId: request.callId,
      outcome: Promise.resolve({ kind: 'failed', termination }),
      ringing: new Promise(() => undefined),
      inviteSent: new Promise(() => undefined),
      cancel: () => undefined,
      tap: () => undefined,
    });
    if (!this.#parts.link().connected) {
      return failed({ bucket: TerminationBucket.serverError, reason: 'sip-server-lost' });
    }
    const route = this.#route(request);
    if ('reason' in route) return failed(route);
    const overload = (why: string): OutboundCall => {
      this.#parts.counters.increment('attempts_refused', why);
      return failed({ bucket: TerminationBucket.serverError, reason: 'overload', detail: why });
    };
    const trunkPlace = route.trunk === undefined ? () => undefined : this.#parts.trunkUse.take(route.trunk);
    if (!trunkPlace) return overload('trunk-full');
    const admission = this.#parts.admission.admitOutbound();
    if (admission.kind === 'refused') {
      trunkPlace();
      return overload(admission.reason);
    }
    const release = (): void => {
      trunkPlace();
      admission.release();
    };
    const call: SipOutboundCall = new SipOutboundCall({
      callId: request.callId,
      remote: {
        uri: route.targets[0]?.uri ?? '',
        ...(route.number !== undefined && { number: route.number }),
      },
      targets: route.targets,
      headers: originateHeaders(request),
      ringTimeoutMs: request.ringTimeoutMs,
      link: this.#parts.link(),
      media: this.#parts.media(),
      clock: this.#parts.clock,
      log: this.#parts.log,
      journal: this.#parts.journal,
      findLeg: (dialog) => this.#legNamed(dialog),
      onAnswered: (leg) => {
        this.#outbound.delete(call);
        admission.answered();
        this.#adopt(leg, release);
        const { target } = request;
        if (target.kind === 'agent') this.#noticeVanished(leg, target.agentId);
      },
      onOver: () => {
        this.#outbound.delete(call);
        release();
      },
    });
    this.#outbound.add(call);
    const attempt = call.start().finally(() => this.#attempts.delete(call));
    this.#attempts.set(call, attempt);
    return call;
  }

  bridge(a: Leg, b: Leg): Promise<Bridge> {
    return this.#joins.bridge(a, b);
  }

  async createMix(): Promise<Mix> {
    if (this.#parts.media().connected) return this.#joins.createMix();
    throw new AppError('MEDIA_MIX_FAILED', 'the media server is not connected', { retryable: true });
  }

  /** The SIP server is gone: no dialog survives, and the media channels must not stay behind. */
  sipLost(): void {
    const termination: Termination = { bucket: TerminationBucket.serverError, reason: 'sip-server-lost' };
    for (const leg of this.#legs) leg.sipLost();
    for (const call of this.#outbound) call.endWith(termination);
    for (const call of this.#inbound) call.abandon(termination);
    void this.#parts.media().killAll();
  }

  /** Ends everything in progress and admits nothing more. Bounded by `deadlineMs`. */
  async endAll(deadlineMs: number): Promise<void> {
    const termination: Termination = { bucket: TerminationBucket.success, reason: 'local-hangup' };
    this.#closing = true;
    this.#parts.admission.close();
    const { clock } = this.#parts;
    const ends: Promise<unknown>[] = [...this.#inbound].map(({ over }) => over);
    for (const [call, attempt] of this.#attempts) {
      ends.push(call.isUnheard ? withDeadline(clock, UNHEARD_MAX_MS, attempt) : attempt);
    }
    for (const call of this.#outbound) call.cancel();
    for (const call of this.#inbound) call.abandon(termination);
    for (const leg of this.#legs) ends.push(leg.hangUp());
    await withDeadline(clock, deadlineMs, Promise.all(ends));
  }

  #invited(req: SrfRequest, res: SrfResponse): void {
    const decision = this.#gate.decide(req);
    if (decision.kind === 'refused') return sendResponse(res, decision.status, decision.headers);
    const handler = this.#handler;
    if (!handler) {
      decision.release();
      return res.send(503, { headers: { 'Retry-After': '5' } });
    }
    const call: SipInboundCall = new SipInboundCall({
      callId: this.#parts.ids.next('call'),
      source: decision.source,
      from: callerOf(req, decision.source.kind === 'trunk'),
      dialled: decision.dialled,
      req,
      res,
      link: this.#parts.link(),
      media: this.#parts.media(),
      clock: this.#parts.clock,
      log: this.#parts.log,
      findLeg: (dialog) => this.#legNamed(dialog),
      onAnswered: (leg) => {
        this.#inbound.delete(call);
        this.#adopt(leg, decision.release);
      },
      onOver: () => {
        this.#inbound.delete(call);
        decision.release();
      },
    });
    this.#inbound.add(call);
    this.#parts.counters.increment('calls_admitted', decision.source.kind);
    try {
      handler(call);
    } catch (thrown) {
      this.#parts.log.error(
        { callId: call.callId, error: messageOf(thrown) },
        'an inbound call could not be handled',
      );
      call.reject(500);
    }
  }

  #legNamed(dialog: ReplacedDialog): SipLeg | undefined {
    return [...this.#legs].find((leg) => leg.isNamedBy(dialog));
  }

  #adopt(leg: SipLeg, release: () => void): void {
    this.#legs.add(leg);
    const { journal, dialogCheckIntervalMs } = this.#parts;
    if (dialogCheckIntervalMs > 0) leg.watch(dialogCheckIntervalMs);
    const { uuid } = leg.endpoint;
    journal.opened(leg.callId, { kind: 'dialog', reference: leg.dialogId });
    // A channel goes with its event socket, but not out of a bridge.
    journal.opened(leg.callId, { kind: 'channel', reference: uuid });
    void leg.endpoint.gone.then(() => journal.closed(uuid));
    if (this.#closing) void leg.hangUp();
    void leg.ended.then((termination) => {
      this.#legs.delete(leg);
      journal.closed(leg.dialogId);
      release();
      this.#parts.counters.increment('legs_ended', termination.reason);
    });
  }

  /** Nobody else is sent to a phone that has just vanished from a call. */
  #noticeVanished(leg: SipLeg, agentId: string): void {
    void leg.ended.then(({ reason }) => {
      if (reason === 'no-response') this.#parts.registrar.vanished(agentId, leg.remote.uri);
    });
  }

  #route(
    request: OriginateRequest,
  ): { targets: readonly DialTarget[]; trunk?: string; number?: string } | Termination {
    const { target } = request;
    if (target.kind === 'agent') {
      const targets = this.#parts.registrar.contacts(target.agentId).map(contactTarget);
      return targets.length > 0
        ? { targets }
        : { bucket: TerminationBucket.unreachable, reason: 'not-registered' };
    }
    if (!/^\+?[0-9*#]{2,20}$/.test(target.number)) {
      return {
        bucket: TerminationBucket.clientError,
        reason: 'bad-request',
        detail: 'not a number that can be dialled',
      };
    }
    const trunk = trunkForDialling(this.#parts.directory.trunks(), target.trunk);
    const dialTarget =
      trunk && trunkTarget(trunk, target.number, this.#parts.directory.trunkPassword(trunk.name));
    return trunk && dialTarget
      ? { targets: [dialTarget], trunk: trunk.name, number: target.number }
      : {
          bucket: TerminationBucket.upstreamError,
          reason: 'unavailable',
          detail: 'no trunk for outbound calls',
        };
  }
}
