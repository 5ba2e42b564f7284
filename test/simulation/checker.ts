import { callNoteKinds } from '../../src/callback/call-note.ts';
import type { Engine } from '../../src/application/engine.ts';
import type { Callback, CallbackEvent } from '../../src/callback/callback.ts';
import type { QueueSettings } from '../../src/callback/queue-settings.ts';
import type { SimulatedClock } from '../../src/kernel/simulated-clock.ts';
import type { Leg } from '../../src/telephony/leg.ts';
import type { OriginateRequest } from '../../src/telephony/telephony.ts';
import type { SimulatedDisk } from './simulated-store.ts';
import type { SimulatedNetwork } from '../../src/simulation/simulated-network.ts';

/** What a history shows to be wrong with the product. */
export class Violation extends Error {}

/**
 * After a transaction of it failed a callback may be passed by others this long: it is tried again after a
 * pause.
 */
const PASSED_AFTER_FAILURE_MS = 30_000;
/** Lines of a history that may follow its end: what was refused, and that it was begun anew. */
export const BESIDE_THE_LIFE: ReadonlySet<string> = new Set(['REFUSED', 'RECREATED', ...callNoteKinds]);
/** From the commit of a place to the token in the line. */
const PLACE_MS = 10;

export interface CheckerOptions {
  readonly disk: () => SimulatedDisk;
  readonly network: () => SimulatedNetwork;
  readonly engine: () => Engine | undefined;
  readonly settingsOf: (queue: string) => QueueSettings;
  readonly queueNames: readonly string[];
  readonly clock: SimulatedClock;
  readonly wallMs: () => number;
}

/**
 * Watches a history for what must never be: it is told of every INVITE and bridge, and reads every commit. It
 * keeps its own books, from outside; what it finds is thrown by {@link Checker.rethrow} so that no room can
 * catch it.
 */
export class Checker {
  readonly #options: CheckerOptions;
  readonly #invited = new Set<string>();
  readonly #last = new Map<string, Callback>();
  readonly #queuedSinceMs = new Map<string, number>();
  readonly #cancelled = new Set<string>();
  readonly #bridged = new Map<Leg, Leg>();
  #eventCount = 0;
  #violation: Violation | undefined;

  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  /** Lines of history read so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  rethrow(): void {
    if (this.#violation) throw this.#violation;
  }

  fail(message: string): void {
    this.#violation ??= new Violation(`at ${this.#options.clock.monotonicMs()}: ${message}`);
  }

  /** The cancellation was answered with "done". */
  wasCancelled(callbackId: string): void {
    this.#cancelled.add(callbackId);
  }

  /** The wall clock was set forward: what was noted by it moves along. */
  wallSetForward(byMs: number): void {
    for (const [id, sinceMs] of this.#queuedSinceMs) this.#queuedSinceMs.set(id, sinceMs + byMs);
  }

  invited({ target, headers = {} }: OriginateRequest): void {
    if (target.kind === 'agent') this.#agentInvited(target.agentId);
    else this.#customerInvited(headers['X-Turnkeeper-Callback'] ?? '', headers['X-Turnkeeper-Attempt'] ?? '');
  }

  bridged(a: Leg, b: Leg): void {
    for (const leg of [a, b]) {
      if (this.#bridged.has(leg)) this.fail(`the leg of ${leg.remote.number} is in two conversations`);
    }
    this.#bridged.set(a, b);
    this.#bridged.set(b, a);
  }

  /** Reads what the last commit added. */
  committed(): void {
    const { events } = this.#options.disk().kept;
    for (const event of events.slice(this.#eventCount)) this.#happened(event);
    this.#eventCount = events.length;
    for (const callback of this.#options.disk().kept.callbacks.values()) this.#stored(callback);
    this.#waits();
  }

  /** Every answer about a wait has its stated form: −1 with a reason, or whole seconds inside their range. */
  #waits(): void {
    const engine = this.#options.engine();
    if (!engine) return;
    for (const queue of this.#options.queueNames) {
      const { length } = engine.router.queue(queue);
      const { sec, lowSec, highSec, unknown } = engine.waits.ewt(this.#options.settingsOf(queue), length + 1);
      const isUnknown = sec === -1 && lowSec === -1 && highSec === -1 && unknown !== null;
      const isKnown = unknown === null && Number.isInteger(sec) && 0 <= lowSec && lowSec <= highSec;
      if (!isUnknown && !isKnown)
        this.fail(`wait of ${queue}: ${JSON.stringify({ sec, lowSec, highSec, unknown })}`);
    }
  }

  #customerInvited(callbackId: string, attempt: string): void {
    const key = `${callbackId} ${attempt}`;
    if (this.#invited.has(key)) this.fail(`second INVITE for attempt ${key}`);
    this.#invited.add(key);
    const { kept } = this.#options.disk();
    const callback = kept.callbacks.get(callbackId);
    const row = [...kept.attempts.values()].find(
      (candidate) => candidate.callbackId === callbackId && String(candidate.number) === attempt,
    );
    if (!callback || !row) return this.fail(`INVITE for ${key} before its row is durable`);
    if (row.endedAtMs !== null) this.fail(`INVITE for ${key} whose attempt has ended`);
    if (callback.subState !== 'dialing' || this.#cancelled.has(callbackId)) {
      this.fail(`INVITE for ${key} in ${callback.state} ${callback.reason}`);
    }
    const live = this.#options
      .network()
      .outbound()
      .filter(({ request }) => request.headers?.['X-Turnkeeper-Attempt'] !== undefined)
      .filter(({ request }) => request.headers?.['X-Turnkeeper-Callback'] === callbackId);
    if (live.length > 0) this.fail(`two live calls for ${callbackId}`);
    return undefined;
  }

  #agentInvited(agentId: string): void {
    const other = this.#options
      .network()
      .outbound()
      .find(({ request: { target } }) => target.kind === 'agent' && target.agentId === agentId);
    if (other) this.fail(`agent ${agentId} is called while another call ${other.leg ? 'is up' : 'rings'}`);
    const state = this.#options.engine()?.registry.status(agentId).state;
    if (state !== 'RINGING') this.fail(`agent ${agentId} is called in state ${state}`);
  }

  #happened(event: CallbackEvent): void {
    const { callbackId, kind, state } = event;
    const before = this.#last.get(callbackId);
    const after = this.#options.disk().callback(callbackId);
    if (!after) return this.fail(`event ${kind} of an unknown callback`);
    if (state !== after.state || event.subState !== after.subState) {
      this.fail(
        `${kind} of ${callbackId} says ${state}/${event.subState}, stored ${after.state}/${after.subState}`,
      );
    }
    if (before?.state === 'COMPLETED' && !BESIDE_THE_LIFE.has(kind))
      this.fail(`${callbackId} goes on after its end`);
    if (kind === 'DIAL_GRANTED') this.#granted(after, event);
    return undefined;
  }

  /** Nobody of the same class who was there before, and is free to be dialled, may still wait. */
  #granted(callback: Callback, { atMs }: CallbackEvent): void {
    const { maxAttempts } = this.#options.settingsOf(callback.virtualQueue);
    const { kept, failedAtMs } = this.#options.disk();
    if (callback.attemptCount > maxAttempts && callback.attemptCount > maxAttempts + this.#putOff(callback)) {
      this.fail(`attempt ${callback.attemptCount} of ${maxAttempts} for ${callback.id}`);
    }
    const nowMs = this.#options.clock.monotonicMs();
    for (const other of kept.callbacks.values()) {
      const sinceMs = this.#queuedSinceMs.get(other.id);
      if (other.state !== 'QUEUED' || sinceMs === undefined || sinceMs + PLACE_MS >= atMs) continue;
      if (other.virtualQueue !== callback.virtualQueue || other.priority !== callback.priority) continue;
      if (nowMs - (failedAtMs.get(other.id) ?? -Infinity) < PASSED_AFTER_FAILURE_MS) continue;
      if (other.placeAtMs < callback.placeAtMs) this.fail(`${callback.id} was dialled before ${other.id}`);
    }
  }

  /** Attempts that ended with "later": the customer's own wish, not held against them up to three times. */
  #putOff({ id }: Callback): number {
    const { events } = this.#options.disk().kept;
    const wishes = events.filter(
      ({ callbackId, kind, subState }) => callbackId === id && kind === 'SNOOZED' && subState === 'due-later',
    );
    return Math.min(3, wishes.length);
  }

  /** A callback for a later time: its slot holds no more of them than it may. */
  #booked({ id, virtualQueue, desiredAtMs, state }: Callback): void {
    if (state === 'COMPLETED' || desiredAtMs <= this.#options.wallMs()) return;
    const { slotCapacity, slotDurationMin } = this.#options.settingsOf(virtualQueue);
    const slotOf = (atMs: number): number => Math.floor(atMs / (slotDurationMin * 60_000));
    const booked = [...this.#options.disk().kept.callbacks.values()].filter(
      (other) =>
        other.virtualQueue === virtualQueue &&
        other.state !== 'COMPLETED' &&
        other.desiredAtMs > other.createdAtMs &&
        slotOf(other.desiredAtMs) === slotOf(desiredAtMs),
    );
    if (booked.length <= slotCapacity) return;
    this.fail(`${id} is one of ${booked.length} in a slot of ${slotCapacity}`);
  }

  #stored(callback: Callback): void {
    const before = this.#last.get(callback.id);
    if (before === callback) return;
    this.#last.set(callback.id, callback);
    const isMoved = before && before.desiredAtMs !== callback.desiredAtMs;
    if (before && before.placeAtMs !== callback.placeAtMs && !isMoved)
      this.fail(`the place of ${callback.id} was moved`);
    if (before && callback.version !== before.version + 1) this.fail(`${callback.id} skipped a version`);
    if (callback.state !== 'COMPLETED' && callback.dueAtMs === null) {
      this.fail(`${callback.id} is in ${callback.subState} without a due time`);
    }
    if ((callback.state === 'COMPLETED') !== (callback.reason !== null)) {
      this.fail(`${callback.id} is ${callback.state} with reason ${callback.reason}`);
    }
    if (callback.reason === 'ERROR') this.fail(`${callback.id} ended as ERROR`);
    if (!before || isMoved) this.#booked(callback);
    if (callback.state !== 'QUEUED') this.#queuedSinceMs.delete(callback.id);
    else if (before?.state !== 'QUEUED') {
      this.#queuedSinceMs.set(callback.id, this.#options.wallMs());
    }
  }
}
