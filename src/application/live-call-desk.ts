import { actorText } from '../callback/actor-text.ts';
import type { RingTarget } from '../bridging/party-lines.ts';
import type { AsideOutcome, JoinedLegs, RungPhone } from '../bridging/conversation.ts';
import { hasRoom } from '../bridging/conversation-commands.ts';
import { partyOf } from '../bridging/conversation-state.ts';
import type { Actor } from '../callback/callback.ts';
import type { Clock } from '../kernel/clock.ts';
import { assert, messageOf } from '../kernel/errors.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { RecordingBook } from '../recording/recording-book.ts';
import type { AgentRegistry } from '../routing/agent-registry.ts';
import type { AudioSource, TransferRequest } from '../telephony/leg.ts';
import type { Telephony } from '../telephony/telephony.ts';
import { leaseOfTalking } from './agent-lease.ts';
import type { Outcome, Refusal } from './application.ts';
import type { CallCommand, CallDesk, CallTarget, MonitorMode, WorkspaceCall } from './call-desk.ts';
import type { CallTargets, TargetQuestion } from './call-targets.ts';
import { LiveCall, type LiveCallFacts, type LiveCallListener, type LiveCallOptions } from './live-call.ts';
import type { ServiceDirectory } from './service-directory.ts';

export interface LiveCallDeskOptions {
  readonly telephony: Telephony;
  readonly registry: AgentRegistry;
  readonly directory: ServiceDirectory;
  readonly targets: CallTargets;
  readonly recordings: RecordingBook;
  readonly holdMusic: readonly AudioSource[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** See {@link LiveCallOptions}. */
  readonly promisePlace: LiveCallOptions['promisePlace'];
  /** The customer of an ended conversation waits in that queue's line. */
  readonly toQueue: LiveCallOptions['toQueue'];
  /** A phone of a live call asks for a transfer. */
  readonly transferRequested: (call: LiveCall, partyId: string, request: TransferRequest) => void;
}

/** Listeners at most; more means that somebody listens twice. */
const LISTENERS_MAX = 16;

type ChangeListener = Parameters<CallDesk['onChange']>[0];
type TargetCommand = CallCommand & { readonly type: 'transfer' | 'consult' | 'conference' };

/** What a phone that is rung by a command may tell besides. */
export interface TargetOptions {
  readonly onOutcome?: (outcome: AsideOutcome) => void;
  readonly onRinging?: () => void;
}

/** Every conversation of the house, by callback or call. */
export class LiveCallDesk implements CallDesk {
  readonly #options: LiveCallDeskOptions;
  readonly #calls = new Map<string, LiveCall>();
  readonly #listeners = new Set<ChangeListener>();
  /** Agents who were told of a call and take part in it. */
  readonly #told = new Map<LiveCall, ReadonlySet<string>>();

  constructor(options: LiveCallDeskOptions) {
    this.#options = options;
  }

  /** Conversations in progress. */
  get callCount(): number {
    return this.#calls.size;
  }

  /**
   * Goes on with two who have been joined. The agent is ON_CALL for this id and is released by the call; the
   * same holds for everybody who joins.
   */
  open(facts: LiveCallFacts, legs: JoinedLegs, listener: LiveCallListener): LiveCall {
    const { registry, clock, holdMusic: music, transferRequested } = this.#options;
    assert(!this.#calls.has(facts.id), `one conversation of ${facts.id} at a time`);
    const { agentId, id: subjectId } = facts;
    const call: LiveCall = new LiveCall(
      {
        ...this.#options,
        clock,
        music,
        listener,
        transferRequested,
        changed: (changed) => this.#changed(changed),
      },
      facts,
      legs,
      leaseOfTalking({ registry, agentId, subjectId, wrapUpMs: () => listener.wrapUpMs() }),
    );
    this.#calls.set(facts.id, call);
    this.#changed(call);
    void call.ended.then(() => {
      this.#calls.delete(facts.id);
      this.#told.delete(call);
    });
    return call;
  }

  /** A conversation about this callback or call is in progress: it frees its agents when they are quiet. */
  isOpen(subjectId: string): boolean {
    return this.#calls.has(subjectId);
  }

  /** The call in which the agent takes part by a phone; supervising is no part. */
  callOfAgent(agentId: string): LiveCall | undefined {
    return [...this.#calls.values()].find((call) => call.partyOfAgent(agentId)?.role === 'agent');
  }

  callsOf(agentId: string): readonly WorkspaceCall[] {
    const calls = [...this.#calls.values()].filter((call) => call.partyOfAgent(agentId) !== undefined);
    return calls.map((call) => call.view());
  }

  async command(
    agentId: string,
    callId: string,
    command: CallCommand,
    actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    const call = this.#calls.get(callId);
    const party = call?.partyOfAgent(agentId);
    if (!call || party?.role !== 'agent') return refused({ kind: 'not-found' });
    const refusal = this.#refusal(call, party.id, command);
    const { log } = this.#options;
    const who = { subjectId: callId, agentId, actor: actorText(actor), command: command.type };
    if (refusal) {
      log.info({ ...who, refusal: refusal.kind, situation: call.situation }, 'call command refused');
      return refused(refusal);
    }
    log.info({ ...who, situation: call.situation }, 'call command');
    return this.#carryOut(call, party.id, agentId, command, actor);
  }

  /** The phone of somebody whom the agent wants in the call; ring it at once. */
  phone(
    { facts }: LiveCall,
    agentId: string,
    target: Exclude<CallTarget, { kind: 'queue' }>,
    showsCustomer: boolean,
  ): Outcome<RingTarget> {
    const settings = this.#options.directory.queue(facts.virtualQueue);
    if (!settings) return refused({ kind: 'unknown-queue', virtualQueue: facts.virtualQueue });
    const { id: subjectId, customerNumber } = facts;
    const question: TargetQuestion = { subjectId, settings, agentId, customerNumber, showsCustomer };
    return this.#options.targets.phone(target, question);
  }

  /**
   * Rings somebody for the agent's call; what is not allowed must have been refused before. Nothing waits
   * between the check and the ringing.
   */
  ring(
    call: LiveCall,
    agentId: string,
    command: TargetCommand,
    { onOutcome, onRinging }: TargetOptions = {},
  ): Outcome<RungPhone> {
    const { target, type } = command;
    if (target.kind === 'queue')
      return refused({ kind: 'target-unavailable', reason: 'a queue has no phone' });
    const found = this.phone(call, agentId, target, type !== 'consult');
    if (!found.ok) return found;
    const rung = call.conversation.ring(found.value, type, onOutcome ? { onOutcome } : {});
    if (onRinging) void rung.ringing.then(onRinging);
    return { ok: true, value: rung };
  }

  async monitor(
    supervisorAgentId: string,
    callId: string,
    mode: MonitorMode,
    actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    const { targets, log } = this.#options;
    const call = this.#calls.get(callId);
    if (!call) return refused({ kind: 'not-found' });
    log.info({ subjectId: callId, supervisorAgentId, mode, actor: actorText(actor) }, 'call is monitored');
    const party = call.partyOfAgent(supervisorAgentId);
    if (party?.role === 'supervisor') {
      await call.conversation.changeMonitor(party, mode);
      return { ok: true, value: call.view() };
    }
    if (party || call.situation === 'ended' || !hasRoom(call.conversation.state)) {
      return refused({ kind: 'not-allowed', state: call.situation, allowed: [] });
    }
    const ringTimeoutMs =
      (this.#options.directory.queue(call.facts.virtualQueue)?.agentRingTimeoutSec ?? 20) * 1000;
    const found = targets.supervisor(supervisorAgentId, callId, ringTimeoutMs);
    if (!found.ok) return found;
    call.conversation.monitor(found.value, mode);
    return { ok: true, value: call.view() };
  }

  async stopMonitoring(
    supervisorAgentId: string,
    callId: string,
    actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    const call = this.#calls.get(callId);
    const party = call?.partyOfAgent(supervisorAgentId);
    if (!call || party?.role !== 'supervisor') return refused({ kind: 'not-found' });
    const about = { subjectId: callId, supervisorAgentId, actor: actorText(actor) };
    this.#options.log.info(about, 'call is monitored no more');
    await call.conversation.dismiss(party.id);
    return { ok: true, value: call.view() };
  }

  onChange(listener: ChangeListener): () => void {
    assert(this.#listeners.size < LISTENERS_MAX, `at most ${LISTENERS_MAX} listen to the calls`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #refusal(call: LiveCall, partyId: string, command: CallCommand): Refusal | undefined {
    const allowed = call.allowed(partyId);
    const { state } = call.conversation;
    const forbidden = { kind: 'not-allowed', state: call.situation, allowed } as const;
    if (!allowed.includes(command.type)) return forbidden;
    if (command.type !== 'mute' && command.type !== 'unmute' && command.type !== 'drop') return undefined;
    const named = partyOf(state, command.partyId ?? partyId);
    if (!named || named.stage === 'gone') return { kind: 'not-found' };
    return named.id !== partyId && partyId !== state.ownerId ? forbidden : undefined;
  }

  async #carryOut(
    call: LiveCall,
    partyId: string,
    agentId: string,
    command: CallCommand,
    actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    const { conversation } = call;
    switch (command.type) {
      case 'transfer':
      case 'consult':
      case 'conference': {
        const { target } = command;
        if (target.kind === 'queue' && command.type === 'transfer') return this.#toQueue(call, target.queue);
        const rung = this.ring(call, agentId, command);
        if (!rung.ok) return rung;
        break;
      }
      case 'mute':
      case 'unmute':
        await call.actFor(actor, () => conversation.command(partyId, { partyId, ...command }));
        break;
      case 'send-digits':
        await call.digitLeg?.sendDigits(command.digits);
        break;
      case 'start-recording':
        await call.startRecording(agentId);
        break;
      case 'stop-recording':
        await call.recorder.stop();
        break;
      case 'drop':
      case 'end':
      case 'hold':
      case 'resume':
      case 'complete-transfer':
      case 'cancel-consult':
      case 'merge':
      case 'swap':
        await call.actFor(actor, () => conversation.command(partyId, command));
        break;
      default:
        return command satisfies never;
    }
    return { ok: true, value: call.view() };
  }

  async #toQueue(call: LiveCall, queue: string): Promise<Outcome<WorkspaceCall>> {
    const found = this.#options.targets.queue(queue);
    if (!found.ok) return found;
    await call.toQueue(queue);
    return { ok: true, value: call.view() };
  }

  /** Told to who takes part, and once to who has just left. */
  #changed(call: LiveCall): void {
    const { parties } = call.conversation.state;
    const present = parties.filter(({ stage }) => stage !== 'gone');
    const agentIds = new Set(present.flatMap(({ agentId }) => agentId ?? []));
    const concerned = [...new Set([...agentIds, ...(this.#told.get(call) ?? [])])];
    this.#told.set(call, agentIds);
    if (this.#listeners.size === 0) return;
    const view = call.view();
    for (const listener of this.#listeners) {
      try {
        listener(concerned, view);
      } catch (error) {
        this.#options.log.error({ error: messageOf(error), subjectId: view.id }, 'change of a call not told');
      }
    }
  }
}

function refused(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal };
}
