import type { SlotTx } from '../calendar/slot-store.ts';
import type { AttemptId, CallbackId } from '../kernel/ids.ts';
import type { ScreeningTx } from '../screening/screening-store.ts';
import type { Attempt, Callback, CallbackEvent, CallbackState } from './callback.ts';
import type { CallbackSearch, FoundCallbacks } from './callback-search.ts';
import type { Notification } from './notification.ts';
import type { TransferTx } from './transferred-customer.ts';

/**
 * `patient` work lets all other go first: what comes from programs, and in any number, must not keep those
 * waiting who are on the telephone.
 */
export type TransactionTurn = 'prompt' | 'patient';

/** Runs work in one durable transaction: all of it is on disk when `transact` resolves, or none of it. */
export interface UnitOfWork<Tx> {
  /**
   * Concurrent calls may share one commit. `work` must only await calls on `tx`; it may be run again after a
   * rollback.
   */
  transact<Result>(work: (tx: Tx) => Promise<Result>, turn?: TransactionTurn): Promise<Result>;
}

/** What to select; every limit is inclusive. */
export interface CallbackFilter {
  readonly states?: readonly CallbackState[];
  readonly virtualQueue?: string;
  /** Of these queues only; none of them: nothing is found. */
  readonly virtualQueues?: readonly string[];
  readonly customerNumber?: string;
  readonly createdFromMs?: number;
  readonly createdToMs?: number;
  /** 1–1000. */
  readonly limit: number;
  /** Continue after this id (ids are time-ordered; newest first). */
  readonly afterId?: CallbackId;
}

/** What a restart needs to know of an open callback. */
export type OpenPlace = Pick<
  Callback,
  | 'id'
  | 'virtualQueue'
  | 'customerNumber'
  | 'state'
  | 'subState'
  | 'placeAtMs'
  | 'priority'
  | 'dueAtMs'
  | 'purgeAtMs'
  | 'pushCount'
  | 'pushedAtMs'
  | 'details'
>;

/** The part of a transaction that the callback room uses. */
export interface CallbackTx extends SlotTx, ScreeningTx, TransferTx {
  insertCallback(callback: Callback): Promise<void>;
  /**
   * Stores `callback`; throws AppError CALLBACK_CHANGED when the stored version is not `callback.version -
   * 1`.
   * @param userDataBefore to be given when `userData` is another now: callbacks are found by it.
   */
  updateCallback(callback: Callback, userDataBefore?: Callback['userData']): Promise<void>;
  findCallback(id: CallbackId): Promise<Callback | undefined>;
  /** Every callback that is not COMPLETED, by priority (high first), placeAtMs, id. */
  openCallbacks(): Promise<Callback[]>;
  /** The same in the little that a restart needs of each. */
  openPlaces(): Promise<OpenPlace[]>;
  /** Newest first. */
  listCallbacks(filter: CallbackFilter): Promise<Callback[]>;
  /** What `search` looks for, as much of it as one turn at the store should find. */
  searchCallbacks(search: CallbackSearch): Promise<FoundCallbacks>;
  /** Open callbacks whose dueAtMs is at or before `nowMs`, earliest first. */
  dueCallbacks(nowMs: number, limit: number): Promise<Callback[]>;
  /** The earliest dueAtMs among open callbacks. */
  nextDueAtMs(): Promise<number | undefined>;
  /** Callbacks in QUEUED or `retry-wait` whose purgeAtMs is at or before `nowMs`, earliest first. */
  purgeableCallbacks(nowMs: number, limit: number): Promise<Callback[]>;
  /** The earliest purgeAtMs among callbacks in QUEUED or `retry-wait`. */
  nextPurgeAtMs(): Promise<number | undefined>;
  /**
   * Deletes COMPLETED callbacks with desiredAtMs before `desiredBeforeMs`, and their attempts, oldest first
   * and at most `limit`. Events stay. Returns how many.
   */
  deleteEndedCallbacks(desiredBeforeMs: number, limit: number): Promise<number>;
  /** Deletes events older than `beforeMs`, oldest first, a batch a call. Returns how many; 0: no more. */
  deleteEventsBefore(beforeMs: number): Promise<number>;
  insertAttempt(attempt: Attempt): Promise<void>;
  updateAttempt(attempt: Attempt): Promise<void>;
  findAttempt(id: AttemptId): Promise<Attempt | undefined>;
  attemptsOf(id: CallbackId): Promise<Attempt[]>;
  appendEvent(event: CallbackEvent): Promise<void>;
  eventsOf(id: CallbackId, limit: number): Promise<CallbackEvent[]>;
  /** Messages to be sent once this transaction is durable. One whose `onceKey` is there is left out. */
  putNotifications(notifications: readonly Notification[]): Promise<void>;
}
