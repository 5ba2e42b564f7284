import { randomBytes } from 'node:crypto';
import { RtpPeer, TELEPHONE_EVENT } from './rtp-peer.ts';
import { header, tagOf, uriOf, writeSip } from './sip-text.ts';
import type { SipText } from './sip-text.ts';
import type { SoftPhone } from './soft-phone.ts';

type Header = readonly [string, string];

/** One call of a soft phone, either way. */
export class PhoneCall {
  readonly rtp = new RtpPeer();
  readonly callId: string;
  /** Responses to our INVITE, statuses in order. */
  readonly statuses: number[] = [];
  /** Requests within the call, methods in order. */
  readonly requests: string[] = [];
  readonly final: Promise<SipText>;
  readonly ended: Promise<SipText | undefined>;
  readonly cancelled: Promise<void>;
  readonly acked: Promise<SipText>;
  /** Statuses that NOTIFYs of our REFER have told (RFC 3515 §2.4.4), in order. */
  readonly transferStatuses: number[] = [];
  /** The last of them, once the subscription is terminated. */
  readonly transferred: Promise<number>;
  /** The INVITE that began an incoming call. */
  invite: SipText | undefined;
  /** A further INVITE with this Call-ID is a new attempt. */
  isRefused = false;
  /** The phone knows nothing of the call any more: as after a restart. */
  isForgotten = false;
  readonly #phone: SoftPhone;
  readonly #outgoing: boolean;
  #settleFinal: (response: SipText) => void = () => undefined;
  #settleEnded: (bye: SipText | undefined) => void = () => undefined;
  #settleCancelled: () => void = () => undefined;
  #settleTransferred: (status: number) => void = () => undefined;
  #settleAcked: (ack: SipText) => void = () => undefined;
  readonly #pending = new Map<number, (response: SipText) => void>();
  #rtpPort = 0;
  #cseq = 1;
  #branch = '';
  #inviteUri = '';
  #local = '';
  #remote = '';
  #target = '';
  #sdpVersion = 1;
  #delayedOffer = false;

  constructor(phone: SoftPhone, callId: string, outgoing: boolean) {
    this.#phone = phone;
    this.callId = callId;
    this.#outgoing = outgoing;
    this.final = new Promise((resolve) => {
      this.#settleFinal = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.cancelled = new Promise((resolve) => {
      this.#settleCancelled = resolve;
    });
    this.transferred = new Promise((resolve) => {
      this.#settleTransferred = resolve;
    });
    this.acked = new Promise((resolve) => {
      this.#settleAcked = resolve;
    });
  }

  static async outgoing(
    phone: SoftPhone,
    number: string,
    options: { from?: string; sdp?: string; headers?: readonly Header[] },
  ): Promise<PhoneCall> {
    const call = new PhoneCall(phone, randomBytes(10).toString('hex'), true);
    await call.open();
    call.#inviteUri = `sip:${number}@${phone.server.host}:${phone.server.port}`;
    call.#local = `<${options.from ?? 'sip:+15551230000@127.0.0.1'}>;tag=${randomBytes(4).toString('hex')}`;
    call.#remote = `<${call.#inviteUri}>`;
    call.#delayedOffer = options.sdp === 'none';
    const body = options.sdp === 'none' ? '' : (options.sdp ?? call.sdp());
    call.#sendInvite(call.#inviteUri, body, options.headers ?? []);
    return call;
  }

  static incoming(phone: SoftPhone, invite: SipText): PhoneCall {
    const call = new PhoneCall(phone, header(invite, 'call-id'), false);
    call.invite = invite;
    return call;
  }

  async open(): Promise<void> {
    this.#rtpPort = await this.rtp.open();
  }

  dispose(): void {
    this.rtp.close();
  }

  sdp(direction = 'sendrecv', codec = 'PCMA'): string {
    const types: Readonly<Record<string, number>> = { PCMU: 0, PCMA: 8 };
    const type = types[codec] ?? 96;
    const name = type === 96 ? codec : `${codec}/8000`;
    return [
      'v=0',
      `o=phone 1 ${this.#sdpVersion++} IN IP4 127.0.0.1`,
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${this.#rtpPort} RTP/AVP ${type} ${TELEPHONE_EVENT}`,
      `a=rtpmap:${type} ${name}`,
      `a=rtpmap:${TELEPHONE_EVENT} telephone-event/8000`,
      `a=fmtp:${TELEPHONE_EVENT} 0-15`,
      'a=ptime:20',
      `a=${direction}`,
      '',
    ].join('\r\n');
  }

  /** How a Replaces header of a REFER names this call (RFC 3891 §3), escaped for a URI. */
  get replaces(): string {
    const [toTag, fromTag] = [tagOf(this.#remote), tagOf(this.#local)];
    return encodeURIComponent(`${this.callId};to-tag=${toTag};from-tag=${fromTag}`);
  }

  /** Answers an incoming call with 200; resolves at once. */
  answer(sdp = this.sdp()): void {
    const invite = this.invite;
    if (!invite) throw new Error('not an incoming call');
    this.rtp.law = sdp.includes(' PCMU/8000') ? 'PCMU' : 'PCMA';
    this.#startMedia(invite.body);
    this.#phone.respond(invite, 200, this.#contact('application/sdp'), sdp);
    this.#local = `${header(invite, 'to')};tag=${this.callId.slice(0, 6)}x${this.#phone.port}`;
    this.#remote = header(invite, 'from');
    this.#target = uriOf(header(invite, 'contact'));
  }

  earlyMedia(toneHz: number): void {
    if (!this.invite) throw new Error('not an incoming call');
    this.#startMedia(this.invite.body);
    this.rtp.tone(toneHz);
    this.#phone.respond(this.invite, 183, this.#contact('application/sdp'), this.sdp());
  }

  refuse(status: number): void {
    if (this.invite) this.#phone.respond(this.invite, status);
  }

  /** CANCEL of our INVITE. */
  cancel(): void {
    this.#phone.send(
      writeSip(`CANCEL ${this.#inviteUri} SIP/2.0`, [
        ['Via', this.#via(this.#branch)],
        ['Max-Forwards', '70'],
        ['From', this.#local],
        ['To', `<${this.#inviteUri}>`],
        ['Call-ID', this.callId],
        ['CSeq', `${this.#cseq} CANCEL`],
      ]),
    );
  }

  async bye(headers: readonly Header[] = []): Promise<SipText> {
    const response = await this.send('BYE', headers);
    this.#settleEnded(undefined);
    return response;
  }

  /** A request in the dialog; resolves to its final response. A re-INVITE is acknowledged. */
  async send(method: string, headers: readonly Header[] = [], body = ''): Promise<SipText> {
    const cseq = this.#cseq + 1;
    const response = await this.#ask(method, headers, body);
    if (method === 'INVITE') this.#acknowledgeAgain(cseq, response, body !== '');
    return response;
  }

  /** A re-INVITE without offer; the answer goes out with `acknowledge`. */
  async reinviteUnacknowledged(): Promise<{ response: SipText; acknowledge: () => void }> {
    const cseq = this.#cseq + 1;
    const response = await this.#ask('INVITE', [], '');
    return { response, acknowledge: () => this.#acknowledgeAgain(cseq, response, false) };
  }

  async #ask(method: string, headers: readonly Header[], body: string): Promise<SipText> {
    const cseq = ++this.#cseq;
    const final = new Promise<SipText>((resolve) => this.#pending.set(cseq, resolve));
    const all: Header[] = [...headers, ['Contact', `<sip:phone@127.0.0.1:${this.#phone.port}>`]];
    if (body !== '' && method !== 'INFO') all.push(['Content-Type', 'application/sdp']);
    this.#phone.send(this.#request(method, cseq, this.#target, all, body));
    return final;
  }

  #acknowledgeAgain(cseq: number, response: SipText, hadOffer: boolean): void {
    const answer = !hadOffer && response.status === 200 ? this.sdp() : '';
    const type: Header[] = answer === '' ? [] : [['Content-Type', 'application/sdp']];
    this.#phone.send(this.#request('ACK', cseq, this.#target, type, answer));
  }

  response(message: SipText): void {
    const [number = '', method = ''] = header(message, 'cseq').split(' ');
    const status = message.status ?? 0;
    if (this.#outgoing && method === 'INVITE' && number === '1') {
      this.statuses.push(status);
      if (status < 200) return;
      this.#remote = header(message, 'to');
      this.#target = status < 300 ? uriOf(header(message, 'contact')) : this.#inviteUri;
      this.#acknowledge(message, status);
      this.#settleFinal(message);
      return;
    }
    if (status >= 200) this.#pending.get(Number(number))?.(message);
  }

  request(message: SipText): void {
    const method = message.method ?? '';
    this.requests.push(method);
    if (method === 'ACK') return this.#settleAcked(message);
    if (method === 'CANCEL') {
      this.#phone.respond(message, 200);
      if (this.invite && this.#target === '') this.#phone.respond(this.invite, 487);
      return this.#settleCancelled();
    }
    this.#phone.respond(message, this.isForgotten ? 481 : 200);
    if (method === 'NOTIFY') this.#notified(message);
    if (method === 'BYE') this.#settleEnded(message);
  }

  #notified(message: SipText): void {
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(message.body)?.[1] ?? 0);
    this.transferStatuses.push(status);
    if (header(message, 'subscription-state').startsWith('terminated')) this.#settleTransferred(status);
  }

  #acknowledge(message: SipText, status: number): void {
    const answer = this.#delayedOffer && status < 300 ? this.sdp() : '';
    const type: Header[] = answer === '' ? [] : [['Content-Type', 'application/sdp']];
    const uri = status < 300 ? this.#target : this.#inviteUri;
    // RFC 3261 §17.1.1.3: the ACK of a refusal has the branch of the INVITE.
    this.#phone.send(this.#request('ACK', 1, uri, type, answer, status < 300 ? undefined : this.#branch));
    if (status < 300) this.#startMedia(message.body);
  }

  #sendInvite(uri: string, body: string, headers: readonly Header[]): void {
    this.#branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const all: Header[] = [...headers, ['Contact', `<sip:phone@127.0.0.1:${this.#phone.port}>`]];
    if (body !== '') all.push(['Content-Type', 'application/sdp']);
    this.#phone.send(this.#request('INVITE', 1, uri, all, body, this.#branch));
  }

  #request(
    method: string,
    cseq: number,
    uri: string,
    headers: readonly Header[],
    body: string,
    branch?: string,
  ): string {
    return writeSip(
      `${method} ${uri} SIP/2.0`,
      [
        ['Via', this.#via(branch ?? `z9hG4bK${randomBytes(8).toString('hex')}`)],
        ['Max-Forwards', '70'],
        ['From', this.#local],
        ['To', this.#remote],
        ['Call-ID', this.callId],
        ['CSeq', `${cseq} ${method}`],
        ...headers,
      ],
      body,
    );
  }

  #via(branch: string): string {
    return `SIP/2.0/UDP 127.0.0.1:${this.#phone.port};rport;branch=${branch}`;
  }

  #contact(contentType: string): readonly Header[] {
    return [
      ['Contact', `<sip:phone@127.0.0.1:${this.#phone.port}>`],
      ['Allow', this.#phone.allow],
      ['Content-Type', contentType],
    ];
  }

  #startMedia(sdp: string): void {
    const host = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
    const port = /^m=audio (\d+)/m.exec(sdp)?.[1];
    if (host !== undefined && port !== undefined) this.rtp.start(host, Number(port));
  }
}
