import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';

const SAMPLES = 160;
const PACKET_MS = 20;
/**
 * A sender later than this leaves out what it missed; before that it sends it at once, as a sound card does.
 */
const CATCH_UP_MAX_MS = 200;
/** Payload types (RFC 3551 §6). */
const PCMU = 0;
const PCMA = 8;
const COMFORT_NOISE = 13;
/** Its level in −dBov. */
const NOISE = Buffer.from([70]);
/** What `hearsOnly` looks at, and the share of energy that counts as a leak there. */
const WINDOW_SAMPLES = 1600;
const LEAK_SHARE = 0.03;
const EVENTS = '0123456789*#ABCD';
export const TELEPHONE_EVENT = 101;

function alawOf(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  let magnitude = Math.min(32_635, Math.abs(sample)) >> 4;
  let exponent = 0;
  if (magnitude > 15) {
    exponent = 1;
    while (magnitude > 31) {
      magnitude >>= 1;
      exponent++;
    }
  }
  return ((sign | (exponent << 4) | (magnitude & 0x0f)) ^ 0x55) & 0xff;
}

function sampleOf(alaw: number): number {
  const value = alaw ^ 0x55;
  const exponent = (value >> 4) & 7;
  const mantissa = value & 0x0f;
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return (value & 0x80) !== 0 ? magnitude : -magnitude;
}

/** µ-law is A-law's segments on 14 bits with a bias of 33. */
function mulawOf(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  let magnitude = Math.min(32_635, Math.abs(sample)) + 0x84;
  let exponent = 0;
  while (magnitude > 0xff) {
    magnitude >>= 1;
    exponent++;
  }
  return ~(sign | (exponent << 4) | ((magnitude >> 3) & 0x0f)) & 0xff;
}

function sampleOfMulaw(mulaw: number): number {
  const value = ~mulaw & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value >> 4) & 7)) - 0x84;
  return (value & 0x80) !== 0 ? -magnitude : magnitude;
}

/** Share of the signal's energy at one frequency (Goertzel), 0 to 1. */
export function toneShare(samples: readonly number[], frequency: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / 8000);
  let s1 = 0;
  let s2 = 0;
  let energy = 0;
  for (const sample of samples) {
    const s0 = sample + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
    energy += sample * sample;
  }
  if (energy < samples.length * 10_000) return 0;
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  return (2 * power) / (samples.length * energy);
}

/**
 * The media of a soft phone: sends a tone or silence every 20 ms, hears tones and telephone-events (G.711).
 */
export class RtpPeer {
  readonly #socket: Socket = createSocket('udp4');
  readonly #waiters = new Set<() => void>();
  #remote: { host: string; port: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #frequency = 0;
  #phase = 0;
  #sequence = 1;
  #timestamp = 160;
  #heard: number[] = [];
  #lastEvent = -1;
  #event: { code: number; packets: number; timestamp: number } | undefined;
  #nextMs = 0;
  readonly digits: string[] = [];
  /** Audio packets that came. */
  packetCount = 0;
  /** Packets of any kind that were sent. */
  sentCount = 0;
  /**
   * Besides digits; `noise`: comfort noise (RFC 3389), as phones whose user is silent do. It hears in any
   * case.
   */
  sends: 'audio' | 'noise' | 'nothing' = 'audio';
  /** What it sends; both laws are heard. */
  law: 'PCMA' | 'PCMU' = 'PCMA';
  #loudAtMs = 0;
  #noted: { readonly frequencies: readonly number[]; readonly noted: Set<number> } | undefined;

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    this.#socket.on('message', (packet) => this.#receive(packet));
    return this.#socket.address().port;
  }

  start(host: string, port: number): void {
    if (this.#isClosed) return;
    this.#remote = { host, port };
    if (this.#timer) return;
    this.#nextMs = performance.now() + PACKET_MS;
    this.#schedule();
  }

  /** 0: silence. */
  tone(frequency: number): void {
    this.#frequency = frequency;
  }

  /** Sends one digit as RFC 4733 events; resolves when its end has been sent three times. */
  async digit(digit: string): Promise<void> {
    this.#event = { code: EVENTS.indexOf(digit), packets: 0, timestamp: this.#timestamp };
    while (this.#event) await new Promise((resolve) => this.#socket.once('sent', resolve));
  }

  /** Resolves when at least `share` of the last 100 ms is this frequency. */
  async hears(frequency: number, timeoutMs = 5000): Promise<void> {
    await this.#until(
      () => this.#heard.length >= 800 && toneShare(this.#heard.slice(-800), frequency) > 0.6,
      `tone of ${frequency} Hz`,
      timeoutMs,
    );
  }

  /**
   * Resolves when the last 200 ms hold exactly these tones out of `among`: who is heard, and that nobody else
   * is.
   */
  async hearsOnly(frequencies: readonly number[], among: readonly number[], timeoutMs = 5000): Promise<void> {
    const others = among.filter((frequency) => !frequencies.includes(frequency));
    await this.#until(
      () => {
        const last = this.#heard.slice(-WINDOW_SAMPLES);
        const isLoud = last.length === WINDOW_SAMPLES;
        return (
          isLoud &&
          frequencies.every((frequency) => toneShare(last, frequency) > 0.5 / frequencies.length) &&
          others.every((frequency) => toneShare(last, frequency) < LEAK_SHARE)
        );
      },
      `only ${frequencies.join(' and ')} Hz`,
      timeoutMs,
    );
  }

  /** From now on notes which of these tones come at all, 20 ms of one are enough. */
  notes(frequencies: readonly number[]): ReadonlySet<number> {
    const noted = new Set<number>();
    this.#noted = { frequencies, noted };
    return noted;
  }

  /** Resolves when something audible comes: speech, music or a tone. */
  async hearsSound(timeoutMs = 5000): Promise<void> {
    const sinceMs = performance.now();
    await this.#until(() => this.#loudAtMs > sinceMs, 'any sound', timeoutMs);
  }

  /** Resolves when nothing audible has come for 150 ms: silence, or no packets at all. */
  async hearsSilence(timeoutMs = 5000): Promise<void> {
    this.#loudAtMs = performance.now();
    await this.#until(() => performance.now() - this.#loudAtMs > 150, 'silence', timeoutMs);
  }

  async hearsDigits(digits: string, timeoutMs = 5000): Promise<void> {
    await this.#until(() => this.digits.join('').endsWith(digits), `digits ${digits}`, timeoutMs);
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  async #until(condition: () => boolean, what: string, timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    this.#heard = [];
    while (!condition()) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`not heard: ${what}; packets ${this.packetCount}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, Math.min(50, leftMs));
        const waiters = this.#waiters;
        function done(): void {
          clearTimeout(timer);
          waiters.delete(done);
          resolve();
        }
        this.#waiters.add(done);
      });
    }
  }

  #receive(packet: Buffer): void {
    if (packet.length < 13) return;
    const type = packet.readUInt8(1) & 0x7f;
    if (type === PCMA || type === PCMU) {
      this.packetCount++;
      const samples = [...packet.subarray(12)].map(type === PCMA ? sampleOf : sampleOfMulaw);
      this.#heard.push(...samples);
      for (const frequency of this.#noted?.frequencies ?? []) {
        if (toneShare(samples, frequency) > 0.3) this.#noted?.noted.add(frequency);
      }
      if (samples.some((sample) => Math.abs(sample) > 300)) this.#loudAtMs = performance.now();
      if (this.#heard.length > 16_000) this.#heard = this.#heard.slice(-1600);
    } else if (type === TELEPHONE_EVENT) {
      const timestamp = packet.readUInt32BE(4);
      if (timestamp !== this.#lastEvent) {
        this.#lastEvent = timestamp;
        this.digits.push(EVENTS[packet.readUInt8(12)] ?? '?');
      }
    }
    for (const waiter of this.#waiters) waiter();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#nextMs - performance.now()));
  }

  /** Keeps its own clock: a timer that comes late must not make the speech longer. */
  #tick(): void {
    const lateMs = performance.now() - this.#nextMs;
    if (lateMs > CATCH_UP_MAX_MS) {
      const missed = Math.floor(lateMs / PACKET_MS);
      this.#nextMs += missed * PACKET_MS;
      this.#timestamp += missed * SAMPLES;
    }
    for (; this.#nextMs <= performance.now(); this.#nextMs += PACKET_MS) this.#send();
    this.#schedule();
  }

  #send(): void {
    if (!this.#remote) return;
    const event = this.#event;
    if (!event && this.sends === 'nothing') return;
    const isNoise = !event && this.sends === 'noise';
    const payload = event ? this.#eventPayload(event) : isNoise ? NOISE : this.#audioPayload();
    const packet = Buffer.alloc(12 + payload.length);
    packet.writeUInt8(0x80, 0);
    const audio = isNoise ? COMFORT_NOISE : this.law === 'PCMA' ? PCMA : PCMU;
    packet.writeUInt8((event ? TELEPHONE_EVENT : audio) | (event?.packets === 1 ? 0x80 : 0), 1);
    packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    packet.writeUInt32BE((event ? event.timestamp : this.#timestamp) >>> 0, 4);
    packet.writeUInt32BE(0x1234abcd, 8);
    payload.copy(packet, 12);
    this.#timestamp += SAMPLES;
    this.#socket.send(packet, this.#remote.port, this.#remote.host);
    this.sentCount++;
    if (event && event.packets >= 8) {
      this.#event = undefined;
      this.#socket.emit('sent');
    }
  }

  #eventPayload(event: { code: number; packets: number }): Buffer {
    event.packets++;
    const ends = event.packets > 5;
    const payload = Buffer.alloc(4);
    payload.writeUInt8(event.code, 0);
    payload.writeUInt8((ends ? 0x80 : 0) | 10, 1);
    payload.writeUInt16BE(Math.min(event.packets, 6) * SAMPLES, 2);
    return payload;
  }

  #audioPayload(): Buffer {
    const payload = Buffer.alloc(SAMPLES);
    const code = this.law === 'PCMA' ? alawOf : mulawOf;
    for (let i = 0; i < SAMPLES; i++) {
      const sample = this.#frequency === 0 ? 0 : 8000 * Math.sin(this.#phase);
      this.#phase += (2 * Math.PI * this.#frequency) / 8000;
      payload[i] = code(Math.round(sample));
    }
    return payload;
  }
}
