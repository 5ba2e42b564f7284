import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire; header names in lower case, repeated ones joined by a line feed. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What came of a request. */
export type WireOutcome =
  | { readonly kind: 'answered'; readonly answer: WireAnswer }
  /** The connection was closed before a whole answer had come. */
  | { readonly kind: 'closed'; readonly received: string }
  | { readonly kind: 'silent'; readonly received: string };

/** As long as the server gives a handler; more is a stall. */
const ANSWER_MAX_MS = 25_000;
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * An HTTP/1.1 client that sends bytes as they are: what a well-behaved client refuses to send is the point.
 * One request at a time, on a connection that is kept while the server keeps it.
 */
export class Wire {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends one request and reads its answer.
   * @param bodiless the answer has no body whatever its headers say: to HEAD (RFC 9110 §9.3.2).
   */
  async send(bytes: Buffer, bodiless: boolean): Promise<WireOutcome> {
    const kept = this.#socket;
    let outcome = await exchange(kept ?? (await this.#connected()), bytes, bodiless);
    if (kept && outcome.kind === 'closed' && outcome.received === '') {
      // RFC 9112 §9.3.1: the server may close an idle connection just then; nothing was read of the request.
      outcome = await exchange(await this.#connected(), bytes, bodiless);
    }
    const closes =
      outcome.kind !== 'answered' ||
      outcome.answer.status === 101 ||
      outcome.answer.headers.get('connection') === 'close';
    if (closes) this.close();
    return outcome;
  }

  /** Drops the connection; the next request opens another. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #connected(): Promise<Socket> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    socket.removeAllListeners('error');
    socket.on('error', () => socket.destroy());
    // The server closes what is idle: then the next request needs another connection.
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    this.#socket = socket;
    return socket;
  }
}

function exchange(socket: Socket, bytes: Buffer, bodiless: boolean): Promise<WireOutcome> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const end = (outcome: WireOutcome): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      resolve(outcome);
    };
    const text = (): string => received.toString('latin1').slice(0, 2000);
    const onClose = (): void => {
      const answer = answerIn(received, bodiless, true);
      end(answer ? { kind: 'answered', answer } : { kind: 'closed', received: text() });
    };
    const onData = (part: Buffer): void => {
      received = Buffer.concat([received, part]);
      const answer = answerIn(received, bodiless, false);
      if (answer) end({ kind: 'answered', answer });
    };
    const timer = setTimeout(() => end({ kind: 'silent', received: text() }), ANSWER_MAX_MS);
    socket.on('data', onData).on('close', onClose);
    socket.write(bytes);
  });
}

/** The first final answer in what has come; undefined until it is whole. RFC 9112 §6.3. */
function answerIn(received: Buffer, bodiless: boolean, closed: boolean): WireAnswer | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const [first = '', ...lines] = received.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = received.subarray(headEnd + HEAD_END.length);
  if (status >= 100 && status < 200 && status !== 101) return answerIn(rest, bodiless, closed);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value);
  }
  const body = bodyIn(rest, status, headers, bodiless, closed);
  return body && { status, headers, body };
}

function bodyIn(
  rest: Buffer,
  status: number,
  headers: ReadonlyMap<string, string>,
  bodiless: boolean,
  closed: boolean,
): Buffer | undefined {
  if (bodiless || status === 101 || status === 204 || status === 304) return Buffer.alloc(0);
  if (headers.get('transfer-encoding') === 'chunked') return unchunked(rest);
  const length = headers.get('content-length');
  if (length === undefined) return closed ? rest : undefined;
  return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : undefined;
}

/** RFC 9112 §7.1; undefined until the last chunk has come. */
function unchunked(rest: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
    const from = lineEnd + 2;
    if (size === 0) return Buffer.concat(parts);
    if (rest.length < from + size + 2) return undefined;
    parts.push(rest.subarray(from, from + size));
    at = from + size + 2;
  }
}
