import type { AsideOutcome } from '../bridging/conversation.ts';
import { partyOf } from '../bridging/conversation-state.ts';
import type { RingTarget } from '../bridging/party-lines.ts';
import type { Actor } from '../callback/callback.ts';
import { messageOf } from '../kernel/errors.ts';
import type { CallId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { TransferRequest } from '../telephony/leg.ts';
import { readSipUri } from '../telephony/sip-uri-reader.ts';
import type { InboundCall } from '../telephony/telephony.ts';
import type { Refusal } from './application.ts';
import type { CallTargets } from './call-targets.ts';
import type { LiveCallDesk } from './live-call-desk.ts';
import type { LiveCall } from './live-call.ts';

export interface PhoneControlOptions {
  readonly desk: () => LiveCallDesk;
  readonly targets: CallTargets;
  /** The queue in whose line an agent's own call waits; undefined: it does not. */
  readonly queueOfCall: (callId: CallId, agentId: string) => string | undefined;
  readonly log: Log;
}

/** Codes of agents' phones are dialled during calls, too; their flow answers them. */
const AGENT_CODE = /^\*/;

/** What softphones do by themselves, made the same as what the API's commands do. */
export class PhoneControl {
  readonly #options: PhoneControlOptions;
  /** Attended transfers whose target has not answered yet, by call. */
  readonly #attended = new WeakMap<LiveCall, TransferRequest>();

  constructor(options: PhoneControlOptions) {
    this.#options = options;
  }

  /** A phone has sent REFER: blind, or attended with its other call in Replaces. */
  transferRequested(call: LiveCall, partyId: string, request: TransferRequest): void {
    const { log } = this.#options;
    const { target, replaces } = request;
    log.info({ subjectId: call.facts.id, target: target.uri, attended: replaces !== undefined }, 'REFER');
    const carriedOut = replaces
      ? this.#attend(call, partyId, request)
      : this.#transfer(call, partyId, request);
    carriedOut.catch((error: unknown) => {
      log.error({ error: messageOf(error), subjectId: call.facts.id }, 'transfer by phone failed');
      request.reject(500);
      request.done(500);
    });
  }

  /** An agent's phone in a conversation dials: a consultation on its second line. False: not our affair. */
  dialled(inbound: InboundCall): boolean {
    const { source, dialled } = inbound;
    if (source.kind !== 'agent' || AGENT_CODE.test(dialled)) return false;
    const desk = this.#options.desk();
    const { agentId } = source;
    const call = desk.callOfAgent(agentId);
    const owner = call?.partyOfAgent(agentId);
    const target = this.#options.targets.fromPhone(dialled);
    if (!call || !owner || !target || target.kind === 'queue') return false;
    if (!call.allowed(owner.id).includes('consult')) {
      inbound.reject(486);
      return true;
    }
    const found = desk.phone(call, agentId, target, false);
    if (!found.ok) {
      inbound.reject(statusOf(found.refusal));
      return true;
    }
    this.#consult(call, owner.id, inbound, found.value).catch((error: unknown) => {
      this.#options.log.error({ error: messageOf(error), callId: inbound.callId }, 'consultation failed');
    });
    return true;
  }

  async #consult(call: LiveCall, ownerId: string, inbound: InboundCall, target: RingTarget): Promise<void> {
    const answer = await inbound.answer();
    if (answer.kind === 'failed') return target.lease.failed(undefined);
    if (!call.allowed(ownerId).includes('consult')) {
      target.lease.failed(undefined);
      await answer.leg.hangUp();
      return undefined;
    }
    call.conversation.ring(target, 'consult', {
      secondLine: answer.leg,
      onOutcome: (outcome) => {
        const request = this.#attended.get(call);
        this.#attended.delete(call);
        request?.done(finalStatus(outcome));
      },
    });
    return undefined;
  }

  /** RFC 3515: the phone is told how the call to the target goes, by NOTIFY. */
  async #transfer(call: LiveCall, partyId: string, request: TransferRequest): Promise<void> {
    const { targets } = this.#options;
    const agentId = partyOf(call.conversation.state, partyId)?.agentId;
    if (agentId == null || !call.allowed(partyId).includes('transfer')) return request.reject(603);
    const target = targets.fromPhone(request.target.number ?? userOf(request.target.uri));
    if (target?.kind === 'queue') {
      await this.#toQueue(call, request, target.queue);
      return undefined;
    }
    request.accept();
    if (!target) return request.done(404);
    const rung = this.#options.desk().ring(
      call,
      agentId,
      { type: 'transfer', target },
      {
        onRinging: () => request.progress(180),
        onOutcome: (outcome) => request.done(finalStatus(outcome)),
      },
    );
    if (!rung.ok) request.done(statusOf(rung.refusal));
    return undefined;
  }

  /**
   * The phone is told in the same instant in which the customer moves: some hang up at the 202, others at the
   * last NOTIFY, and neither may take the customer along.
   */
  async #toQueue(call: LiveCall, request: TransferRequest, queue: string): Promise<boolean> {
    const found = this.#options.targets.queue(queue);
    const tell = (sipStatus: number): void => {
      request.accept();
      request.done(sipStatus);
    };
    if (found.ok) await call.toQueue(queue, () => tell(200));
    else tell(statusOf(found.refusal));
    return found.ok;
  }

  /**
   * RFC 3891: the far sides of the phone's two calls get each other. When the phone's other call waits in a
   * queue's line, the far side is that line: the customer takes a place in it, and the other call ends.
   */
  async #attend(call: LiveCall, partyId: string, request: TransferRequest): Promise<void> {
    const { state } = call.conversation;
    const own = partyOf(state, partyId)?.agentId;
    const waiting = request.replaces;
    const queue = waiting && own != null ? this.#options.queueOfCall(waiting.callId, own) : undefined;
    if (waiting && queue !== undefined) {
      if (!call.allowed(partyId).includes('transfer')) return request.reject(603);
      if (await this.#toQueue(call, request, queue)) await waiting.hangUp();
      return undefined;
    }
    const { ownerId, aside } = state;
    const other = request.replaces && call.conversation.partyWith(request.replaces);
    const lines = [ownerId, aside?.secondLineId];
    const isBoth = other !== undefined && other.id !== partyId && lines.includes(other.id);
    const agentId = state.parties.find(({ id }) => id === ownerId)?.agentId;
    const mayComplete = ownerId !== null && call.allowed(ownerId).includes('complete-transfer');
    if (!isBoth || !lines.includes(partyId) || agentId == null || !mayComplete) return request.reject(603);
    request.accept();
    if (call.situation === 'calling') request.progress(180);
    this.#attended.set(call, request);
    const actor: Actor = { kind: 'agent', id: agentId };
    const outcome = await this.#options
      .desk()
      .command(agentId, call.facts.id, { type: 'complete-transfer' }, actor);
    if (!outcome.ok) request.done(statusOf(outcome.refusal));
    return undefined;
  }
}

/** `sip:1002@host` → `1002`, without escapes. */
function userOf(uri: string): string {
  return readSipUri(uri)?.user ?? '';
}

/** What the last NOTIFY says of the new call. */
function finalStatus(outcome: AsideOutcome): number {
  if (outcome.kind === 'taken') return 200;
  if (!outcome.termination) return 487;
  const { sipStatus } = outcome.termination;
  return sipStatus !== undefined && sipStatus >= 300 ? sipStatus : 480;
}

const statuses: Partial<Record<Refusal['kind'], number>> = {
  'number-not-permitted': 403,
  'invalid-number': 404,
  'not-found': 404,
  'unknown-queue': 404,
  'queue-full': 486,
  'not-allowed': 603,
};

function statusOf(refusal: Refusal): number {
  return statuses[refusal.kind] ?? 480;
}
