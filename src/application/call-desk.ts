import type { Actor } from '../callback/callback.ts';
import type { Outcome } from './application.ts';

/** Who else an agent brings into a call, or gives it to. */
export type CallTarget =
  /** Rung when READY: reserved by compare-and-set, like for any other call. */
  | { readonly kind: 'agent'; readonly agentId: string }
  /** The customer waits in that line at the original place; for transfers only. */
  | { readonly kind: 'queue'; readonly queue: string }
  /** As typed; screened by what the call's queue permits before anything is dialled. */
  | { readonly kind: 'external'; readonly number: string };

/** What an agent may do with a live call; who hears whom afterwards is told in docs/call-control.md. */
export type CallCommand =
  /** Ends the call for everybody; in a conference the agent leaves and the others go on. */
  | { readonly type: 'end' }
  | { readonly type: 'hold' }
  | { readonly type: 'resume' }
  /** Default: the agent's own party. */
  | { readonly type: 'mute'; readonly partyId?: string }
  | { readonly type: 'unmute'; readonly partyId?: string }
  /** To whom the agent talks: `0`–`9`, `*`, `#`, `A`–`D`, 32 at most. */
  | { readonly type: 'send-digits'; readonly digits: string }
  /** Instant transfer: the customer hears music until the target answers; a failure gives them back. */
  | { readonly type: 'transfer'; readonly target: CallTarget }
  /** The customer hears music while the agent talks with the target. */
  | { readonly type: 'consult'; readonly target: CallTarget }
  /** The customer gets the one consulted, or the one whose phone still rings; the agent is free. */
  | { readonly type: 'complete-transfer' }
  /** Ends the consultation or the transfer that has not been answered: the customer is back. */
  | { readonly type: 'cancel-consult' }
  /** Customer, agent and the one consulted hear each other. */
  | { readonly type: 'merge' }
  /** Instant conference: agent and customer go on talking until the target answers and joins. */
  | { readonly type: 'conference'; readonly target: CallTarget }
  /** In a consultation: from the one to the other; who is left hears music. */
  | { readonly type: 'swap' }
  | { readonly type: 'drop'; readonly partyId: string }
  | { readonly type: 'start-recording' }
  | { readonly type: 'stop-recording' };

/** `listen`: hears all, heard by nobody; `whisper`: heard by the agents only; `barge`: heard by all. */
export type MonitorMode = 'listen' | 'whisper' | 'barge';

/** One party of a call. */
export interface CallParty {
  /** Id of the party's leg. */
  readonly id: string;
  readonly role: 'customer' | 'agent' | 'external' | 'supervisor';
  /** The agent's name, else the number. */
  readonly name: string;
  readonly state: 'ringing' | 'active' | 'held' | 'gone';
  readonly muted: boolean;
}

/** A live call as agents and supervisors see it. */
export interface WorkspaceCall {
  /** Id of the callback or of the inbound call: what the agents' states name as their subject. */
  readonly id: string;
  readonly kind: 'callback' | 'call';
  readonly virtualQueue: string | null;
  readonly state: 'ringing' | 'connected' | 'held' | 'consulting' | 'conference' | 'ended';
  readonly parties: readonly CallParty[];
  readonly recording: { readonly active: boolean; readonly ids: readonly string[] };
  /** When customer and agent were joined, UTC epoch ms. */
  readonly startedAtMs: number;
  /** Raised by one with every change. */
  readonly version: number;
}

/** What agents and supervisors do with live calls, whatever door they come through: API or phone. */
export interface CallDesk {
  /** The calls in which the agent takes part, supervised ones included; empty when there are none. */
  callsOf(agentId: string): readonly WorkspaceCall[];
  /**
   * Resolves when the command is carried out as far as it can be now: a target that is rung answers later
   * (see {@link onChange}). Refusals: `not-found` for a call that the agent does not take part in,
   * `not-allowed` with the call's state and what it allows.
   * @throws AppError MEDIA_BRIDGE_FAILED when the media server failed; the parties are as before.
   */
  command(
    agentId: string,
    callId: string,
    command: CallCommand,
    actor: Actor,
  ): Promise<Outcome<WorkspaceCall>>;
  /** Rings the supervisor's own phone, then joins it; a second call changes the mode. */
  monitor(
    supervisorAgentId: string,
    callId: string,
    mode: MonitorMode,
    actor: Actor,
  ): Promise<Outcome<WorkspaceCall>>;
  stopMonitoring(supervisorAgentId: string, callId: string, actor: Actor): Promise<Outcome<WorkspaceCall>>;
  /** Told of every change with the agents concerned; returns the way to stop. */
  onChange(listener: (agentIds: readonly string[], call: WorkspaceCall) => void): () => void;
}
