import { expect } from 'vitest';
import type { PhoneCall } from '../../../src/demo/soft-phone/phone-call.ts';
import type { Stage } from './stage.ts';

const PLACED_MAX_MS = 20_000;
const PACKET_INTERVAL_MS = 20;
/** Share of the packets of uninterrupted media: between two pieces of music a server may send nothing. */
const MEDIAN_MEDIA_MIN = 0.9;
const WORST_MEDIA_MIN = 0.8;

/** How much of the music callers heard: shares of what a sender that never pauses would have sent. */
export interface HeardMedia {
  readonly worst: number;
  readonly median: number;
}

/** Callers who hold in the line of a stage, whose calls must survive whatever befalls new ones. */
export class HeldCallers {
  readonly calls: readonly PhoneCall[];
  #sinceMs: number;
  #packetCounts: readonly number[];

  private constructor(calls: readonly PhoneCall[]) {
    this.calls = calls;
    this.#sinceMs = Date.now();
    this.#packetCounts = calls.map(({ rtp }) => rtp.packetCount);
  }

  /** Resolves when that many callers are in line; their media counts from then on. */
  static async dial({ customer, product }: Stage, callCount: number): Promise<HeldCallers> {
    const calls: PhoneCall[] = [];
    for (let i = 0; i < callCount; i++) {
      const call = await customer.phone.call('5000', { from: `sip:+49301234${1000 + i}@127.0.0.1` });
      expect((await call.final).status).toBe(200);
      calls.push(call);
    }
    const placed = (lines: readonly { msg?: string }[]) =>
      lines.filter(({ msg }) => msg === 'place taken').length >= callCount || undefined;
    await product.log.wait(placed, 'every caller to be in line', PLACED_MAX_MS);
    return new HeldCallers(calls);
  }

  /** What they heard since they were all in line, or since this was last asked. */
  mediaSoFar(): HeardMedia {
    const nowMs = Date.now();
    const expectedCount = (nowMs - this.#sinceMs) / PACKET_INTERVAL_MS;
    const shares = this.calls
      .map(({ rtp }, i) => (rtp.packetCount - (this.#packetCounts[i] ?? 0)) / expectedCount)
      .toSorted((a, b) => a - b);
    this.#sinceMs = nowMs;
    this.#packetCounts = this.calls.map(({ rtp }) => rtp.packetCount);
    return { worst: shares[0] ?? 0, median: shares[Math.floor(shares.length / 2)] ?? 0 };
  }

  /** Fails unless every call is still up and heard its music. */
  async expectUnharmed({ worst, median }: HeardMedia): Promise<void> {
    await this.expectUp();
    expect(median).toBeGreaterThan(MEDIAN_MEDIA_MIN);
    expect(worst).toBeGreaterThan(WORST_MEDIA_MIN);
  }

  /** Fails unless every call is still up. */
  async expectUp(): Promise<void> {
    for (const call of this.calls) expect(call.requests).not.toContain('BYE');
    const alive = await Promise.all(this.calls.map((call) => call.send('OPTIONS')));
    expect(alive.map(({ status }) => status)).toEqual(this.calls.map(() => 200));
  }
}
