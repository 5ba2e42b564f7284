import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WatchedList } from '../../../e2e/harness/watched-list.ts';

/** RFC 6455 §5.2. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What a frame may be told to be, right or wrong. */
export interface FrameOptions {
  readonly opcode?: number;
  readonly isLast?: boolean;
  /** Default true, as a client's must be (RFC 6455 §5.3). */
  readonly isMasked?: boolean;
  /** RSV1–3 as a number from 0 to 7. */
  readonly reserved?: number;
  /** What the frame says of its length, whatever it has. */
  readonly statedLength?: bigint;
}

/** One frame, byte for byte. */
export function frame(payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { opcode = Opcode.text, isLast = true, isMasked = true, reserved = 0 } = options;
  const body = Buffer.from(payload);
  const length = options.statedLength ?? BigInt(body.length);
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  const second = isMasked ? 0x80 : 0;
  let head: Buffer;
  if (length < 126n) head = Buffer.from([first, second | Number(length)]);
  else if (length < 65_536n) {
    head = Buffer.from([first, second | 126, 0, 0]);
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.alloc(10);
    head.writeUInt8(first, 0);
    head.writeUInt8(second | 127, 1);
    head.writeBigUInt64BE(length, 2);
  }
  if (!isMasked) return Buffer.concat([head, body]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, body.map((byte, at) => byte ^ mask[at % 4]!)]);
}

/** A close frame's payload. RFC 6455 §5.5.1. */
export function closePayload(code: number, reason: Buffer | string = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

/** How a feed ended: the code of the server's close frame; 0: the connection ended without one. */
interface FeedEnd {
  readonly code: number;
  readonly reason: string;
}

const WAIT_MS = 10_000;

/**
 * A connection that speaks WebSocket as badly as it is told to. It answers a close frame, and ends when the
 * server does, unless it is rude.
 */
export class RawFeed {
  /** Texts and pongs of the server, in order. */
  readonly heard = new WatchedList<string>();
  /** Once the server has ended the connection. */
  readonly ended: Promise<FeedEnd>;
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #hasStarted = false;
  isRude = false;
  #end: FeedEnd = { code: 0, reason: '' };

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (part) => this.#take(part));
    socket.on('end', () => {
      if (!this.isRude) socket.end();
    });
    this.ended = once(socket, 'close').then(() => this.#end);
  }

  /** Sends the handshake, and `early` in the same packet. */
  static async open(
    port: number,
    lines: readonly string[],
    early: Buffer = Buffer.alloc(0),
  ): Promise<RawFeed> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    const feed = new RawFeed(socket);
    const head = [
      'GET /api/v1/workspace/events HTTP/1.1',
      'host: localhost',
      'connection: Upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
      ...lines,
    ];
    socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), early]));
    return feed;
  }

  send(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** Resolves when the server has said this. */
  hears(fits: (text: string) => boolean, what: string): Promise<string> {
    return this.heard.wait((items) => items.find(fits), what, WAIT_MS);
  }

  #take(part: Buffer): void {
    this.#received = Buffer.concat([this.#received, part]);
    if (!this.#hasStarted) {
      const headEnd = this.#received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      this.heard.push(this.#received.subarray(0, headEnd).toString('latin1'));
      this.#received = this.#received.subarray(headEnd + 4);
      this.#hasStarted = true;
    }
    while (this.#takeFrame());
  }

  /** The server's frames are never masked nor fragmented. */
  #takeFrame(): boolean {
    const bytes = this.#received;
    if (bytes.length < 2) return false;
    const short = bytes.readUInt8(1) & 0x7f;
    const headLength = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < headLength) return false;
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
    if (bytes.length < headLength + length) return false;
    const payload = bytes.subarray(headLength, headLength + length);
    this.#received = bytes.subarray(headLength + length);
    const opcode = bytes.readUInt8(0) & 0x0f;
    if (opcode === Opcode.close) {
      this.#end = {
        code: length < 2 ? 1005 : payload.readUInt16BE(0),
        reason: payload.subarray(2).toString(),
      };
      if (!this.isRude) this.send(frame(payload, { opcode }));
    }
    this.heard.push(
      opcode === Opcode.text ? payload.toString() : `opcode ${opcode} ${payload.toString('hex')}`,
    );
    return true;
  }
}
