import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Log } from '../../kernel/log.ts';
import type { AudioListener } from '../../telephony/leg.ts';

/** What mod_audio_fork speaks over the WebSocket. */
const SUBPROTOCOL = 'audio.drachtio.org';
/** One message at most: a second of 8 kHz linear audio is 16 000 bytes. */
const MESSAGE_BYTES_MAX = 64 * 1024;
const SAMPLE_BYTES = 2;
/** Connections at the same time; a call has one while it is listened to. */
const CONNECTIONS_MAX = 2000;
/** Longest that a connection may take to say what it wants. */
const REQUEST_MAX_MS = 5000;

export interface AudioTapServerOptions {
  /** Local address that the media server connects to. */
  readonly listenAddress: string;
  /** 0: any free port. */
  readonly listenPort: number;
  /** What the media server is told instead, behind a port mapping. */
  readonly advertisedAddress?: string;
  readonly log: Log;
  /** Default 5000. */
  readonly requestMaxMs?: number;
  /** Default 2000. */
  readonly connectionsMax?: number;
}

/** Somewhere the media server may stream one call's audio to. */
export interface AudioTap {
  readonly url: string;
  /** Ends the stream; the address is good for nothing afterwards. Idempotent. */
  close(): void;
}

/**
 * Takes the audio of tapped calls: the media server connects here (`uuid_audio_fork`) and sends 16-bit
 * little-endian samples. An address is unguessable, made for one stream and forgotten after it; anybody else
 * is refused.
 */
export class AudioTapServer {
  readonly #options: AudioTapServerOptions;
  readonly #listeners = new Map<string, AudioListener>();
  readonly #sockets = new Map<string, WebSocket>();
  #server: Server | undefined;

  constructor(options: AudioTapServerOptions) {
    this.#options = options;
  }

  /** Streams that are expected or running. */
  get tapCount(): number {
    return this.#listeners.size;
  }

  /** Resolves when it listens; rejects with the system's error. */
  async listen(): Promise<void> {
    const { listenAddress, listenPort, log } = this.#options;
    const { requestMaxMs = REQUEST_MAX_MS, connectionsMax = CONNECTIONS_MAX } = this.#options;
    const server = createServer({
      headersTimeout: requestMaxMs,
      requestTimeout: requestMaxMs,
      connectionsCheckingInterval: Math.ceil(requestMaxMs / 5),
    });
    server.maxConnections = connectionsMax;
    // RFC 9110 §15.5.22: nothing but WebSocket is spoken here.
    server.on('request', (_request, response) => response.writeHead(426, { connection: 'close' }).end());
    const sockets = new WebSocketServer({
      server,
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      verifyClient: ({ req }: { req: IncomingMessage }) => this.#isExpected(req.url),
    });
    sockets.on('connection', (socket, { url = '' }) => this.#connected(socket, url));
    await new Promise<void>((resolve, reject) => {
      sockets.once('error', reject);
      server.listen(listenPort, listenAddress, resolve);
    });
    sockets.on('error', (error) => log.error({ error }, 'audio tap server'));
    this.#server = server;
  }

  /** An address for one stream, whose audio `listener` gets; undefined while the server does not listen. */
  expect(listener: AudioListener): AudioTap | undefined {
    const { listenAddress, advertisedAddress } = this.#options;
    const address = this.#server?.address() as AddressInfo | undefined;
    if (!address) return undefined;
    const path = `/tap/${randomBytes(16).toString('hex')}`;
    this.#listeners.set(path, listener);
    return {
      url: `ws://${advertisedAddress ?? listenAddress}:${address.port}${path}`,
      close: () => {
        this.#listeners.delete(path);
        this.#sockets.get(path)?.close(1000);
      },
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    for (const socket of this.#sockets.values()) socket.terminate();
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  #isExpected(path = ''): boolean {
    return this.#listeners.has(path) && !this.#sockets.has(path);
  }

  #connected(socket: WebSocket, path: string): void {
    this.#sockets.set(path, socket);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#listeners.get(path)?.(samplesOf(data));
    });
    socket.on('error', (error) => this.#options.log.debug({ error: error.message }, 'audio tap broke'));
    socket.on('close', () => this.#sockets.delete(path));
  }
}

/** A copy: the bytes belong to the socket, and may begin at an odd address. */
function samplesOf(data: Buffer): Int16Array {
  const samples = new Int16Array(Math.floor(data.length / SAMPLE_BYTES));
  for (let index = 0; index < samples.length; index++)
    samples[index] = data.readInt16LE(index * SAMPLE_BYTES);
  return samples;
}
