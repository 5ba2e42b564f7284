/** A reception report block (RFC 3550 §6.4.1). */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Lost since the previous report, of 256. */
  readonly fractionLost: number;
  readonly lostCount: number;
  readonly highestSequence: number;
  /** In timestamp units. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report, and the delay since it in 1/65536 s. */
  readonly lastSenderReport: number;
  readonly delaySinceLast: number;
}

/** What a sender report says of the sender (RFC 3550 §6.4.1). */
export interface SenderInfo {
  readonly nowMs: number;
  readonly timestamp: number;
  readonly packetCount: number;
  readonly octetCount: number;
}

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
/** Seconds between the NTP and the UNIX epoch. */
const NTP_OFFSET_SEC = 2_208_988_800;

/** A compound packet: SR or RR with at most one block, then SDES with a CNAME (RFC 3550 §6.1). */
export function buildRtcpReport(
  ssrc: number,
  cname: string,
  sender: SenderInfo | undefined,
  report: ReceptionReport | undefined,
): Buffer {
  const senderLength = sender === undefined ? 0 : 20;
  const head = Buffer.alloc(8 + senderLength + (report === undefined ? 0 : 24));
  head[0] = 0x80 | (report === undefined ? 0 : 1);
  head[1] = sender === undefined ? RECEIVER_REPORT : SENDER_REPORT;
  head.writeUInt16BE(head.length / 4 - 1, 2);
  head.writeUInt32BE(ssrc >>> 0, 4);
  if (sender !== undefined) {
    head.writeUInt32BE((Math.floor(sender.nowMs / 1000) + NTP_OFFSET_SEC) >>> 0, 8);
    head.writeUInt32BE(Math.floor(((sender.nowMs % 1000) / 1000) * 2 ** 32) >>> 0, 12);
    head.writeUInt32BE(sender.timestamp >>> 0, 16);
    head.writeUInt32BE(sender.packetCount >>> 0, 20);
    head.writeUInt32BE(sender.octetCount >>> 0, 24);
  }
  if (report !== undefined) writeBlock(head, 8 + senderLength, report);
  return Buffer.concat([head, buildSourceDescription(ssrc, cname)]);
}

function writeBlock(into: Buffer, at: number, report: ReceptionReport): void {
  into.writeUInt32BE(report.ssrc >>> 0, at);
  const lost = Math.max(-0x800000, Math.min(0x7fffff, report.lostCount)) & 0xffffff;
  into.writeUInt32BE(((report.fractionLost << 24) | lost) >>> 0, at + 4);
  into.writeUInt32BE(report.highestSequence >>> 0, at + 8);
  into.writeUInt32BE(Math.round(report.jitter) >>> 0, at + 12);
  into.writeUInt32BE(report.lastSenderReport >>> 0, at + 16);
  into.writeUInt32BE(report.delaySinceLast >>> 0, at + 20);
}

/** RFC 3550 §6.5 */
function buildSourceDescription(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname).subarray(0, 255);
  const itemsLength = Math.ceil((2 + name.length + 1) / 4) * 4;
  const packet = Buffer.alloc(8 + itemsLength);
  packet[0] = 0x81;
  packet[1] = SOURCE_DESCRIPTION;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc >>> 0, 4);
  packet[8] = 1;
  packet[9] = name.length;
  name.copy(packet, 10);
  return packet;
}

/** What we use of a peer's compound packet. */
export interface RtcpSummary {
  /** Middle 32 bits of the NTP time in its sender report. */
  readonly senderReport: number | undefined;
}

/** Reads a compound RTCP packet; undefined when it is malformed (RFC 3550 §A.2). */
export function parseRtcp(bytes: Buffer): RtcpSummary | undefined {
  let senderReport: number | undefined;
  let at = 0;
  if (bytes.length < 8) return undefined;
  while (at < bytes.length) {
    if (bytes.length < at + 4 || bytes.readUInt8(at) >> 6 !== 2) return undefined;
    const end = at + (bytes.readUInt16BE(at + 2) + 1) * 4;
    if (end > bytes.length) return undefined;
    const type = bytes.readUInt8(at + 1);
    if (at === 0 && type !== SENDER_REPORT && type !== RECEIVER_REPORT) return undefined;
    if (type === SENDER_REPORT && end - at >= 28) senderReport = bytes.readUInt32BE(at + 10);
    at = end;
  }
  return { senderReport };
}
