import type { CallId } from '../kernel/ids.ts';
import type { AudioListener, Leg, Party } from './leg.ts';
import type { Termination } from './termination.ts';

/** Where an inbound call came from, once it has been admitted. */
export type CallSource =
  | { readonly kind: 'trunk'; readonly trunk: string }
  | { readonly kind: 'agent'; readonly agentId: string };

/**
 * An inbound call that has been admitted (known source, within limits) and waits to be answered or refused.
 */
export interface InboundCall {
  readonly callId: CallId;
  readonly source: CallSource;
  readonly from: Party;
  /** The number dialled: the user part of the Request-URI (DNIS). */
  readonly dialled: string;
  /** SIP Call-ID, for traces. */
  readonly sipCallId: string;
  /** Resolves when the caller cancels before an answer; otherwise never. */
  readonly cancelled: Promise<void>;
  /**
   * Answers with media (200 OK). Resolves to the termination when it cannot be: caller gone, media refused
   * (488).
   */
  answer(): Promise<{ kind: 'answered'; leg: Leg } | { kind: 'failed'; termination: Termination }>;
  /** Refuses with a final status; `retryAfterSec` adds Retry-After (RFC 3261 §20.33). */
  reject(sipStatus: number, options?: { reason?: string; retryAfterSec?: number }): void;
}

export interface OriginateRequest {
  readonly callId: CallId;
  readonly target:
    /** Digits dialled through a trunk; undefined `trunk` means the first enabled one that may dial out. */
    | { readonly kind: 'trunk'; readonly number: string; readonly trunk?: string }
    /** Every registered contact of the agent's phone rings; the first to answer wins. */
    | { readonly kind: 'agent'; readonly agentId: string };
  /** What the called party sees. */
  readonly callerId: { readonly number: string; readonly name?: string };
  /** From INVITE to giving up with CANCEL. */
  readonly ringTimeoutMs: number;
  /** Extra headers on the INVITE, `X-` names only (for example X-Turnkeeper-Callback). */
  readonly headers?: Readonly<Record<string, string>>;
}

export type OriginateOutcome =
  | { readonly kind: 'answered'; readonly leg: Leg }
  | { readonly kind: 'failed'; readonly termination: Termination };

/** An outbound call on its way. */
export interface OutboundCall {
  readonly callId: CallId;
  /** Resolves exactly once, never rejects. */
  readonly outcome: Promise<OriginateOutcome>;
  /** 180/183 has been received; resolves at most once. */
  readonly ringing: Promise<void>;
  /**
   * Resolves with the instant (clock ms) at which the first INVITE was handed to the SIP server; for latency
   * figures.
   */
  readonly inviteSent: Promise<number>;
  /**
   * Hears what the called side sends, from early media on; one listener a call. Returns the way to stop.
   * Undefined: the media server cannot be listened to.
   */
  tap(listener: AudioListener): (() => void) | undefined;
  /** CANCEL (or BYE if the answer crossed it). Idempotent. The outcome then reads `cancelled`. */
  cancel(): void;
}

/** Two legs joined. */
export interface Bridge {
  /** Parts the legs, which both go on without each other. Idempotent. */
  separate(): Promise<void>;
}

/**
 * The telephone network as rooms see it; implemented once, over drachtio and FreeSWITCH (adapters/drachtio).
 */
export interface Telephony {
  /** Exactly one handler; set before calls are taken. */
  onInboundCall(handler: (call: InboundCall) => void): void;
  originate(request: OriginateRequest): OutboundCall;
  /** Joins media both ways. Rejects with AppError MEDIA_BRIDGE_FAILED when the media server cannot. */
  bridge(a: Leg, b: Leg): Promise<Bridge>;
  /** False while a server is lost or the program ends: a call begun now could only fail. */
  canCall(): boolean;
  /** Calls `listener` whenever calls have become possible again. */
  onCanCall(listener: () => void): void;
  /** True when the agent's phone has at least one live registration. */
  isAgentReachable(agentId: string): boolean;
  /** `gained`/`lost` the first/last registration of an agent's phone. */
  onAgentReachability(listener: (agentId: string, reachable: boolean) => void): void;
}
