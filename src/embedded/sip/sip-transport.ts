import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { Socket, createServer } from 'node:net';
import type { Server } from 'node:net';
import { AppError, messageOf } from '../../kernel/errors.ts';
import type { SipAddress, SipFlow, SipTarget } from './sip-flow.ts';
import { TcpFramer } from './tcp-framer.ts';

/** Bounds of the transports. */
export interface SipTransportLimits {
  /** TCP connections open at once, in and out; default 2 000. */
  readonly connectionsMax: number;
  /** A TCP connection without a byte for so long is closed; default 10 minutes. */
  readonly connectionIdleMs: number;
  /** A TCP connection that is not up by then has failed; default 5 s. */
  readonly connectTimeoutMs: number;
  /** Bytes waiting to be written to one TCP peer before it is cut off; default 1 MiB. */
  readonly unsentBytesMax: number;
}

export const DEFAULT_SIP_TRANSPORT_LIMITS: SipTransportLimits = {
  connectionsMax: 2_000,
  connectionIdleMs: 600_000,
  connectTimeoutMs: 5_000,
  unsentBytesMax: 1_048_576,
};

/** What arrives: one datagram or one framed message, with where it came from. */
export interface SipTransportHandlers {
  readonly message: (bytes: Buffer, flow: SipFlow) => void;
  /** The header block of a message too large to be read: the connection is closed after what is sent now. */
  readonly tooLarge: (head: Buffer, flow: SipFlow) => void;
  /** A stream that could not be framed, or a peer refused for a limit. */
  readonly rejected: (reason: string) => void;
}

/** Attempts to find one port number free for both UDP and TCP when the port is chosen here. */
const PORT_ATTEMPTS_MAX = 20;
/** UDP receive buffer: bursts of INVITEs wait here while the event loop is busy. */
const UDP_BUFFER_BYTES = 4 * 1_048_576;

/**
 * One UDP socket and one TCP listener on the same port of one IPv4 address, and the TCP connections they lead
 * to.
 */
export class SipTransport {
  readonly #limits: SipTransportLimits;
  readonly #handlers: SipTransportHandlers;
  readonly #connections = new Map<string, Socket>();
  readonly #all = new Set<Socket>();
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;
  #host = '';
  #port = 0;
  #isClosed = false;

  constructor(limits: SipTransportLimits, handlers: SipTransportHandlers) {
    this.#limits = limits;
    this.#handlers = handlers;
  }

  /** The address bound to, one entry a protocol. */
  get addresses(): SipAddress[] {
    const addresses: SipAddress[] = [];
    if (this.#udp) addresses.push({ protocol: 'udp', host: this.#host, port: this.#port });
    if (this.#tcp) addresses.push({ protocol: 'tcp', host: this.#host, port: this.#port });
    return addresses;
  }

  /** TCP connections open now. */
  get connectionCount(): number {
    return this.#all.size;
  }

  /**
   * Binds; port 0 takes one that is free for every protocol asked for.
   * @throws AppError SIP_LISTEN_FAILED when the address cannot be bound.
   */
  async listen(host: string, port: number, protocols: readonly ('udp' | 'tcp')[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#tcp = protocols.includes('tcp') ? await this.#listenTcp(host, port) : undefined;
        const bound = this.#tcp?.address();
        const chosen = typeof bound === 'object' && bound !== null ? bound.port : port;
        this.#udp = protocols.includes('udp') ? await this.#bindUdp(host, chosen) : undefined;
        this.#host = host;
        this.#port = this.#udp?.address().port ?? chosen;
        return;
      } catch (error) {
        this.#tcp?.close();
        this.#tcp = undefined;
        if (port !== 0 || attempt >= PORT_ATTEMPTS_MAX) {
          throw new AppError('SIP_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
            cause: error,
          });
        }
      }
    }
  }

  /** True when a TCP connection with that peer is open. */
  isConnected(target: SipTarget): boolean {
    return this.#connections.get(`${target.address}:${target.port}`)?.readyState === 'open';
  }

  /** Sends; the callback gets the error, or nothing once the bytes were handed to the system. */
  send(bytes: Buffer, target: SipTarget, done: (error?: Error) => void): void {
    if (this.#isClosed) {
      done(new AppError('SIP_TRANSPORT_FAILED', 'the SIP transport is closed'));
      return;
    }
    if (target.protocol === 'tcp') {
      this.#sendTcp(bytes, target, done);
      return;
    }
    if (this.#udp === undefined) {
      done(new AppError('SIP_TRANSPORT_FAILED', 'UDP is not open'));
      return;
    }
    this.#udp.send(bytes, target.port, target.address, (error) => done(error ?? undefined));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const socket of this.#all) socket.destroy();
    const udp = this.#udp;
    const tcp = this.#tcp;
    this.#udp = undefined;
    this.#tcp = undefined;
    await Promise.all([
      new Promise<void>((resolve) => (udp ? udp.close(() => resolve()) : resolve())),
      new Promise<void>((resolve) => (tcp ? tcp.close(() => resolve()) : resolve())),
    ]);
  }

  #bindUdp(host: string, port: number): Promise<UdpSocket> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: 'udp4', recvBufferSize: UDP_BUFFER_BYTES });
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(port, host, () => {
        socket.removeAllListeners('error');
        // A send error reaches the send's own callback; nothing else may end the process.
        socket.on('error', (error) => this.#handlers.rejected(`udp: ${error.message}`));
        const { port: localPort } = socket.address();
        socket.on('message', (bytes, { address, port: from }) => {
          this.#handlers.message(bytes, {
            protocol: 'udp',
            address,
            port: from,
            localAddress: host,
            localPort,
          });
        });
        resolve(socket);
      });
    });
  }

  #listenTcp(host: string, port: number): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        if (this.#all.size >= this.#limits.connectionsMax) {
          this.#handlers.rejected('too many TCP connections');
          socket.destroy();
          return;
        }
        this.#adopt(socket, `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`);
      });
      server.once('error', reject);
      server.listen(port, host, () => {
        server.removeListener('error', reject);
        server.on('error', (error) => this.#handlers.rejected(`tcp: ${error.message}`));
        resolve(server);
      });
    });
  }

  /** RFC 3261 §18: reads messages from a connection until it ends. */
  #adopt(socket: Socket, key: string): void {
    const framer = new TcpFramer();
    this.#all.add(socket);
    this.#connections.set(key, socket);
    socket.setNoDelay(true);
    socket.setTimeout(this.#limits.connectionIdleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#all.delete(socket);
      if (this.#connections.get(key) === socket) this.#connections.delete(key);
    });
    socket.on('data', (chunk: Buffer) => {
      const flow: SipFlow = {
        protocol: 'tcp',
        address: socket.remoteAddress ?? '0.0.0.0',
        port: socket.remotePort ?? 0,
        localAddress: socket.localAddress ?? this.#host,
        localPort: this.#port,
      };
      for (const frame of framer.push(chunk)) {
        if (frame.kind === 'message') this.#handlers.message(frame.bytes, flow);
        else if (frame.kind === 'ping') socket.write('\r\n');
        else {
          if (frame.head === undefined) this.#handlers.rejected(`tcp: ${frame.reason}`);
          else this.#handlers.tooLarge(frame.head, flow);
          socket.destroySoon();
          return;
        }
      }
    });
  }

  #sendTcp(bytes: Buffer, target: SipTarget, done: (error?: Error) => void): void {
    const key = `${target.address}:${target.port}`;
    const open = this.#connections.get(key);
    if (open !== undefined && !open.destroyed) {
      if (open.writableLength > this.#limits.unsentBytesMax) {
        open.destroy();
        done(new AppError('SIP_TRANSPORT_FAILED', `${key} does not read`));
        return;
      }
      open.write(bytes, (error) => done(error ?? undefined));
      return;
    }
    if (this.#all.size >= this.#limits.connectionsMax) {
      done(new AppError('SIP_TRANSPORT_FAILED', 'too many TCP connections'));
      return;
    }
    const socket = new Socket();
    this.#adopt(socket, key);
    socket.setTimeout(this.#limits.connectTimeoutMs);
    socket.once('connect', () => socket.setTimeout(this.#limits.connectionIdleMs));
    let isDone = false;
    const once = (error?: Error): void => {
      if (isDone) return;
      isDone = true;
      done(error);
    };
    socket.once('close', () => once(new AppError('SIP_TRANSPORT_FAILED', `no connection to ${key}`)));
    socket.connect({ host: target.address, port: target.port });
    socket.write(bytes, (error) => once(error ?? undefined));
  }
}
