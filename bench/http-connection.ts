import { connect, type Socket } from 'node:net';

/** One request as it is written. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Where to connect to, and from which loopback address. */
export interface HttpEnds {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string;
}

interface Waiting {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A keep-alive connection with one request at a time, cheaper than `node:http`: the load generator shares the
 * cores with what it measures. Understands what the measured servers send: a status line, headers with
 * Content-Length, a body. Connects anew after `connection: close`.
 */
export class HttpConnection {
  readonly #ends: HttpEnds;
  #socket: Socket | undefined;
  #received = '';
  #waiting: Waiting | undefined;

  constructor(ends: HttpEnds) {
    this.#ends = ends;
  }

  /** Rejects when the connection breaks before the answer is complete. */
  send({ method, path, headers, body = '' }: HttpRequest): Promise<HttpAnswer> {
    const { host, port } = this.#ends;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = method === 'GET' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
    const text = `${method} ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n${lines.join('')}${length}\r\n${body}`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#open().write(text);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    if (this.#socket) return this.#socket;
    const socket = connect(this.#ends).setNoDelay(true).setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#broken(socket, error));
    socket.on('close', () => this.#broken(socket, new Error('the connection was closed')));
    this.#socket = socket;
    return socket;
  }

  #take(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd).toLowerCase();
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1]);
    if (Number.isNaN(length)) throw new Error(`an answer without Content-Length:\n${head}`);
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.#received.slice(headEnd + 4, end) };
    this.#received = this.#received.slice(end);
    if (head.includes('\r\nconnection: close')) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #broken(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#received = '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
