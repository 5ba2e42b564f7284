/** What an agent is doing (glossary: agent state). */
export const AgentState = {
  loggedOut: 'LOGGED_OUT',
  notReady: 'NOT_READY',
  ready: 'READY',
  /** Held for one token, before the phone rings. */
  reserved: 'RESERVED',
  ringing: 'RINGING',
  onCall: 'ON_CALL',
  /** After-call work: finishing the case; ends by the agent or by `wrapUpSec`. */
  afterCallWork: 'AFTER_CALL_WORK',
} as const;
export type AgentState = (typeof AgentState)[keyof typeof AgentState];

/**
 * Reasons that the system gives: the phone rang (or a case was shown) and nobody took it; the agent rejected;
 * the phone is registered no more.
 */
export const systemReasons = ['RONA', 'REJECTED', 'UNREACHABLE'] as const;
export type SystemReason = (typeof systemReasons)[number];

/** What an agent may give as a reason, where the configuration names no others. */
export const defaultNotReadyReasons: readonly string[] = [
  'Admin Work',
  'Lunch',
  'Meeting',
  'Pause',
  'Training',
];

/** Not ready by the agent's own wish, without a reason. */
export const NO_REASON = 'MANUAL';

/** Whether the system made the agent not ready, rather than somebody's wish. */
export function isSystemReason(reason: string | null): reason is SystemReason {
  return systemReasons.includes(reason as SystemReason);
}

/** An agent's state as it is stored and shown. */
export interface AgentStatus {
  readonly agentId: string;
  readonly state: AgentState;
  /**
   * One of the system's, {@link NO_REASON}, or one of the configured. During work with `afterWork` NOT_READY
   * the one that goes with it. Null otherwise.
   */
  readonly notReadyReason: string | null;
  /** When this state began; 0: the agent never logged in. */
  readonly sinceMs: number;
  /** When the agent last finished work or became ready; the longest idle is chosen first. */
  readonly idleSinceMs: number;
  /** The callback or call being served; null otherwise. */
  readonly subjectId: string | null;
  /** When RESERVED expires or AFTER_CALL_WORK ends by itself; null otherwise. */
  readonly dueAtMs: number | null;
  /** What to become after the present work; set when the agent asks for it during a call. Null: ready. */
  readonly afterWork: 'NOT_READY' | 'LOGGED_OUT' | null;
}

/** Nobody to serve, nothing to follow. */
export const IDLE = { notReadyReason: null, subjectId: null, dueAtMs: null, afterWork: null } as const;

/** An agent of whom nothing is known. */
export function neverLoggedIn(agentId: string): AgentStatus {
  return { ...IDLE, agentId, state: 'LOGGED_OUT', sinceMs: 0, idleSinceMs: 0 };
}

/** The part of a transaction that the routing room uses. */
export interface AgentTx {
  /** Every agent that ever had a state. */
  agentStatuses(): Promise<AgentStatus[]>;
  putAgentStatus(status: AgentStatus): Promise<void>;
  /** Appends to the same history as callbacks: subject kind `agent`. */
  appendAgentEvent(event: {
    readonly agentId: string;
    readonly atMs: number;
    readonly kind: string;
    readonly actor: string;
    readonly data: Readonly<Record<string, unknown>>;
  }): Promise<void>;
}
