import { SIP_MESSAGE_LIMITS } from './parse-sip-message.ts';

/** What a {@link TcpFramer} found in the bytes so far. */
export type TcpFrame =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  /** A double CRLF: the peer asks whether we are there (RFC 5626 §4.4.1). */
  | { readonly kind: 'ping' }
  /**
   * The stream cannot be read any further: the connection must be closed. `head` is the header block of a
   * message that is larger than may be held.
   */
  | { readonly kind: 'broken'; readonly reason: string; readonly head?: Buffer };

/**
 * Cuts a TCP stream into messages by Content-Length (RFC 3261 §18.3). Holds at most one message; what a byte
 * costs does not depend on how the stream was cut into segments.
 */
export class TcpFramer {
  #held: Buffer = Buffer.alloc(0);
  /** Where the search for the end of the headers goes on. */
  #searchedTo = 0;
  #crlfCount = 0;
  #broken = false;

  /** Bytes held of a message not yet whole. */
  get heldBytes(): number {
    return this.#held.length;
  }

  push(chunk: Buffer): TcpFrame[] {
    if (this.#broken) return [];
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const frames: TcpFrame[] = [];
    for (;;) {
      this.#skipEmptyLines(frames);
      const frame = this.#next();
      if (frame === undefined) return frames;
      frames.push(frame);
      if (frame.kind === 'broken') {
        this.#broken = true;
        this.#held = Buffer.alloc(0);
        return frames;
      }
    }
  }

  /** RFC 3261 §7.5 and RFC 5626 §3.5.1: CRLF between messages is nothing, or a keep-alive. */
  #skipEmptyLines(frames: TcpFrame[]): void {
    if (this.#searchedTo > 0) return;
    let at = 0;
    while (at < this.#held.length && (this.#held[at] === 0x0d || this.#held[at] === 0x0a)) {
      if (this.#held[at] === 0x0a && ++this.#crlfCount === 2) {
        frames.push({ kind: 'ping' });
        this.#crlfCount = 0;
      }
      at++;
    }
    if (at < this.#held.length) this.#crlfCount = 0;
    if (at > 0) this.#held = this.#held.subarray(at);
  }

  #next(): TcpFrame | undefined {
    if (this.#held.length === 0) return undefined;
    const end = endOfHeaders(this.#held, this.#searchedTo);
    if (end === undefined) {
      if (this.#held.length > SIP_MESSAGE_LIMITS.messageBytesMax) return broken('headers too long');
      this.#searchedTo = Math.max(0, this.#held.length - 3);
      return undefined;
    }
    const length = contentLengthOf(this.#held.subarray(0, end));
    if (length === undefined) return broken('no usable Content-Length');
    if (end + length > SIP_MESSAGE_LIMITS.messageBytesMax) {
      return { kind: 'broken', reason: 'message too long', head: this.#held.subarray(0, end) };
    }
    if (this.#held.length < end + length) {
      this.#searchedTo = Math.max(0, end - 4);
      return undefined;
    }
    const bytes = this.#held.subarray(0, end + length);
    this.#held = this.#held.subarray(end + length);
    this.#searchedTo = 0;
    this.#crlfCount = 0;
    return { kind: 'message', bytes };
  }
}

function broken(reason: string): TcpFrame {
  return { kind: 'broken', reason };
}

/** The index after the empty line, searched from `from` on; lines may end in CRLF or LF. */
function endOfHeaders(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(0x0a, from); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at + 1] === 0x0a) return at + 2;
    if (bytes[at + 1] === 0x0d && bytes[at + 2] === 0x0a) return at + 3;
  }
  return undefined;
}

/**
 * RFC 3261 §20.14: over a stream Content-Length is required; 0 is taken when it is missing, as RFC 4475
 * §3.3.2 allows.
 */
function contentLengthOf(head: Buffer): number | undefined {
  let length: number | undefined;
  let at = head.indexOf(0x0a) + 1;
  while (at < head.length) {
    const lineEnd = head.indexOf(0x0a, at);
    const end = lineEnd < 0 ? head.length : lineEnd;
    const first = head[at];
    if (first === 0x63 || first === 0x43 || first === 0x6c || first === 0x4c) {
      const line = head.toString('latin1', at, Math.min(end, at + 64));
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
      if (name === 'content-length' || name === 'l') {
        const value = line.slice(colon + 1).trim();
        const isFolded = value === '' && (head[end + 1] === 0x20 || head[end + 1] === 0x09);
        const digits = isFolded
          ? head.toString('latin1', end + 1, Math.min(head.length, end + 32)).trim()
          : value;
        const number = decimal(digits);
        if (number === undefined || (length !== undefined && length !== number)) return undefined;
        length = number;
      }
    }
    at = end + 1;
  }
  return length ?? 0;
}

function decimal(text: string): number | undefined {
  const line = text.split('\r', 1)[0]?.split('\n', 1)[0]?.trim() ?? '';
  if (line === '' || line.length > 8) return undefined;
  for (let i = 0; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c < 48 || c > 57) return undefined;
  }
  return Number(line);
}
