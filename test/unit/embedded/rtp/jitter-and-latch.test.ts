import { describe, expect, it } from 'vitest';
import { JitterBuffer } from '../../../../src/embedded/rtp/jitter-buffer.ts';
import type { RtpPacket } from '../../../../src/embedded/rtp/rtp-packet.ts';
import { SourceLatch } from '../../../../src/embedded/rtp/source-latch.ts';

function frame(value: number): Int16Array {
  return new Int16Array(160).fill(value);
}

function pull(buffer: JitterBuffer): number | undefined {
  const into = frame(0);
  return buffer.pull(into) ? (into[0] ?? 0) : undefined;
}

describe('the jitter buffer', () => {
  it('gives audio back in order however it came', () => {
    const buffer = new JitterBuffer();
    for (const n of [1, 3, 2, 4]) buffer.push(1, n * 160, frame(n));
    expect([pull(buffer), pull(buffer), pull(buffer), pull(buffer)]).toEqual([1, 2, 3, 4]);
  });

  it('plays silence in place of a lost packet', () => {
    const buffer = new JitterBuffer();
    for (const n of [1, 2, 4]) buffer.push(1, n * 160, frame(n));
    expect([pull(buffer), pull(buffer), pull(buffer), pull(buffer)]).toEqual([1, 2, 0, 4]);
  });

  it('waits longer after it ran dry', () => {
    const buffer = new JitterBuffer();
    buffer.push(1, 0, frame(1));
    buffer.push(1, 160, frame(2));
    const before = buffer.targetSamples;
    expect([pull(buffer), pull(buffer), pull(buffer)]).toEqual([1, 2, undefined]);
    expect(buffer.targetSamples).toBeGreaterThan(before);
    expect(buffer.underrunCount).toBe(1);
  });

  it('drops what comes too late and takes up a new source', () => {
    const buffer = new JitterBuffer();
    for (const n of [10, 11, 12]) buffer.push(1, n * 160, frame(n));
    expect([pull(buffer), pull(buffer)]).toEqual([10, 11]);
    buffer.push(1, 1_600, frame(99));
    expect(buffer.lateCount).toBe(1);
    buffer.push(2, 4_000_000_000, frame(50));
    buffer.push(2, 4_000_000_160, frame(51));
    expect(pull(buffer)).toBe(50);
  });
});

describe('symmetric RTP', () => {
  const packet = (sequence: number, ssrc = 1): RtpPacket => ({
    payloadType: 0,
    hasMarker: false,
    sequence,
    timestamp: sequence * 160,
    ssrc,
    payload: Buffer.alloc(160),
  });

  it('sends to the SDP first, then to where packets come from', () => {
    const latch = new SourceLatch();
    latch.negotiate({ address: '192.0.2.1', port: 4000 });
    expect(latch.target?.port).toBe(4000);
    expect(latch.accept(packet(1), '192.0.2.1', 5000, 0)).toBe(true);
    expect(latch.target).toEqual({ address: '192.0.2.1', port: 5000 });
  });

  it('believes a strange address only after packets in a row', () => {
    const latch = new SourceLatch();
    latch.negotiate({ address: '192.0.2.1', port: 4000 });
    const accepted = [1, 2, 3].map((n) => latch.accept(packet(n), '203.0.113.9', 6000, n * 20));
    expect(accepted).toEqual([false, false, true]);
  });

  it('does not let a stranger take over a stream that flows', () => {
    const latch = new SourceLatch();
    latch.negotiate({ address: '192.0.2.1', port: 4000 });
    for (let n = 0; n < 100; n++) {
      expect(latch.accept(packet(n), '192.0.2.1', 4000, n * 20)).toBe(true);
      expect(latch.accept(packet(n, 2), '203.0.113.9', 6000, n * 20)).toBe(false);
    }
    expect(latch.target?.address).toBe('192.0.2.1');
    expect(latch.refusedCount).toBe(100);
  });

  it('follows a phone that moved, but not for ever', () => {
    const latch = new SourceLatch();
    latch.negotiate({ address: '192.0.2.1', port: 1 });
    latch.accept(packet(0), '192.0.2.1', 1, 0);
    let nowMs = 0;
    for (let move = 1; move <= 7; move++) {
      nowMs += 2_000;
      for (let n = 0; n < 12; n++) latch.accept(packet(n, move), '198.51.100.1', 1_000 + move, nowMs);
    }
    expect(latch.target?.port).toBe(1_005);
  });
});
