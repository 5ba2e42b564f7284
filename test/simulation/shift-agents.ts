import type {
  CallCommand,
  CallDesk,
  CallTarget,
  MonitorMode,
  WorkspaceCall,
} from '../../src/application/call-desk.ts';
import type { Workspace } from '../../src/application/workspace/workspace.ts';
import type { Actor } from '../../src/callback/callback.ts';
import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import { defaultNotReadyReasons, type AgentStatus } from '../../src/routing/agent.ts';
import type { Chance } from '../../src/simulation/chance.ts';
import type { SimulatedLeg } from '../../src/simulation/simulated-leg.ts';

/** Between two things that one agent does during a call. */
const STEP_MS = { low: 2000, high: 12_000 } as const;
/** Things done with one call before the agent ends it. */
const STEPS_MAX = 8;
/** Who missed or rejected a call is back after this. */
const BACK_MS = 20_000;

export interface ShiftAgentsOptions {
  readonly clock: SimulatedClock;
  readonly chance: Chance;
  readonly workspace: Workspace;
  readonly calls: Pick<CallDesk, 'callsOf'>;
  readonly agentIds: readonly string[];
  readonly supervisorIds: readonly string[];
  readonly queueNames: readonly string[];
  /** The agent's leg that is up. */
  readonly phoneOf: (agentId: string) => SimulatedLeg | undefined;
  readonly nowMs: () => number;
  /** Nobody begins anything new. */
  readonly isOver: () => boolean;
}

/** Agents in front of their screens, for a whole shift; notes what was done, and how often it was taken. */
export class ShiftAgents {
  /** Name of the action → times it was carried out. */
  readonly done = new Map<string, number>();
  readonly refused = new Map<string, number>();
  readonly #options: ShiftAgentsOptions;
  /** Agents at work on a call: the steps they still have in mind. */
  readonly #steps = new Map<string, number>();

  constructor(options: ShiftAgentsOptions) {
    this.#options = options;
  }

  /** The agent's state has changed. */
  changed({ agentId, state, notReadyReason, subjectId }: AgentStatus, before: AgentStatus): void {
    const { chance, supervisorIds } = this.#options;
    if (state === before.state || supervisorIds.includes(agentId)) return;
    if (state === 'NOT_READY' && notReadyReason !== 'UNREACHABLE') {
      this.#in(notReadyReason === 'RONA' || notReadyReason === 'REJECTED' ? BACK_MS : 120_000, () =>
        this.#wants(agentId, 'READY'),
      );
    }
    if (state === 'ON_CALL' && !this.#steps.has(agentId)) {
      this.#steps.set(agentId, chance.between(1, STEPS_MAX));
      this.#later(agentId);
    }
    if (before.state === 'ON_CALL') this.#steps.delete(agentId);
    if (state === 'AFTER_CALL_WORK' && subjectId !== null) this.#finishes(agentId, subjectId);
  }

  /** Somebody goes for a break, or supervises. */
  async minute(): Promise<void> {
    const { chance, agentIds, supervisorIds, workspace } = this.#options;
    this.#wants(chance.pick(agentIds), 'NOT_READY', chance.pick(defaultNotReadyReasons));
    for (const supervisorId of supervisorIds) {
      const call = this.#callOf(chance.pick(agentIds));
      if (!call) continue;
      const mode = chance.pick<MonitorMode>(['listen', 'whisper', 'barge']);
      const actor: Actor = { kind: 'user', id: supervisorId };
      this.#note(mode, (await workspace.monitor(supervisorId, call.id, mode, actor)).ok);
      this.#in(chance.between(5000, 40_000), () => {
        void workspace
          .stopMonitoring(supervisorId, call.id, actor)
          .then(({ ok }) => this.#note('stop-monitoring', ok));
      });
    }
  }

  #later(agentId: string): void {
    this.#in(this.#options.chance.between(STEP_MS.low, STEP_MS.high), () => void this.#step(agentId));
  }

  async #step(agentId: string): Promise<void> {
    const left = this.#steps.get(agentId);
    if (left === undefined) return;
    const call = this.#callOf(agentId);
    if (!call) return this.#later(agentId);
    this.#steps.set(agentId, left - 1);
    if (left > 0 && call.state === 'connected' && this.#options.chance.maybe(0.1)) {
      this.#usesPhone(agentId);
      return this.#later(agentId);
    }
    const command: CallCommand = left <= 0 ? { type: 'end' } : this.#nextCommand(agentId, call);
    const { workspace } = this.#options;
    const target = 'target' in command ? ` to ${command.target.kind}` : '';
    try {
      const outcome = await workspace.call(agentId, call.id, command, { kind: 'agent', id: agentId });
      this.#note(`${command.type}${target}`, outcome.ok);
    } catch {
      this.#note(`${command.type}${target}`, false);
    }
    if (this.#steps.has(agentId)) this.#later(agentId);
  }

  /** The phone's own keys: hold and back, or a transfer by REFER. */
  #usesPhone(agentId: string): void {
    const { chance, phoneOf } = this.#options;
    const leg = phoneOf(agentId);
    if (!leg) return;
    if (chance.maybe(0.6)) {
      leg.controls.hold(true);
      this.#note('phone holds', true);
      this.#in(chance.between(500, 8000), () => leg.controls.hold(false));
      return;
    }
    const number = `1212555${chance.between(1000, 1999)}`;
    const transfer = leg.controls.refer({ uri: `sip:${number}@simulated`, number });
    void transfer.outcome.then((sipStatus) => this.#note('phone transfers', sipStatus < 300));
  }

  #nextCommand(agentId: string, call: WorkspaceCall): CallCommand {
    const { chance } = this.#options;
    if (call.state === 'held') return { type: chance.pick(['resume', 'resume', 'start-recording']) };
    if (call.state === 'consulting') {
      return { type: chance.pick(['complete-transfer', 'cancel-consult', 'merge', 'swap']) };
    }
    if (call.state === 'conference') {
      const other = call.parties.find(({ role, state }) => role === 'external' && state === 'active');
      if (other && chance.maybe(0.5)) return { type: 'drop', partyId: other.id };
      return { type: chance.pick(['mute', 'unmute', 'stop-recording', 'end']) };
    }
    const type = chance.weighted({
      hold: 20,
      mute: 8,
      unmute: 8,
      'send-digits': 8,
      'start-recording': 10,
      'stop-recording': 8,
      transfer: 12,
      consult: 20,
      conference: 12,
      end: 10,
    });
    if (type === 'send-digits') return { type, digits: '12#' };
    if (type === 'transfer') return { type, target: this.#target(agentId, true) };
    if (type === 'consult' || type === 'conference') return { type, target: this.#target(agentId, false) };
    return { type };
  }

  #target(agentId: string, alsoQueues: boolean): CallTarget {
    const { chance, queueNames, workspace } = this.#options;
    const kind = chance.pick(alsoQueues ? ['agent', 'external', 'queue'] : ['agent', 'agent', 'external']);
    if (kind === 'queue') return { kind, queue: chance.pick(queueNames) };
    const ready = workspace.targets().agents.filter((agent) => agent.state === 'READY');
    const colleague = ready.find((agent) => agent.agentId !== agentId);
    if (kind === 'agent' && colleague) return { kind, agentId: colleague.agentId };
    return { kind: 'external', number: `+1212555${chance.between(1000, 1999)}` };
  }

  /** Note, disposition, perhaps another time for the customer; then done, or left to the clock. */
  #finishes(agentId: string, subjectId: string): void {
    const { chance, workspace, nowMs } = this.#options;
    const wish = { agentId, subjectId, actor: { kind: 'agent', id: agentId } as const };
    const { cases } = workspace;
    const act = (afterMs: number, name: string, run: () => Promise<{ readonly ok: boolean }>): void =>
      this.#in(afterMs, () => {
        void run().then(
          ({ ok }) => this.#note(name, ok),
          () => this.#note(name, false),
        );
      });
    const startMs = chance.between(1000, 6000);
    if (chance.maybe(0.4)) {
      act(startMs, 'note', () => cases.note(wish, { id: `note_${agentId}_${nowMs()}`, text: 'called' }));
    }
    if (chance.maybe(0.2)) {
      act(startMs + 500, 'extend', () =>
        workspace.setState(agentId, { state: 'EXTEND_WRAP_UP' }, wish.actor),
      );
    }
    if (chance.maybe(0.15)) {
      act(startMs + 800, 'reschedule', () =>
        workspace.reschedule(wish, nowMs() + chance.between(60_000, 1_800_000)),
      );
    }
    act(startMs + 1500, 'disposition', () => cases.disposition(wish, chance.pick(['Sold', 'Call again'])));
    if (chance.maybe(0.85)) act(startMs + 3000, 'done', () => cases.done(wish));
  }

  #callOf(agentId: string): WorkspaceCall | undefined {
    return this.#options.calls.callsOf(agentId)[0];
  }

  #wants(agentId: string, state: 'READY' | 'NOT_READY', reason?: string): void {
    const { workspace, isOver } = this.#options;
    if (isOver() && state === 'NOT_READY') return;
    const wish = { state, ...(reason !== undefined && { reason }) };
    void workspace
      .setState(agentId, wish, { kind: 'agent', id: agentId })
      .then(({ ok }) => this.#note(state, ok));
  }

  #note(action: string, ok: boolean): void {
    const counts = ok ? this.done : this.refused;
    counts.set(action, (counts.get(action) ?? 0) + 1);
  }

  #in(afterMs: number, act: () => void): void {
    this.#options.clock.setTimer(afterMs, act);
  }
}
