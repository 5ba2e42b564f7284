import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { AppError } from '../../kernel/errors.ts';
import { EventSocketConnection } from './event-socket-connection.ts';
import type { EventSocketHost } from './event-socket-connection.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** What happens to event socket connections that the server must know of. */
export interface EventSocketServerHost extends Omit<EventSocketHost, 'closed'> {
  /** A channel's own connection ended, or never came about. */
  ownConnectionClosed(uuid: string): void;
  refused(reason: string): void;
}

/** Listens for applications, and connects to them for each channel. */
export class EventSocketServer {
  readonly #server: Server;
  readonly #host: EventSocketServerHost;
  readonly #connectionsMax: number;
  readonly #inbound = new Set<EventSocketConnection>();
  readonly #outbound = new Map<string, EventSocketConnection>();

  constructor(host: EventSocketServerHost, connectionsMax: number) {
    this.#host = host;
    this.#connectionsMax = connectionsMax;
    this.#server = createServer((socket) => {
      if (this.#inbound.size >= this.#connectionsMax) {
        host.refused('too many event socket connections');
        socket.destroy();
        return;
      }
      const connection = new EventSocketConnection(socket, this.#connectionHost());
      this.#inbound.add(connection);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connectionCount(): number {
    return this.#inbound.size + this.#outbound.size;
  }

  /** @throws AppError EVENT_SOCKET_LISTEN_FAILED */
  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(
          new AppError('EVENT_SOCKET_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${cause.message}`, {
            cause,
          }),
        );
      });
      this.#server.listen(port, host, resolve);
    });
  }

  /** Connects to the application that handles this channel (mod_event_socket's `socket` application). */
  connectFor(uuid: string, host: string, port: number): void {
    const socket = connect({ host, port });
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy());
    const failed = (): void => this.#host.ownConnectionClosed(uuid);
    socket.once('close', failed);
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('close', failed);
      const connection = new EventSocketConnection(socket, this.#connectionHost(), uuid);
      this.#outbound.set(uuid, connection);
      this.#host.hub.update(connection);
    });
  }

  /** The channel is gone: its connection is told so and closed. */
  disconnectFor(uuid: string): void {
    this.#outbound.get(uuid)?.disconnect();
    this.#outbound.delete(uuid);
  }

  async close(): Promise<void> {
    for (const connection of [...this.#inbound, ...this.#outbound.values()]) connection.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connectionHost(): EventSocketHost {
    return {
      ...this.#host,
      closed: (connection) => {
        this.#inbound.delete(connection);
        const uuid = connection.ownUuid;
        if (uuid === undefined || !this.#outbound.delete(uuid)) return;
        this.#host.ownConnectionClosed(uuid);
      },
    };
  }
}
