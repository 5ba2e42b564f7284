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
  /** Extra headers on the INVITE: `X-` names (for example X-Turnkeeper-Callback) and Alert-Info. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Asks the phone to answer by itself: Call-Info with answer-after=0 and, unless `headers` carries one,
   * Alert-Info with info=alert-autoanswer (RFC 7462 §4, RFC 5373 §3.4.1). Default false.
   */
  readonly autoAnswer?: boolean;
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
 * Who hears a leg of a mix and whom it hears. One leg hears another when both ends allow it; `all` takes in
 * who joins later. Default of a member: hears all, heard by all.
 */
export interface Ears {
  readonly hears: 'all' | readonly Leg[];
  readonly heardBy: 'all' | readonly Leg[];
}

/**
 * A room in which legs are mixed: three and more parties, consultation, listen (`heardBy: []`), whisper
 * (`heardBy: [agent]`), barge. A leg is in one mix or bridge at a time, and plays nothing of its own in it. A
 * leg that ends leaves by itself.
 */
export interface Mix {
  /** Legs in the mix now. */
  readonly legs: readonly Leg[];
  /**
   * Puts a leg in, out of nothing: a bridge is separated first; a playback is stopped. Resolves when it is
   * heard. Rejects with MEDIA_MIX_FAILED: the leg has ended, the mix is closed or full, the media server
   * refused.
   */
  join(leg: Leg, ears?: Ears): Promise<void>;
  /** Changes who hears whom; rejects as `join` does, and when the leg is not in. */
  setRelations(leg: Leg, ears: Ears): Promise<void>;
  /** Takes a leg out; it goes on by itself. Does nothing when it is not in. Never rejects. */
  leave(leg: Leg): Promise<void>;
  /** Takes all legs out, which go on. Idempotent, never rejects. */
  close(): Promise<void>;
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
  /** Makes an empty mix. Rejects with MEDIA_MIX_FAILED when the media server is lost. */
  createMix(): Promise<Mix>;
  /** False while a server is lost or the program ends: a call begun now could only fail. */
  canCall(): boolean;
  /** Calls `listener` whenever calls have become possible again. */
  onCanCall(listener: () => void): void;
  /** True when the agent's phone has at least one live registration. */
  isAgentReachable(agentId: string): boolean;
  /** `gained`/`lost` the first/last registration of an agent's phone. */
  onAgentReachability(listener: (agentId: string, reachable: boolean) => void): void;
}
