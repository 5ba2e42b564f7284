import { WebSocket, type ClientOptions } from 'ws';
import { WatchedList } from '../../e2e/harness/watched-list.ts';

/** A message of the feed. */
export interface FeedMessage {
  readonly type: string;
  readonly cursor?: string;
  readonly seq?: number;
  readonly resumed?: boolean;
  readonly reason?: string;
  readonly snapshot?: Readonly<Record<string, unknown>>;
  readonly agent?: { readonly state: string; readonly notReadyReason: string | null };
  readonly [part: string]: unknown;
}

const WAIT_MS = 10_000;

/** One browser window on an agent's workspace: keeps every message that came. */
export class Screen {
  readonly messages = new WatchedList<FeedMessage>();
  readonly socket: WebSocket;
  /** Code and reason when the socket is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Status and body when the server answers with an ordinary response. */
  readonly refused: Promise<{ status: number; body: string }>;

  /** @param url of the server; `since` and other parameters go into `query`. */
  constructor(url: string, query: Readonly<Record<string, string>>, options: ClientOptions) {
    const address = `${url.replace(/^http/, 'ws')}/api/v1/workspace/events?${new URLSearchParams(query).toString()}`;
    this.socket = new WebSocket(address, options);
    this.socket.on('message', (data: Buffer) =>
      this.messages.push(JSON.parse(data.toString()) as FeedMessage),
    );
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    this.refused = new Promise((resolve) => {
      this.socket.on('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
    });
  }

  /** Resolves with the first message that fits. */
  message(fits: (message: FeedMessage) => boolean, what: string): Promise<FeedMessage> {
    return this.messages.wait((messages) => messages.find(fits), what, WAIT_MS);
  }

  ofType(type: string): Promise<FeedMessage> {
    return this.message((message) => message.type === type, type);
  }

  /** The place after the last message. */
  get cursor(): string {
    return this.messages.items.findLast(({ cursor }) => cursor !== undefined)?.cursor ?? '';
  }

  /** Gone without a word, as when a network fails. */
  drop(): void {
    this.socket.terminate();
  }
}
