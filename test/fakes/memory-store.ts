import type { CallbackFilter, CallbackTx, UnitOfWork } from '../../src/callback/callback-store.ts';
import type { Attempt, Callback, CallbackEvent } from '../../src/callback/callback.ts';
import { AppError } from '../../src/kernel/errors.ts';
import type { CallRecord, CallRecordTx } from '../../src/telephony/call-record.ts';
import type { AgentStatus, AgentTx } from '../../src/routing/agent.ts';

export interface AgentEvent {
  readonly agentId: string;
  readonly kind: string;
}

/** A store in memory for tests of rooms: transactions run one after another, a failed one leaves nothing. */
export class MemoryStore implements UnitOfWork<CallbackTx & AgentTx & CallRecordTx> {
  callbacks = new Map<string, Callback>();
  attempts = new Map<string, Attempt>();
  events: CallbackEvent[] = [];
  agents = new Map<string, AgentStatus>();
  agentEvents: AgentEvent[] = [];
  calls = new Map<string, CallRecord>();
  /** Throws instead of committing the next n transactions. */
  failNextCount = 0;
  #last: Promise<unknown> = Promise.resolve();

  transact<Result>(work: (tx: CallbackTx & AgentTx & CallRecordTx) => Promise<Result>): Promise<Result> {
    const run = this.#last.then(() => this.#run(work));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #run<Result>(work: (tx: CallbackTx & AgentTx & CallRecordTx) => Promise<Result>): Promise<Result> {
    const before = {
      callbacks: new Map(this.callbacks),
      attempts: new Map(this.attempts),
      events: [...this.events],
      agents: new Map(this.agents),
    };
    try {
      const result = await work(this.#tx());
      if (this.failNextCount > 0) {
        this.failNextCount--;
        throw new AppError('STORAGE_FAILED', 'the disk is full');
      }
      return result;
    } catch (error) {
      Object.assign(this, before);
      throw error;
    }
  }

  #tx(): CallbackTx & AgentTx & CallRecordTx {
    const open = (): Callback[] =>
      [...this.callbacks.values()]
        .filter((callback) => callback.state !== 'COMPLETED')
        .sort((a, b) => b.priority - a.priority || a.placeAtMs - b.placeAtMs || (a.id < b.id ? -1 : 1));
    return {
      insertCallback: async (callback) => void this.callbacks.set(callback.id, callback),
      updateCallback: async (callback) => {
        if (this.callbacks.get(callback.id)?.version !== callback.version - 1) {
          throw new AppError('CALLBACK_CHANGED', callback.id);
        }
        this.callbacks.set(callback.id, callback);
      },
      findCallback: async (id) => this.callbacks.get(id),
      openCallbacks: async () => open(),
      listCallbacks: async (filter: CallbackFilter) =>
        [...this.callbacks.values()].reverse().slice(0, filter.limit),
      dueCallbacks: async (nowMs, limit) =>
        open()
          .filter((callback) => callback.dueAtMs !== null && callback.dueAtMs <= nowMs)
          .slice(0, limit),
      nextDueAtMs: async () => {
        const dues = open().flatMap((callback) => callback.dueAtMs ?? []);
        return dues.length === 0 ? undefined : Math.min(...dues);
      },
      insertAttempt: async (attempt) => void this.attempts.set(attempt.id, attempt),
      updateAttempt: async (attempt) => void this.attempts.set(attempt.id, attempt),
      findAttempt: async (id) => this.attempts.get(id),
      attemptsOf: async (id) => [...this.attempts.values()].filter((attempt) => attempt.callbackId === id),
      appendEvent: async (event) => void this.events.push(event),
      eventsOf: async (id, limit) => this.events.filter((event) => event.callbackId === id).slice(-limit),
      putCallRecord: async (record) => void this.calls.set(record.callId, record),
      findCallRecord: async (callId) => this.calls.get(callId),
      listCallRecords: async ({ limit }) => [...this.calls.values()].reverse().slice(0, limit),
      endUnfinishedCalls: async (nowMs) => {
        const open = [...this.calls.values()].filter(({ endedAtMs }) => endedAtMs === null);
        for (const call of open) {
          this.calls.set(call.callId, { ...call, endedAtMs: nowMs, outcome: 'lost-at-restart' });
        }
        return open.length;
      },
      agentStatuses: async () => [...this.agents.values()],
      putAgentStatus: async (status) => void this.agents.set(status.agentId, status),
      appendAgentEvent: async (event) => void this.agentEvents.push(event),
    };
  }
}
