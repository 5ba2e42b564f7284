/** RTP version 2 header without CSRC list or extension. */
export const RTP_HEADER_LENGTH = 12;

/** One RTP packet as read from the wire (RFC 3550 §5.1). `payload` shares the datagram's memory. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly hasMarker: boolean;
  /** 0 … 65535 */
  readonly sequence: number;
  /** 0 … 2^32 − 1, in samples. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

/**
 * A packet read in place. `payload` is a view made when asked for: making one costs as much as reading the
 * header, and a packet that is only sent on needs none.
 */
export class ReceivedRtpPacket implements RtpPacket {
  readonly payloadType: number;
  readonly hasMarker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** Octets of the datagram before the payload: more than 12 with CSRC list or extension. */
  readonly payloadStart: number;
  readonly payloadLength: number;
  readonly #bytes: Buffer;

  /** @param bytes a datagram of at least 12 octets. */
  constructor(bytes: Buffer, payloadStart: number, payloadLength: number) {
    const second = octet(bytes, 1);
    this.payloadType = second & 0x7f;
    this.hasMarker = (second & 0x80) !== 0;
    this.sequence = (octet(bytes, 2) << 8) | octet(bytes, 3);
    this.timestamp = readWord(bytes, 4);
    this.ssrc = readWord(bytes, 8);
    this.payloadStart = payloadStart;
    this.payloadLength = payloadLength;
    this.#bytes = bytes;
  }

  get payload(): Buffer {
    return this.#bytes.subarray(this.payloadStart, this.payloadStart + this.payloadLength);
  }
}

/** Reads a datagram; undefined when it is not a well-formed RTP packet (RFC 3550 §5.1, §A.1). */
export function parseRtpPacket(bytes: Buffer): ReceivedRtpPacket | undefined {
  const { length } = bytes;
  if (length < RTP_HEADER_LENGTH) return undefined;
  const first = octet(bytes, 0);
  if (first >> 6 !== 2) return undefined;
  // RFC 5761 §4: 64…95 would be RTCP on a shared port.
  const payloadType = octet(bytes, 1) & 0x7f;
  if (payloadType >= 64 && payloadType <= 95) return undefined;
  let start = RTP_HEADER_LENGTH + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (length < start + 4) return undefined;
    start += 4 + bytes.readUInt16BE(start + 2) * 4;
  }
  let end = length;
  if (first & 0x20) {
    const padding = octet(bytes, end - 1);
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (start > end) return undefined;
  return new ReceivedRtpPacket(bytes, start, end - start);
}

/** Writes the fixed header of RFC 3550 §5.1 at the start of `into`. */
export function writeRtpHeader(into: Buffer, header: Omit<RtpPacket, 'payload'>): void {
  const { sequence } = header;
  into[0] = 0x80;
  into[1] = (header.hasMarker ? 0x80 : 0) | header.payloadType;
  into[2] = sequence >>> 8;
  into[3] = sequence;
  writeWord(into, 4, header.timestamp);
  writeWord(into, 8, header.ssrc);
}

function octet(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}

function readWord(bytes: Buffer, at: number): number {
  const high = (octet(bytes, at) << 8) | octet(bytes, at + 1);
  const low = (octet(bytes, at + 2) << 8) | octet(bytes, at + 3);
  return ((high << 16) | low) >>> 0;
}

function writeWord(into: Buffer, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** `later − earlier` of two 16-bit sequence numbers, −32768 … 32767. */
export function sequenceDistance(later: number, earlier: number): number {
  return ((later - earlier) << 16) >> 16;
}

/** `later − earlier` of two 32-bit timestamps, as a signed number. */
export function timestampDistance(later: number, earlier: number): number {
  return (later - earlier) | 0;
}
