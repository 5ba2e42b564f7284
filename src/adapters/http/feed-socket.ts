import type { WebSocket } from 'ws';
import type { AgentFeeds, FeedWatch } from '../../application/workspace/agent-feeds.ts';
import type { FeedEvent } from '../../application/workspace/agent-feed.ts';
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';

/** Why a socket is closed by us (RFC 6455 §7.4; 4000–4999 are ours). */
export const CloseCode = {
  /** The server stops, or the viewer may see other things than before; connect again. */
  goingAway: 1001,
  /** Too many messages, or one that says nothing. */
  policy: 1008,
  failed: 1011,
  /** The login or key is no longer good. */
  signedOut: 4401,
  /** As many screens of this agent are open as may. */
  tooMany: 4429,
} as const;

/** Events handed to a socket before it has taken them; bounds what a slow reader costs. */
const BATCH_MAX = 50;
const PING_INTERVAL_MS = 20_000;
/** A peer that is told to go has this long; `ws` would wait half a minute. */
const GOODBYE_MS = 2000;
/** The login is looked at again after as many pings. */
const PINGS_PER_CHECK = 3;
/** Messages of a client in one ping interval: it has nothing to say but `ping`. */
const MESSAGES_MAX = 20;
/** Ping and pong frames (RFC 6455 §5.5) of a client in one ping interval: each costs an answer or a look. */
const CONTROL_FRAMES_MAX = 100;

/** How who opened a screen stands now: as then, with other rights, or not allowed to see it any more. */
export type Standing = 'same' | 'changed' | 'gone';

export interface FeedSocketOptions {
  readonly socket: WebSocket;
  readonly agentId: string;
  readonly feeds: AgentFeeds;
  /** `<feed>:<seq>`: the last event that the screen has; undefined: it begins anew. */
  readonly since: string | undefined;
  /** What is sent when the feed cannot go on from there. */
  readonly snapshot: (cursor: string) => Promise<object | undefined>;
  /** One event as it is sent; undefined: not for this viewer. */
  readonly encode: (feedId: string, entry: FeedEvent) => object | undefined;
  /** How who opened it stands now. */
  readonly standing: () => Promise<Standing>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onClosed: () => void;
}

/**
 * One screen on an agent's feed. It gets every event once and in order; what it missed while it was away is
 * sent first, or, when that is kept no longer, a whole snapshot. Events are pulled as the socket takes them:
 * a slow reader falls behind and gets a snapshot, and costs nobody anything.
 */
export class FeedSocket {
  readonly #options: FeedSocketOptions;
  #watch: FeedWatch | undefined;
  /** The last event handed over. */
  #seq = 0;
  /** A batch or a snapshot is on its way. */
  #isBusy = false;
  #isClosed = false;
  #timer: TimerHandle | undefined;
  #isAlive = true;
  #pingCount = 0;
  #messageCount = 0;
  #controlCount = 0;

  constructor(options: FeedSocketOptions) {
    this.#options = options;
  }

  /** Begins with what the screen missed, or with a snapshot. */
  start(): void {
    const { agentId, feeds, since, socket, log } = this.#options;
    socket.on('close', () => this.#closed());
    socket.on('error', (error) => {
      log.debug({ agentId, reason: messageOf(error) }, 'screen failed');
      // `ws` has sent the close frame of a protocol error (RFC 6455 §7.1.7) and waits for the peer's.
      this.#endSoon();
    });
    socket.on('ping', () => this.#counted());
    socket.on('pong', () => {
      this.#isAlive = true;
      this.#counted();
    });
    socket.on('message', (data: Buffer, isBinary) => this.#said(data.toString(), isBinary));
    this.#watch = feeds.watch(agentId, () => this.#pump());
    if (!this.#watch) {
      this.close(CloseCode.tooMany, 'too many screens');
      return;
    }
    this.#ping();
    this.#begin(since);
  }

  /** Says why and ends it, whether or not the peer says goodbye. */
  close(code: number, reason: string): void {
    this.#endSoon();
    this.#options.socket.close(code, reason);
  }

  /** Ends it unless who opened it may still see all that it shows; never rejects. */
  async check(): Promise<void> {
    // A store that fails for a moment signs nobody out.
    const standing = await this.#options.standing().catch((): Standing => 'same');
    if (this.#isClosed || standing === 'same') return;
    if (standing === 'gone') this.close(CloseCode.signedOut, 'signed out');
    else this.close(CloseCode.goingAway, 'your rights have changed');
  }

  /**
   * From now on it gets nothing and counts no more; the connection goes at the latest in {@link GOODBYE_MS}.
   */
  #endSoon(): void {
    if (this.#isClosed) return;
    const { clock, socket } = this.#options;
    this.#closed();
    const timer = clock.setTimer(GOODBYE_MS, () => socket.terminate());
    socket.once('close', () => clock.clearTimer(timer));
  }

  #begin(since: string | undefined): void {
    const feed = this.#watch?.feed;
    if (!feed) return;
    const [id, text = ''] = since?.split(':') ?? [];
    const seq = /^\d{1,15}$/.test(text) ? Number(text) : -1;
    if (id !== feed.id || !feed.after(seq, 1)) {
      void this.#reset(since === undefined ? 'new' : 'gone');
      return;
    }
    this.#seq = seq;
    this.#send({ type: 'hello', cursor: `${feed.id}:${seq}`, resumed: true });
    this.#pump();
  }

  /** A snapshot, then what happened since it was begun. */
  async #reset(reason: 'new' | 'gone' | 'slow'): Promise<void> {
    const { agentId, log, snapshot } = this.#options;
    const feed = this.#watch?.feed;
    if (!feed) return;
    this.#isBusy = true;
    this.#seq = feed.seq;
    const cursor = `${feed.id}:${feed.seq}`;
    try {
      const body = await snapshot(cursor);
      if (this.#isClosed) return;
      if (!body) {
        this.close(CloseCode.signedOut, 'there is no such agent');
        return;
      }
      this.#send({ type: 'reset', reason, cursor, snapshot: body }, () => {
        this.#isBusy = false;
        this.#pump();
      });
    } catch (error) {
      log.warn({ agentId, reason: messageOf(error) }, 'snapshot failed');
      this.close(CloseCode.failed, 'try again');
    }
  }

  /** Hands over the next events unless the socket still has some to take. */
  #pump(): void {
    const feed = this.#watch?.feed;
    if (!feed || this.#isBusy || this.#isClosed) return;
    const entries = feed.after(this.#seq, BATCH_MAX);
    if (!entries) {
      void this.#reset('slow');
      return;
    }
    const last = entries.at(-1);
    if (!last) return;
    this.#seq = last.seq;
    const bodies = entries.flatMap((entry) => this.#options.encode(feed.id, entry) ?? []);
    this.#isBusy = bodies.length > 0;
    bodies.forEach((body, at) => {
      const taken = at < bodies.length - 1 ? undefined : (): void => this.#taken();
      this.#send(body, taken);
    });
    if (bodies.length === 0) this.#pump();
  }

  #taken(): void {
    this.#isBusy = false;
    this.#pump();
  }

  #send(body: object, taken?: () => void): void {
    // Called with an error once the socket is closed: nothing follows then.
    this.#options.socket.send(JSON.stringify(body), (error) => {
      if (!error) taken?.();
    });
  }

  /** A peer that does not answer is gone, whatever its TCP connection says. */
  #ping(): void {
    this.#timer = this.#options.clock.setTimer(PING_INTERVAL_MS, () => {
      if (this.#isClosed) return;
      if (!this.#isAlive) {
        this.#options.socket.terminate();
        return;
      }
      this.#isAlive = false;
      this.#messageCount = 0;
      this.#controlCount = 0;
      this.#options.socket.ping();
      if (++this.#pingCount % PINGS_PER_CHECK === 0) void this.check();
      this.#ping();
    });
  }

  #counted(): void {
    if (++this.#controlCount > CONTROL_FRAMES_MAX && !this.#isClosed) {
      this.close(CloseCode.policy, 'too many pings');
    }
  }

  #said(text: string, isBinary: boolean): void {
    // RFC 6455 §5.5.1: until the peer's own close frame it may go on talking.
    if (this.#isClosed) return;
    const isPing = !isBinary && /^\{\s*"type"\s*:\s*"ping"\s*\}$/.test(text);
    if (!isPing || ++this.#messageCount > MESSAGES_MAX) {
      this.close(CloseCode.policy, 'commands are HTTP requests');
      return;
    }
    this.#send({ type: 'pong' });
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer) this.#options.clock.clearTimer(this.#timer);
    this.#watch?.close();
    this.#watch = undefined;
    this.#options.onClosed();
  }
}
