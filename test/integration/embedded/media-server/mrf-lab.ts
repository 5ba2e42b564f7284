import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import type { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeG711, encodeG711 } from '../../../../src/embedded/rtp/g711.ts';
import type { G711Law } from '../../../../src/embedded/rtp/g711.ts';
import { toneShare } from '../../../../src/embedded/rtp/goertzel.ts';
import { parseRtpPacket, writeRtpHeader } from '../../../../src/embedded/rtp/rtp-packet.ts';
import {
  TelephoneEventReceiver,
  TelephoneEventSender,
} from '../../../../src/embedded/rtp/telephone-event.ts';
import { parseToneScript, ToneRenderer } from '../../../../src/embedded/rtp/tone-script.ts';
import type { MediaServerOptions } from '../../../../src/embedded/media-server/media-server-options.ts';
import { startMediaServer } from '../../../../src/embedded/media-server/start-media-server.ts';
import type { RunningMediaServer } from '../../../../src/embedded/media-server/start-media-server.ts';
import { startSipServer } from '../../../../src/embedded/sip-server/start-sip-server.ts';
import type { RunningSipServer } from '../../../../src/embedded/sip-server/start-sip-server.ts';

/** The parts of fsmrf's objects the tests use. */
export interface TestEndpoint extends EventEmitter {
  readonly uuid: string;
  readonly local: { sdp: string; mediaIp: string; mediaPort: string };
  readonly remote: { sdp: string };
  readonly dtmfType: string;
  readonly conf: { memberId: number; uuid: string };
  readonly connected: boolean;
  play(file: unknown): Promise<{ playbackSeconds: string; playbackMilliseconds: string }>;
  playCollect(options: object): Promise<{ digits: string; invalidDigits: string; terminatorUsed: string }>;
  bridge(other: TestEndpoint): Promise<void>;
  unbridge(): Promise<void>;
  record(file: string, options?: object): Promise<{ recordMilliseconds: string; terminatorUsed: string }>;
  join(conference: string, options?: object): Promise<{ memberId: number; confUuid: string }>;
  confKick(): Promise<unknown>;
  confMute(): Promise<unknown>;
  execute(application: string, argument?: string): Promise<{ getHeader(name: string): string }>;
  api(command: string, args?: unknown): Promise<{ body: string }>;
  set(name: string | object, value?: string): Promise<void>;
  modify(sdp: string): Promise<string>;
  mute(): Promise<unknown>;
  getChannelVariables(includeMedia?: boolean): Promise<Record<string, string | number>>;
  forkAudioStart(options: object): Promise<void>;
  forkAudioStop(): Promise<void>;
  destroy(): Promise<void>;
}
export interface TestMediaServer extends EventEmitter {
  readonly maxSessions: number;
  readonly currentSessions: number;
  createEndpoint(options?: object): Promise<TestEndpoint>;
  connectCaller(
    req: unknown,
    res: unknown,
    options?: object,
  ): Promise<{ endpoint: TestEndpoint; dialog: EventEmitter }>;
  createConference(
    name: string,
    options?: object,
  ): Promise<
    EventEmitter & {
      endpoint: TestEndpoint;
      getSize(): Promise<number>;
      play(file: string): Promise<{ milliseconds: number }>;
      destroy(): Promise<void>;
    }
  >;
  api(command: string): Promise<string>;
  disconnect(): void;
}
interface TestSrf extends EventEmitter {
  connect(options: object): void;
  disconnect(): void;
  invite(handler: (req: unknown, res: unknown) => void): void;
}

const require = createRequire(import.meta.url);
const SrfClass = require('drachtio-srf') as new () => TestSrf;
const MrfClass = require('drachtio-fsmrf') as new (
  srf: TestSrf,
  options?: object,
) => { connect(options: object): Promise<TestMediaServer> };

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

/** Both servers, an application, and what they wrote. */
export class MrfLab {
  readonly media: RunningMediaServer;
  readonly sip: RunningSipServer;
  readonly ms: TestMediaServer;
  readonly srf: TestSrf;
  readonly directory: string;
  readonly #phones: RtpPhone[] = [];

  private constructor(parts: Pick<MrfLab, 'media' | 'sip' | 'ms' | 'srf' | 'directory'>) {
    this.media = parts.media;
    this.sip = parts.sip;
    this.ms = parts.ms;
    this.srf = parts.srf;
    this.directory = parts.directory;
  }

  static async open(options: Partial<MediaServerOptions> = {}): Promise<MrfLab> {
    const directory = await mkdtemp(join(tmpdir(), 'media-server-'));
    const rtpPortMin = 20_000 + Math.floor(Math.random() * 400) * 100;
    const media = await startMediaServer({
      password: 'media-secret',
      rtpPortMin,
      rtpPortMax: rtpPortMin + 1_998,
      recordingsDirectory: directory,
      ...options,
    });
    const sip = await startSipServer({ secret: 'sip-secret' });
    const srf = new SrfClass();
    srf.on('error', () => undefined);
    const connected = new Promise((resolve) => srf.once('connect', resolve));
    srf.connect({ host: sip.controlHost, port: sip.controlPort, secret: 'sip-secret' });
    await connected;
    const mrf = new MrfClass(srf, { customEvents: ['avmd::start'] });
    const ms = await mrf.connect({
      address: media.eventSocketHost,
      port: media.eventSocketPort,
      secret: 'media-secret',
      listenAddress: '127.0.0.1',
    });
    return new MrfLab({ media, sip, ms, srf, directory });
  }

  /** A phone with its endpoint, RTP established. */
  async call(law: G711Law = 'PCMU'): Promise<{ phone: RtpPhone; endpoint: TestEndpoint }> {
    const phone = await this.phone(law);
    const endpoint = await this.ms.createEndpoint({ remoteSdp: phone.sdp });
    phone.connect(endpoint.local.sdp);
    return { phone, endpoint };
  }

  async phone(law: G711Law = 'PCMU'): Promise<RtpPhone> {
    const phone = await RtpPhone.open(law);
    this.#phones.push(phone);
    return phone;
  }

  async close(): Promise<void> {
    for (const phone of this.#phones) phone.close();
    this.ms.disconnect();
    this.srf.disconnect();
    await this.media.close();
    await this.sip.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The RTP half of a phone: sends a tone, silence or digits every 20 ms, keeps what it hears. */
export class RtpPhone {
  readonly port: number;
  readonly law: G711Law;
  readonly digitsHeard: string[] = [];
  readonly timestamps: number[] = [];
  readonly payloadType: number;
  packetCount = 0;
  /** What the last second sounded like. */
  readonly #heard = new Int16Array(8_000);
  #heardCount = 0;
  readonly #socket: Socket;
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
  readonly #digits = new TelephoneEventSender();
  readonly #events = new TelephoneEventReceiver();
  #tone: ToneRenderer | undefined;
  #sequence = 1_000;
  #timestamp = 90_000;
  #target: { address: string; port: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextMs = 0;

  private constructor(law: G711Law, socket: Socket) {
    this.law = law;
    this.payloadType = law === 'PCMU' ? 0 : 8;
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (bytes) => this.#receive(bytes));
  }

  static open(law: G711Law): Promise<RtpPhone> {
    const socket = createSocket('udp4');
    return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(new RtpPhone(law, socket))));
  }

  get sdp(): string {
    return this.sdpWith('sendrecv');
  }

  sdpWith(direction: string): string {
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${this.port} RTP/AVP ${this.payloadType} 101`,
      `a=rtpmap:${this.payloadType} ${this.law}/8000`,
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      `a=${direction}`,
      '',
    ].join('\r\n');
  }

  /** Starts to send to where that SDP says. */
  connect(sdp: string): void {
    this.#target = { address: '127.0.0.1', port: Number(/m=audio (\d+)/.exec(sdp)?.[1]) };
    this.#nextMs = performance.now();
    this.#step();
  }

  /** Sends this frequency from now on; 0: silence. */
  sound(frequencyHz: number): void {
    const script = parseToneScript(`v=-13;loops=-1;%(1000,0,${frequencyHz})`);
    this.#tone = frequencyHz > 0 && script !== undefined ? new ToneRenderer(script) : undefined;
  }

  /** Sends this tone script once. */
  playScript(text: string): void {
    const script = parseToneScript(text);
    if (script !== undefined) this.#tone = new ToneRenderer(script);
  }

  press(digits: string): void {
    for (const digit of digits) this.#digits.add(digit, 100);
  }

  /** Sends raw bytes to the media server's RTP port. */
  sendRaw(bytes: Buffer): void {
    if (this.#target !== undefined) this.#socket.send(bytes, this.#target.port, this.#target.address);
  }

  /** The share of these frequencies in the last 200 ms heard. */
  shareOf(...frequenciesHz: number[]): number {
    return toneShare(this.#last(1_600), frequenciesHz);
  }

  /** Resolves when these frequencies, together, make up most of what is heard. */
  async hears(...frequenciesHz: number[]): Promise<void> {
    await until(
      () => this.#heardCount >= 1_600 && this.shareOf(...frequenciesHz) > 0.8,
      () =>
        `wanted ${frequenciesHz.join()} Hz, heard shares ${frequenciesHz.map((hz) => this.shareOf(hz)).join()}`,
    );
  }

  /** Resolves when nothing but silence, or nothing at all, came for 300 ms. */
  async hearsNothing(): Promise<void> {
    this.forget();
    let before = -1;
    await until(
      () => {
        const isQuiet = this.#last(2_400).every((sample) => Math.abs(sample) < 200);
        const isStill = before === this.packetCount;
        before = this.packetCount;
        return isQuiet && (isStill || this.#heardCount >= 2_400);
      },
      () => 'still hears something',
    );
  }

  async hearsDigits(digits: string): Promise<void> {
    await until(
      () => this.digitsHeard.join('').endsWith(digits),
      () => `heard ${this.digitsHeard.join('')}`,
    );
  }

  forget(): void {
    this.#heard.fill(0);
    this.#heardCount = 0;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#target = undefined;
    this.#socket.close();
  }

  #last(count: number): Int16Array {
    return this.#heard.subarray(this.#heard.length - count);
  }

  #step(): void {
    const frame = new Int16Array(FRAME_SAMPLES);
    this.#tone?.read(frame, 0);
    const bytes = Buffer.alloc(12 + FRAME_SAMPLES);
    encodeG711(this.law, frame, bytes, 12);
    if (this.#digits.isBusy) {
      for (const event of this.#digits.step(this.#timestamp)) {
        this.#send(Buffer.concat([Buffer.alloc(12), event.payload]), 101, event.hasMarker, event.timestamp);
      }
    } else this.#send(bytes, this.payloadType, false, this.#timestamp);
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    this.#nextMs += FRAME_MS;
    this.#timer = setTimeout(() => this.#step(), Math.max(0, this.#nextMs - performance.now()));
  }

  #send(bytes: Buffer, payloadType: number, hasMarker: boolean, timestamp: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    writeRtpHeader(bytes, { payloadType, hasMarker, sequence: this.#sequence, timestamp, ssrc: this.#ssrc });
    this.sendRaw(bytes);
  }

  #receive(bytes: Buffer): void {
    const packet = parseRtpPacket(bytes);
    if (packet === undefined) return;
    if (packet.payloadType === 101) {
      const heard = this.#events.receive(packet.ssrc, packet.timestamp, packet.payload, performance.now());
      this.digitsHeard.push(...heard.map(({ digit }) => digit));
      return;
    }
    this.packetCount++;
    this.timestamps.push(packet.timestamp);
    const samples = decodeG711(this.law, packet.payload);
    this.#heard.copyWithin(0, samples.length);
    this.#heard.set(samples, this.#heard.length - samples.length);
    this.#heardCount += samples.length;
  }
}

/** Waits for a condition that packets bring about; fails with what was seen instead. */
export async function until(condition: () => boolean, what: () => string): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}
