import type { TimerHandle } from '../kernel/clock.ts';
import { assert } from '../kernel/errors.ts';
import { AgentBook, type AgentBookOptions } from './agent-book.ts';
import { type AgentStatus, IDLE, neverLoggedIn, NO_REASON, type SystemReason } from './agent.ts';
import { extendedUntil, type WrapUpExtension } from './wrap-up-extension.ts';

/** What an agent, a supervisor or the API may ask for. */
export const wantedStates = ['READY', 'NOT_READY', 'LOGGED_OUT', 'WRAP_UP_DONE', 'EXTEND_WRAP_UP'] as const;
export type WantedState = (typeof wantedStates)[number];

/** How an agent comes out of a reservation that did not lead to a conversation. */
export type ReleaseReason = 'not-needed' | SystemReason;

/** Told of every change, before anything follows from it. */
export type AgentWatcher = (status: AgentStatus, before: AgentStatus) => void;

export interface AgentRegistryOptions extends AgentBookOptions {
  readonly isReachable: (agentId: string) => boolean;
  /** The agent became ready for work. Called synchronously: nothing waits between "ready" and the router. */
  readonly onReady: (agentId: string) => void;
  /** After-call work ended (by the agent or by time) for this subject, which began at `startedAtMs`. */
  readonly onWorkEnded: (agentId: string, subjectId: string) => void;
  /** How far after-call work on this subject may be drawn out; default: not at all. */
  readonly extensionOf?: (subjectId: string) => WrapUpExtension | undefined;
  /** Whether an agent who rejects this subject stays ready; whoever says so sees that they are skipped. */
  readonly staysReady?: (agentId: string, subjectId: string) => boolean;
}

/** Watchers at most; more means that somebody watches twice. */
const WATCHERS_MAX = 16;
/** A reservation that nobody acts upon is given back after this; bounds an agent held by a lost event. */
const RESERVATION_MAX_MS = 10_000;

/**
 * Who can take a call now. Every change is made by compare-and-set on the state before it, so an agent is
 * never given two tokens; memory decides, the store follows in order.
 */
export class AgentRegistry {
  readonly #options: AgentRegistryOptions;
  readonly #statuses = new Map<string, AgentStatus>();
  readonly #timers = new Map<string, TimerHandle>();
  readonly #watchers: AgentWatcher[] = [];
  readonly #book: AgentBook;

  constructor(options: AgentRegistryOptions) {
    this.#options = options;
    this.#book = new AgentBook(options);
  }

  /**
   * Loads the stored states. Calls ended with the process: who was reserved or ringing is as before, who was
   * talking has after-call work, timed anew. Who did something meanwhile is as that made them: they may have
   * been given work already.
   */
  async load(wrapUpMs: number): Promise<void> {
    const stored = await this.#options.unitOfWork.transact((tx) => tx.agentStatuses());
    for (const status of stored.filter(({ agentId }) => !this.#statuses.has(agentId))) {
      const before = this.status(status.agentId);
      this.#statuses.set(status.agentId, status);
      this.#tellWatchers(status, before);
      if (status.state === 'RESERVED' || status.state === 'RINGING')
        this.#becomeIdle(status.agentId, 'RESTARTED');
      else if (status.state === 'ON_CALL') this.workOver(status.agentId, status.subjectId ?? '', wrapUpMs);
      else if (status.state === 'AFTER_CALL_WORK') this.#armAt(status.agentId, status.dueAtMs ?? 0);
      else if (status.state === 'READY' || status.state === 'NOT_READY')
        this.reachabilityChanged(status.agentId, this.#options.isReachable(status.agentId));
    }
  }

  /** Calls `watcher` synchronously with every change of state from now on, those of {@link load} included. */
  watch(watcher: AgentWatcher): void {
    assert(this.#watchers.length < WATCHERS_MAX, `at most ${WATCHERS_MAX} watch the agents`);
    this.#watchers.push(watcher);
  }

  status(agentId: string): AgentStatus {
    return this.#statuses.get(agentId) ?? neverLoggedIn(agentId);
  }

  /**
   * Follows a wish. During work it is kept for afterwards. `WRAP_UP_DONE` and `EXTEND_WRAP_UP` are refused
   * (false) outside after-call work, the latter also where no more time is to be had.
   * @param reason why not ready, of the configured ones; default {@link NO_REASON}.
   */
  want(agentId: string, wanted: WantedState, actor: string, reason: string = NO_REASON): boolean {
    const { state } = this.status(agentId);
    if (wanted === 'EXTEND_WRAP_UP') return this.#extendWork(agentId, actor);
    if (wanted === 'WRAP_UP_DONE') {
      if (state !== 'AFTER_CALL_WORK') return false;
      this.#endWork(agentId, actor);
      return true;
    }
    const working = state !== 'READY' && state !== 'NOT_READY' && state !== 'LOGGED_OUT';
    if (working && !(state === 'AFTER_CALL_WORK' && wanted === 'READY')) {
      const afterWork = wanted === 'READY' ? null : wanted;
      const notReadyReason = wanted === 'NOT_READY' ? reason : null;
      this.#put(agentId, { afterWork, notReadyReason }, 'AFTER_WORK_CHOSEN', actor);
      return true;
    }
    if (state === 'AFTER_CALL_WORK') {
      this.#put(agentId, { afterWork: null, notReadyReason: null }, 'AFTER_WORK_CHOSEN', actor);
      this.#endWork(agentId, actor);
      return true;
    }
    if (wanted === 'READY') this.#becomeReady(agentId, 'READY', actor);
    else if (wanted === 'NOT_READY') this.#becomeNotReady(agentId, reason, actor);
    else this.#put(agentId, { state: 'LOGGED_OUT', notReadyReason: null }, 'LOGGED_OUT', actor);
    return true;
  }

  /** Compare-and-set READY → RESERVED for at most `holdMs` (10 s). False: somebody was quicker. */
  reserve(agentId: string, subjectId: string, holdMs = RESERVATION_MAX_MS): boolean {
    return this.status(agentId).state === 'READY' && this.#reserve(agentId, subjectId, holdMs, {});
  }

  /**
   * Compare-and-set NOT_READY → RESERVED, for a colleague's call: afterwards the agent is not ready for the
   * reason that they have now, unless they ask for something else. False: in any other state.
   */
  borrow(agentId: string, subjectId: string): boolean {
    const { state } = this.status(agentId);
    return (
      state === 'NOT_READY' &&
      this.#reserve(agentId, subjectId, RESERVATION_MAX_MS, { afterWork: 'NOT_READY' })
    );
  }

  /** Lets a reservation last `holdMs` from now: as long as a dial may take. False: it is gone. */
  holdFor(agentId: string, subjectId: string, holdMs: number): boolean {
    if (!this.#holds(agentId, subjectId, 'RESERVED')) return false;
    const dueAtMs = this.#options.clock.nowMs() + holdMs;
    this.#put(agentId, { dueAtMs }, 'HELD', 'router');
    this.#arm(agentId, holdMs, () => this.release(agentId, subjectId, 'not-needed'));
    return true;
  }

  /** RESERVED → RINGING for this subject; false when the reservation is gone. */
  ringing(agentId: string, subjectId: string): boolean {
    if (!this.#holds(agentId, subjectId, 'RESERVED')) return false;
    this.#disarm(agentId);
    this.#put(agentId, { state: 'RINGING', dueAtMs: null }, 'RINGING', 'router');
    return true;
  }

  /** Whether the agent's phone rings, or is about to, for this. */
  isRinging(agentId: string, subjectId: string): boolean {
    return this.#holds(agentId, subjectId, 'RINGING');
  }

  /** RINGING → ON_CALL. */
  connected(agentId: string, subjectId: string): boolean {
    if (!this.#holds(agentId, subjectId, 'RINGING')) return false;
    this.#put(agentId, { state: 'ON_CALL' }, 'CONNECTED', 'router');
    return true;
  }

  /** Gives a reserved or ringing agent back; anything but `not-needed` makes the agent not ready. */
  release(agentId: string, subjectId: string, reason: ReleaseReason): void {
    if (!this.#holds(agentId, subjectId, 'RESERVED') && !this.#holds(agentId, subjectId, 'RINGING')) return;
    this.#disarm(agentId);
    const { idleSinceMs, afterWork } = this.status(agentId);
    const staysReady = reason === 'REJECTED' && this.#options.staysReady?.(agentId, subjectId) === true;
    const isIdle = reason === 'not-needed' || afterWork === 'LOGGED_OUT' || staysReady;
    if (isIdle) this.#becomeIdle(agentId, 'RELEASED', 'router', idleSinceMs);
    else this.#becomeNotReady(agentId, reason, 'router');
  }

  /**
   * ON_CALL → AFTER_CALL_WORK for at most `wrapUpMs`, or straight to idle when that is 0. Harmless when the
   * agent is not on the call of this subject.
   */
  workOver(agentId: string, subjectId: string, wrapUpMs: number): void {
    if (!this.#holds(agentId, subjectId, 'ON_CALL')) return;
    const dueAtMs = this.#options.clock.nowMs() + wrapUpMs;
    this.#put(agentId, { state: 'AFTER_CALL_WORK', dueAtMs }, 'CALL_ENDED', 'router');
    this.#armAt(agentId, dueAtMs);
  }

  /**
   * ON_CALL → idle without after-call work: the agent was on the line for a customer who was never joined.
   * Harmless when the agent is not on the call of this subject.
   */
  standDown(agentId: string, subjectId: string): void {
    if (!this.#holds(agentId, subjectId, 'ON_CALL')) return;
    this.#becomeIdle(agentId, 'STOOD_DOWN', 'router');
  }

  /** The phone gained its first or lost its last registration. */
  reachabilityChanged(agentId: string, reachable: boolean): void {
    const { state, notReadyReason } = this.status(agentId);
    if (!reachable && state === 'READY') this.#becomeNotReady(agentId, 'UNREACHABLE', 'registrar');
    if (reachable && state === 'NOT_READY' && notReadyReason === 'UNREACHABLE') {
      this.#becomeReady(agentId, 'READY', 'registrar');
    }
  }

  /** Resolves when every change so far is stored. */
  flush(): Promise<void> {
    return this.#book.flush();
  }

  close(): void {
    this.#book.close();
    for (const handle of this.#timers.values()) this.#options.clock.clearTimer(handle);
    this.#timers.clear();
  }

  #reserve(agentId: string, subjectId: string, holdMs: number, more: Partial<AgentStatus>): true {
    const dueAtMs = this.#options.clock.nowMs() + holdMs;
    this.#put(agentId, { ...more, state: 'RESERVED', subjectId, dueAtMs }, 'RESERVED', 'router');
    this.#arm(agentId, holdMs, () => this.release(agentId, subjectId, 'not-needed'));
    return true;
  }

  #holds(agentId: string, subjectId: string, state: 'RESERVED' | 'RINGING' | 'ON_CALL'): boolean {
    const status = this.status(agentId);
    return status.state === state && status.subjectId === subjectId;
  }

  #extendWork(agentId: string, actor: string): boolean {
    const status = this.status(agentId);
    const extension = status.subjectId === null ? undefined : this.#options.extensionOf?.(status.subjectId);
    const untilMs = extendedUntil(status, extension);
    if (untilMs === undefined) return false;
    this.#put(agentId, { dueAtMs: untilMs }, 'WRAP_UP_EXTENDED', actor);
    this.#armAt(agentId, untilMs);
    return true;
  }

  #endWork(agentId: string, actor: string): void {
    const { subjectId } = this.status(agentId);
    this.#disarm(agentId);
    this.#becomeIdle(agentId, 'WORK_ENDED', actor);
    if (subjectId !== null) this.#options.onWorkEnded(agentId, subjectId);
  }

  /** Work is over: what the agent had asked for, else ready. `idleSinceMs` undefined: idle from now. */
  #becomeIdle(agentId: string, kind: string, actor = 'router', idleSinceMs?: number): void {
    const { afterWork, notReadyReason } = this.status(agentId);
    if (afterWork === 'NOT_READY') {
      const reason = notReadyReason ?? NO_REASON;
      this.#put(agentId, { ...IDLE, state: 'NOT_READY', notReadyReason: reason }, kind, actor);
    } else if (afterWork === 'LOGGED_OUT') {
      this.#put(agentId, { ...IDLE, state: 'LOGGED_OUT' }, kind, actor);
    } else {
      this.#becomeReady(agentId, kind, actor, idleSinceMs);
    }
  }

  #becomeReady(agentId: string, kind: string, actor: string, idleSinceMs?: number): void {
    if (!this.#options.isReachable(agentId)) {
      this.#becomeNotReady(agentId, 'UNREACHABLE', actor);
      return;
    }
    if (this.status(agentId).state === 'READY') return;
    const change = { ...IDLE, idleSinceMs: idleSinceMs ?? this.#options.clock.nowMs() };
    this.#put(agentId, { ...change, state: 'READY' }, kind, actor);
    this.#options.onReady(agentId);
  }

  #becomeNotReady(agentId: string, reason: string, actor: string): void {
    this.#put(agentId, { ...IDLE, state: 'NOT_READY', notReadyReason: reason }, 'NOT_READY', actor);
  }

  #put(agentId: string, change: Partial<AgentStatus>, kind: string, actor: string): void {
    const before = this.status(agentId);
    const atMs = this.#options.clock.nowMs();
    const sinceMs = change.state === undefined || change.state === before.state ? before.sinceMs : atMs;
    const status: AgentStatus = { ...before, ...change, sinceMs };
    this.#statuses.set(agentId, status);
    this.#tellWatchers(status, before);
    const isLatest = (): boolean => this.#statuses.get(agentId) === status;
    this.#book.write({ before, status, kind, actor, atMs }, isLatest);
  }

  #tellWatchers(status: AgentStatus, before: AgentStatus): void {
    for (const watcher of this.#watchers) watcher(status, before);
  }

  #armAt(agentId: string, dueAtMs: number): void {
    const delayMs = Math.max(0, dueAtMs - this.#options.clock.nowMs());
    this.#arm(agentId, delayMs, () => this.#endWork(agentId, 'clock'));
  }

  #arm(agentId: string, delayMs: number, callback: () => void): void {
    this.#disarm(agentId);
    this.#timers.set(agentId, this.#options.clock.setTimer(delayMs, callback));
  }

  #disarm(agentId: string): void {
    const handle = this.#timers.get(agentId);
    if (handle) this.#options.clock.clearTimer(handle);
    this.#timers.delete(agentId);
  }
}
