import { EVENT_PAYLOAD_TYPE, eventPayloads, rtpPacket } from './rtp-endpoint.ts';

const FRAME_MS = 20;
/** More packets than any capture has. */
const SEQUENCES_MAX = 1000;

/**
 * A capture file (libpcap format) that sipp plays: the keys as RFC 4733 events in RTP over UDP. sipp puts its
 * own addresses and ports in. Its built-in `play_dtmf` cannot be used: it always sends payload type 96. `at`
 * is the capture's place among those of one phone: sequence numbers go on from one to the next, because a
 * media server drops events whose number is a little lower than the last one's.
 */
export function dtmfCapture(keys: string, at = 0): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const records: Buffer[] = [header];
  const ssrc = (Math.random() * 2 ** 32) >>> 0;
  let sequence = 1 + at * SEQUENCES_MAX;
  let timestamp = (Math.random() * 2 ** 31) >>> 0;
  let frame = 0;
  for (const key of keys) {
    for (const payload of eventPayloads(key)) {
      frame++;
      if (payload.length === 0) continue;
      const isEnd = (payload[1]! & 0x80) !== 0;
      for (let copy = 0; copy < (isEnd ? 3 : 1); copy++) {
        const marker = payload.readUInt16BE(2) === 160;
        const packet = {
          payloadType: EVENT_PAYLOAD_TYPE,
          payload,
          timestamp,
          marker,
          sequence: sequence++,
          ssrc,
        };
        records.push(captureRecord(rtpPacket(packet), frame * FRAME_MS + copy));
      }
    }
    timestamp += 10 * 160;
  }
  return Buffer.concat(records);
}

/** How long playing takes, in milliseconds. */
export function captureDurationMs(keys: string): number {
  return keys.length * 10 * FRAME_MS;
}

function captureRecord(rtp: Buffer, atMs: number): Buffer {
  const ethernet = Buffer.alloc(14);
  ethernet.writeUInt16BE(0x0800, 12);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(20 + 8 + rtp.length, 2);
  ip[8] = 64;
  ip[9] = 17;
  ip.set([127, 0, 0, 1, 127, 0, 0, 1], 12);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(6000, 0);
  udp.writeUInt16BE(6000, 2);
  udp.writeUInt16BE(8 + rtp.length, 4);
  const frame = Buffer.concat([ethernet, ip, udp, rtp]);
  const record = Buffer.alloc(16);
  record.writeUInt32LE(Math.floor(atMs / 1000), 0);
  record.writeUInt32LE((atMs % 1000) * 1000, 4);
  record.writeUInt32LE(frame.length, 8);
  record.writeUInt32LE(frame.length, 12);
  return Buffer.concat([record, frame]);
}
