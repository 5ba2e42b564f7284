import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { ControlFramer, frameControlMessage } from './control-framer.ts';
import { formatNotOk, formatOk, parseAppMessage } from './control-message.ts';
import type { AppMessage } from './control-message.ts';

/** Bytes an application may leave unread before it is cut off: it no longer listens to its calls. */
const UNREAD_BYTES_MAX = 32 * 1_048_576;
/** Routes one application may ask for. */
const ROUTES_MAX = 64;

/** What a control connection tells the server. */
export interface ControlConnectionHandlers {
  /** Asked for on authentication: what the application is told of us. */
  readonly describe: () => string;
  readonly authenticated: (connection: ControlConnection) => void;
  /** A SIP message to send; the answer goes back through `send`. */
  readonly sip: (connection: ControlConnection, message: Extract<AppMessage, { kind: 'sip' }>) => void;
  readonly closed: (connection: ControlConnection) => void;
  /** A connection that spoke nonsense or had the wrong secret. */
  readonly rejected: (reason: string) => void;
}

/** One application connected over drachtio's control protocol. */
export class ControlConnection {
  /** Methods asked for, in lower case. */
  readonly routes = new Set<string>();
  readonly #socket: Socket;
  readonly #secret: string;
  readonly #handlers: ControlConnectionHandlers;
  readonly #framer = new ControlFramer();
  #isAuthenticated = false;
  #isClosed = false;
  #batch: string[] = [];

  constructor(socket: Socket, secret: string, handlers: ControlConnectionHandlers) {
    this.#socket = socket;
    this.#secret = secret;
    this.#handlers = handlers;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#end());
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends one control message; messages of one turn of the event loop leave together. */
  send(message: string): void {
    if (this.#isClosed) return;
    this.#batch.push(frameControlMessage(message));
    if (this.#batch.length > 1) return;
    setImmediate(() => this.#flush());
  }

  close(): void {
    this.#flush();
    this.#socket.end();
    this.#end();
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length === 0 || this.#isClosed) return;
    this.#socket.write(batch.join(''));
    if (this.#socket.writableLength > UNREAD_BYTES_MAX) {
      this.#handlers.rejected('the application does not read');
      this.#socket.destroy();
      this.#end();
    }
  }

  #read(chunk: Buffer): void {
    const { messages, isBroken } = this.#framer.push(chunk);
    for (const message of messages) {
      if (this.#isClosed) return;
      this.#handle(parseAppMessage(message));
    }
    if (!isBroken) return;
    this.#handlers.rejected('control message without a length');
    this.#socket.destroy();
    this.#end();
  }

  #handle(message: AppMessage): void {
    if (message.kind === 'authenticate') {
      this.#authenticate(message.id, message.secret);
      return;
    }
    if (!this.#isAuthenticated) {
      this.#refuse(message.id, 'authenticate first');
      return;
    }
    switch (message.kind) {
      case 'ping':
        this.send(formatOk(message.id, 'pong'));
        return;
      case 'route':
        if (this.routes.size >= ROUTES_MAX || message.verb === '') {
          this.#refuse(message.id, 'Route request includes unsupported verb');
          return;
        }
        this.routes.add(message.verb);
        this.send(formatOk(message.id));
        return;
      case 'remove_route':
        this.routes.delete(message.verb);
        this.send(formatOk(message.id));
        return;
      case 'sip':
        this.#handlers.sip(this, message);
        return;
      case 'proxy':
        this.send(formatNotOk(message.id, 'proxy is not supported'));
        return;
      case 'invalid':
        this.#refuse(message.id, message.reason);
        return;
      default:
        message satisfies never;
    }
  }

  #authenticate(id: string, secret: string): void {
    if (!isSame(secret, this.#secret)) {
      this.#refuse(id, 'incorrect secret');
      return;
    }
    this.#isAuthenticated = true;
    this.send(formatOk(id, this.#handlers.describe()));
    this.#handlers.authenticated(this);
  }

  /** As drachtio-server does: says why and hangs up. */
  #refuse(id: string, reason: string): void {
    this.#handlers.rejected(reason);
    this.send(formatNotOk(id, reason, 'NO'));
    this.close();
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#batch = [];
    this.#handlers.closed(this);
  }
}

function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
