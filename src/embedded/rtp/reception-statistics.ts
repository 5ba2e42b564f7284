import { sequenceDistance } from './rtp-packet.ts';
import type { ReceptionReport } from './rtcp-packet.ts';

/** A jump of the sequence beyond this is a new stream, not a loss (RFC 3550 §A.1). */
const DROPOUT_MAX = 3000;
const REORDER_MAX = 100;

/** Loss and jitter of one incoming stream (RFC 3550 §A.1, §A.3, §A.8). */
export class ReceptionStatistics {
  packetCount = 0;
  octetCount = 0;
  outOfOrderCount = 0;
  /** In samples, smoothed. */
  jitter = 0;
  ssrc: number | undefined;
  #first = 0;
  #highest = 0;
  #cycles = 0;
  #received = 0;
  #transit: number | undefined;
  #expectedBefore = 0;
  #receivedBefore = 0;

  /** Packets that should have come since the stream began. */
  get expectedCount(): number {
    return this.#received === 0 ? 0 : this.#cycles + this.#highest - this.#first + 1;
  }

  /** May be negative when packets were duplicated. */
  get lostCount(): number {
    return this.expectedCount - this.#received;
  }

  /** @param arrival when it came, in samples of a steady clock. */
  receive(ssrc: number, sequence: number, timestamp: number, octets: number, arrival: number): void {
    this.packetCount++;
    this.octetCount += octets;
    const distance = sequenceDistance(sequence, this.#highest);
    if (ssrc !== this.ssrc || distance > DROPOUT_MAX || distance < -REORDER_MAX) {
      this.#restart(ssrc, sequence);
    } else if (distance > 0) {
      if (sequence < this.#highest) this.#cycles += 0x10000;
      this.#highest = sequence;
    } else {
      this.outOfOrderCount++;
    }
    this.#received++;
    const transit = (arrival - timestamp) | 0;
    if (this.#transit !== undefined && distance > 0) {
      const change = Math.abs((transit - this.#transit) | 0);
      // A jump of the timestamp (silence suppressed, a new source) is no jitter.
      if (change < 8000) this.jitter += (change - this.jitter) / 16;
    }
    this.#transit = transit;
  }

  /** The block for our next report; undefined when nothing was ever received. */
  report(lastSenderReport: number, delaySinceLast: number): ReceptionReport | undefined {
    if (this.ssrc === undefined) return undefined;
    const expected = this.expectedCount - this.#expectedBefore;
    const received = this.#received - this.#receivedBefore;
    this.#expectedBefore = this.expectedCount;
    this.#receivedBefore = this.#received;
    const lost = expected - received;
    return {
      ssrc: this.ssrc,
      fractionLost: expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected)),
      lostCount: this.lostCount,
      highestSequence: this.#cycles + this.#highest,
      jitter: this.jitter,
      lastSenderReport,
      delaySinceLast,
    };
  }

  #restart(ssrc: number, sequence: number): void {
    this.ssrc = ssrc;
    this.#first = sequence;
    this.#highest = sequence;
    this.#cycles = 0;
    this.#received = 0;
    this.#transit = undefined;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
  }
}
