import type { RemoteInfo } from 'node:dgram';
import type { AudioSource } from './audio-source.ts';
import { decodeG711, encodeG711, SILENCE_BYTE, transcodeG711 } from './g711.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import type { LegTap } from './leg-tap.ts';
import type { LegMedia, LegStatistics, MediaReport } from './media-orders.ts';
import { ReceptionStatistics } from './reception-statistics.ts';
import { buildRtcpReport, parseRtcp } from './rtcp-packet.ts';
import {
  parseRtpPacket,
  RTP_HEADER_LENGTH,
  sequenceDistance,
  timestampDistance,
  writeRtpHeader,
} from './rtp-packet.ts';
import type { ReceivedRtpPacket } from './rtp-packet.ts';
import type { SocketPair } from './socket-pair.ts';
import { SourceLatch } from './source-latch.ts';
import { StreamSocket } from './stream-socket.ts';
import { TelephoneEventReceiver, TelephoneEventSender } from './telephone-event.ts';

export const FRAME_SAMPLES = 160;
/** 60 ms of G.711 with head-room; longer payloads are refused. */
const PAYLOAD_MAX = 1000;
const RELAY_JUMP_SAMPLES = 8000;
/** RFC 3389 §4: what a phone sends while its user is silent. Counted as a sign of life, not played. */
const COMFORT_NOISE = 13;

/** What a leg needs of its engine. */
export interface LegHost {
  /** Steady milliseconds. */
  nowMs(): number;
  /** Steps of 20 ms since the start: what timestamps are made of. */
  readonly tickCount: number;
  report(report: MediaReport): void;
  /** The leg has work at each tick from now on, or none any more. */
  setActive(leg: MediaLeg, isActive: boolean): void;
  countMalformed(): void;
}

/** Another leg's packets as they are turned into ours: offsets of sequence and timestamp. */
interface RelayMapping {
  readonly ssrc: number;
  readonly sequenceOffset: number;
  readonly timestampOffset: number;
  lastTimestamp: number;
}

/** One RTP stream with a phone: receives, relays to its partner, plays, listens. */
export class MediaLeg {
  readonly id: string;
  readonly sockets: SocketPair;
  readonly latch = new SourceLatch();
  readonly taps = new Map<number, LegTap>();
  /** Whom received audio goes to without being decoded; itself for an echo. */
  partner: MediaLeg | undefined;
  /** Set while a member of a conference: its audio is pulled each tick. */
  isMember = false;
  isReadMuted = false;
  isWriteMuted = false;
  readonly #host: LegHost;
  readonly #stream: StreamSocket;
  readonly #ssrc: number;
  readonly #received = new ReceptionStatistics();
  readonly #events = new TelephoneEventReceiver();
  readonly #eventSender = new TelephoneEventSender();
  readonly #timestampBase: number;
  readonly #packet = Buffer.alloc(RTP_HEADER_LENGTH + FRAME_SAMPLES);
  readonly #readFrame = new Int16Array(FRAME_SAMPLES);
  readonly #writeFrame = new Int16Array(FRAME_SAMPLES);
  #readJitter = new JitterBuffer();
  #writeJitter = new JitterBuffer();
  #media: LegMedia | undefined;
  #sequence: number;
  #mapping: RelayMapping | undefined;
  #source: AudioSource | undefined;
  #play = 0;
  #wasSending = false;
  #lastTimestamp = 0;
  #sentPacketCount = 0;
  #sentOctetCount = 0;
  #peerReport: { ntp: number; atMs: number } | undefined;

  constructor(id: string, sockets: SocketPair, seed: number, host: LegHost) {
    this.id = id;
    this.sockets = sockets;
    this.#host = host;
    this.#stream = new StreamSocket(sockets.rtp);
    this.#ssrc = seed >>> 0;
    this.#sequence = (seed >>> 8) & 0xffff;
    this.#timestampBase = Math.imul(seed, 2_654_435_761) >>> 0;
    sockets.rtp.on('message', (bytes: Buffer, from: RemoteInfo) => this.#receive(bytes, from));
    sockets.rtcp.on('message', (bytes: Buffer) => this.#receiveRtcp(bytes));
  }

  get media(): LegMedia | undefined {
    return this.#media;
  }

  get statistics(): LegStatistics {
    return {
      receivedPacketCount: this.#received.packetCount,
      receivedOctetCount: this.#received.octetCount,
      sentPacketCount: this.#sentPacketCount,
      sentOctetCount: this.#sentOctetCount,
      lostPacketCount: Math.max(0, this.#received.lostCount),
      jitterMs: this.#received.jitter / 8,
      refusedPacketCount: this.latch.refusedCount,
    };
  }

  /** Our own timestamp now: it runs on while nothing is sent (RFC 3550 §5.1). */
  get timestamp(): number {
    return (this.#timestampBase + this.#host.tickCount * FRAME_SAMPLES) >>> 0;
  }

  setMedia(media: LegMedia): void {
    this.#media = media;
    const isHeld = media.remoteAddress === '0.0.0.0';
    this.latch.negotiate(isHeld ? undefined : { address: media.remoteAddress, port: media.remotePort });
    this.#mapping = undefined;
    if (this.#stream.peer !== this.latch.target) this.#stream.release();
  }

  /** To be called a few times a second: a source that speaks is held to, a silent one may be replaced. */
  watchSource(): void {
    const source = this.latch.flowingSource(this.#host.nowMs());
    if (source === undefined) this.#stream.release();
    else this.#stream.connect(source);
  }

  /** Plays until the end or `stopPlay`; what was played before ends at once. */
  play(play: number, source: AudioSource): void {
    this.#endPlay();
    this.#play = play;
    this.#source = source;
    this.refreshActivity();
  }

  stopPlay(play: number): void {
    if (play === this.#play) this.#endPlay();
  }

  sendDigits(digits: string, durationMs: number): void {
    if (this.#media?.eventPayloadType === undefined) return;
    for (const digit of digits) this.#eventSender.add(digit, durationMs);
    this.refreshActivity();
  }

  /** To be called whenever taps, membership or play changed. */
  refreshActivity(): void {
    const isActive =
      this.#source !== undefined ||
      this.taps.size > 0 ||
      this.isMember ||
      this.#eventSender.isBusy ||
      this.#events.isWaiting;
    this.#host.setActive(this, isActive);
  }

  /** Before conferences mix: this tick's received audio. */
  pullRead(): Int16Array {
    this.#readJitter.pull(this.#readFrame);
    return this.#readFrame;
  }

  get readFrame(): Int16Array {
    return this.#readFrame;
  }

  /** One 20 ms step. `mixed` is the conference's audio for this leg. */
  step(mixed: Int16Array | undefined): void {
    const nowMs = this.#host.nowMs();
    if (this.#events.isWaiting) this.#tellDigits(this.#events.expire(nowMs));
    if (!this.isMember && this.taps.size > 0) this.pullRead();
    const isSending = this.#fill(mixed);
    if (this.#eventSender.isBusy) this.#sendEvents();
    else if (isSending) this.#sendFrame();
    else this.#wasSending = false;
    if (this.taps.size > 0) {
      if (!isSending) this.#writeJitter.pull(this.#writeFrame);
      for (const tap of this.taps.values()) if (!tap.isPaused) tap.frame(this.#readFrame, this.#writeFrame);
    }
    if (this.#source === undefined) this.refreshActivity();
  }

  /** So many steps were left out. */
  missed(frameCount: number): void {
    for (const tap of this.taps.values()) if (!tap.isPaused) tap.missed?.(frameCount);
  }

  /** RFC 3550 §6.4: an SR when we sent, an RR otherwise. */
  sendReport(nowEpochMs: number): void {
    const target = this.latch.target;
    if (target === undefined || target.port >= 65_535) return;
    const peer = this.#peerReport;
    const report = this.#received.report(
      peer?.ntp ?? 0,
      peer === undefined ? 0 : ((this.#host.nowMs() - peer.atMs) * 65_536) / 1000,
    );
    if (report === undefined && this.#sentPacketCount === 0) return;
    const sender =
      this.#sentPacketCount === 0
        ? undefined
        : {
            nowMs: nowEpochMs,
            timestamp: this.#lastTimestamp,
            packetCount: this.#sentPacketCount,
            octetCount: this.#sentOctetCount,
          };
    const bytes = buildRtcpReport(this.#ssrc, `${this.id}@turnkeeper`, sender, report);
    this.sockets.rtcp.send(bytes, target.port + 1, target.address, () => undefined);
  }

  /** Ends play and taps; the sockets are the engine's. */
  close(): void {
    this.#endPlay();
    for (const tap of this.taps.values()) tap.end();
    this.taps.clear();
    this.#host.setActive(this, false);
  }

  #receive(bytes: Buffer, from: RemoteInfo): void {
    const packet = parseRtpPacket(bytes);
    const media = this.#media;
    if (packet === undefined || packet.payloadLength > PAYLOAD_MAX) {
      this.#host.countMalformed();
      return;
    }
    if (media === undefined) return;
    const isEvent = packet.payloadType === media.eventPayloadType;
    const isNoise = packet.payloadType === COMFORT_NOISE;
    if (!isEvent && !isNoise && packet.payloadType !== media.payloadType) return;
    const nowMs = this.#host.nowMs();
    if (!this.latch.accept(packet, from.address, from.port, nowMs)) return;
    const { ssrc, timestamp, payloadLength } = packet;
    this.#received.receive(ssrc, packet.sequence, timestamp, payloadLength, Math.round(nowMs * 8));
    if (!media.mayReceive || isNoise) return;
    if (isEvent) {
      this.#tellDigits(this.#events.receive(ssrc, timestamp, packet.payload, nowMs));
      if (this.#events.isWaiting) this.refreshActivity();
    } else {
      if (this.isReadMuted) packet.payload.fill(SILENCE_BYTE[media.law]);
      if (this.taps.size > 0 || this.isMember) {
        this.#readJitter.push(ssrc, timestamp, decodeG711(media.law, packet.payload));
      }
    }
    const { partner } = this;
    if (partner !== undefined) partner.relay(packet, bytes, media, isEvent);
  }

  /** Sends a partner's packet on, its header rewritten in place; no decoding unless the laws differ. */
  private relay(packet: ReceivedRtpPacket, bytes: Buffer, from: LegMedia, isEvent: boolean): void {
    const media = this.#media;
    const target = this.latch.target;
    if (media === undefined || target === undefined || !media.maySend) return;
    if (this.#source !== undefined || this.#eventSender.isBusy) return;
    const payloadType = isEvent ? media.eventPayloadType : media.payloadType;
    if (payloadType === undefined) return;
    const mapping = this.#mappingFor(packet);
    mapping.lastTimestamp = packet.timestamp;
    if (!isEvent && this.isWriteMuted) packet.payload.fill(SILENCE_BYTE[from.law]);
    if (!isEvent && this.taps.size > 0) {
      this.#writeJitter.push(packet.ssrc, packet.timestamp, decodeG711(from.law, packet.payload));
    }
    // CSRC, extension and padding are left out.
    const isBare = packet.payloadLength === bytes.length - RTP_HEADER_LENGTH;
    const out = isBare ? bytes : Buffer.concat([Buffer.alloc(RTP_HEADER_LENGTH), packet.payload]);
    if (!isEvent && from.law !== media.law) transcodeG711(from.law, out, RTP_HEADER_LENGTH);
    const sequence = (packet.sequence + mapping.sequenceOffset) & 0xffff;
    const timestamp = (packet.timestamp + mapping.timestampOffset) >>> 0;
    // One that was overtaken does not turn back the count our own packets go on from.
    if (sequenceDistance(sequence, this.#sequence) > 0) {
      this.#sequence = sequence;
      this.#lastTimestamp = timestamp;
    }
    writeRtpHeader(out, {
      payloadType,
      hasMarker: packet.hasMarker,
      sequence,
      timestamp,
      ssrc: this.#ssrc,
    });
    this.#transmit(out);
  }

  #mappingFor(packet: ReceivedRtpPacket): RelayMapping {
    const known = this.#mapping;
    if (
      known !== undefined &&
      known.ssrc === packet.ssrc &&
      Math.abs(timestampDistance(packet.timestamp, known.lastTimestamp)) < RELAY_JUMP_SAMPLES
    ) {
      return known;
    }
    const mapping: RelayMapping = {
      ssrc: packet.ssrc,
      sequenceOffset: (this.#sequence + 1 - packet.sequence) & 0xffff,
      timestampOffset: (this.timestamp - packet.timestamp) >>> 0,
      lastTimestamp: packet.timestamp,
    };
    this.#mapping = mapping;
    return mapping;
  }

  #fill(mixed: Int16Array | undefined): boolean {
    const source = this.#source;
    if (source !== undefined) {
      if (source.read(this.#writeFrame)) return true;
      this.#endPlay();
    }
    if (mixed === undefined) return false;
    this.#writeFrame.set(mixed);
    return true;
  }

  #sendFrame(): void {
    const media = this.#media;
    if (media === undefined) return;
    if (this.isWriteMuted) this.#writeFrame.fill(0);
    encodeG711(media.law, this.#writeFrame, this.#packet, RTP_HEADER_LENGTH);
    this.#send(this.#packet, media.payloadType, !this.#wasSending, this.timestamp);
    this.#wasSending = true;
  }

  #sendEvents(): void {
    const payloadType = this.#media?.eventPayloadType;
    for (const event of this.#eventSender.step(this.timestamp)) {
      if (payloadType === undefined) continue;
      const bytes = Buffer.concat([Buffer.alloc(RTP_HEADER_LENGTH), event.payload]);
      this.#send(bytes, payloadType, event.hasMarker, event.timestamp);
    }
    this.#wasSending = false;
  }

  #send(bytes: Buffer, payloadType: number, hasMarker: boolean, timestamp: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#lastTimestamp = timestamp;
    // Relayed packets have to go on from here.
    this.#mapping = undefined;
    writeRtpHeader(bytes, { payloadType, hasMarker, sequence: this.#sequence, timestamp, ssrc: this.#ssrc });
    if (this.#media?.maySend === true) this.#transmit(Buffer.from(bytes));
  }

  #transmit(bytes: Buffer): void {
    const target = this.latch.target;
    if (target === undefined) return;
    this.#sentPacketCount++;
    this.#sentOctetCount += bytes.length - RTP_HEADER_LENGTH;
    this.#stream.send(bytes, target);
  }

  #tellDigits(digits: readonly { readonly digit: string; readonly durationSamples: number }[]): void {
    for (const { digit, durationSamples } of digits) {
      this.#host.report({ type: 'digit', leg: this.id, digit, durationSamples, source: 'RTP' });
    }
  }

  #endPlay(): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    this.#host.report({ type: 'played', leg: this.id, play: this.#play, samples: source.playedSamples });
  }

  #receiveRtcp(bytes: Buffer): void {
    const summary = parseRtcp(bytes);
    if (summary === undefined) this.#host.countMalformed();
    else if (summary.senderReport !== undefined) {
      this.#peerReport = { ntp: summary.senderReport, atMs: this.#host.nowMs() };
    }
  }
}
