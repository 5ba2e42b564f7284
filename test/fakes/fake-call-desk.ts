import type { Outcome } from '../../src/application/application.ts';
import type {
  CallCommand,
  CallDesk,
  CallParty,
  MonitorMode,
  WorkspaceCall,
} from '../../src/application/call-desk.ts';
import type { Actor } from '../../src/callback/callback.ts';

/** {@link CallDesk} in memory: keeps what it is asked; hold, resume and end change the call, others nothing. */
export class FakeCallDesk implements CallDesk {
  readonly calls = new Map<string, { call: WorkspaceCall; agentIds: readonly string[] }>();
  readonly asked: { agentId: string; callId: string; command: CallCommand | MonitorMode | 'stop' }[] = [];
  /** Awaited before a command is carried out. */
  gate: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<(agentIds: readonly string[], call: WorkspaceCall) => void>();

  begin(id: string, agentIds: readonly string[], changes: Partial<WorkspaceCall> = {}): WorkspaceCall {
    const party = (role: CallParty['role'], name: string): CallParty => ({
      id: `leg_${name}`,
      role,
      name,
      state: 'active',
      muted: false,
    });
    const call: WorkspaceCall = {
      id,
      kind: id.startsWith('callback') ? 'callback' : 'call',
      virtualQueue: 'billing',
      state: 'connected',
      parties: [party('customer', '+12025550123'), ...agentIds.map((agentId) => party('agent', agentId))],
      recording: { active: false, ids: [] },
      startedAtMs: Date.UTC(2026, 0, 5, 9),
      version: 1,
      ...changes,
    };
    this.calls.set(id, { call, agentIds });
    this.tell(agentIds, call);
    return call;
  }

  callsOf(agentId: string): readonly WorkspaceCall[] {
    return [...this.calls.values()]
      .filter(({ agentIds, call }) => agentIds.includes(agentId) && call.state !== 'ended')
      .map(({ call }) => call);
  }

  async command(
    agentId: string,
    callId: string,
    command: CallCommand,
    _actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    await this.gate;
    const held = this.calls.get(callId);
    if (!held?.agentIds.includes(agentId)) return { ok: false, refusal: { kind: 'not-found' } };
    const { call, agentIds } = held;
    if (command.type === 'hold' && call.state !== 'connected') {
      return { ok: false, refusal: { kind: 'not-allowed', state: call.state, allowed: ['resume', 'end'] } };
    }
    this.asked.push({ agentId, callId, command });
    const states: Partial<Record<CallCommand['type'], WorkspaceCall['state']>> = {
      hold: 'held',
      resume: 'connected',
      end: 'ended',
    };
    const changed = { ...call, state: states[command.type] ?? call.state, version: call.version + 1 };
    this.calls.set(callId, { call: changed, agentIds });
    this.tell(agentIds, changed);
    return { ok: true, value: changed };
  }

  async monitor(
    supervisorAgentId: string,
    callId: string,
    mode: MonitorMode,
    _actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    this.asked.push({ agentId: supervisorAgentId, callId, command: mode });
    return this.#found(callId);
  }

  async stopMonitoring(
    supervisorAgentId: string,
    callId: string,
    _actor: Actor,
  ): Promise<Outcome<WorkspaceCall>> {
    this.asked.push({ agentId: supervisorAgentId, callId, command: 'stop' });
    return this.#found(callId);
  }

  onChange(listener: (agentIds: readonly string[], call: WorkspaceCall) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #found(callId: string): Outcome<WorkspaceCall> {
    const call = this.calls.get(callId)?.call;
    return call ? { ok: true, value: call } : { ok: false, refusal: { kind: 'not-found' } };
  }

  /** Tells these agents of the call. */
  tell(agentIds: readonly string[], call: WorkspaceCall): void {
    for (const listener of this.#listeners) listener(agentIds, call);
  }
}
