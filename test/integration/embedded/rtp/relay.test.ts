import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeG711, encodeG711 } from '../../../../src/embedded/rtp/g711.ts';
import type { MediaReport } from '../../../../src/embedded/rtp/media-orders.ts';
import { sequenceDistance, timestampDistance } from '../../../../src/embedded/rtp/rtp-packet.ts';
import type { RtpPacket } from '../../../../src/embedded/rtp/rtp-packet.ts';
import { EVENT_TYPE, type Phone, RelayLab } from './relay-lab.ts';

let lab: RelayLab;
let anna: Phone;
let bert: Phone;

beforeEach(async () => {
  lab = new RelayLab();
  [anna, bert] = await Promise.all([lab.leg('a'), lab.leg('b')]);
});

afterEach(() => lab.close());

function bridge(): void {
  lab.order({ type: 'bridge', leg: 'a', other: 'b' });
}

/** Distances of sequence from one packet to the next. */
function steps(packets: readonly RtpPacket[]): number[] {
  return packets
    .slice(1)
    .map(({ sequence }, at) => sequenceDistance(sequence, packets[at]?.sequence ?? Number.NaN));
}

/** Sends one after the other, each when the one before was heard. */
async function speak(from: Phone, to: Phone, first: number, count: number): Promise<void> {
  for (let sequence = first; sequence < first + count; sequence++) {
    from.send({ sequence });
    await to.hearsOctet(sequence & 0xff);
  }
}

describe('a bridged stream', () => {
  it('has its own SSRC, unbroken sequence and timestamps, marker and payload as they came', async () => {
    bridge();
    for (let n = 0; n < 20; n++) {
      const sequence = (65_530 + n) & 0xffff;
      anna.send({
        sequence,
        timestamp: (4_294_966_000 + n * 160) >>> 0,
        hasMarker: n === 0 || n === 9,
        payload: Buffer.alloc(160, 10 + n),
      });
    }
    const heard = await bert.hears(20);
    expect(steps(heard)).toEqual(Array(19).fill(1));
    expect(
      heard.slice(1).map(({ timestamp }, at) => timestampDistance(timestamp, heard[at]?.timestamp ?? 0)),
    ).toEqual(Array(19).fill(160));
    expect(heard.flatMap(({ hasMarker }, at) => (hasMarker ? [at] : []))).toEqual([0, 9]);
    expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(heard[0]?.ssrc).not.toBe(7);
    expect(heard.map(({ payload }) => payload[159])).toEqual(Array.from({ length: 20 }, (_, n) => 10 + n));
  });

  it('goes on unbroken after it was parted, something was played, and it was joined again', async () => {
    bridge();
    await speak(anna, bert, 1, 10);
    lab.order({ type: 'unbridge', leg: 'a' });
    const played = lab.told((report) => report.type === 'played');
    lab.order({
      type: 'play',
      leg: 'b',
      play: 1,
      segments: [{ kind: 'pcm', samples: new Int16Array(800).fill(1000) }],
      isEndless: false,
    });
    await played;
    bridge();
    await speak(anna, bert, 40_000, 10);
    const heard = bert.heard;
    expect(heard).toHaveLength(25);
    expect(steps(heard)).toEqual(Array(24).fill(1));
    expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(1);
    const distances = heard.slice(1).map((packet, at) => {
      return timestampDistance(packet.timestamp, heard[at]?.timestamp ?? 0);
    });
    // Where the stream changes hands the leg's own clock decides; within each part nothing jumps.
    expect([distances.slice(0, 9), distances.slice(10, 14), distances.slice(15)]).toEqual([
      Array(9).fill(160),
      Array(4).fill(160),
      Array(9).fill(160),
    ]);
    expect(heard.flatMap(({ hasMarker }, at) => (hasMarker ? [at] : []))).toEqual([10]);
  });

  it('keeps the order of packets that overtook one another, and counts on from the newest', async () => {
    bridge();
    await speak(anna, bert, 1, 3);
    for (const sequence of [5, 4]) anna.send({ sequence });
    await bert.hears(5);
    lab.order({ type: 'unbridge', leg: 'a' });
    lab.order({ type: 'dtmf', leg: 'b', digits: '1', durationMs: 100 });
    const heard = await bert.hears(6);
    expect(steps(heard)).toEqual([1, 1, 2, -1, 2]);
  });

  it('loses contributing sources, extension and padding, and no payload', async () => {
    bridge();
    const payload = Buffer.alloc(160, 33);
    const head = Buffer.from([0x80 | 0x20 | 0x10 | 1, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7]);
    const extension = Buffer.from([0, 0, 0, 1, 9, 9, 9, 9]);
    anna.sendRaw(Buffer.concat([head, Buffer.alloc(4, 1), extension, payload, Buffer.from([0, 0, 3])]));
    const [packet] = await bert.hears(1);
    expect(packet?.payload).toEqual(payload);
  });

  it('changes its law where the phones differ', async () => {
    lab.negotiate('b', bert, { law: 'PCMA', payloadType: 8 });
    bridge();
    anna.send({ sequence: 1, payload: Buffer.alloc(160, 0x23) });
    const [packet] = await bert.hears(1);
    const expected = Buffer.alloc(160);
    encodeG711('PCMA', decodeG711('PCMU', Buffer.alloc(160, 0x23)), expected);
    expect(packet).toMatchObject({ payloadType: 8, payload: expected });
  });

  it('carries key presses in the other phone’s payload type, and tells of each once', async () => {
    lab.negotiate('b', bert, { eventPayloadType: 96 });
    bridge();
    await speak(anna, bert, 1, 2);
    const told = lab.told((report) => report.type === 'digit');
    for (const [at, flags] of [0x0a, 0x0a, 0x8a, 0x8a, 0x8a].entries()) {
      const payload = Buffer.from([5, flags, 0, 160 * Math.min(at + 1, 3)]);
      const sequence = 3 + at;
      anna.send({ sequence, payloadType: EVENT_TYPE, hasMarker: at === 0, timestamp: 480, payload });
    }
    expect(await told).toMatchObject({ leg: 'a', digit: '5', source: 'RTP' });
    const heard = (await bert.hears(7)).slice(2);
    expect(heard.map(({ payloadType }) => payloadType)).toEqual(Array(5).fill(96));
    expect(new Set(heard.map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(heard.map(({ payload }) => payload[1])).toEqual([0x0a, 0x0a, 0x8a, 0x8a, 0x8a]);
    expect(lab.reports.filter(({ type }) => type === 'digit')).toHaveLength(1);
  });

  it('is still heard by a tap, from both sides', async () => {
    bridge();
    lab.order({ type: 'tap', leg: 'a', tap: 3, kind: { type: 'fork', mix: 'stereo' } });
    const isLoud = (side: number) => (report: MediaReport) =>
      report.type === 'audio' && report.samples.some((sample, at) => at % 2 === side && sample < -8000);
    const both = Promise.all([lab.told(isLoud(0)), lab.told(isLoud(1))]);
    for (let n = 0; n < 4; n++) {
      anna.send({ sequence: n, payload: Buffer.alloc(160, 0x10) });
      bert.send({ sequence: n, payload: Buffer.alloc(160, 0x10) });
    }
    await both;
    expect((await anna.hears(4)).every(({ payload }) => payload[0] === 0x10)).toBe(true);
  });
});

describe('the source of a stream', () => {
  /** Speaks at the pace of speech until somebody hears this octet. */
  async function speakUntilHeard(from: Phone, to: Phone, octet: number): Promise<void> {
    let sequence = 1;
    const speaking = setInterval(
      () => from.send({ sequence: sequence++, payload: Buffer.alloc(160, octet) }),
      20,
    );
    try {
      await to.hearsOctet(octet);
    } finally {
      clearInterval(speaking);
    }
  }

  it('is not taken over while it speaks; strangers are not heard, and do not disturb', async () => {
    bridge();
    const stranger = await lab.phone();
    stranger.legPort = anna.legPort;
    await speak(anna, bert, 200, 1);
    // Long enough that the leg holds to its source.
    for (let n = 0; n < 30; n++) {
      stranger.send({ sequence: n, ssrc: 9, payload: Buffer.alloc(160, 250) });
      anna.send({ sequence: n, payload: Buffer.alloc(160, n) });
      await lab.ticks(1);
    }
    await bert.hearsOctet(29);
    expect(bert.heard.filter(({ payload }) => payload[0] === 250)).toEqual([]);
    bert.send({ sequence: 1, payload: Buffer.alloc(160, 77) });
    await anna.hearsOctet(77);
    expect(stranger.heard).toEqual([]);
  });

  it('moves to a new port after it was silent for a second, and is spoken to there', async () => {
    bridge();
    await speakUntilHeard(anna, bert, 1);
    await lab.ticks(20);
    const moved = await lab.phone();
    moved.legPort = anna.legPort;
    await speakUntilHeard(moved, bert, 2);
    bert.send({ sequence: 1, payload: Buffer.alloc(160, 3) });
    await moved.hearsOctet(3);
    expect(anna.heard.filter(({ payload }) => payload[0] === 3)).toEqual([]);
  });

  it('is a new one at once when the SDP says so', async () => {
    bridge();
    for (let n = 0; n < 20; n++) {
      anna.send({ sequence: n });
      await lab.ticks(1);
    }
    const moved = await lab.phone();
    moved.legPort = anna.legPort;
    lab.negotiate('a', moved);
    bert.send({ sequence: 1, payload: Buffer.alloc(160, 90) });
    await moved.hearsOctet(90);
    moved.send({ sequence: 1, payload: Buffer.alloc(160, 91) });
    await bert.hearsOctet(91);
    expect((await lab.statistics('a')).refusedPacketCount).toBe(0);
  });
});
