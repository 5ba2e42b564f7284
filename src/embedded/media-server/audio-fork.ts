import { WebSocket } from 'ws';
import { messageOf } from '../../kernel/errors.ts';
import type { Channel } from './channel.ts';
import type { MediaLink } from './media-link.ts';

/** What forks need. */
export interface AudioForkHost {
  readonly media: MediaLink;
  /** True when connecting there is allowed. */
  isAllowedHost(host: string): boolean;
}

/** What `uuid_audio_fork start` asks for. */
export interface ForkPlan {
  readonly url: string;
  readonly mix: 'mono' | 'mixed' | 'stereo';
  readonly rateHz: 8000 | 16_000;
  readonly name: string;
  /** Sent as the first text frame. */
  readonly metadata: string | undefined;
}

interface Fork {
  readonly socket: WebSocket;
  readonly tap: number;
  isPaused: boolean;
  readonly end: (text?: string) => void;
}

const SUBPROTOCOL = 'audio.drachtio.org';
const CONNECT_TIMEOUT_MS = 5_000;
/** Bytes waiting for a slow listener before audio is left out: two seconds at 16 kHz. */
const BACKLOG_MAX = 64 * 1024;
const FORKS_PER_CHANNEL_MAX = 4;
const TEXT_MAX = 64 * 1024;

/**
 * Streams a call's audio to WebSocket listeners as mod_audio_fork does: 16-bit linear frames, metadata first.
 */
export class AudioForks {
  readonly #host: AudioForkHost;
  readonly #forks = new Map<string, Fork>();

  constructor(host: AudioForkHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#forks.size;
  }

  /** @returns false when it is refused; whether the connection comes about is told by events. */
  start(channel: Channel, plan: ForkPlan): boolean {
    const key = `${channel.uuid} ${plan.name}`;
    const own = [...this.#forks.keys()].filter((other) => other.startsWith(`${channel.uuid} `));
    if (channel.isHungUp || this.#forks.has(key) || own.length >= FORKS_PER_CHANNEL_MAX) return false;
    const url = parseUrl(plan.url);
    if (url === undefined || !this.#host.isAllowedHost(url.hostname)) return false;
    const socket = new WebSocket(url, SUBPROTOCOL, {
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      maxPayload: TEXT_MAX,
      perMessageDeflate: false,
    });
    const tap = this.#host.media.nextId();
    const end = (text?: string): void => this.#end(channel, key, text);
    const cleanup = (): void => end();
    const fork: Fork = {
      socket,
      tap,
      isPaused: false,
      end: (text) => {
        channel.cleanups.delete(cleanup);
        end(text);
      },
    };
    this.#forks.set(key, fork);
    channel.cleanups.add(cleanup);
    this.#listen(channel, plan, fork);
    return true;
  }

  /** Ends a fork; `text` is its last message. */
  stop(channel: Channel, name: string, text?: string): boolean {
    const fork = this.#forks.get(`${channel.uuid} ${name}`);
    fork?.end(text);
    return fork !== undefined;
  }

  /** Leaves audio out, or sends it again. */
  pause(channel: Channel, name: string, isPaused: boolean): boolean {
    const fork = this.#forks.get(`${channel.uuid} ${name}`);
    if (fork === undefined) return false;
    fork.isPaused = isPaused;
    this.#host.media.order({ type: 'pause-tap', leg: channel.uuid, tap: fork.tap, isPaused });
    return true;
  }

  sendText(channel: Channel, name: string, text: string): boolean {
    const fork = this.#forks.get(`${channel.uuid} ${name}`);
    if (fork === undefined || fork.socket.readyState !== WebSocket.OPEN) return false;
    fork.socket.send(text);
    return true;
  }

  #listen(channel: Channel, plan: ForkPlan, fork: Fork): void {
    const { socket, tap } = fork;
    const tell = (event: string, body?: string): void => {
      const headers = { 'media-bugname': plan.name };
      if (!channel.isHungUp) channel.fireBrief('CUSTOM', headers, `mod_audio_fork::${event}`, body);
    };
    socket.on('open', () => {
      if (plan.metadata !== undefined) socket.send(plan.metadata);
      const channelCount = plan.mix === 'stereo' ? 2 : 1;
      const convert = plan.rateHz === 16_000 ? createDoubler(channelCount) : toBytes;
      this.#host.media.onTap(tap, {
        audio: (samples) => {
          if (fork.isPaused || socket.readyState !== WebSocket.OPEN) return;
          if (socket.bufferedAmount < BACKLOG_MAX) socket.send(convert(samples));
        },
      });
      const kind = { type: 'fork', mix: plan.mix } as const;
      this.#host.media.order({ type: 'tap', leg: channel.uuid, tap, kind });
      tell('connect');
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) tell('json', data.toString('utf8'));
    });
    socket.on('error', (error) => {
      if (socket.readyState !== WebSocket.OPEN) {
        tell('connect_failed', JSON.stringify({ reason: messageOf(error) }));
      }
    });
    socket.on('close', () => {
      tell('disconnect');
      fork.end();
    });
  }

  #end(channel: Channel, key: string, text: string | undefined): void {
    const fork = this.#forks.get(key);
    if (fork === undefined) return;
    this.#forks.delete(key);
    this.#host.media.order({ type: 'untap', leg: channel.uuid, tap: fork.tap });
    this.#host.media.forgetTap(fork.tap);
    const { socket } = fork;
    if (socket.readyState === WebSocket.OPEN) {
      if (text !== undefined) socket.send(text);
      socket.close(1000);
      // A listener that does not answer the close is cut off.
      const patience = setTimeout(() => socket.terminate(), 2_000);
      socket.once('close', () => clearTimeout(patience));
    } else socket.terminate();
  }
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'ws:' || url.protocol === 'wss:' ? url : undefined;
}

function toBytes(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** 8 to 16 kHz by linear interpolation; the last sample of a frame leads into the next one. */
function createDoubler(channelCount: number): (samples: Int16Array) => Buffer {
  const last = new Int16Array(channelCount);
  return (samples) => {
    const out = new Int16Array(samples.length * 2);
    for (let i = 0; i < samples.length; i++) {
      const channel = i % channelCount;
      const at = Math.floor(i / channelCount) * 2 * channelCount + channel;
      const value = samples[i] ?? 0;
      out[at] = ((last[channel] ?? 0) + value) >> 1;
      out[at + channelCount] = value;
      last[channel] = value;
    }
    return toBytes(out);
  };
}
