import { sequenceDistance } from './rtp-packet.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** An address media comes from or goes to. */
export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}

/** A stream that flows is never taken over: its source must have been silent for so long. */
const SILENT_BEFORE_CHANGE_MS = 1000;
/** Packets in a row a stranger must send before it is believed. */
const PROOF_PACKETS_NEW = 3;
const PROOF_PACKETS_CHANGE = 10;
/** Changes of source between two negotiations. */
const CHANGES_MAX = 5;

interface Candidate extends MediaAddress {
  ssrc: number;
  sequence: number;
  count: number;
}

/**
 * Symmetric RTP (RFC 4961): media is sent to where media comes from, which behind a NAT is not what the SDP
 * says. A stranger can neither take over a stream that flows nor change the source often.
 */
export class SourceLatch {
  #negotiated: MediaAddress | undefined;
  #source: MediaAddress | undefined;
  #candidate: Candidate | undefined;
  #lastPacketMs = 0;
  #changeCount = 0;
  refusedCount = 0;

  /** Where to send: the proven source, else what the SDP says; undefined before either. */
  get target(): MediaAddress | undefined {
    return this.#source ?? this.#negotiated;
  }

  get isProven(): boolean {
    return this.#source !== undefined;
  }

  /** The proven source while it may not be taken over: it spoke less than a second ago. */
  flowingSource(nowMs: number): MediaAddress | undefined {
    return nowMs - this.#lastPacketMs < SILENT_BEFORE_CHANGE_MS ? this.#source : undefined;
  }

  /** A new remote address by SDP; the same one again changes nothing. */
  negotiate(to: MediaAddress | undefined): void {
    const known = this.#negotiated;
    if (known?.address === to?.address && known?.port === to?.port) return;
    this.#negotiated = to;
    this.#source = undefined;
    this.#candidate = undefined;
    this.#changeCount = 0;
  }

  /** True when the packet belongs to this stream. */
  accept(packet: RtpPacket, address: string, port: number, nowMs: number): boolean {
    const source = this.#source;
    if (source !== undefined && source.port === port && source.address === address) {
      this.#lastPacketMs = nowMs;
      return true;
    }
    if (source === undefined && this.#isNegotiated(address)) {
      this.#adopt({ address, port }, nowMs);
      return true;
    }
    const isSilent = source === undefined || nowMs - this.#lastPacketMs >= SILENT_BEFORE_CHANGE_MS;
    if (isSilent && this.#changeCount < CHANGES_MAX && this.#prove(packet, address, port)) {
      if (source !== undefined) this.#changeCount++;
      this.#adopt({ address, port }, nowMs);
      return true;
    }
    this.refusedCount++;
    return false;
  }

  /** The host of the SDP on any port: the port is what a NAT changes. */
  #isNegotiated(address: string): boolean {
    return this.#negotiated?.address === address;
  }

  #adopt(source: MediaAddress, nowMs: number): void {
    this.#source = source;
    this.#candidate = undefined;
    this.#lastPacketMs = nowMs;
  }

  #prove(packet: RtpPacket, address: string, port: number): boolean {
    const candidate = this.#candidate;
    const follows =
      candidate !== undefined &&
      candidate.address === address &&
      candidate.port === port &&
      candidate.ssrc === packet.ssrc &&
      sequenceDistance(packet.sequence, candidate.sequence) === 1;
    const count = follows ? candidate.count + 1 : 1;
    this.#candidate = { address, port, ssrc: packet.ssrc, sequence: packet.sequence, count };
    return count >= (this.#source === undefined ? PROOF_PACKETS_NEW : PROOF_PACKETS_CHANGE);
  }
}
