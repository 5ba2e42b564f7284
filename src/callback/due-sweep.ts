import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { CallbackId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import type { CallbackMachineEvent } from './callback-events.ts';
import type { CallbackTx, UnitOfWork } from './callback-store.ts';
import type { Callback } from './callback.ts';

/** Records taken in one go, of each kind; bounds the work of one wake-up. */
const BATCH_MAX = 200;
/** Pause after a wake-up in which something failed; doubles while it goes on. */
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30_000;
/** The wall clock may be set forward while the timer sleeps: bounds how late that makes a due callback. */
const WAKE_MAX_MS = 60_000;

export interface DueSweepOptions {
  readonly unitOfWork: UnitOfWork<CallbackTx>;
  readonly clock: Clock;
  readonly log: Log;
  readonly isConfigured: (virtualQueue: string) => boolean;
  /** Loads the record, asks which event has come for it as it stands now, and stores the step. */
  readonly step: (
    id: CallbackId,
    eventOf: (callback: Callback) => CallbackMachineEvent | undefined,
  ) => Promise<void>;
}

/**
 * Brings time to callbacks: whatever a state waits for is the record's `dueAtMs`, and the age that ends it
 * its `purgeAtMs`. One timer sleeps until the earliest of all.
 */
export class DueSweep {
  readonly #options: DueSweepOptions;
  #wake: TimerHandle | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #failureCount = 0;
  #closed = false;

  constructor(options: DueSweepOptions) {
    this.#options = options;
  }

  /** Looks again by the time that this record asks for. */
  stored(callback: Pick<Callback, 'state' | 'subState' | 'dueAtMs' | 'purgeAtMs'>): void {
    this.#wakeBy(callback.dueAtMs);
    this.#wakeBy(purgeTimeOf(callback));
  }

  close(): void {
    this.#closed = true;
    if (this.#wake) this.#options.clock.clearTimer(this.#wake);
  }

  #wakeBy(atMs: number | null | undefined): void {
    if (atMs === null || atMs === undefined || atMs >= this.#wakeAtMs || this.#closed) return;
    const { clock } = this.#options;
    if (this.#wake) clock.clearTimer(this.#wake);
    this.#wakeAtMs = atMs;
    const delayMs = Math.min(Math.max(0, atMs - clock.nowMs()), WAKE_MAX_MS);
    this.#wake = clock.setTimer(delayMs, () => {
      void this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    const { clock, log, unitOfWork } = this.#options;
    let notBeforeMs = 0;
    try {
      await this.#takeAll(clock.nowMs());
      this.#failureCount = 0;
    } catch (error) {
      const pauseMs = Math.min(RETRY_MS * 2 ** this.#failureCount++, RETRY_MAX_MS);
      notBeforeMs = clock.nowMs() + pauseMs;
      log.error({ error, pauseMs }, 'due callbacks could not be taken');
    }
    const [dueAtMs, purgeAtMs] = await unitOfWork
      .transact(async (tx) => [await tx.nextDueAtMs(), await tx.nextPurgeAtMs()])
      .catch(() => [clock.nowMs() + RETRY_MS, undefined]);
    for (const atMs of [dueAtMs, purgeAtMs]) this.#wakeBy(atMs && Math.max(atMs, notBeforeMs));
  }

  /** Every record is taken by itself: one that cannot be stored does not keep the others from their time. */
  async #takeAll(nowMs: number): Promise<void> {
    const { unitOfWork, step } = this.#options;
    const [due, old] = await unitOfWork.transact(async (tx) => [
      await tx.dueCallbacks(nowMs, BATCH_MAX),
      await tx.purgeableCallbacks(nowMs, BATCH_MAX),
    ]);
    const taken = [
      // First those that end: they need no place in the line before.
      ...old.map(({ id }) => step(id, (callback) => purgeEventOf(callback, nowMs))),
      ...due.map(({ id }) => step(id, (callback) => this.#dueEventOf(callback, nowMs))),
    ];
    const failed = (await Promise.allSettled(taken)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** The state may have moved on since the row was read: undefined then. */
  #dueEventOf(callback: Callback, nowMs: number): CallbackMachineEvent | undefined {
    const { state, dueAtMs, virtualQueue } = callback;
    if (dueAtMs === null || dueAtMs > nowMs) return undefined;
    const waits = state === 'SCHEDULED' || state === 'QUEUED';
    const missing = waits && !this.#options.isConfigured(virtualQueue);
    return { type: missing ? 'QUEUE_MISSING' : 'DUE_REACHED', nowMs };
  }
}

function purgeTimeOf({
  state,
  subState,
  purgeAtMs,
}: Pick<Callback, 'state' | 'subState' | 'purgeAtMs'>): number | null {
  return state === 'QUEUED' || subState === 'retry-wait' ? purgeAtMs : null;
}

function purgeEventOf(callback: Callback, nowMs: number): CallbackMachineEvent | undefined {
  const purgeAtMs = purgeTimeOf(callback);
  if (purgeAtMs === null || purgeAtMs > nowMs) return undefined;
  return { type: 'PURGE_REACHED', why: callback.purgeCause ?? 'timeout', nowMs };
}
