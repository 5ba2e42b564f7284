import { noLease, leaseAgent } from './agent-lease.ts';
import type { RingTarget } from '../bridging/party-lines.ts';
import { dialledAs } from '../dialing/dialer.ts';
import type { QueueSettings } from '../callback/queue-settings.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { Router } from '../routing/router.ts';
import type { Telephony } from '../telephony/telephony.ts';
import type { Refusal } from './application.ts';
import type { CallTarget } from './call-desk.ts';
import { numberRefusal, screenForQueue } from './number-check.ts';
import type { ServiceDirectory } from './service-directory.ts';

/** An outside number rings this long; agents ring as long as their queue says. */
const EXTERNAL_RING_MS = 30_000;
/** Shown where the queue sets no number. */
const CALLER_ID_FALLBACK = 'turnkeeper';

export interface CallTargetsOptions {
  readonly telephony: Pick<Telephony, 'isAgentReachable'>;
  readonly registry: AgentRegistry;
  readonly router: Router;
  readonly directory: ServiceDirectory;
  readonly nowMs: () => number;
}

/** The call for which somebody is rung. */
export interface TargetQuestion {
  readonly subjectId: string;
  /** The call's queue: its rules permit numbers, its settings say how long phones ring. */
  readonly settings: QueueSettings;
  /** Who asks; shown to colleagues. */
  readonly agentId: string;
  /** Shown to colleagues who are to get the customer. */
  readonly customerNumber: string;
  readonly showsCustomer: boolean;
}

type Found<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** Finds out who is meant, whether they may be called, and reserves those who are ours. */
export class CallTargets {
  readonly #options: CallTargetsOptions;

  constructor(options: CallTargetsOptions) {
    this.#options = options;
  }

  /** A phone to be rung. Who is reserved is released by the target's lease: ring it at once. */
  phone(target: Exclude<CallTarget, { kind: 'queue' }>, question: TargetQuestion): Found<RingTarget> {
    return target.kind === 'agent'
      ? this.#agent(target.agentId, question)
      : this.#external(target.number, question);
  }

  /** A line in which the customer may wait. */
  queue(name: string): Found<QueueSettings> {
    const { directory, router, nowMs } = this.#options;
    const settings = directory.queue(name);
    if (!settings) return refused({ kind: 'unknown-queue', virtualQueue: name });
    if (!directory.isOpen(name, nowMs())) return unavailable(`queue ${name} is closed`);
    if (router.queue(name).length >= settings.maxQueued) {
      return refused({ kind: 'queue-full', max: settings.maxQueued });
    }
    return { ok: true, value: settings };
  }

  /** A supervisor's own phone: reserved when READY, else rung as it is; undefined: at other work. */
  supervisor(agentId: string, subjectId: string, ringTimeoutMs: number): Found<RingTarget> {
    const { registry, directory, telephony } = this.#options;
    const agent = directory.agent(agentId);
    if (!agent) return refused({ kind: 'not-found' });
    if (!telephony.isAgentReachable(agentId)) return unavailable('the phone is not registered');
    const { state } = registry.status(agentId);
    const isIdle = state === 'NOT_READY' || state === 'LOGGED_OUT';
    const lease = isIdle ? noLease : leaseAgent({ registry, agentId, subjectId, wrapUpMs: () => 0 });
    if (!lease) return unavailable(`${agent.name} is ${state}`);
    const request = {
      target: { kind: 'agent', agentId },
      callerId: { number: agent.sipUser, name: 'Monitoring' },
      ringTimeoutMs,
      headers: headersOf(subjectId),
      autoAnswer: true,
    } as const;
    return { ok: true, value: { party: { role: 'supervisor', name: agent.name, agentId }, request, lease } };
  }

  /** What a phone dials or names in a REFER: an agent's id or SIP user, a DID, a queue, else a number. */
  fromPhone(dialled: string): CallTarget | undefined {
    const { directory } = this.#options;
    const agent = directory.agents().find(({ id, sipUser }) => sipUser === dialled || id === dialled);
    if (agent) return { kind: 'agent', agentId: agent.id };
    const did = directory.did(dialled);
    if (did) return { kind: 'queue', queue: did.queue };
    const queue = dialled.normalize('NFC');
    if (directory.queue(queue)) return { kind: 'queue', queue };
    return /^\+?[0-9]{3,20}$/.test(dialled) ? { kind: 'external', number: dialled } : undefined;
  }

  #agent(agentId: string, question: TargetQuestion): Found<RingTarget> {
    const { registry, directory, telephony } = this.#options;
    const { subjectId, settings, customerNumber, showsCustomer } = question;
    const agent = directory.agent(agentId);
    if (!agent) return refused({ kind: 'not-found' });
    if (!telephony.isAgentReachable(agentId))
      return unavailable(`the phone of ${agent.name} is not registered`);
    const wrapUpMs = (): number => (directory.queue(settings.name)?.wrapUpSec ?? settings.wrapUpSec) * 1000;
    // A colleague who asks for somebody knows better than the router whether they may be called.
    const lease = leaseAgent({ registry, agentId, subjectId, wrapUpMs }, { evenNotReady: true });
    if (!lease) return unavailable(`${agent.name} is ${registry.status(agentId).state}`);
    const asking = directory.agent(question.agentId);
    const request = {
      target: { kind: 'agent', agentId },
      callerId: showsCustomer
        ? { number: customerNumber, name: settings.name }
        : { number: asking?.sipUser ?? question.agentId, name: asking?.name ?? question.agentId },
      ringTimeoutMs: settings.agentRingTimeoutSec * 1000,
      headers: { ...headersOf(subjectId), 'X-Turnkeeper-Queue': settings.name },
    } as const;
    return { ok: true, value: { party: { role: 'agent', name: agent.name, agentId }, request, lease } };
  }

  #external(number: string, { subjectId, settings }: TargetQuestion): Found<RingTarget> {
    const verdict = screenForQueue(this.#options.directory, settings, number);
    if (verdict.kind === 'refused') return refused(numberRefusal(verdict));
    const { trunk, callerIdNumber, callerIdName } = settings;
    const request = {
      target: {
        kind: 'trunk',
        number: dialledAs(verdict.e164, settings),
        ...(trunk !== undefined && { trunk }),
      },
      callerId: {
        number: callerIdNumber ?? CALLER_ID_FALLBACK,
        ...(callerIdName !== undefined && { name: callerIdName }),
      },
      ringTimeoutMs: EXTERNAL_RING_MS,
      headers: headersOf(subjectId),
    } as const;
    const party = { role: 'external', name: verdict.e164, agentId: null } as const;
    return { ok: true, value: { party, request, lease: noLease } };
  }
}

function headersOf(subjectId: string): Readonly<Record<string, string>> {
  const kind = subjectId.startsWith('callback_') ? 'Callback' : 'Call';
  return { [`X-Turnkeeper-${kind}`]: subjectId };
}

function refused(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal };
}

function unavailable(reason: string): { readonly ok: false; readonly refusal: Refusal } {
  return refused({ kind: 'target-unavailable', reason });
}
