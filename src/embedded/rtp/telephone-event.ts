import { timestampDistance } from './rtp-packet.ts';

/** DTMF characters by event code (RFC 4733 §3.2). */
const DIGITS = '0123456789*#ABCD';
/** A digit whose end packets were all lost ends by itself after this silence. */
const LOST_END_MS = 120;
/** RFC 4733 §2.5.1.4: the last packet is sent three times. */
const END_PACKET_COUNT = 3;
const PAUSE_MS = 60;
/** Digits waiting to be sent; more are refused. */
export const DIGITS_WAITING_MAX = 128;
const VOLUME = 10;
const SAMPLES_PER_MS = 8;

/** A key press heard: the digit and how long it was held, in samples. */
export interface DigitHeard {
  readonly digit: string;
  readonly durationSamples: number;
  readonly timestamp: number;
}

interface EventInProgress {
  readonly digit: string;
  readonly timestamp: number;
  durationSamples: number;
  lastPacketMs: number;
}

/**
 * Puts key presses together from RFC 4733 packets: each exactly once, in order, whatever packets were lost.
 */
export class TelephoneEventReceiver {
  #current: EventInProgress | undefined;
  #ssrc: number | undefined;
  #lastTimestamp: number | undefined;

  /** True while a digit's end is awaited: then `expire` must be called from time to time. */
  get isWaiting(): boolean {
    return this.#current !== undefined;
  }

  /** @returns the digits completed by this packet, oldest first. */
  receive(ssrc: number, timestamp: number, payload: Buffer, nowMs: number): DigitHeard[] {
    const code = payload[0] ?? 255;
    const digit = DIGITS[code];
    if (payload.length < 4 || digit === undefined) return [];
    const completed: DigitHeard[] = [];
    if (ssrc !== this.#ssrc) {
      completed.push(...this.#finish());
      this.#ssrc = ssrc;
      this.#lastTimestamp = undefined;
    }
    // RFC 4733 §2.5.2.2: packets of one event share its timestamp; what is older was told already.
    const last = this.#lastTimestamp;
    if (last !== undefined && timestampDistance(timestamp, last) <= 0) return completed;
    if (this.#current !== undefined && this.#current.timestamp !== timestamp) {
      if (timestampDistance(timestamp, this.#current.timestamp) < 0) return completed;
      completed.push(...this.#finish());
    }
    const durationSamples = payload.readUInt16BE(2);
    this.#current ??= { digit, timestamp, durationSamples, lastPacketMs: nowMs };
    this.#current.durationSamples = Math.max(this.#current.durationSamples, durationSamples);
    this.#current.lastPacketMs = nowMs;
    const isEnd = ((payload[1] ?? 0) & 0x80) !== 0;
    if (isEnd) completed.push(...this.#finish());
    return completed;
  }

  /** Ends a digit whose end never came. */
  expire(nowMs: number): DigitHeard[] {
    if (this.#current === undefined || nowMs - this.#current.lastPacketMs < LOST_END_MS) return [];
    return this.#finish();
  }

  #finish(): DigitHeard[] {
    const event = this.#current;
    if (event === undefined) return [];
    this.#current = undefined;
    this.#lastTimestamp = event.timestamp;
    return [{ digit: event.digit, durationSamples: event.durationSamples, timestamp: event.timestamp }];
  }
}

/** One packet to send: everything but sequence number and SSRC. */
export interface EventPacket {
  readonly hasMarker: boolean;
  readonly timestamp: number;
  readonly payload: Buffer;
}

interface DigitToSend {
  readonly code: number;
  readonly durationSamples: number;
}

/** Sends key presses as RFC 4733 packets, one step each 20 ms. */
export class TelephoneEventSender {
  readonly #waiting: DigitToSend[] = [];
  #current: (DigitToSend & { timestamp: number; sentSamples: number }) | undefined;
  #pauseMs = 0;

  get isBusy(): boolean {
    return this.#current !== undefined || this.#waiting.length > 0 || this.#pauseMs > 0;
  }

  /** @returns false when the digit is unknown or too many wait. */
  add(digit: string, durationMs: number): boolean {
    const code = DIGITS.indexOf(digit.toUpperCase());
    if (digit.length !== 1 || code < 0 || this.#waiting.length >= DIGITS_WAITING_MAX) return false;
    this.#waiting.push({ code, durationSamples: Math.min(durationMs * SAMPLES_PER_MS, 0xffff) });
    return true;
  }

  /** The packets of this 20 ms step. @param timestamp the leg's clock now. */
  step(timestamp: number): EventPacket[] {
    if (this.#pauseMs > 0) {
      this.#pauseMs -= 20;
      return [];
    }
    let hasMarker = false;
    if (this.#current === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) return [];
      this.#current = { ...next, timestamp, sentSamples: 0 };
      hasMarker = true;
    }
    const event = this.#current;
    event.sentSamples += 20 * SAMPLES_PER_MS;
    if (event.sentSamples < event.durationSamples) {
      return [{ hasMarker, timestamp: event.timestamp, payload: this.#payload(event, false) }];
    }
    event.sentSamples = event.durationSamples;
    this.#current = undefined;
    this.#pauseMs = PAUSE_MS;
    const end = { hasMarker: false, timestamp: event.timestamp, payload: this.#payload(event, true) };
    return Array.from({ length: END_PACKET_COUNT }, () => end);
  }

  #payload(event: { code: number; sentSamples: number }, isEnd: boolean): Buffer {
    const payload = Buffer.alloc(4);
    payload[0] = event.code;
    payload[1] = (isEnd ? 0x80 : 0) | VOLUME;
    payload.writeUInt16BE(event.sentSamples, 2);
    return payload;
  }
}
