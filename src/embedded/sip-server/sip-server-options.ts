import type { SipTimers } from '../sip/sip-timers.ts';

/** Bounds of the server: beyond them new work is refused, work in progress goes on. */
export interface SipServerLimits {
  /** Dialogs at once, those being set up included; default 5 000. */
  readonly dialogsMax: number;
  /** INVITEs from the network without a final answer; default 1 000. */
  readonly ringingMax: number;
  /** INVITEs that begin a call, taken per second, with a burst of as many; default 500. */
  readonly invitesPerSecondMax: number;
  /** Server transactions at once; beyond it only what belongs to a call is taken; default 50 000. */
  readonly transactionsMax: number;
  /** What Retry-After says when a request is refused for a limit, seconds; default 5. */
  readonly retryAfterSec: number;
  /** An application that says nothing to a request; default 64 000 as drachtio-server has it. */
  readonly silentApplicationMs: number;
  /** An INVITE in either direction with provisional answers only; default 600 000. */
  readonly ringingMs: number;
}

export const DEFAULT_SIP_SERVER_LIMITS: SipServerLimits = {
  dialogsMax: 5_000,
  ringingMax: 1_000,
  invitesPerSecondMax: 500,
  transactionsMax: 50_000,
  retryAfterSec: 5,
  silentApplicationMs: 64_000,
  ringingMs: 600_000,
};

/** Where and how the server runs. Plain data: it crosses to a worker thread. */
export interface SipServerOptions {
  /** IPv4 address for SIP; default 127.0.0.1. */
  readonly sipHost?: string;
  /** 0 (default) takes a free port, the same for UDP and TCP. */
  readonly sipPort?: number;
  /** Host written into Via and Contact when `sipHost` is 0.0.0.0. */
  readonly advertisedHost?: string;
  /** Default 127.0.0.1. */
  readonly controlHost?: string;
  /** 0 (default) takes a free port. */
  readonly controlPort?: number;
  /** What applications must authenticate with. */
  readonly secret: string;
  readonly limits?: Partial<SipServerLimits>;
  readonly timers?: Partial<SipTimers>;
}

/** What the server holds and has counted; for health, metrics and tests. */
export interface SipServerStatistics {
  readonly dialogCount: number;
  readonly inboundCount: number;
  readonly outboundCount: number;
  readonly clientTransactionCount: number;
  readonly serverTransactionCount: number;
  readonly connectionCount: number;
  readonly applicationCount: number;
  readonly receivedCount: number;
  readonly malformedCount: number;
  readonly refusedCount: number;
  readonly handlerErrorCount: number;
  readonly controlRejectedCount: number;
}
