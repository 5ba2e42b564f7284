import type { CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import type { Callback, CallbackEvent } from '../callback/callback.ts';
import type { Clock } from '../kernel/clock.ts';
import type { AgentStatus, AgentTx } from '../routing/agent.ts';
import type { CallRecordTx } from '../telephony/call-record.ts';
import type { MemoryStore } from './memory-store.ts';

type Tx = CallbackTx & AgentTx & CallRecordTx;

/** One inbound call as it went. Instants are ms of the simulated wall clock. */
export interface CallFacts {
  readonly queue: string;
  readonly offeredAtMs: number;
  connectedAtMs?: number;
  endedAtMs?: number;
  isBooked?: boolean;
}

/** One callback as it went. */
export interface CallbackFacts {
  readonly callback: Callback;
  /** First attempt; the last 1 pressed (or answer, where nobody is asked); joined with an agent. */
  readonly firstDialAtMs: number | undefined;
  readonly confirmedAtMs: number | undefined;
  readonly connectedAtMs: number | undefined;
}

/** What an agent did with the time logged in. */
export interface AgentFacts {
  busyMs: number;
  idleMs: number;
}

const BUSY = new Set(['RESERVED', 'RINGING', 'ON_CALL', 'AFTER_CALL_WORK']);

/** Notes what happens in a simulation, from outside the rooms; {@link summarize} makes figures of it. */
export class Tally {
  readonly calls = new Map<string, CallFacts>();
  readonly agents = new Map<string, AgentFacts>();
  readonly refusals = new Map<string, number>();
  readonly errors: unknown[] = [];
  callbackFacts: readonly CallbackFacts[] = [];
  /** An agent's state has changed. */
  onAgentStatus: (status: AgentStatus) => void = () => undefined;
  readonly #clock: Clock;
  #isCounting = true;
  readonly #since = new Map<string, { state: string; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  offered(callId: string, queue: string): void {
    this.calls.set(callId, { queue, offeredAtMs: this.#clock.nowMs() });
  }

  /** The customer on this call and an agent are joined; callbacks' calls are told of by their events. */
  connected(callId: string): void {
    const call = this.calls.get(callId);
    if (call) call.connectedAtMs ??= this.#clock.nowMs();
  }

  isConnected(callId: string): boolean {
    return this.calls.get(callId)?.connectedAtMs !== undefined;
  }

  booked(callId: string): void {
    const call = this.calls.get(callId);
    if (call) call.isBooked = true;
  }

  ended(callId: string): void {
    const call = this.calls.get(callId);
    if (call) call.endedAtMs ??= this.#clock.nowMs();
  }

  /** A callback was asked for on the web; `refusal`: and refused. */
  asked(queue: string, refusal: string | undefined): void {
    if (refusal === undefined) return;
    const key = `${queue} ${refusal}`;
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
  }

  failed(error: unknown): void {
    this.errors.push(error);
  }

  /** The store, with agents' states noted as they are written. */
  watching(store: MemoryStore): UnitOfWork<Tx> {
    return {
      transact: (work) =>
        store.transact((tx) =>
          work({
            ...tx,
            putAgentStatus: async (status) => {
              await tx.putAgentStatus(status);
              this.#agentStatus(status);
            },
          }),
        ),
    };
  }

  /** Arrivals are over: what agents do from now on is no longer counted. */
  closeHours(): void {
    for (const [agentId, { state }] of this.#since) this.#pass(agentId, state);
    this.#isCounting = false;
  }

  /** Reads what became of the callbacks, once, at the end. */
  callbacks(store: MemoryStore): void {
    const firstDialMs = new Map<string, number>();
    for (const { callbackId, startedAtMs } of store.attempts.values()) {
      firstDialMs.set(callbackId, Math.min(startedAtMs, firstDialMs.get(callbackId) ?? startedAtMs));
    }
    const eventsOf = new Map<string, CallbackEvent[]>();
    for (const event of store.events) {
      const list = eventsOf.get(event.callbackId);
      if (list) list.push(event);
      else eventsOf.set(event.callbackId, [event]);
    }
    this.callbackFacts = [...store.callbacks.values()].map((callback) => {
      const events = eventsOf.get(callback.id) ?? [];
      return {
        callback,
        firstDialAtMs: firstDialMs.get(callback.id),
        confirmedAtMs: (lastOf(events, 'CONFIRMED') ?? lastOf(events, 'ANSWERED'))?.atMs,
        connectedAtMs: lastOf(events, 'CONNECTED')?.atMs,
      };
    });
  }

  #agentStatus(status: AgentStatus): void {
    const before = this.#since.get(status.agentId);
    if (before && this.#isCounting) this.#pass(status.agentId, before.state);
    this.#since.set(status.agentId, { state: status.state, atMs: this.#clock.nowMs() });
    this.onAgentStatus(status);
  }

  #pass(agentId: string, state: string): void {
    const sinceMs = this.#since.get(agentId)?.atMs ?? 0;
    const facts = this.agents.get(agentId) ?? { busyMs: 0, idleMs: 0 };
    const passedMs = this.#clock.nowMs() - sinceMs;
    if (BUSY.has(state)) facts.busyMs += passedMs;
    else if (state === 'READY') facts.idleMs += passedMs;
    this.agents.set(agentId, facts);
  }
}

function lastOf(events: readonly CallbackEvent[], kind: string): CallbackEvent | undefined {
  return events.findLast((event) => event.kind === kind);
}
