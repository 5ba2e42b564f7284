import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { PHONE_PASSWORD } from './document.ts';
import type { Address } from './program.ts';

const REGISTER_EXPIRES_SEC = 3600;
const RESPONSE_MAX_MS = 10_000;

/** An INVITE as it came off the wire. */
export interface ReceivedInvite {
  readonly atMs: number;
  /** Sends a final response without a body, for example 486. */
  readonly answer: (status: number) => void;
}

/** One UDP socket that plays many phones: registers them, takes INVITEs, answers OPTIONS and CANCEL. */
export class SipPeer {
  readonly #socket: Socket;
  readonly #server: () => Address;
  readonly #waiting = new Map<string, (response: string) => void>();
  readonly #answered = new Set<string>();
  readonly #rung = new Set<string>();
  onInvite: (invite: ReceivedInvite) => void = () => undefined;

  private constructor(socket: Socket, server: () => Address) {
    this.#socket = socket;
    this.#server = server;
    socket.on('message', (bytes, from) => this.#receive(bytes.toString('latin1'), from));
  }

  /** @param server where REGISTER is sent; asked when it is needed. */
  static async open(host: string, server: () => Address): Promise<SipPeer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 21 });
    await new Promise<void>((resolve) => socket.bind(0, host, resolve));
    return new SipPeer(socket, server);
  }

  get address(): Address {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  close(): void {
    this.#socket.close();
  }

  /** Registers a phone with digest authentication (RFC 3261 §22). */
  async register(user: string): Promise<void> {
    const { host } = this.#server();
    const uri = `sip:${host}`;
    const callId = randomBytes(8).toString('hex');
    const attempt = (cseq: number, more: string): Promise<string> =>
      this.#request(`REGISTER ${uri} SIP/2.0`, [
        `From: <sip:${user}@${host}>;tag=${callId}`,
        `To: <sip:${user}@${host}>`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} REGISTER`,
        `Contact: <sip:${user}@${this.address.host}:${this.address.port}>`,
        `Expires: ${REGISTER_EXPIRES_SEC}${more}`,
      ]);
    const challenge = await attempt(1, '');
    const line =
      challenge.split('\r\n').find((each) => /^WWW-Authenticate:.*algorithm=MD5/i.test(each)) ?? '';
    const realm = /realm="([^"]*)"/.exec(line)?.[1] ?? '';
    const nonce = /nonce="([^"]*)"/.exec(line)?.[1] ?? '';
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const secret = md5(`${user}:${realm}:${PHONE_PASSWORD}`);
    const response = md5(`${secret}:${nonce}:00000001:bench:auth:${md5(`REGISTER:${uri}`)}`);
    const answer = await attempt(
      2,
      `\r\nAuthorization: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
        `response="${response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="bench"`,
    );
    if (!answer.startsWith('SIP/2.0 200'))
      throw new Error(`REGISTER of ${user}: ${answer.split('\r\n', 1)[0]}`);
  }

  #request(line: string, headers: readonly string[]): Promise<string> {
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const via = `Via: SIP/2.0/UDP ${this.address.host}:${this.address.port};rport;branch=${branch}`;
    const text = [line, via, 'Max-Forwards: 70', ...headers, 'Content-Length: 0', '', ''].join('\r\n');
    const { host, port } = this.#server();
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error(`no answer to ${line}`)), RESPONSE_MAX_MS);
      this.#waiting.set(branch, (response) => {
        clearTimeout(patience);
        resolve(response);
      });
      this.#socket.send(text, port, host);
    });
  }

  #receive(text: string, from: RemoteInfo): void {
    const atMs = performance.now();
    const branch = /^Via:.*?branch=([^;\s,]+)/im.exec(text)?.[1] ?? '';
    if (text.startsWith('SIP/2.0')) {
      if (!text.startsWith('SIP/2.0 1')) this.#waiting.get(branch)?.(text);
      return;
    }
    const respond = (status: number): void =>
      this.#socket.send(responseTo(text, status), from.port, from.address);
    const method = text.slice(0, text.indexOf(' '));
    if (method === 'INVITE') {
      if (this.#rung.has(branch)) return;
      this.#rung.add(branch);
      respond(180);
      this.onInvite({
        atMs,
        answer: (status) => {
          if (this.#answered.has(branch)) return;
          this.#answered.add(branch);
          respond(status);
        },
      });
    } else if (method === 'CANCEL') {
      respond(200);
      if (this.#answered.has(branch)) return;
      this.#answered.add(branch);
      this.#socket.send(
        responseTo(text.replace(/^CSeq: (\d+) CANCEL/m, 'CSeq: $1 INVITE'), 487),
        from.port,
        from.address,
      );
    } else if (method !== 'ACK') respond(200);
  }
}

function responseTo(request: string, status: number): string {
  const head = request.slice(0, request.indexOf('\r\n\r\n')).split('\r\n').slice(1);
  const kept = head
    .filter((line) => /^(?:Via|From|To|Call-ID|CSeq|Record-Route):/i.test(line))
    .map((line) => (/^To:/i.test(line) && !line.includes(';tag=') ? `${line};tag=bench` : line));
  return [
    `SIP/2.0 ${status} Answer`,
    ...kept,
    'Contact: <sip:bench@127.0.0.1>',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
