import { type IncomingMessage, type Server as NodeServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Server } from './http-dependencies.ts';

/** Bytes of one message of a client; they have little to say. */
const CLIENT_MESSAGE_BYTES_MAX = 1024;
/** From a close frame to the end of the connection; a peer that keeps it open has gone by then. */
const CLOSE_MAX_MS = 2000;
const CONNECTION_HEADERS = /^(?:upgrade|connection|http2-settings)$/i;
/** `closeTimeout` is documented by `ws` and missing in its types. */
const options: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  maxPayload: CLIENT_MESSAGE_BYTES_MAX,
  closeTimeout: CLOSE_MAX_MS,
  // Compression costs a quarter of a megabyte a socket and gives little for short messages.
  perMessageDeflate: false,
};

/**
 * Where connections become WebSockets (RFC 6455 §4.2). A handshake goes through the server's own routes, so
 * that limits, recognition, permissions and error answers are those of every request; the route's handler
 * then calls {@link open}.
 */
export class SocketDoor {
  readonly #server: NodeServer;
  readonly #sockets = new WeakMap<IncomingMessage, { readonly socket: Duplex; readonly head: Buffer }>();
  readonly #webSockets = new WebSocketServer(options);

  constructor(server: Server) {
    this.#server = server.server;
    this.#server.on('upgrade', (request, socket, head) => {
      if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
        this.#asPlainHttp(request, socket, head);
        return;
      }
      // Node takes its own listener away: without one a peer's reset would end the program.
      socket.on('error', () => undefined);
      this.#sockets.set(request, { socket, head });
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket as never);
      // An error answer ends the connection: no request can follow, and nobody watches a peer that stays.
      response.once('finish', () => (socket as Socket).destroySoon());
      server.routing(request, response);
    });
  }

  /** True when this request asks for a WebSocket. */
  isHandshake(request: IncomingMessage): boolean {
    return this.#sockets.has(request);
  }

  /**
   * Completes the handshake; `ws` itself answers one that is malformed. The reply must have been hijacked.
   * @param response the raw response of the reply.
   */
  open(request: IncomingMessage, response: ServerResponse, opened: (socket: WebSocket) => void): void {
    const held = this.#sockets.get(request);
    if (!held) return;
    this.#sockets.delete(request);
    response.detachSocket(held.socket as never);
    this.#webSockets.handleUpgrade(request, held.socket, held.head, opened);
  }

  /**
   * Node hands over every request with an Upgrade header once anybody listens; RFC 9110 §7.8 lets a server
   * ignore the header. Java's client sends `Upgrade: h2c` with its first request, body and all: the request
   * is read again without it.
   */
  #asPlainHttp(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}`];
    const { rawHeaders } = request;
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] ?? '';
      if (!CONNECTION_HEADERS.test(name)) lines.push(`${name}: ${rawHeaders[at + 1] ?? ''}`);
    }
    socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
    this.#server.emit('connection', socket);
  }
}
