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

/** Reads a datagram; undefined when it is not a well-formed RTP packet (RFC 3550 §5.1, §A.1). */
export function parseRtpPacket(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < RTP_HEADER_LENGTH) return undefined;
  const first = bytes.readUInt8(0);
  if (first >> 6 !== 2) return undefined;
  let start = RTP_HEADER_LENGTH + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (bytes.length < start + 4) return undefined;
    start += 4 + bytes.readUInt16BE(start + 2) * 4;
  }
  let end = bytes.length;
  if (first & 0x20) {
    const padding = bytes.readUInt8(end - 1);
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (start > end) return undefined;
  const second = bytes.readUInt8(1);
  // RFC 5761 §4: 64…95 would be RTCP on a shared port.
  const payloadType = second & 0x7f;
  if (payloadType >= 64 && payloadType <= 95) return undefined;
  return {
    payloadType,
    hasMarker: (second & 0x80) !== 0,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, end),
  };
}

/** Writes the fixed header of RFC 3550 §5.1 at the start of `into`. */
export function writeRtpHeader(into: Buffer, header: Omit<RtpPacket, 'payload'>): void {
  into[0] = 0x80;
  into[1] = (header.hasMarker ? 0x80 : 0) | header.payloadType;
  into.writeUInt16BE(header.sequence & 0xffff, 2);
  into.writeUInt32BE(header.timestamp >>> 0, 4);
  into.writeUInt32BE(header.ssrc >>> 0, 8);
}

/** `later − earlier` of two 16-bit sequence numbers, −32768 … 32767. */
export function sequenceDistance(later: number, earlier: number): number {
  return ((later - earlier) << 16) >> 16;
}

/** `later − earlier` of two 32-bit timestamps, as a signed number. */
export function timestampDistance(later: number, earlier: number): number {
  return (later - earlier) | 0;
}
