import type { SlotHold, SlotTx } from '../calendar/slot-store.ts';
import type { CallbackFilter, CallbackTx, UnitOfWork } from '../callback/callback-store.ts';
import { isFound, searchOrder } from '../callback/callback-search.ts';
import type { Attempt, Callback, CallbackEvent } from '../callback/callback.ts';
import type { Notification } from '../callback/notification.ts';
import type { TransferredCustomer, TransferTx } from '../callback/transferred-customer.ts';
import { AppError } from '../kernel/errors.ts';
import type { ScreeningTx } from '../screening/screening-store.ts';
import type { CallRecord, CallRecordTx } from '../telephony/call-record.ts';
import type { AgentStatus, AgentTx } from '../routing/agent.ts';

export interface AgentEvent {
  readonly agentId: string;
  readonly kind: string;
}

type Put = <T>(map: Map<string, T>, key: string, value: T) => void;
type Append = <T>(list: T[], value: T) => void;
type OwnCallbackTx = Omit<CallbackTx, keyof ScreeningTx | keyof SlotTx | keyof TransferTx>;

type Tx = CallbackTx & AgentTx & CallRecordTx;

/**
 * A store in memory, for the simulator and for tests of rooms: transactions run one after another, a failed
 * one leaves nothing.
 */
export class MemoryStore implements UnitOfWork<Tx> {
  callbacks = new Map<string, Callback>();
  attempts = new Map<string, Attempt>();
  events: CallbackEvent[] = [];
  notifications: Notification[] = [];
  agents = new Map<string, AgentStatus>();
  agentEvents: AgentEvent[] = [];
  calls = new Map<string, CallRecord>();
  holds = new Map<string, SlotHold>();
  transferred = new Map<string, TransferredCustomer>();
  /** Throws instead of committing the next n transactions. */
  failNextCount = 0;
  /** Of `callbacks`, those that are not COMPLETED. */
  readonly #open = new Map<string, Callback>();
  /** Ids by queue, and by queue and number, oldest first. */
  readonly #made = new Map<string, string[]>();
  /** Of the transaction in progress; there is one at a time. */
  readonly #undo: (() => void)[] = [];
  #shared: Tx | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Callbacks that are not COMPLETED. */
  get openCount(): number {
    return this.#open.size;
  }

  transact<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    const run = this.#last.then(() => this.#run(work));
    this.#last = run.catch(() => undefined);
    return run;
  }

  #madeFor(key: string): string[] {
    const made = this.#made.get(key) ?? [];
    this.#made.set(key, made);
    return made;
  }

  async #run<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    const undo = this.#undo;
    undo.length = 0;
    try {
      const result = await work((this.#shared ??= this.#tx(undo)));
      if (this.failNextCount > 0) {
        this.failNextCount--;
        throw new AppError('STORAGE_FAILED', 'the disk is full');
      }
      return result;
    } catch (error) {
      while (undo.length > 0) undo.pop()?.();
      throw error;
    }
  }

  /** Open callbacks whose time has come, earliest first. */
  #reached(timeOf: (callback: Callback) => number | null, nowMs: number): Callback[] {
    return [...this.#open.values()]
      .map((callback) => ({ callback, atMs: timeOf(callback) ?? Infinity }))
      .filter(({ atMs }) => atMs <= nowMs)
      .sort((a, b) => a.atMs - b.atMs || (a.callback.id < b.callback.id ? -1 : 1))
      .map(({ callback }) => callback);
  }

  #next(timeOf: (callback: Callback) => number | null): number | undefined {
    let next: number | undefined;
    for (const callback of this.#open.values()) {
      const atMs = timeOf(callback);
      if (atMs !== null && (next === undefined || atMs < next)) next = atMs;
    }
    return next;
  }

  /** Every change leaves its reverse in `undo`. */
  #tx(undo: (() => void)[]): Tx {
    const put = <T>(map: Map<string, T>, key: string, value: T): void => {
      const before = map.get(key);
      undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
      map.set(key, value);
    };
    const append = <T>(list: T[], value: T): void => {
      list.push(value);
      undo.push(() => list.pop());
    };
    return {
      ...this.#callbackTx(undo, put, append),
      ...this.#limitTx(),
      ...this.#slotTx(undo, put),
      ...this.#transferTx(undo, put),
      putCallRecord: async (record) => put(this.calls, record.callId, record),
      findCallRecord: async (callId) => this.calls.get(callId),
      listCallRecords: async ({ limit }) => [...this.calls.values()].reverse().slice(0, limit),
      endUnfinishedCalls: async (nowMs) => {
        const open = [...this.calls.values()].filter(({ endedAtMs }) => endedAtMs === null);
        for (const call of open) {
          put(this.calls, call.callId, { ...call, endedAtMs: nowMs, outcome: 'lost-at-restart' });
        }
        return open.length;
      },
      agentStatuses: async () => [...this.agents.values()],
      putAgentStatus: async (status) => put(this.agents, status.agentId, status),
      appendAgentEvent: async (event) => append(this.agentEvents, event),
    };
  }

  #callbackTx(undo: (() => void)[], put: Put, append: Append): OwnCallbackTx {
    const putCallback = (callback: Callback): void => {
      const before = this.#open.get(callback.id);
      undo.push(() => (before ? this.#open.set(callback.id, before) : this.#open.delete(callback.id)));
      if (callback.state === 'COMPLETED') this.#open.delete(callback.id);
      else this.#open.set(callback.id, callback);
      put(this.callbacks, callback.id, callback);
    };
    const open = (): Callback[] =>
      [...this.#open.values()].sort(
        (a, b) => b.priority - a.priority || a.placeAtMs - b.placeAtMs || (a.id < b.id ? -1 : 1),
      );
    return {
      insertCallback: async (callback) => {
        putCallback(callback);
        append(this.#madeFor(callback.virtualQueue), callback.id);
        append(this.#madeFor(`${callback.virtualQueue} ${callback.customerNumber}`), callback.id);
      },
      updateCallback: async (callback) => {
        if (this.callbacks.get(callback.id)?.version !== callback.version - 1) {
          throw new AppError('CALLBACK_CHANGED', callback.id);
        }
        putCallback(callback);
      },
      findCallback: async (id) => this.callbacks.get(id),
      openCallbacks: async () => open(),
      openPlaces: async () => open(),
      ...this.#lists(),
      dueCallbacks: async (nowMs, limit) => this.#reached(({ dueAtMs }) => dueAtMs, nowMs).slice(0, limit),
      nextDueAtMs: async () => this.#next(({ dueAtMs }) => dueAtMs),
      purgeableCallbacks: async (nowMs, limit) => this.#reached(purgeTime, nowMs).slice(0, limit),
      nextPurgeAtMs: async () => this.#next(purgeTime),
      deleteEndedCallbacks: async (desiredBeforeMs, limit) => {
        const ended = [...this.callbacks.values()]
          .filter(({ state, desiredAtMs }) => state === 'COMPLETED' && desiredAtMs < desiredBeforeMs)
          .slice(0, limit);
        for (const callback of ended) {
          this.callbacks.delete(callback.id);
          undo.push(() => this.callbacks.set(callback.id, callback));
          for (const attempt of this.attempts.values()) {
            if (attempt.callbackId !== callback.id) continue;
            this.attempts.delete(attempt.id);
            undo.push(() => this.attempts.set(attempt.id, attempt));
          }
        }
        return ended.length;
      },
      deleteEventsBefore: async (beforeMs) => {
        const before = this.events;
        this.events = before.filter(({ atMs }) => atMs >= beforeMs);
        undo.push(() => (this.events = before));
        return before.length - this.events.length;
      },
      insertAttempt: async (attempt) => put(this.attempts, attempt.id, attempt),
      updateAttempt: async (attempt) => put(this.attempts, attempt.id, attempt),
      findAttempt: async (id) => this.attempts.get(id),
      attemptsOf: async (id) => [...this.attempts.values()].filter((attempt) => attempt.callbackId === id),
      appendEvent: async (event) => append(this.events, event),
      eventsOf: async (id, limit) => this.events.filter((event) => event.callbackId === id).slice(-limit),
      putNotifications: async (told) => {
        for (const one of told) append(this.notifications, one);
      },
    };
  }

  #lists(): Pick<OwnCallbackTx, 'listCallbacks' | 'searchCallbacks'> {
    return {
      listCallbacks: async (filter: CallbackFilter) =>
        [...this.callbacks.values()]
          .filter((callback) => isSelected(callback, filter))
          .sort((a, b) => (a.id < b.id ? 1 : -1))
          .slice(0, filter.limit),
      searchCallbacks: async (search) => {
        const { after, limit } = search;
        const order = searchOrder(search);
        const found = [...this.callbacks.values()]
          .filter((callback) => isFound(callback, search) && (!after || order(after, callback) < 0))
          .sort(order);
        const items = found.slice(0, limit);
        return { items, next: found.length > limit ? (items.at(-1) ?? null) : null };
      },
    };
  }

  #limitTx(): ScreeningTx {
    return {
      openCountOfNumber: async (queue, number) =>
        this.#madeFor(`${queue} ${number}`).filter((id) => this.#open.has(id)).length,
      createdAtMsOfRank: async (queue, rank, { immediateOf } = {}) => {
        const made = this.#madeFor(immediateOf === undefined ? queue : `${queue} ${immediateOf}`);
        const counted =
          immediateOf === undefined ? made : made.filter((id) => isImmediate(this.callbacks.get(id)));
        return this.callbacks.get(counted.at(-rank) ?? '')?.createdAtMs;
      },
    };
  }

  #transferTx(undo: (() => void)[], put: Put): TransferTx {
    return {
      putTransferredCustomer: async (customer) => put(this.transferred, customer.callId, customer),
      removeTransferredCustomer: async (callId) => {
        const before = this.transferred.get(callId);
        if (!before) return;
        undo.push(() => this.transferred.set(callId, before));
        this.transferred.delete(callId);
      },
      transferredCustomers: async () =>
        [...this.transferred.values()].sort((a, b) => a.placeAtMs - b.placeAtMs),
    };
  }

  #slotTx(undo: (() => void)[], put: Put): SlotTx {
    return {
      takenPlaces: async (queue, fromMs, toMs, nowMs, except) => {
        const inRange = (atMs: number): boolean => atMs >= fromMs && atMs < toMs;
        const booked = [...this.#open.values()]
          .filter(({ virtualQueue, desiredAtMs, createdAtMs, id }) => {
            const counts = virtualQueue === queue && id !== except && desiredAtMs > createdAtMs;
            return counts && inRange(desiredAtMs);
          })
          .map(({ desiredAtMs }) => ({ atMs: desiredAtMs, count: 1 }));
        const held = [...this.holds.values()]
          .filter(({ virtualQueue, slotStartMs, expiresAtMs, holderId }) => {
            const counts = virtualQueue === queue && holderId !== except && expiresAtMs > nowMs;
            return counts && inRange(slotStartMs);
          })
          .map(({ slotStartMs }) => ({ atMs: slotStartMs, count: 1 }));
        return [...booked, ...held].sort((a, b) => a.atMs - b.atMs);
      },
      putSlotHold: async (hold) => put(this.holds, hold.holderId, hold),
      removeSlotHold: async (holderId) => {
        const before = this.holds.get(holderId);
        if (!before) return;
        undo.push(() => this.holds.set(holderId, before));
        this.holds.delete(holderId);
      },
    };
  }
}

/** When a callback may be purged: only in the line or between attempts. */
function purgeTime({ state, subState, purgeAtMs }: Callback): number | null {
  return state === 'QUEUED' || subState === 'retry-wait' ? purgeAtMs : null;
}

function isImmediate(callback: Callback | undefined): boolean {
  return callback !== undefined && callback.desiredAtMs <= callback.createdAtMs;
}

function isSelected(callback: Callback, filter: CallbackFilter): boolean {
  const { states, virtualQueue, customerNumber, createdFromMs, createdToMs, afterId } = filter;
  return (
    (states?.includes(callback.state) ?? true) &&
    callback.virtualQueue === (virtualQueue ?? callback.virtualQueue) &&
    callback.customerNumber === (customerNumber ?? callback.customerNumber) &&
    callback.createdAtMs >= (createdFromMs ?? -Infinity) &&
    callback.createdAtMs <= (createdToMs ?? Infinity) &&
    (afterId === undefined || callback.id < afterId)
  );
}
