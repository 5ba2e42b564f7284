/**
 * One command read from an event socket: its first line, the headers under it, and a body when it announced
 * one.
 */
export interface EventSocketCommand {
  readonly line: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const HEADERS_MAX = 64;

/** Cuts a byte stream into event socket commands: lines up to an empty one, then Content-Length bytes. */
export class EventSocketParser {
  #pending: Buffer = Buffer.alloc(0);
  readonly #commandBytesMax: number;

  constructor(commandBytesMax: number) {
    this.#commandBytesMax = commandBytesMax;
  }

  /** @returns the commands completed by these bytes, or why the connection must end. */
  push(bytes: Buffer): EventSocketCommand[] | 'too-long' {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const commands: EventSocketCommand[] = [];
    for (;;) {
      const cut = this.#cut();
      if (cut === 'too-long') return 'too-long';
      if (cut === undefined) return commands;
      if (cut.line !== '') commands.push(cut);
    }
  }

  #cut(): EventSocketCommand | 'too-long' | undefined {
    let start = 0;
    while (this.#pending[start] === 0x0a || this.#pending[start] === 0x0d) start++;
    if (start > 0) this.#pending = this.#pending.subarray(start);
    const end = endOfHead(this.#pending);
    if (end === undefined) return this.#pending.length > this.#commandBytesMax ? 'too-long' : undefined;
    if (end.at > this.#commandBytesMax) return 'too-long';
    const [line = '', ...rest] = this.#pending.toString('utf8', 0, end.at).split(/\r?\n/);
    const headers = new Map<string, string>();
    for (const header of rest.slice(0, HEADERS_MAX)) {
      const colon = header.indexOf(':');
      if (colon > 0) headers.set(header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim());
    }
    const length = Number(headers.get('content-length') ?? 0);
    if (!Number.isInteger(length) || length < 0 || length > this.#commandBytesMax) return 'too-long';
    const bodyAt = end.at + end.length;
    if (this.#pending.length < bodyAt + length) return undefined;
    const body = this.#pending.toString('utf8', bodyAt, bodyAt + length);
    this.#pending = this.#pending.subarray(bodyAt + length);
    return { line: line.trim(), headers, body };
  }
}

function endOfHead(bytes: Buffer): { at: number; length: number } | undefined {
  const plain = bytes.indexOf('\n\n');
  const carriage = bytes.indexOf('\r\n\r\n');
  if (plain < 0 && carriage < 0) return undefined;
  if (carriage < 0 || (plain >= 0 && plain < carriage)) return { at: plain, length: 2 };
  return { at: carriage, length: 4 };
}
