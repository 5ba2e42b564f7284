import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { aLawByte, aLawSample } from './a-law.ts';
import { muLawByte, muLawSample } from './mu-law.ts';
import { joined } from './sound.ts';
import { FRAME_SAMPLES, toneFrame, toneShare } from './tone.ts';
import { WatchedList } from './watched-list.ts';

/** RTP payload type of telephone events in every offer and answer of these tests. */
export const EVENT_PAYLOAD_TYPE = 101;
const FRAME_MS = 20;
const BLOCK_FRAMES = 10;
const EVENT_KEYS = '0123456789*#ABCD';
/** Louder than this (root mean square, 16-bit) is sound, not line noise. */
const LOUD_RMS = 300;
/** So many loud packets in a row are the beginning of something. */
const BEGIN_PACKETS = 3;
/** A sender's packets behind the clock are sent at once, but never more than this many. */
const CATCH_UP_MAX = 10;

/** The one codec a phone speaks (RFC 3551 §6: payload types 0 and 8). */
export type PhoneCodec = 'pcmu' | 'pcma';

const CODECS = {
  pcmu: { payloadType: 0, encode: muLawByte, decode: muLawSample },
  pcma: { payloadType: 8, encode: aLawByte, decode: aLawSample },
} as const;

/** One block of 200 ms that arrived: when its last packet came, and its samples. */
interface Block {
  readonly atMs: number;
  readonly samples: readonly number[];
}

/** What is being sent once, up to sample `at`. */
interface Sound {
  readonly samples: Int16Array;
  at: number;
  readonly onEnd: (atMs: number) => void;
}

/** One packet of audio that arrived. */
interface Packet {
  readonly atMs: number;
  readonly samples: Int16Array;
}

/** One key heard as telephone events (RFC 4733 §2.3), by its final packet. */
interface KeyHeard {
  readonly key: string;
  readonly atMs: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * The media of one phone: a socket whose port stands in the phone's SDP. Sends a tone or silence every 20 ms
 * from the first moment the far end is known, sends RFC 4733 events, and records what it hears. It knows the
 * far end from `sendTo` or from the first packet that arrives (RFC 4961).
 */
export class RtpEndpoint {
  readonly port: number;
  /** Keys heard, in order, each once however often its final packet was repeated. */
  readonly keys = new WatchedList<KeyHeard>();
  readonly #blocks = new WatchedList<Block>();
  readonly #packets: Packet[] = [];
  #sound: Sound | undefined;
  readonly #socket: Socket;
  readonly #codec: (typeof CODECS)[PhoneCodec];
  readonly #ssrc = (Math.random() * 2 ** 32) >>> 0;
  #sequence = (Math.random() * 2 ** 16) >>> 0;
  #timestamp = (Math.random() * 2 ** 31) >>> 0;
  #far: Address | undefined;
  #frequencyHz = 0;
  #frameIndex = 0;
  #nextAtMs = 0;
  #pausedUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #collected: number[] = [];
  #lastEvent = '';
  #packetCount = 0;
  #isClosed = false;
  readonly #events: Buffer[] = [];

  private constructor(socket: Socket, codec: PhoneCodec) {
    this.#socket = socket;
    this.#codec = CODECS[codec];
    this.port = socket.address().port;
    socket.on('message', (packet, from) => this.#receive(packet, from));
    // Linux reports an ICMP "port unreachable" of a far end that has gone; media goes on or ends by SIP.
    socket.on('error', () => undefined);
  }

  /**
   * Binds an even port of `host` (RFC 3550 §11) whose port minus four and minus two are free too, for sipp's
   * own sockets.
   */
  static async open(host: string, codec: PhoneCodec = 'pcmu'): Promise<RtpEndpoint> {
    for (let tries = 0; tries < 50; tries++) {
      const port = 20_000 + 2 * Math.floor(Math.random() * 20_000);
      const socket = await bound(host, port);
      if (socket === undefined) continue;
      const neighbours = await Promise.all([bound(host, port - 4), bound(host, port - 2)]);
      const free = neighbours.every((neighbour) => neighbour !== undefined);
      for (const neighbour of neighbours) neighbour?.close();
      if (free) return new RtpEndpoint(socket, codec);
      socket.close();
    }
    throw new Error(`no free media ports on ${host}`);
  }

  /** Count of RTP packets that arrived. */
  get packetCount(): number {
    return this.#packetCount;
  }

  /** Keys heard so far as one string. */
  get keysHeard(): string {
    return this.keys.items.map(({ key }) => key).join('');
  }

  sendTo(far: Address): void {
    this.#far = far;
    if (this.#timer !== undefined) return;
    this.#nextAtMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), 5);
  }

  /** From now on sends this tone; 0 is silence. */
  play(frequencyHz: number): void {
    this.#frequencyHz = frequencyHz;
  }

  /**
   * From the next packet on sends these samples once, then the tone or silence again. Resolves with the moment
   * (epoch ms) at which the last of them has been sent; never when `close` comes first.
   */
  playOnce(samples: Int16Array): Promise<number> {
    return new Promise((onEnd) => {
      this.#sound = { samples, at: 0, onEnd };
    });
  }

  /** Stops sending for a while: sipp itself is sending from this port. */
  pauseFor(durationMs: number): void {
    this.#pausedUntilMs = performance.now() + durationMs;
  }

  /** Sends keys as RFC 4733 events, 100 ms each with 100 ms between, in the stream's own sequence. */
  press(keys: string): void {
    for (const key of keys) this.#events.push(...eventPayloads(key));
  }

  /**
   * Resolves with the moment (epoch ms) when `frequencyHz` has filled a 200 ms block that arrived after
   * `sinceMs`.
   */
  async toneHeard(frequencyHz: number, withinMs = 5000, sinceMs = 0): Promise<number> {
    const block = await this.#blocks.wait(
      (blocks) => blocks.find(({ atMs, samples }) => atMs > sinceMs && toneShare(samples, frequencyHz) > 0.6),
      `a tone of ${frequencyHz} Hz at port ${this.port}`,
      withinMs,
    );
    return block.atMs;
  }

  /** Resolves when any sound, not silence, has arrived after `sinceMs`. */
  async soundHeard(withinMs = 5000, sinceMs = 0): Promise<number> {
    const loud = ({ atMs, samples }: Block): boolean =>
      atMs > sinceMs && samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length > 300 ** 2;
    const block = await this.#blocks.wait(
      (blocks) => blocks.find(loud),
      `sound at port ${this.port}`,
      withinMs,
    );
    return block.atMs;
  }

  /** Resolves with the moment (epoch ms, to a packet) at which something audible began after `sinceMs`. */
  soundBegan(withinMs = 5000, sinceMs = 0): Promise<number> {
    const isLoud = ({ samples }: Packet): boolean =>
      samples.reduce((sum, sample) => sum + sample * sample, 0) > samples.length * LOUD_RMS ** 2;
    const begin = (): number | undefined => {
      let run: Packet[] = [];
      for (const packet of this.#packets) {
        run = packet.atMs > sinceMs && isLoud(packet) ? [...run, packet] : [];
        if (run.length === BEGIN_PACKETS) return run[0]!.atMs;
      }
      return undefined;
    };
    return this.#blocks.wait(begin, `a sound to begin at port ${this.port}`, withinMs);
  }

  /** Everything that arrived after `sinceMs`, 8 kHz. */
  heardSince(sinceMs: number): Int16Array {
    return joined(...this.#packets.filter(({ atMs }) => atMs > sinceMs).map(({ samples }) => samples));
  }

  /**
   * True when a block that arrived after `sinceMs` held this tone. For proving that somebody is *not* heard.
   */
  hasHeard(frequencyHz: number, sinceMs = 0): boolean {
    return this.#blocks.items.some(
      ({ atMs, samples }) => atMs > sinceMs && toneShare(samples, frequencyHz) > 0.3,
    );
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    if (!this.#isClosed) this.#socket.close();
    this.#isClosed = true;
  }

  #tick(): void {
    const nowMs = performance.now();
    if (nowMs - this.#nextAtMs > CATCH_UP_MAX * FRAME_MS) this.#nextAtMs = nowMs;
    for (; this.#nextAtMs <= nowMs; this.#nextAtMs += FRAME_MS) {
      this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
      this.#frameIndex++;
      if (nowMs < this.#pausedUntilMs) continue;
      const event = this.#events.shift();
      if (event !== undefined) this.#sendEvent(event);
      else if (this.#sound !== undefined) this.#sendSound(this.#sound);
      else this.#sendTone(this.#frequencyHz);
    }
  }

  #sendEvent(payload: Buffer): void {
    if (payload.length === 0) {
      this.#sendTone(0);
      return;
    }
    // RFC 4733 §2.1: every packet of one event carries the timestamp of its beginning.
    const duration = payload.readUInt16BE(2);
    const began = (this.#timestamp - duration + FRAME_SAMPLES) >>> 0;
    const isEnd = (payload[1]! & 0x80) !== 0;
    for (let copy = 0; copy < (isEnd ? 3 : 1); copy++) {
      this.#send(EVENT_PAYLOAD_TYPE, payload, began, duration === FRAME_SAMPLES);
    }
  }

  #sendSound(sound: Sound): void {
    const { payloadType, encode } = this.#codec;
    const frame = sound.samples.subarray(sound.at, sound.at + FRAME_SAMPLES);
    sound.at += FRAME_SAMPLES;
    const payload = Buffer.alloc(FRAME_SAMPLES, encode(0));
    for (const [at, sample] of frame.entries()) payload[at] = encode(sample);
    this.#send(payloadType, payload, this.#timestamp, false);
    if (sound.at < sound.samples.length) return;
    this.#sound = undefined;
    sound.onEnd(Date.now());
  }

  #sendTone(frequencyHz: number): void {
    const { payloadType, encode } = this.#codec;
    this.#send(payloadType, toneFrame(frequencyHz, this.#frameIndex, encode), this.#timestamp, false);
  }

  #send(payloadType: number, payload: Buffer, timestamp: number, marker: boolean): void {
    if (this.#far === undefined) return;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const packet = rtpPacket({
      payloadType,
      payload,
      timestamp,
      marker,
      sequence: this.#sequence,
      ssrc: this.#ssrc,
    });
    this.#socket.send(packet, this.#far.port, this.#far.host);
  }

  #receive(packet: Buffer, from: RemoteInfo): void {
    if (packet.length < 13 || packet[0]! >> 6 !== 2) return;
    this.#packetCount++;
    if (this.#far === undefined) this.sendTo({ host: from.address, port: from.port });
    const payloadType = packet[1]! & 0x7f;
    const payload = packet.subarray(12 + 4 * (packet[0]! & 0x0f));
    if (payloadType === EVENT_PAYLOAD_TYPE) this.#receiveEvent(payload, packet.toString('hex', 4, 12));
    if (payloadType !== this.#codec.payloadType) return;
    const samples = Int16Array.from(payload, (byte) => this.#codec.decode(byte));
    this.#packets.push({ atMs: Date.now(), samples });
    this.#collected.push(...samples);
    if (this.#collected.length < BLOCK_FRAMES * FRAME_SAMPLES) return;
    this.#blocks.push({ atMs: Date.now(), samples: this.#collected });
    this.#collected = [];
  }

  // `event` is what tells one press from the next: timestamp and source (RFC 4733 §2.1).
  #receiveEvent(payload: Buffer, event: string): void {
    const isEnd = payload.length >= 4 && (payload[1]! & 0x80) !== 0;
    if (!isEnd || event === this.#lastEvent) return;
    this.#lastEvent = event;
    this.keys.push({ key: EVENT_KEYS[payload[0]!] ?? '?', atMs: Date.now() });
  }
}

/**
 * The payloads of one key: five growing packets, the last with the end bit, then five frames of pause
 * (empty).
 */
export function eventPayloads(key: string): Buffer[] {
  const event = EVENT_KEYS.indexOf(key);
  if (event < 0) throw new Error(`not a telephone key: ${key}`);
  const payloads = [1, 2, 3, 4, 5].map((count) => {
    const payload = Buffer.from([event, count === 5 ? 0x8a : 0x0a, 0, 0]);
    payload.writeUInt16BE(count * FRAME_SAMPLES, 2);
    return payload;
  });
  return [...payloads, ...Array.from({ length: 5 }, () => Buffer.alloc(0))];
}

/** One RTP packet (RFC 3550 §5.1) without extension or contributing sources. */
export function rtpPacket(fields: {
  payloadType: number;
  payload: Buffer;
  timestamp: number;
  marker: boolean;
  sequence: number;
  ssrc: number;
}): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  header.writeUInt16BE(fields.sequence & 0xffff, 2);
  header.writeUInt32BE(fields.timestamp >>> 0, 4);
  header.writeUInt32BE(fields.ssrc >>> 0, 8);
  return Buffer.concat([header, fields.payload]);
}

function bound(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
