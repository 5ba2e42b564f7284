import type { Callback, CallbackState, CallbackSubState } from '../callback/callback.ts';
import type { CallbackId } from '../kernel/ids.ts';

/** The little that is asked of every open callback many times a second. */
export interface OpenCallback {
  readonly id: CallbackId;
  readonly virtualQueue: string;
  readonly customerNumber: string;
  readonly state: CallbackState;
  readonly subState: CallbackSubState | null;
  readonly placeAtMs: number;
  readonly priority: number;
  /** There is a device that can be told about it. */
  readonly hasDevice: boolean;
  readonly pushCount: number;
  readonly pushedAtMs: number | null;
}

/** The same as a record has it. */
type StoredCallback = Omit<OpenCallback, 'hasDevice'> & Pick<Callback, 'details'>;

/** The customer's phone rings, will ring as soon as an agent has answered, or the customer talks. */
const ENGAGING: ReadonlySet<CallbackSubState | null> = new Set([
  'dialing',
  'redial-wait',
  'detecting',
  'confirming',
  'waiting-for-agent',
  'ringing-agent',
  'connected',
]);

/** The little of a stored record. */
export function openCallbackOf(callback: StoredCallback): OpenCallback {
  const { id, virtualQueue, customerNumber, state, subState } = callback;
  const { placeAtMs, priority, pushCount, pushedAtMs, details } = callback;
  const hasDevice = (details.pushTargets?.length ?? 0) > 0;
  const about = { id, virtualQueue, customerNumber, state, subState };
  return { ...about, placeAtMs, priority, hasDevice, pushCount, pushedAtMs };
}

/**
 * Open callbacks by queue and by customer: a mirror in memory of what the store holds, fed by every commit.
 */
export class OpenCallbacks {
  readonly #byId = new Map<CallbackId, OpenCallback>();
  readonly #countByQueue = new Map<string, number>();
  readonly #byCustomer = new Map<string, Set<CallbackId>>();
  /** Those whose dial is being stored: two of one customer may be granted in the same instant. */
  readonly #dialling = new Set<CallbackId>();

  /** Takes over a stored record. */
  stored(callback: StoredCallback): void {
    const { id, virtualQueue, customerNumber, state } = callback;
    this.#dialling.delete(id);
    const before = this.#byId.get(id);
    if (state === 'COMPLETED') {
      if (before) this.#remove(before);
      return;
    }
    this.#byId.set(id, openCallbackOf(callback));
    if (before) return;
    this.#countByQueue.set(virtualQueue, this.count(virtualQueue) + 1);
    const key = customerKey(virtualQueue, customerNumber);
    const ids = this.#byCustomer.get(key) ?? new Set();
    this.#byCustomer.set(key, ids.add(id));
  }

  /** Open callbacks of the queue, in every state. */
  count(virtualQueue: string): number {
    return this.#countByQueue.get(virtualQueue) ?? 0;
  }

  find(id: CallbackId): OpenCallback | undefined {
    return this.#byId.get(id);
  }

  /** A dial of it is being stored; it counts as engaging until the next record of it is stored. */
  dialling({ id }: Pick<OpenCallback, 'id'>): void {
    if (this.#byId.has(id)) this.#dialling.add(id);
  }

  /** The customer is being called, or talks, for another callback of the same queue. */
  isEngagedElsewhere({
    id,
    virtualQueue,
    customerNumber,
  }: Pick<OpenCallback, 'id' | 'virtualQueue' | 'customerNumber'>): boolean {
    const ids = this.#byCustomer.get(customerKey(virtualQueue, customerNumber));
    if (!ids || ids.size < 2) return false;
    return [...ids].some(
      (other) =>
        other !== id && (this.#dialling.has(other) || ENGAGING.has(this.#byId.get(other)?.subState ?? null)),
    );
  }

  /** Those in the line. */
  *waiting(): Generator<OpenCallback> {
    for (const callback of this.#byId.values()) if (callback.state === 'QUEUED') yield callback;
  }

  /** By queue and state, for the metrics. */
  *counts(): Generator<{ queue: string; state: CallbackState; count: number }> {
    const counts = new Map<string, { queue: string; state: CallbackState; count: number }>();
    for (const { virtualQueue, state } of this.#byId.values()) {
      const key = `${virtualQueue}\n${state}`;
      const entry = counts.get(key) ?? { queue: virtualQueue, state, count: 0 };
      entry.count++;
      counts.set(key, entry);
    }
    yield* counts.values();
  }

  /**
   * The customer's callback that is not being dialled or served yet, oldest place first (product rule 3.7).
   */
  pendingOf(virtualQueue: string, customerNumber: string): OpenCallback | undefined {
    const ids = this.#byCustomer.get(customerKey(virtualQueue, customerNumber)) ?? [];
    return [...ids]
      .flatMap((id) => this.#byId.get(id) ?? [])
      .filter(({ state }) => state === 'SCHEDULED' || state === 'QUEUED')
      .sort((a, b) => a.placeAtMs - b.placeAtMs)[0];
  }

  #remove(callback: OpenCallback): void {
    this.#byId.delete(callback.id);
    this.#countByQueue.set(callback.virtualQueue, this.count(callback.virtualQueue) - 1);
    const key = customerKey(callback.virtualQueue, callback.customerNumber);
    const ids = this.#byCustomer.get(key);
    ids?.delete(callback.id);
    if (ids?.size === 0) this.#byCustomer.delete(key);
  }
}

function customerKey(virtualQueue: string, customerNumber: string): string {
  return `${virtualQueue}\n${customerNumber}`;
}
