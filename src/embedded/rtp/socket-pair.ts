import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { AppError } from '../../kernel/errors.ts';

/** An RTP socket on an even port and its RTCP socket on the odd one above (RFC 3550 §11). */
export interface SocketPair {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly port: number;
}

/** Kernel buffer: a quarter of a second of a hundred streams; bounds loss while the thread is descheduled. */
const RECEIVE_BUFFER_BYTES = 256 * 1024;
/** Ports tried before opening fails; bounds a scan through ports others hold. */
const TRIES_MAX = 32;

/** Hands out pairs of UDP ports in turn, so that a port just freed is used again as late as possible. */
export class PortPool {
  readonly #host: string;
  readonly #min: number;
  readonly #pairCount: number;
  readonly #held = new Set<number>();
  #next: number;

  /** @throws AppError MEDIA_PORTS_EXHAUSTED when the range holds no pair. */
  constructor(host: string, portMin: number, portMax: number, firstPair = 0) {
    this.#host = host;
    this.#min = portMin + (portMin & 1);
    this.#pairCount = Math.floor((portMax - this.#min + 1) / 2);
    if (this.#pairCount < 1) throw new AppError('MEDIA_PORTS_EXHAUSTED', 'the RTP port range is empty');
    this.#next = firstPair % this.#pairCount;
  }

  get heldCount(): number {
    return this.#held.size;
  }

  /** @throws AppError MEDIA_PORTS_EXHAUSTED when none is free. */
  async open(): Promise<SocketPair> {
    for (let tries = 0; tries < TRIES_MAX && this.#held.size < this.#pairCount; tries++) {
      const port = this.#take();
      try {
        const rtp = await bind(this.#host, port);
        try {
          return { rtp, rtcp: await bind(this.#host, port + 1), port };
        } catch (error) {
          rtp.close();
          throw error;
        }
      } catch {
        // Another program holds it: the next pair is tried.
        this.#held.delete(port);
      }
    }
    throw new AppError('MEDIA_PORTS_EXHAUSTED', 'no free pair of RTP ports', { retryable: true });
  }

  /** Closes both sockets and gives the ports back. */
  close(pair: SocketPair): void {
    pair.rtp.close();
    pair.rtcp.close();
    this.#held.delete(pair.port);
  }

  #take(): number {
    for (;;) {
      const port = this.#min + this.#next * 2;
      this.#next = (this.#next + 1) % this.#pairCount;
      if (this.#held.has(port)) continue;
      this.#held.add(port);
      return port;
    }
  }
}

function bind(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      // Peers are numeric addresses: the look-up is answered at once instead of on a later turn.
      lookup: (hostname, _options, done) => done(null, hostname, 4),
    });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // ICMP errors of a peer that is gone are no reason to fall.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
