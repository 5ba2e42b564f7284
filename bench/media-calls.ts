import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';
const ANSWER_MAX_MS = 10_000;

/** A leg on the media server. */
export interface MediaCall {
  readonly uuid: string;
  /** Where the media server takes its RTP. */
  readonly rtpPort: number;
}

interface Pending {
  rtpPort: number | undefined;
  uuid: string | undefined;
  readonly resolve: (call: MediaCall) => void;
}

/**
 * Sets up legs on a media server with its own wire protocols: INVITE with X-esl-outbound, and the event
 * socket.
 */
export class MediaCalls {
  readonly #sipPort: number;
  readonly #udp: UdpSocket = createSocket('udp4');
  readonly #applications: Server;
  readonly #control: Socket;
  readonly #pending = new Map<string, Pending>();
  readonly #channels: Socket[] = [];

  private constructor(sipPort: number, control: Socket) {
    this.#sipPort = sipPort;
    this.#control = control;
    this.#applications = createServer((socket) => this.#adopt(socket));
    this.#udp.on('message', (bytes) => this.#answered(bytes.toString('latin1')));
  }

  static async connect(sipPort: number, eventSocketPort: number, password: string): Promise<MediaCalls> {
    const control = connect({ host: HOST, port: eventSocketPort, noDelay: true });
    control.write(`auth ${password}\n\n`);
    // Replies are not looked at: what was not bridged is seen as loss.
    control.resume();
    const calls = new MediaCalls(sipPort, control);
    await new Promise<void>((resolve) => calls.#udp.bind(0, HOST, resolve));
    await new Promise<void>((resolve) => calls.#applications.listen(0, HOST, resolve));
    return calls;
  }

  /** A new leg that speaks with the phone at `phonePort`. */
  open(phonePort: number): Promise<MediaCall> {
    const callId = randomBytes(8).toString('hex');
    const own = `${HOST}:${this.#udp.address().port}`;
    const { port } = this.#applications.address() as AddressInfo;
    const sdp =
      `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\n` +
      `m=audio ${phonePort} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n`;
    this.#send([
      `INVITE sip:bench@${HOST}:${this.#sipPort} SIP/2.0`,
      `Via: SIP/2.0/UDP ${own};branch=z9hG4bK${callId}`,
      'Max-Forwards: 70',
      `From: <sip:bench@${HOST}>;tag=${callId}`,
      `To: <sip:bench@${HOST}:${this.#sipPort}>`,
      `Call-ID: ${callId}`,
      'CSeq: 1 INVITE',
      `Contact: <sip:bench@${own}>`,
      `X-esl-outbound: ${HOST}:${port}`,
      'Content-Type: application/sdp',
      `Content-Length: ${sdp.length}`,
      '',
      sdp,
    ]);
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error('the media server did not answer')), ANSWER_MAX_MS);
      this.#pending.set(callId, {
        rtpPort: undefined,
        uuid: undefined,
        resolve: (call) => {
          clearTimeout(patience);
          this.#pending.delete(callId);
          resolve(call);
        },
      });
    });
  }

  bridge(one: MediaCall, other: MediaCall): void {
    this.#control.write(`api uuid_bridge ${one.uuid} ${other.uuid}\n\n`);
  }

  close(): void {
    this.#udp.close();
    this.#control.destroy();
    for (const channel of this.#channels) channel.destroy();
    this.#applications.close();
  }

  #send(lines: readonly string[]): void {
    this.#udp.send(lines.join('\r\n'), this.#sipPort, HOST);
  }

  #answered(text: string): void {
    if (!text.startsWith('SIP/2.0 200')) return;
    const header = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(text)?.[1] ?? '';
    const callId = header('Call-ID').trim();
    this.#send([
      `ACK sip:drachtio@${HOST}:${this.#sipPort} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST}:${this.#udp.address().port};branch=z9hG4bKa${callId}`,
      'Max-Forwards: 70',
      `From: ${header('From').trim()}`,
      `To: ${header('To').trim()}`,
      `Call-ID: ${callId}`,
      'CSeq: 1 ACK',
      'Content-Length: 0',
      '',
      '',
    ]);
    this.#note(callId, { rtpPort: Number(/^m=audio (\d+)/m.exec(text)?.[1]) });
  }

  /** The channel's own event socket: its first reply says whose it is. */
  #adopt(socket: Socket): void {
    this.#channels.push(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (text.includes('\n\n')) return;
      text += bytes.toString('latin1');
      const uuid = /^Unique-ID: (\S+)/m.exec(text)?.[1];
      const callId = /^variable_sip_call_id: (\S+)/m.exec(text)?.[1];
      if (uuid !== undefined && callId !== undefined) this.#note(callId, { uuid });
    });
    socket.write('connect\n\n');
  }

  #note(callId: string, facts: { rtpPort?: number; uuid?: string }): void {
    const pending = this.#pending.get(callId);
    if (pending === undefined) return;
    Object.assign(pending, facts);
    const { rtpPort, uuid, resolve } = pending;
    if (rtpPort !== undefined && uuid !== undefined) resolve({ rtpPort, uuid });
  }
}
