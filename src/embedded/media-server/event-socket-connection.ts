import { timingSafeEqual, createHash, randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { EventHub, EventReceiver } from './event-hub.ts';
import { EventSocketParser } from './event-socket-parser.ts';
import type { EventSocketCommand } from './event-socket-parser.ts';
import { EventSubscription } from './event-subscription.ts';

/** What a connection asks of the media server. */
export interface EventSocketHost {
  readonly hub: EventHub;
  readonly password: string;
  readonly commandBytesMax: number;
  readonly backlogBytesMax: number;
  /** Runs an api command; the text is the response body. */
  api(command: string): Promise<string>;
  /** The result of a background command, as a BACKGROUND_JOB event. */
  jobDone(jobUuid: string, command: string, result: string): void;
  /** `sendmsg` to a channel; what goes into Reply-Text. */
  sendMessage(uuid: string, headers: ReadonlyMap<string, string>, body: string): string;
  /** The CHANNEL_DATA headers of the reply to `connect`. */
  channelData(uuid: string): string | undefined;
  closed(connection: EventSocketConnection): void;
}

const AUTH_TIMEOUT_MS = 10_000;
/** Commands of one connection in work at once: replies are in order, so more only wait. */
const PENDING_MAX = 1_000;
const GOODBYE = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';

/**
 * One event socket connection, in either direction (mod_event_socket): `ownUuid` set when it is a channel's
 * own, opened by us, which needs no password.
 */
export class EventSocketConnection implements EventReceiver {
  readonly subscription = new EventSubscription();
  readonly ownUuid: string | undefined;
  readonly #socket: Socket;
  readonly #host: EventSocketHost;
  readonly #parser: EventSocketParser;
  #isAuthenticated: boolean;
  #authTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Replies leave in the order of the commands, whatever finishes first. */
  #work: Promise<void> = Promise.resolve();
  #pendingCount = 0;
  #isHeld = false;
  readonly #release = (): void => {
    this.#isHeld = false;
    this.#socket.uncork();
  };

  constructor(socket: Socket, host: EventSocketHost, ownUuid?: string) {
    this.#socket = socket;
    this.#host = host;
    this.ownUuid = ownUuid;
    this.#isAuthenticated = ownUuid !== undefined;
    this.#parser = new EventSocketParser(host.commandBytesMax);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
    if (this.#isAuthenticated) return;
    this.#write('Content-Type: auth/request\n\n');
    this.#authTimer = setTimeout(() => this.close(), AUTH_TIMEOUT_MS);
  }

  sendEvent(bytes: Buffer): void {
    this.#write(bytes);
  }

  /** Says good-bye as FreeSWITCH does when the channel is gone, and closes. */
  disconnect(): void {
    if (this.#isClosed) return;
    const controlled = this.ownUuid === undefined ? '' : `Controlled-Session-UUID: ${this.ownUuid}\n`;
    this.#write(
      `Content-Type: text/disconnect-notice\n${controlled}Content-Disposition: disconnect\n` +
        `Content-Length: ${GOODBYE.length}\n\n${GOODBYE}`,
    );
    this.#finish();
    this.#socket.end();
    this.#socket.setTimeout(2_000, () => this.#socket.destroy());
  }

  /** Ends at once. */
  close(): void {
    this.#finish();
    this.#socket.destroy();
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#authTimer);
    this.#host.hub.remove(this);
    this.#host.closed(this);
  }

  #receive(bytes: Buffer): void {
    if (this.#isClosed) return;
    const commands = this.#parser.push(bytes);
    if (commands === 'too-long') {
      this.#reply('-ERR command too long');
      this.close();
      return;
    }
    for (const command of commands) {
      if (this.#isClosed) return;
      if (this.#isAuthenticated) this.#enqueue(command);
      else this.#authenticate(command);
    }
  }

  #authenticate({ line }: EventSocketCommand): void {
    if (line === 'exit') {
      this.#exit();
      return;
    }
    if (!line.startsWith('auth ')) {
      this.#reply('-ERR command not found');
      return;
    }
    if (isSame(line.slice(5), this.#host.password)) {
      clearTimeout(this.#authTimer);
      this.#isAuthenticated = true;
      this.#host.hub.update(this);
      this.#reply('+OK accepted');
      return;
    }
    this.#reply('-ERR invalid');
    // mod_event_socket leaves the connection after a wrong password; so do we, and guessing needs a
    // connection a guess.
    this.disconnect();
  }

  #enqueue(command: EventSocketCommand): void {
    if (this.#pendingCount === 0 && !command.line.startsWith('api ')) {
      this.#handle(command);
      return;
    }
    if (++this.#pendingCount > PENDING_MAX) {
      this.close();
      return;
    }
    const run = async (): Promise<void> => {
      if (!this.#isClosed) {
        if (command.line.startsWith('api ')) await this.#api(command.line.slice(4));
        else this.#handle(command);
      }
      this.#pendingCount--;
    };
    this.#work = this.#work.then(run);
  }

  async #api(command: string): Promise<void> {
    const body = await this.#host.api(command.trim());
    this.#write(`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`);
  }

  #handle(command: EventSocketCommand): void {
    const [verb = '', ...args] = command.line.split(/\s+/);
    switch (verb.toLowerCase()) {
      case 'connect':
        this.#connect();
        return;
      case 'event':
      case 'events':
        this.#subscribe(args);
        return;
      case 'myevents':
        this.#myEvents(args);
        return;
      case 'nixevent':
        this.subscription.remove(args);
        this.#reply('+OK events nixed');
        return;
      case 'noevents':
        this.subscription.clear();
        this.#reply('+OK no longer listening for events');
        return;
      case 'filter':
        this.#filter(args, command.line);
        return;
      case 'sendmsg':
        this.#reply(this.#host.sendMessage(args[0] ?? this.ownUuid ?? '', command.headers, command.body));
        return;
      case 'bgapi':
        this.#background(command);
        return;
      case 'linger':
        this.#reply('+OK will linger');
        return;
      case 'nolinger':
        this.#reply('+OK will not linger');
        return;
      case 'divert_events':
        this.#reply('+OK events diverted');
        return;
      case 'log':
      case 'nolog':
        this.#reply('+OK no longer logging');
        return;
      case 'exit':
        this.#exit();
        return;
      default:
        this.#reply('-ERR command not found');
    }
  }

  #connect(): void {
    const data = this.ownUuid === undefined ? undefined : this.#host.channelData(this.ownUuid);
    if (data === undefined) {
      this.#reply('-ERR command not found');
      return;
    }
    this.#write(
      `${data}Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n`,
    );
  }

  #subscribe(args: readonly string[]): void {
    const [format = '', ...names] = args;
    const isFormat = format === 'json' || format === 'plain';
    if (format === 'xml' || args.length === 0) {
      this.#reply('-ERR no keywords supplied');
      return;
    }
    this.subscription.format = format === 'json' ? 'json' : 'plain';
    this.subscription.add(isFormat ? names : args);
    this.#host.hub.update(this);
    this.#reply(`+OK event listener enabled ${this.subscription.format}`);
  }

  #myEvents(args: readonly string[]): void {
    const format = args.find((arg) => arg === 'json' || arg === 'plain');
    const uuid = args.find((arg) => arg !== format) ?? this.ownUuid;
    if (uuid === undefined) {
      this.#reply('-ERR invalid uuid');
      return;
    }
    this.subscription.format = format === 'json' ? 'json' : 'plain';
    this.subscription.add(['ALL']);
    this.subscription.addFilter('Unique-ID', uuid);
    this.#host.hub.update(this);
    this.#reply('+OK Events Enabled');
  }

  #filter(args: readonly string[], line: string): void {
    const isDelete = args[0] === 'delete';
    const [name = '', value] = isDelete ? args.slice(1) : args;
    if (name === '' || (!isDelete && value === undefined)) {
      this.#reply('-ERR invalid syntax');
      return;
    }
    if (isDelete) {
      this.subscription.removeFilter(name, value);
      this.#host.hub.update(this);
      this.#reply(`+OK filter deleted. [${name}]=[${value ?? ''}]`);
      return;
    }
    // The value is everything behind the name: it may hold spaces.
    const text = line.slice(line.indexOf(name) + name.length).trim();
    if (!this.subscription.addFilter(name, text)) {
      this.#reply('-ERR too many filters');
      return;
    }
    this.#host.hub.update(this);
    this.#reply(`+OK filter added. [${name}]=[${text}]`);
  }

  #background(command: EventSocketCommand): void {
    const text = command.line.slice('bgapi'.length).trim();
    const job = command.headers.get('job-uuid') ?? randomUUID();
    this.#write(`Content-Type: command/reply\nReply-Text: +OK Job-UUID: ${job}\nJob-UUID: ${job}\n\n`);
    void this.#host.api(text).then((result) => this.#host.jobDone(job, text, result));
  }

  #exit(): void {
    this.#reply('+OK bye');
    this.disconnect();
  }

  #reply(text: string): void {
    this.#write(`Content-Type: command/reply\nReply-Text: ${text}\n\n`);
  }

  #write(data: string | Buffer): void {
    if (this.#isClosed || this.#socket.destroyed) return;
    if (!this.#isHeld) {
      // Replies and events of one turn leave in one piece.
      this.#isHeld = true;
      this.#socket.cork();
      process.nextTick(this.#release);
    }
    this.#socket.write(data);
    // A client that does not read must not fill our memory.
    if (this.#socket.writableLength > this.#host.backlogBytesMax) this.close();
  }
}

/** Compares in constant time. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
