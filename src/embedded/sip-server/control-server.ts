import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { AppError, messageOf } from '../../kernel/errors.ts';
import { ControlConnection } from './control-connection.ts';
import type { ControlConnectionHandlers } from './control-connection.ts';

/** Applications connected at once. */
const CONNECTIONS_MAX = 64;
/** A connection that has not authenticated by then is cut. */
const AUTHENTICATION_MS = 5_000;

/** Listens for applications and chooses which of them a new request is for. */
export class ControlServer {
  readonly #secret: string;
  readonly #handlers: ControlConnectionHandlers;
  readonly #connections = new Set<ControlConnection>();
  readonly #sockets = new Set<Socket>();
  /** Whose turn it is, by method. */
  readonly #turns = new Map<string, number>();
  #server: Server | undefined;

  constructor(secret: string, handlers: ControlConnectionHandlers) {
    this.#secret = secret;
    this.#handlers = handlers;
  }

  /** Applications that have authenticated. */
  get applicationCount(): number {
    let count = 0;
    for (const connection of this.#connections) if (connection.isAuthenticated) count++;
    return count;
  }

  /**
   * Starts to listen; port 0 takes a free one.
   * @returns the port.
   * @throws AppError CONTROL_LISTEN_FAILED when the address cannot be bound.
   */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => this.#accept(socket));
      server.once('error', (error) => {
        reject(
          new AppError('CONTROL_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
            cause: error,
          }),
        );
      });
      server.listen(port, host, () => {
        server.removeAllListeners('error');
        server.on('error', (error) => this.#handlers.rejected(error.message));
        this.#server = server;
        const bound = server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  /**
   * The next application, in turn, that asked for requests of this method (drachtio: round robin by route).
   */
  choose(method: string): ControlConnection | undefined {
    const verb = method.toLowerCase();
    const able = [...this.#connections].filter((c) => c.isAuthenticated && c.routes.has(verb));
    if (able.length === 0) return undefined;
    const turn = (this.#turns.get(verb) ?? 0) % able.length;
    this.#turns.set(verb, turn + 1);
    return able[turn];
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= CONNECTIONS_MAX) {
      this.#handlers.rejected('too many control connections');
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const patience = setTimeout(() => socket.destroy(), AUTHENTICATION_MS);
    patience.unref();
    const connection = new ControlConnection(socket, this.#secret, {
      ...this.#handlers,
      authenticated: (authenticated) => {
        clearTimeout(patience);
        this.#handlers.authenticated(authenticated);
      },
      closed: (closed) => {
        clearTimeout(patience);
        this.#connections.delete(closed);
        this.#handlers.closed(closed);
      },
    });
    this.#connections.add(connection);
  }
}
