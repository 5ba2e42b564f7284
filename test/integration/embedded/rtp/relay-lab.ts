import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { EventEmitter, on, once } from 'node:events';
import { MediaEngine } from '../../../../src/embedded/rtp/media-engine.ts';
import type {
  LegMedia,
  LegStatistics,
  MediaOrder,
  MediaReport,
} from '../../../../src/embedded/rtp/media-orders.ts';
import { parseRtpPacket, writeRtpHeader } from '../../../../src/embedded/rtp/rtp-packet.ts';
import type { RtpPacket } from '../../../../src/embedded/rtp/rtp-packet.ts';

export const HOST = '127.0.0.1';
export const EVENT_TYPE = 101;

/** What a packet of the test says; the rest is filled in. */
export type PacketFacts = Partial<RtpPacket> & { readonly sequence: number };

/** A phone of the test: a socket that sends what it is told and keeps what it hears. */
export class Phone {
  readonly socket: Socket;
  readonly heard: RtpPacket[] = [];
  /** Where the leg listens. */
  legPort = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', (bytes) => {
      const packet = parseRtpPacket(bytes);
      if (packet !== undefined) this.heard.push(packet);
      socket.emit('heard');
    });
  }

  static async open(): Promise<Phone> {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return new Phone(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Timestamp by default 160 a packet, payload 160 octets of the sequence number's low byte. */
  send(facts: PacketFacts): void {
    const payload = facts.payload ?? Buffer.alloc(160, facts.sequence & 0xff);
    const bytes = Buffer.concat([Buffer.alloc(12), payload]);
    writeRtpHeader(bytes, {
      payloadType: 0,
      hasMarker: false,
      timestamp: (facts.sequence * 160) >>> 0,
      ssrc: 7,
      ...facts,
    });
    this.sendRaw(bytes);
  }

  sendRaw(bytes: Buffer): void {
    this.socket.send(bytes, this.legPort, HOST);
  }

  /** Waits until so many packets in all were heard. */
  async hears(count: number): Promise<readonly RtpPacket[]> {
    while (this.heard.length < count) await once(this.socket, 'heard');
    return this.heard;
  }

  /** Waits for a packet that begins with this octet. */
  async hearsOctet(octet: number): Promise<RtpPacket> {
    for (;;) {
      const found = this.heard.find(({ payload }) => payload[0] === octet);
      if (found !== undefined) return found;
      await once(this.socket, 'heard');
    }
  }
}

/** A media engine with phones on its legs. */
export class RelayLab {
  readonly reports: MediaReport[] = [];
  readonly #events = new EventEmitter();
  readonly #engine: MediaEngine;
  readonly #phones: Phone[] = [];
  #questionCount = 0;

  constructor() {
    const rtpPortMin = 20_000 + Math.floor(Math.random() * 400) * 100;
    this.#engine = new MediaEngine(
      { host: HOST, rtpPortMin, rtpPortMax: rtpPortMin + 1_998, legsMax: 20 },
      (report) => {
        this.reports.push(report);
        this.#events.emit('report', report);
      },
    );
    this.#engine.start();
  }

  order(order: MediaOrder): void {
    this.#engine.handle(order);
  }

  /** A leg open towards a new phone. */
  async leg(leg: string, media: Partial<LegMedia> = {}): Promise<Phone> {
    const phone = await this.phone();
    const opened = this.told((report) => report.type === 'opened' && report.leg === leg);
    this.order({ type: 'open', leg });
    phone.legPort = ((await opened) as { port: number }).port;
    this.negotiate(leg, phone, media);
    return phone;
  }

  /** A phone without a leg: a stranger. */
  async phone(): Promise<Phone> {
    const phone = await Phone.open();
    this.#phones.push(phone);
    return phone;
  }

  negotiate(leg: string, phone: Phone, media: Partial<LegMedia> = {}): void {
    this.order({
      type: 'media',
      leg,
      media: {
        law: 'PCMU',
        payloadType: 0,
        eventPayloadType: EVENT_TYPE,
        remoteAddress: HOST,
        remotePort: phone.port,
        maySend: true,
        mayReceive: true,
        ...media,
      },
    });
  }

  /** The next report that fits. */
  async told(fits: (report: MediaReport) => boolean): Promise<MediaReport> {
    for await (const [report] of on(this.#events, 'report')) {
      if (fits(report as MediaReport)) return report as MediaReport;
    }
    throw new Error('the reports ended');
  }

  /** Waits until the engine's wheel went on by so many steps of 20 ms. */
  async ticks(count: number): Promise<void> {
    const until = this.#engine.tickCount + count;
    // A step is 20 ms; looking twice as often sees each.
    while (this.#engine.tickCount < until) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async statistics(leg: string): Promise<LegStatistics> {
    const id = ++this.#questionCount;
    const answer = this.told((report) => report.type === 'statistics' && report.id === id);
    this.order({ type: 'statistics', id, leg });
    return ((await answer) as { value: LegStatistics }).value;
  }

  close(): void {
    this.#engine.close();
    for (const { socket } of this.#phones) socket.close();
  }
}
