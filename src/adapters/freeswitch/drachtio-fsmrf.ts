import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';

/** An event of the event socket (drachtio-modesl lib/esl/Event.js). */
export interface EslEvent {
  getHeader(name: string): string | undefined;
  getBody(): string;
}

/** A connection to the event socket (drachtio-modesl lib/esl/Connection.js). */
export interface EslConnection {
  readonly socket: Socket | null;
  /** Set before a loss: no reconnection by the library, which would mix up pending replies. */
  closing?: boolean;
  /** Sends a command whose reply is not looked at. */
  sendRecv(command: string): unknown;
  on(event: string, listener: (event: EslEvent) => void): unknown;
  removeListener(event: string, listener: (event: EslEvent) => void): unknown;
}

/** The SIP dialog with the media server that an endpoint lives by. */
export interface MrfDialog extends EventEmitter {
  readonly connected: boolean;
  readonly local: { readonly contact?: string };
  destroy(): Promise<unknown>;
  request(
    options: { method: string; headers?: Record<string, string>; body?: string },
    callback: (err: unknown, res?: { status: number; body?: string }) => void,
  ): void;
}

/** A channel of the media server (drachtio-fsmrf lib/endpoint.js). */
export interface MrfEndpoint extends EventEmitter {
  readonly uuid: string;
  readonly connected: boolean;
  readonly local: { readonly sdp?: string };
  /** Null once the channel's socket has closed. */
  readonly conn: EslConnection | null;
  readonly dialog: MrfDialog | null;
  execute(application: string, argument?: string): Promise<EslEvent>;
  api(command: string, args: readonly string[]): Promise<EslEvent>;
  /**
   * mod_audio_fork: streams the channel's audio to a WebSocket. Rejects when the module refuses or is not
   * there.
   */
  forkAudioStart(options: {
    readonly wsUrl: string;
    readonly mixType: 'mono' | 'mixed' | 'stereo';
    readonly sampling: string;
    readonly bugname: string;
    readonly bidirectionalAudio: { readonly enabled: string };
  }): Promise<void>;
  unbridge(): Promise<void>;
  destroy(): Promise<void>;
}

/** A connected media server (drachtio-fsmrf lib/mediaserver.js). */
export interface MrfMediaServer extends EventEmitter {
  readonly conn: EslConnection;
  readonly currentSessions: number;
  readonly maxSessions: number;
  readonly fsVersion?: string;
  /** The listener for outbound event sockets. */
  readonly _server?: { readonly server: Server };
  createEndpoint(options: {
    remoteSdp?: string;
    headers?: Readonly<Record<string, string>>;
  }): Promise<MrfEndpoint>;
  api(command: string): Promise<string>;
  disconnect(): void;
}

/** What fsmrf needs of a SIP application: it only ever makes calls to the media server. */
export interface MrfSip {
  createUAC(uri: string, options: { headers?: Record<string, string>; localSdp?: string }): Promise<unknown>;
}

/** Options of Mrf#connect (drachtio-fsmrf lib/mrf.js). */
export interface MrfConnectOptions {
  readonly address: string;
  readonly port: number;
  readonly secret: string;
  readonly listenAddress: string;
  readonly listenPort: number;
  readonly advertisedAddress?: string;
  readonly advertisedPort?: number;
  readonly profile: string;
}

/**
 * Tells our side of the library ({@link MrfSip}) which codec an endpoint is to be set to; it is no header of
 * any message.
 */
export const CODEC_HEADER = 'X-Codec';

/** The entry point of drachtio-fsmrf 4.1.2, which has no declarations of its own. */
export interface Mrf {
  connect(options: MrfConnectOptions, callback: (err: unknown, server?: MrfMediaServer) => void): void;
}

export const MrfClass = createRequire(import.meta.url)('drachtio-fsmrf') as new (sip: MrfSip) => Mrf;
