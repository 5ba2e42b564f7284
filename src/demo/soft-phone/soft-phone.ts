import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { PhoneCall } from './phone-call.ts';
import type { RtpPeer } from './rtp-peer.ts';
import { header, parseSip, tagOf, writeSip } from './sip-text.ts';
import type { SipText } from './sip-text.ts';

/** How the phone takes a call. */
export type Behaviour =
  | { readonly kind: 'answer'; readonly ring?: boolean; readonly sdp?: string }
  | { readonly kind: 'ring' }
  | { readonly kind: 'silent' }
  /** Refuses with 407 until credentials come, then answers. */
  | { readonly kind: 'challenge'; readonly realm: string }
  | { readonly kind: 'early-media'; readonly toneHz: number }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly headers?: readonly (readonly [string, string])[];
    };

export interface RegisterOptions {
  readonly user: string;
  readonly password: string;
  readonly expiresSec?: number;
  readonly algorithm?: 'MD5' | 'SHA-256';
  readonly contact?: string;
}

const hash = (algorithm: 'MD5' | 'SHA-256', text: string): string =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

/** The answer to one of the challenges of a response. */
export function answerChallenge(
  challenges: readonly string[],
  options: { user: string; password: string; method: string; uri: string; algorithm?: 'MD5' | 'SHA-256' },
): string {
  const algorithm = options.algorithm ?? 'MD5';
  const challenge = challenges.find((text) => text.includes(`algorithm=${algorithm}`)) ?? '';
  const realm = /realm="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const cnonce = randomBytes(4).toString('hex');
  const ha1 = hash(algorithm, `${options.user}:${realm}:${options.password}`);
  const ha2 = hash(algorithm, `${options.method}:${options.uri}`);
  const response = hash(algorithm, `${ha1}:${nonce}:00000001:${cnonce}:auth:${ha2}`);
  return (
    `Digest username="${options.user}", realm="${realm}", nonce="${nonce}", uri="${options.uri}", ` +
    `response="${response}", algorithm=${algorithm}, qop=auth, nc=00000001, cnonce="${cnonce}"`
  );
}

/** A small SIP phone on UDP over the loopback, as a test peer. */
export class SoftPhone {
  readonly #socket: Socket = createSocket('udp4');
  readonly #server: { host: string; port: number };
  readonly #calls = new Map<string, PhoneCall>();
  readonly #responses = new Map<string, (response: SipText) => void>();
  readonly #incoming: PhoneCall[] = [];
  #isClosed = false;
  #incomingWaiter: ((call: PhoneCall) => void) | undefined;
  behaviour: Behaviour = { kind: 'answer' };
  /** Requests seen, methods in order. */
  readonly requests: string[] = [];
  /** What it says that it takes, in its answers. */
  allow = 'INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY';
  /** What it sends in calls that come; see {@link RtpPeer.sends}. */
  sends: RtpPeer['sends'] = 'audio';
  /** The answer to OPTIONS outside a call. */
  optionsStatus = 200;

  constructor(server: { host: string; port: number }) {
    this.#server = server;
  }

  /** @param port default: any free one. Rejects when it is taken. */
  async open(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind(port, '127.0.0.1', () => {
        this.#socket.off('error', reject);
        resolve();
      });
    });
    this.#socket.on('message', (data) => this.#receive(data.toString('latin1')));
    return this;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get server(): { host: string; port: number } {
    return this.#server;
  }

  /** As when it loses power: nothing is said to anybody. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const call of this.#calls.values()) call.dispose();
    this.#socket.close();
  }

  send(text: string): void {
    if (this.#isClosed) return;
    this.#socket.send(Buffer.from(text, 'latin1'), this.#server.port, this.#server.host);
  }

  /** Sends a request outside a call; resolves to its final response. */
  async request(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
  ): Promise<SipText> {
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const final = new Promise<SipText>((resolve) => this.#responses.set(branch, resolve));
    const via: readonly [string, string] = [
      'Via',
      `SIP/2.0/UDP 127.0.0.1:${this.port};rport;branch=${branch}`,
    ];
    this.send(writeSip(`${method} ${uri} SIP/2.0`, [via, ['Max-Forwards', '70'], ...headers]));
    return final;
  }

  /** REGISTER, and again with credentials when challenged; resolves to the last response. */
  async register(options: RegisterOptions): Promise<SipText> {
    const uri = `sip:${this.#server.host}:${this.#server.port}`;
    const callId = randomBytes(8).toString('hex');
    const aor = `<sip:${options.user}@${this.#server.host}>`;
    const attempt = (cseq: number, authorization?: string): Promise<SipText> =>
      this.request('REGISTER', uri, [
        ['From', `${aor};tag=${randomBytes(4).toString('hex')}`],
        ['To', aor],
        ['Call-ID', callId],
        ['CSeq', `${cseq} REGISTER`],
        ['Contact', options.contact ?? `<sip:${options.user}@127.0.0.1:${this.port}>`],
        ['Expires', String(options.expiresSec ?? 300)],
        ...(authorization === undefined ? [] : ([['Authorization', authorization]] as const)),
      ]);
    const first = await attempt(1);
    if (first.status !== 401) return first;
    const challenges = first.headers.get('www-authenticate') ?? [];
    return attempt(2, answerChallenge(challenges, { ...options, method: 'REGISTER', uri }));
  }

  /** Calls a number; see PhoneCall for what follows. */
  async call(
    number: string,
    options: { from?: string; sdp?: string; headers?: readonly (readonly [string, string])[] } = {},
  ): Promise<PhoneCall> {
    const call = await PhoneCall.outgoing(this, number, options);
    this.#calls.set(call.callId, call);
    return call;
  }

  /** The next call that rings here. */
  incoming(): Promise<PhoneCall> {
    const waiting = this.#incoming.shift();
    if (waiting) return Promise.resolve(waiting);
    return new Promise((resolve) => {
      this.#incomingWaiter = resolve;
    });
  }

  respond(
    request: SipText,
    status: number,
    extra: readonly (readonly [string, string])[] = [],
    body = '',
  ): void {
    const copied = ['via', 'from', 'to', 'call-id', 'cseq'].flatMap((name) =>
      (request.headers.get(name) ?? []).map((value) => [name, value] as const),
    );
    const withTag = copied.map(([name, value]) =>
      name === 'to' && tagOf(value) === undefined && status > 100
        ? ([name, `${value};tag=${header(request, 'call-id').slice(0, 6)}x${this.port}`] as const)
        : ([name, value] as const),
    );
    this.send(writeSip(`SIP/2.0 ${status} Status`, [...withTag, ...extra], body));
  }

  #receive(text: string): void {
    const message = parseSip(text);
    if (message.status !== undefined) {
      const branch = /branch=([^;\s,]+)/.exec(header(message, 'via'))?.[1] ?? '';
      const call = this.#calls.get(header(message, 'call-id'));
      if (call) call.response(message);
      if (message.status >= 200) this.#responses.get(branch)?.(message);
      return;
    }
    this.requests.push(message.method ?? '');
    const call = this.#calls.get(header(message, 'call-id'));
    if (message.method === 'INVITE' && (!call || call.isRefused)) void this.#invited(message);
    else if (call) call.request(message);
    else if (message.method === 'OPTIONS') this.respond(message, this.optionsStatus);
    else if (message.method !== 'ACK') this.respond(message, 481);
  }

  async #invited(invite: SipText): Promise<void> {
    if (this.behaviour.kind === 'challenge' && header(invite, 'proxy-authorization') === '') {
      const challenge = `Digest realm="${this.behaviour.realm}", nonce="abc", algorithm=MD5, qop="auth"`;
      return this.respond(invite, 407, [['Proxy-Authenticate', challenge]]);
    }
    const call = PhoneCall.incoming(this, invite);
    call.rtp.sends = this.sends;
    this.#calls.set(call.callId, call);
    await call.open();
    if (this.#incomingWaiter) {
      this.#incomingWaiter(call);
      this.#incomingWaiter = undefined;
    } else this.#incoming.push(call);
    const { behaviour } = this;
    switch (behaviour.kind) {
      case 'refuse':
        call.isRefused = true;
        return this.respond(invite, behaviour.status, behaviour.headers);
      case 'ring':
        return this.respond(invite, 180, [['Contact', `<sip:phone@127.0.0.1:${this.port}>`]]);
      case 'early-media':
        return call.earlyMedia(behaviour.toneHz);
      case 'challenge':
        return call.answer();
      case 'answer':
        if (behaviour.ring === true) this.respond(invite, 180);
        return call.answer(behaviour.sdp);
      case 'silent':
        return undefined;
      default:
        return behaviour satisfies never;
    }
  }
}
