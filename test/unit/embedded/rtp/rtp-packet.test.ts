import { expect, it } from 'vitest';
import { buildRtcpReport, parseRtcp } from '../../../../src/embedded/rtp/rtcp-packet.ts';
import { ReceptionStatistics } from '../../../../src/embedded/rtp/reception-statistics.ts';
import {
  parseRtpPacket,
  sequenceDistance,
  timestampDistance,
  writeRtpHeader,
} from '../../../../src/embedded/rtp/rtp-packet.ts';

function packet(): Buffer {
  const bytes = Buffer.alloc(20, 7);
  writeRtpHeader(bytes, {
    payloadType: 8,
    hasMarker: true,
    sequence: 65_535,
    timestamp: 4_294_967_295,
    ssrc: 5,
  });
  return bytes;
}

it('reads what it writes', () => {
  expect(parseRtpPacket(packet())).toMatchObject({
    payloadType: 8,
    hasMarker: true,
    sequence: 65_535,
    timestamp: 4_294_967_295,
    ssrc: 5,
    payload: Buffer.alloc(8, 7),
  });
});

it('leaves out contributing sources, extension and padding', () => {
  const head = Buffer.alloc(12);
  head[0] = 0x80 | 0x20 | 0x10 | 1;
  const extension = Buffer.from([0, 0, 0, 1, 9, 9, 9, 9]);
  const bytes = Buffer.concat([head, Buffer.alloc(4), extension, Buffer.from([1, 2, 3, 0, 2])]);
  expect(parseRtpPacket(bytes)?.payload).toEqual(Buffer.from([1, 2, 3]));
});

it.each([
  ['too short', Buffer.alloc(11, 0x80)],
  ['another version', Buffer.alloc(20, 0x40)],
  ['more sources than bytes', Buffer.concat([Buffer.from([0x8f]), Buffer.alloc(12)])],
  ['an extension that is cut off', Buffer.concat([Buffer.from([0x90]), Buffer.alloc(11)])],
  [
    'padding longer than the packet',
    Buffer.concat([Buffer.from([0xa0]), Buffer.alloc(11), Buffer.from([9])]),
  ],
  ['padding of nothing', Buffer.concat([Buffer.from([0xa0]), Buffer.alloc(15)])],
  ['RTCP', Buffer.concat([Buffer.from([0x80, 200]), Buffer.alloc(26)])],
])('refuses %s', (_what, bytes) => {
  expect(parseRtpPacket(bytes)).toBeUndefined();
});

it('counts across the wrap of sequence and timestamp', () => {
  expect(sequenceDistance(2, 65_534)).toBe(4);
  expect(sequenceDistance(65_534, 2)).toBe(-4);
  expect(timestampDistance(10, 4_294_967_290)).toBe(16);
});

it('counts lost packets across the wrap, and reordered ones not as lost', () => {
  const statistics = new ReceptionStatistics();
  for (const [at, sequence] of [65_533, 65_534, 0, 65_535, 1, 4].entries()) {
    statistics.receive(1, sequence, at * 160, 160, at * 160);
  }
  expect(statistics.expectedCount).toBe(8);
  expect(statistics.lostCount).toBe(2);
  expect(statistics.outOfOrderCount).toBe(1);
  expect(statistics.report(0, 0)).toMatchObject({ fractionLost: 64, lostCount: 2, highestSequence: 65_540 });
});

it('begins anew with another source', () => {
  const statistics = new ReceptionStatistics();
  statistics.receive(1, 100, 0, 160, 0);
  statistics.receive(2, 40_000, 0, 160, 160);
  expect(statistics.lostCount).toBe(0);
});

it('measures jitter as RFC 3550 has it', () => {
  const statistics = new ReceptionStatistics();
  statistics.receive(1, 1, 0, 160, 0);
  statistics.receive(1, 2, 160, 160, 160 + 32);
  expect(statistics.jitter).toBe(2);
});

it('builds reports it can read, and refuses broken ones', () => {
  const sender = { nowMs: 1_000, timestamp: 5, packetCount: 6, octetCount: 7 };
  const bytes = buildRtcpReport(9, 'x@y', sender, undefined);
  expect(bytes.length % 4).toBe(0);
  expect(parseRtcp(bytes)?.senderReport).toBe(((2_208_988_801 & 0xffff) << 16) >>> 0);
  expect(parseRtcp(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
  expect(parseRtcp(Buffer.alloc(12))).toBeUndefined();
});
