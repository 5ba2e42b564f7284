import type { Actor, Callback } from '../../callback/callback.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { IdSource } from '../../kernel/ids.ts';
import type { AgentRegistry } from '../../routing/agent-registry.ts';
import type { CaseRefusal } from '../../disposition/case-book.ts';
import type { AgentView, AgentWish, Application, Outcome, QueueView, Refusal } from '../application.ts';
import type { CallCommand, CallDesk, MonitorMode, WorkspaceCall } from '../call-desk.ts';
import type { Invitation, InvitationDesk } from '../invitation-desk.ts';
import type { NotCalledDesk } from '../not-called-desk.ts';
import { type AgentCase, type CaseWish, FOLLOW_UP_KEY } from './agent-case.ts';
import { AgentFeeds } from './agent-feeds.ts';
import type { CaseDesk } from './case-desk.ts';

/** Everything an agent's screen begins with. */
export interface WorkspaceSnapshot {
  readonly agent: AgentView;
  readonly invitations: readonly Invitation[];
  readonly calls: readonly WorkspaceCall[];
  /** Open cases, the latest first. */
  readonly cases: readonly AgentCase[];
  /** What the agent may give as a reason for not being ready. */
  readonly notReadyReasons: readonly string[];
}

/** Whom a call can be given to or brought together with. */
export interface WorkspaceTargets {
  readonly agents: readonly Pick<AgentView, 'agentId' | 'name' | 'state' | 'reachable'>[];
  readonly queues: readonly Pick<QueueView, 'name' | 'open' | 'readyAgentCount' | 'waitingCallCount'>[];
}

export interface WorkspaceOptions {
  readonly application: Pick<
    Application,
    'agents' | 'queues' | 'setAgentState' | 'createCallback' | 'recreateCallback' | 'rescheduleCallback'
  >;
  readonly registry: Pick<AgentRegistry, 'watch'>;
  readonly calls: CallDesk;
  readonly invitations: Pick<InvitationDesk, 'invitationsOf' | 'onChange' | 'accept' | 'reject'>;
  readonly notCalled: Pick<NotCalledDesk, 'onChange'>;
  readonly cases: CaseDesk;
  readonly notReadyReasons: () => readonly string[];
  /** Tells of phones that gained their first or lost their last registration; default: nobody does. */
  readonly onReachability?: (listener: (agentId: string) => void) => void;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** A callback arranged during a case, and the case with the link to it. */
export type RescheduleAnswer =
  | { readonly ok: true; readonly callback: Callback; readonly found: AgentCase; readonly repeated: boolean }
  | { readonly ok: false; readonly refusal: CaseRefusal | Refusal };

/** Where the callback arranged during a call keeps that call. */
const FROM_CALL_KEY = '_fromCall';

/**
 * What an agent's screen shows and does: state, invitations, live calls and cases, as one snapshot and one
 * feed of events; every command goes to the room that owns it.
 */
export class Workspace {
  readonly cases: CaseDesk;
  readonly feeds: AgentFeeds;
  readonly #options: WorkspaceOptions;
  readonly #stops: (() => void)[] = [];

  constructor(options: WorkspaceOptions) {
    const { calls, cases, clock, ids, invitations, registry } = options;
    this.#options = options;
    this.cases = cases;
    this.feeds = new AgentFeeds(clock, ids);
    registry.watch(({ agentId }) => this.#agentChanged(agentId));
    options.onReachability?.((agentId) => this.#agentChanged(agentId));
    this.#stops.push(
      calls.onChange((agentIds, call) => {
        for (const agentId of agentIds) this.#callChanged(agentId, call);
      }),
      invitations.onChange((agentId, invitation, outcome) => {
        if (outcome === 'accepted') cases.accepted(agentId, invitation.subjectId);
        this.feeds.publish(
          agentId,
          invitation.virtualQueue,
          outcome === 'offered'
            ? { type: 'invitation', invitation }
            : { type: 'invitation-ended', invitation, end: outcome },
        );
      }),
      options.notCalled.onChange((agentId, notCalled) =>
        this.feeds.publish(agentId, notCalled.virtualQueue, { type: 'not-called', notCalled }),
      ),
      cases.onChange((agentId, found) =>
        this.feeds.publish(agentId, found.virtualQueue, { type: 'case', case: found }),
      ),
    );
  }

  /** The agent as configured, with its state; undefined: there is none of that id. */
  agent(agentId: string): AgentView | undefined {
    return this.#options.application.agents().find((agent) => agent.agentId === agentId);
  }

  /**
   * How everything stands. Take the feed's number before asking: what happens meanwhile is both in the
   * snapshot and after that number, and the higher version counts.
   */
  async snapshot(agentId: string): Promise<WorkspaceSnapshot | undefined> {
    const { invitations, calls, notReadyReasons } = this.#options;
    const cases = await this.cases.casesOf(agentId);
    const agent = this.agent(agentId);
    if (!agent) return undefined;
    return {
      agent,
      invitations: invitations.invitationsOf(agentId),
      calls: calls.callsOf(agentId),
      cases,
      notReadyReasons: notReadyReasons(),
    };
  }

  targets(): WorkspaceTargets {
    const { application } = this.#options;
    return {
      agents: application
        .agents()
        .map(({ agentId, name, state, reachable }) => ({ agentId, name, state, reachable })),
      queues: application.queues().map(({ name, open, readyAgentCount, waitingCallCount }) => ({
        name,
        open,
        readyAgentCount,
        waitingCallCount,
      })),
    };
  }

  setState(agentId: string, wish: AgentWish, actor: Actor): Promise<Outcome<AgentView>> {
    return this.#options.application.setAgentState(agentId, wish, actor);
  }

  accept(agentId: string, invitationId: string, actor: Actor): Promise<Outcome<Invitation>> {
    return this.#options.invitations.accept(agentId, invitationId, actor);
  }

  reject(
    agentId: string,
    invitationId: string,
    reason: string | undefined,
    actor: Actor,
  ): Promise<Outcome<Invitation>> {
    return this.#options.invitations.reject(agentId, invitationId, reason, actor);
  }

  call(agentId: string, callId: string, command: CallCommand, actor: Actor): Promise<Outcome<WorkspaceCall>> {
    return this.#options.calls.command(agentId, callId, command, actor);
  }

  monitor(
    supervisorAgentId: string,
    callId: string,
    mode: MonitorMode,
    actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    return this.#options.calls.monitor(supervisorAgentId, callId, mode, actor);
  }

  stopMonitoring(supervisorAgentId: string, callId: string, actor: Actor): Promise<Outcome<WorkspaceCall>> {
    return this.#options.calls.stopMonitoring(supervisorAgentId, callId, actor);
  }

  /** A live call by its id, whoever takes part in it. */
  findCall(callId: string): WorkspaceCall | undefined {
    const { application, calls } = this.#options;
    for (const { agentId } of application.agents()) {
      const call = calls.callsOf(agentId).find(({ id }) => id === callId);
      if (call) return call;
    }
    return undefined;
  }

  /**
   * Another time, named by the customer to the agent. During the work on a callback it ends
   * RESCHEDULED_BY_AGENT and a new one has the time; after that the new one is moved; a call gets a callback.
   * Slots are checked as for every booking.
   */
  async reschedule(wish: CaseWish, desiredAtMs: number): Promise<RescheduleAnswer> {
    const found = await this.cases.find(wish.agentId, wish.subjectId);
    if (!found) return { ok: false, refusal: { kind: 'no-case' } };
    if (found.state === 'DONE') {
      const allowed = ['WORKING', 'WRAP_UP', 'UNDISPOSED'];
      return { ok: false, refusal: { kind: 'not-allowed', state: 'DONE', allowed } };
    }
    const outcome = await this.#bookLater(found, wish, desiredAtMs);
    if (!outcome.ok) return outcome;
    const { callback, repeated } = outcome.value;
    if (found.kind === 'callback') await this.cases.tell(found.id);
    else await this.cases.data(wish, { [FOLLOW_UP_KEY]: callback.id });
    return { ok: true, callback, repeated, found: (await this.cases.find(wish.agentId, found.id)) ?? found };
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.feeds.close();
  }

  async #bookLater(
    found: AgentCase,
    { agentId, actor }: CaseWish,
    desiredAtMs: number,
  ): Promise<Outcome<{ readonly callback: Callback; readonly repeated: boolean }>> {
    const { application } = this.#options;
    const { id, callback, customerNumber, virtualQueue } = found;
    const later = callback?.rescheduledTo ?? callback?.recreatedTo ?? found.followUp;
    if (later) return application.rescheduleCallback(later, { desiredAtMs }, actor);
    if (callback?.state === 'COMPLETED') return application.recreateCallback(id, desiredAtMs, actor);
    if (found.kind === 'callback') {
      return application.rescheduleCallback(id, { desiredAtMs, agentId }, actor);
    }
    if (customerNumber === null) {
      return { ok: false, refusal: { kind: 'invalid-number', reason: 'the caller withholds it' } };
    }
    const userData = { ...found.customerData, [FROM_CALL_KEY]: id };
    const booking = { virtualQueue, customerNumber, desiredAtMs, check: 'strict', userData } as const;
    const outcome = await application.createCallback(booking, actor);
    return outcome.ok ? { ok: true, value: { callback: outcome.value, repeated: false } } : outcome;
  }

  #agentChanged(agentId: string): void {
    if (!this.feeds.has(agentId)) return;
    const agent = this.agent(agentId);
    if (agent) this.feeds.publish(agentId, null, { type: 'agent-state', agent });
  }

  #callChanged(agentId: string, call: WorkspaceCall): void {
    const isIn =
      call.state !== 'ended' && this.#options.calls.callsOf(agentId).some(({ id }) => id === call.id);
    this.feeds.publish(agentId, call.virtualQueue, { type: isIn ? 'call' : 'call-ended', call });
  }
}
