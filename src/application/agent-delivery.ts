import type { QueueSettings } from '../callback/queue-settings.ts';
import { WHISPER_MAX_MS } from '../callback/callback-policy.ts';
import type { Clock } from '../kernel/clock.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { AudioListener, Leg } from '../telephony/leg.ts';
import type { OriginateOutcome, OutboundCall, Telephony } from '../telephony/telephony.ts';
import type { Termination } from '../telephony/termination.ts';
import type { CaseHeard } from './agent-whisper.ts';
import { caseHeaders } from './case-facts.ts';
import type { CaseFacts, InvitationDesk, InvitationEnd, OpenInvitation } from './invitation-desk.ts';

/** One case on its way to one agent. */
export interface Delivery {
  /** Id of the agent's leg. */
  readonly callId: CallId;
  readonly agentId: string;
  /** Callback or inbound call. */
  readonly subjectId: string;
  readonly kind: 'callback' | 'call';
  readonly facts: CaseFacts;
  readonly settings: QueueSettings;
  /** What the agent's phone shows. */
  readonly callerId: { readonly number: string; readonly name?: string };
}

export interface AgentDeliveryOptions {
  /** Whether the agent is still held for this: nobody is rung who took it too late. */
  readonly isHeld: (agentId: string, subjectId: string) => boolean;
  readonly telephony: Pick<Telephony, 'originate'>;
  readonly desk: InvitationDesk;
  /** Tells the agent of the case and asks for a key, as the queue wants it. Must not reject. */
  readonly whisper: (leg: Leg, delivery: Delivery, signal: AbortSignal) => Promise<CaseHeard>;
  readonly clock: Clock;
  readonly log: Log;
}

const declined: Termination = { bucket: 'unreachable', reason: 'declined' };
const noAnswer: Termination = { bucket: 'unreachable', reason: 'no-answer' };
const cancelled: Termination = { bucket: 'success', reason: 'cancelled' };
const ownFault: Termination = { bucket: 'server_error', reason: 'media-server-failure' };

/**
 * Brings a case to an agent: the invitation, the phone with the case in its headers, what the agent hears
 * before being connected, and the key that some queues ask for. To whoever asked it looks like a call to the
 * agent's phone: it is answered when the agent has accepted in every way the queue wants, and fails as
 * `declined` or `no-answer` otherwise. The customer is not touched: they hear music until both are joined.
 */
export class AgentDelivery {
  readonly #options: AgentDeliveryOptions;

  constructor(options: AgentDeliveryOptions) {
    this.#options = options;
  }

  /** The outcome never rejects. */
  deliver(delivery: Delivery): OutboundCall {
    return new DeliveredCall(this.#options, delivery);
  }
}

/** A case's way to its agent, seen as a call. */
class DeliveredCall implements OutboundCall {
  readonly callId: CallId;
  readonly outcome: Promise<OriginateOutcome>;
  readonly ringing: Promise<void>;
  readonly inviteSent: Promise<number>;
  readonly #options: AgentDeliveryOptions;
  readonly #delivery: Delivery;
  /** Aborted when nobody wants the agent any more. */
  readonly #unwanted = new AbortController();
  #call: OutboundCall | undefined;
  #rings!: (ringing: Promise<void>) => void;
  #sends!: (inviteSent: Promise<number>) => void;

  constructor(options: AgentDeliveryOptions, delivery: Delivery) {
    this.#options = options;
    this.#delivery = delivery;
    this.callId = delivery.callId;
    this.ringing = new Promise((resolve) => {
      this.#rings = resolve;
    });
    this.inviteSent = new Promise((resolve) => {
      this.#sends = resolve;
    });
    this.outcome = this.#follow();
  }

  tap(listener: AudioListener): (() => void) | undefined {
    return this.#call?.tap(listener);
  }

  cancel(): void {
    this.#unwanted.abort();
  }

  async #follow(): Promise<OriginateOutcome> {
    const { desk, log, isHeld } = this.#options;
    const { agentId, subjectId, kind, facts, settings } = this.#delivery;
    const onScreen = settings.agentAccept === 'workspace';
    const invitation = desk.offer({
      agentId,
      subjectId,
      kind,
      acceptedBy: settings.agentAccept,
      virtualQueue: settings.name,
      facts,
      timeoutMs: 1000 * (onScreen ? settings.agentAcceptTimeoutSec : settings.agentRingTimeoutSec),
    });
    const withdraw = (): void => invitation.end('withdrawn');
    const { signal } = this.#unwanted;
    signal.addEventListener('abort', withdraw, { once: true });
    try {
      if (onScreen) {
        const { end } = await invitation.answer;
        if (end !== 'accepted') return { kind: 'failed', termination: terminationOf(end) };
      }
      if (signal.aborted || !isHeld(agentId, subjectId)) return { kind: 'failed', termination: cancelled };
      return await this.#ring(invitation);
    } catch (error) {
      log.error({ error, agentId, subjectId }, 'the case could not be brought to the agent');
      return { kind: 'failed', termination: ownFault };
    } finally {
      signal.removeEventListener('abort', withdraw);
      withdraw();
    }
  }

  async #ring(invitation: OpenInvitation): Promise<OriginateOutcome> {
    const { telephony } = this.#options;
    const { callId, agentId, subjectId, kind, facts, settings, callerId } = this.#delivery;
    const call = telephony.originate({
      callId,
      target: { kind: 'agent', agentId },
      callerId,
      ringTimeoutMs: settings.agentRingTimeoutSec * 1000,
      headers: {
        [kind === 'callback' ? 'X-Turnkeeper-Callback' : 'X-Turnkeeper-Call']: subjectId,
        'X-Turnkeeper-Queue': settings.name,
        ...(settings.agentCaseHeaders && caseHeaders(facts)),
      },
      ...(settings.agentAutoAnswer && { autoAnswer: true }),
    });
    this.#call = call;
    this.#rings(call.ringing);
    this.#sends(call.inviteSent);
    // On the screen the agent may say no while the phone rings, or while they hear the case.
    const stop = new AbortController();
    let isRejected = false;
    void invitation.answer.then(({ end }) => {
      isRejected = end === 'rejected';
      if (isRejected) stop.abort();
    });
    const { signal } = this.#unwanted;
    const abort = (): void => stop.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const silence = (): void => call.cancel();
    stop.signal.addEventListener('abort', silence, { once: true });
    try {
      const outcome = await call.outcome;
      stop.signal.removeEventListener('abort', silence);
      if (outcome.kind === 'failed') {
        if (isRejected) return { kind: 'failed', termination: declined };
        invitation.end(endOf(outcome.termination));
        return outcome;
      }
      const heard = await this.#tell(outcome.leg, stop.signal);
      if (heard === 'connect') {
        invitation.end('accepted');
        return outcome;
      }
      await outcome.leg.hangUp();
      if (heard === 'no-key') invitation.end('timed-out');
      if (heard === 'hung-up') invitation.end('rejected');
      return { kind: 'failed', termination: failureOf(heard, isRejected) };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** What the agent hears before being connected; nothing where the queue wants nothing: no time is lost. */
  async #tell(leg: Leg, signal: AbortSignal): Promise<CaseHeard | 'stopped'> {
    const { clock, whisper } = this.#options;
    const { settings } = this.#delivery;
    if (signal.aborted) return 'stopped';
    if (!isTold(settings)) return 'connect';
    const deadline = new AbortController();
    const keyMs = settings.agentAcceptKey ? settings.agentAcceptKeySec * 1000 : 0;
    const timer = clock.setTimer(WHISPER_MAX_MS + keyMs, () => deadline.abort());
    const heard = await whisper(leg, this.#delivery, AbortSignal.any([signal, deadline.signal]));
    clock.clearTimer(timer);
    if (signal.aborted) return 'stopped';
    if (deadline.signal.aborted && settings.agentAcceptKey) return 'no-key';
    return heard === 'connect' && leg.termination ? 'hung-up' : heard;
  }
}

/** The agent hears something, or gives a key, before being connected. */
function isTold({ agentWhisper, agentAcceptKey }: QueueSettings): boolean {
  return agentWhisper !== undefined || agentAcceptKey;
}

function terminationOf(end: InvitationEnd): Termination {
  if (end === 'rejected') return declined;
  return end === 'timed-out' ? noAnswer : cancelled;
}

function failureOf(heard: CaseHeard | 'stopped', isRejected: boolean): Termination {
  if (heard === 'no-key') return noAnswer;
  return heard === 'hung-up' || isRejected ? declined : cancelled;
}

/** What an unanswered phone means for the invitation. */
function endOf({ reason }: Termination): InvitationEnd {
  if (reason === 'no-answer') return 'timed-out';
  return reason === 'declined' || reason === 'busy' || reason === 'forbidden' ? 'rejected' : 'withdrawn';
}
