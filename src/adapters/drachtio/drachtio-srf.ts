import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

/** What we use of a request of drachtio-srf 5.0.29 (lib/request.js, lib/sip-parser/message.js). */
export interface SrfRequest extends EventEmitter {
  readonly method: string;
  readonly uri: string;
  readonly body?: string;
  readonly raw?: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly isNewInvite: boolean;
  /** The server's name for the transaction. */
  readonly stackTxnId?: string;
  get(header: string): string | undefined;
  has(header: string): boolean;
  /** Only on requests that we sent. */
  cancel(callback?: (err: unknown) => void): void;
}

/** What we use of a response (lib/response.js). */
export interface SrfResponse {
  readonly status: number;
  readonly reason?: string;
  readonly body?: string;
  readonly source_address?: string;
  readonly finalResponseSent: boolean;
  /** The server's name for the dialog that the response belongs to. */
  readonly stackDialogId?: string;
  get(header: string): string | undefined;
  has(header: string): boolean;
  send(status: number, options?: { headers?: Record<string, string>; body?: string }): void;
  send(status: number, reason: string, options?: { headers?: Record<string, string>; body?: string }): void;
}

/** A dialog (lib/dialog.js). */
export interface SrfDialog extends EventEmitter {
  readonly id: string;
  readonly connected: boolean;
  /** `uas`: the far end sent the INVITE, `req`; `uac`: it answered ours, by `res`. */
  readonly type: 'uas' | 'uac';
  readonly req: SrfRequest;
  readonly res: SrfResponse;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  local: { sdp?: string; contact?: string };
  remote: { sdp?: string };
  destroy(options?: { headers?: Record<string, string> }): Promise<unknown>;
  request(
    options: { method: string; headers?: Record<string, string>; body?: string },
    callback: (err: unknown, res?: SrfResponse) => void,
  ): void;
}

/** Options of an outbound INVITE. */
export interface CreateUacOptions {
  headers?: Record<string, string>;
  localSdp?: string;
  proxy?: string;
  auth?: { username: string; password: string };
  callingNumber?: string;
  callingName?: string;
  noAck?: boolean;
}

/** What createUAC gives for an INVITE without SDP and `noAck`: the ACK is ours to send. */
export interface UnackedCall {
  readonly sdp: string;
  ack(localSdp: string): Promise<SrfDialog>;
}

/** How an INVITE fails: a final status, or no status when it could not be sent. */
export interface SrfSipError extends Error {
  readonly status?: number;
  readonly reason?: string;
  readonly res?: SrfResponse;
}

/** Options of a request that is not an INVITE. */
export interface SrfRequestOptions {
  method: string;
  headers?: Record<string, string>;
  proxy?: string;
  /** Sends inside the dialog, or for CANCEL the transaction, of that name at the server. */
  stackDialogId?: string;
  stackTxnId?: string;
}

/** What we use of the Srf class (lib/srf.js). */
export interface Srf extends EventEmitter {
  /** Semi-internal: the control connection, for the SIP trace and for TCP_NODELAY. */
  readonly app: {
    readonly client?: { readonly wp?: EventEmitter; readonly mapServer?: Map<unknown, unknown> };
  };
  connect(options: {
    host: string;
    port: number;
    secret: string;
    enablePing: boolean;
    pingInterval: number;
    reconnect: { maxAttempts: number };
  }): void;
  disconnect(): void;
  use(method: string, handler: (req: SrfRequest, res: SrfResponse) => void): void;
  createUAC(
    uri: string,
    options: CreateUacOptions,
    callbacks?: {
      cbRequest?: (err: unknown, req?: SrfRequest) => void;
      cbProvisional?: (res: SrfResponse) => void;
    },
  ): Promise<SrfDialog>;
  createUAS(
    req: SrfRequest,
    res: SrfResponse,
    options: { localSdp: string; headers?: Record<string, string> },
  ): Promise<SrfDialog>;
  request(uri: string, options: SrfRequestOptions, callback: (err: unknown, req?: SrfRequest) => void): void;
  removeDialog(dialog: SrfDialog): void;
}

/**
 * The library's own declarations describe neither proxies nor errors as they are; these do, for what we use.
 */
export const SrfClass = createRequire(import.meta.url)('drachtio-srf') as new () => Srf;
