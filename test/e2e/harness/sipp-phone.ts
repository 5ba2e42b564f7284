import { readFileSync } from 'node:fs';
import { RtpEndpoint, type Address, type PhoneCodec } from './rtp-endpoint.ts';
import { captureDurationMs, dtmfCapture } from './dtmf-capture.ts';
import { audioAddressOf, type TracedMessage } from './sip-trace.ts';
import type { PhoneFacts } from './sipp-message.ts';
import { calleeScenario, callerScenario, registerScenario, type CalleeTurn } from './sipp-scenario.ts';
import { SippProcess, cueSipp, freePort, type SippEnd } from './sipp-process.ts';

/** Address of every phone unless a test asks for another: never a port or address that leaves the machine. */
export const PHONE_HOST = '127.0.0.1';
const WAIT_MS = 10_000;

/** What is common to callers and callees. */
interface PhoneOptions {
  /** Local address; default 127.0.0.1. */
  readonly host?: string;
  /** Keys that sipp itself sends as RFC 4733 events: one string for each `sendSippKeys()`.  */
  readonly sippKeys?: readonly string[];
  /** Tone played from the answer on, in hertz; default silence. */
  readonly toneHz?: number;
  /** The only codec it offers and takes; default µ-law. */
  readonly codec?: PhoneCodec;
  /** It can {@link SippPhone.crossOffers}. */
  readonly crossesOffers?: boolean;
}

export interface CallerOptions extends PhoneOptions {
  /** The product's SIP address. */
  readonly to: Address;
  /** Dialled number: the user part of the request's address. */
  readonly dial: string;
  /** The caller's number, or `anonymous`. */
  readonly ani: string;
  readonly offer?: 'g711' | 'none' | 'unsupported';
  readonly password?: string;
  /** Port it sends from; default a free one. */
  readonly port?: number;
  /** Default UDP. Over TCP there are no cues: keys go by `press`, and the far end hangs up. */
  readonly transport?: 'udp' | 'tcp';
}

export interface CustomerOptions extends PhoneOptions {
  /** User part of the phone's contact; default `customer`. */
  readonly user?: string;
  /**
   * What it does with the first, second, … call; the last holds for all later ones. Default: answers each.
   */
  readonly turns?: readonly CalleeTurn[];
  /** Port to listen at; default a free one. */
  readonly port?: number;
}

export interface AgentOptions extends CustomerOptions {
  readonly user: string;
  readonly password: string;
  /** Where it registers. */
  readonly registrar: Address;
  /** Default 300. */
  readonly expiresSec?: number;
}

/** A phone made of sipp (SIP) and a harness socket (RTP). Stop it in the test's end. */
export class SippPhone {
  readonly process: SippProcess;
  readonly media: RtpEndpoint;
  /** Where its SIP listens. */
  readonly address: Address;
  readonly #sippKeys: readonly string[];
  #sippKeysSent = 0;

  constructor(parts: { process: SippProcess; media: RtpEndpoint; address: Address; options: PhoneOptions }) {
    this.process = parts.process;
    this.media = parts.media;
    this.address = parts.address;
    this.#sippKeys = parts.options.sippKeys ?? [];
    parts.media.play(parts.options.toneHz ?? 0);
    this.#followMedia();
  }

  /**
   * Messages that match, retransmissions folded: one a transaction (topmost branch), status and direction.
   */
  messages(
    match: Partial<Pick<TracedMessage, 'direction' | 'method' | 'status' | 'callId'>> & { request?: boolean },
  ): TracedMessage[] {
    return distinct(this.process.messages.items).filter((message) => matches(message, match));
  }

  /** INVITEs that began a call at this phone (no re-INVITE), retransmissions folded. */
  get invitesReceived(): TracedMessage[] {
    return this.messages({ direction: 'received', method: 'INVITE', request: true }).filter(isInitial);
  }

  /** The `count`-th message that matches, now or within `withinMs`. */
  waitFor(
    match: Parameters<SippPhone['messages']>[0],
    { count = 1, withinMs = WAIT_MS } = {},
  ): Promise<TracedMessage> {
    return this.process.messages.wait(
      () => this.messages(match)[count - 1],
      `message ${count} of ${JSON.stringify(match)} at ${this.address.host}:${this.address.port}`,
      withinMs,
    );
  }

  /** Resolves with the 200 of the `count`-th answered call. */
  answered(options: { count?: number; withinMs?: number } = {}): Promise<TracedMessage> {
    return this.process.messages.wait(
      () => this.#answers()[(options.count ?? 1) - 1],
      `an answered call at ${this.address.host}:${this.address.port}`,
      options.withinMs ?? WAIT_MS,
    );
  }

  /** Resolves when a BYE of the latest call went either way and was answered. */
  hungUp(options: { count?: number; withinMs?: number } = {}): Promise<TracedMessage> {
    return this.waitFor({ method: 'BYE', status: 200 }, options);
  }

  /** Sends keys by the harness's RTP, in the phone's own stream. */
  press(keys: string): void {
    this.media.press(keys);
  }

  /**
   * Lets sipp itself send the next of its `sippKeys` as RFC 4733 events from the phone's media port. Without
   * the right to raw sockets (a plain user) the harness sends the same keys.
   */
  async sendSippKeys(): Promise<void> {
    const keys = this.#sippKeys[this.#sippKeysSent++];
    if (keys === undefined) throw new Error("all of the phone's sippKeys have been sent");
    if (!sippMayPlay()) return this.press(keys);
    this.media.pauseFor(captureDurationMs(keys) + 100);
    await this.#cue('INFO');
  }

  /** Hangs up the answered call, or gives up (CANCEL) one that a caller is still waiting on. */
  hangUp(): Promise<void> {
    return this.#cue('MESSAGE');
  }

  /**
   * Puts the answered call on hold (re-INVITE, `sendonly`) or takes it back (`sendrecv`); once each in a
   * call.
   */
  async setHold(held: boolean): Promise<TracedMessage> {
    const before = this.messages({ direction: 'received', method: 'INVITE', status: 200 }).length;
    await this.#cue(held ? 'NOTIFY' : 'REFER');
    return this.waitFor({ direction: 'received', method: 'INVITE', status: 200 }, { count: before + 1 });
  }

  /**
   * Sends two re-INVITEs at once (hold, take back), and once those are settled an UPDATE that crosses an
   * offer which it has asked for. Resolves when the last of its offers is accepted; rejects when that does
   * not happen.
   */
  async crossOffers(): Promise<void> {
    await this.#cue('PUBLISH');
    await this.waitFor({ direction: 'received', method: 'UPDATE', status: 200 });
  }

  /** True when a 200 ms block since `sinceMs` held the tone; waits up to `withinMs`. Rejects otherwise. */
  toneHeard(frequencyHz: number, withinMs = 5000, sinceMs = 0): Promise<number> {
    return this.media.toneHeard(frequencyHz, withinMs, sinceMs);
  }

  /**
   * Registers the phone at `registrar` with digest authentication; `expiresSec` 0 unregisters. Rejects when
   * refused.
   */
  async register(
    options: Pick<AgentOptions, 'user' | 'password' | 'registrar'> & { expiresSec?: number },
  ): Promise<void> {
    await registerPhone(this.address, options, await freePort(this.address.host));
  }

  async stop(): Promise<SippEnd> {
    const end = await this.process.stop();
    this.media.close();
    return end;
  }

  /** Vanishes at once: nothing is said to anybody, no packet more is sent. */
  async losePower(): Promise<void> {
    this.media.close();
    await this.process.stop('SIGKILL');
  }

  /**
   * Asks for a transfer of the answered call (REFER); resolves with the response. Afterwards it only waits.
   */
  async refer(to: string): Promise<TracedMessage> {
    await this.#cue('SUBSCRIBE', [`Refer-To: <${to}>`]);
    return this.waitFor({ direction: 'received', method: 'REFER', status: 202 });
  }

  async #cue(method: Parameters<typeof cueSipp>[3], headers: readonly string[] = []): Promise<void> {
    const calls = distinct(this.process.messages.items).filter(
      (message) => message.method === 'INVITE' && isInitial(message),
    );
    const callId = calls.at(-1)?.callId;
    if (callId === undefined) throw new Error('there is no call to cue');
    await cueSipp(this.address.host, this.address.port, callId, method, headers);
  }

  #answers(): TracedMessage[] {
    const answers = this.messages({ method: 'INVITE', status: 200 });
    return answers.filter((answer, at) => answers.findIndex(({ callId }) => callId === answer.callId) === at);
  }

  #saidEarlyMedia(): boolean {
    return this.messages({ direction: 'sent', method: 'INVITE', status: 183 }).length > 0;
  }

  // RTP goes where the far end's latest SDP says; a caller without an offer learns it from the 200 as well.
  #followMedia(): void {
    const follow = (messages: readonly TracedMessage[]): undefined => {
      const heard = messages.findLast(
        ({ direction, text }) => direction === 'received' && text.includes('m=audio'),
      );
      const far = heard === undefined ? undefined : audioAddressOf(heard);
      const isJoined = this.#answers().length > 0 || this.#saidEarlyMedia();
      if (far !== undefined && far.port !== 0 && isJoined) this.media.sendTo(far);
      return undefined;
    };
    // Never found on purpose: it follows every message until the process ends.
    void this.process.messages.wait(follow, 'media', 2 ** 31 - 1).catch(() => undefined);
  }
}

/** sipp plays captures through a raw socket: capability CAP_NET_RAW, bit 13. */
function sippMayPlay(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> 13n) & 1n) === 1n;
}

function distinct(messages: readonly TracedMessage[]): TracedMessage[] {
  const seen = new Set<string>();
  return messages.filter((message) => {
    const branch = /branch=([^;\s,]+)/.exec(message.text)?.[1] ?? '';
    const key = `${message.direction} ${message.callId} ${branch} ${message.method} ${message.status ?? ''}`;
    if (branch.startsWith('z9hG4bK-cue') || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function matches(message: TracedMessage, match: Parameters<SippPhone['messages']>[0]): boolean {
  if (match.request !== undefined && match.request !== (message.status === undefined)) return false;
  if (match.direction !== undefined && match.direction !== message.direction) return false;
  if (match.method !== undefined && match.method !== message.method) return false;
  if (match.callId !== undefined && match.callId !== message.callId) return false;
  return match.status === undefined || match.status === message.status;
}

function isInitial(message: TracedMessage): boolean {
  return !/^To:.*;tag=/im.test(message.text);
}

function factsOf(
  options: PhoneOptions,
  user: string,
  host: string,
  more: Partial<PhoneFacts> = {},
): PhoneFacts {
  const { sippKeys = [], codec = 'pcmu', crossesOffers = false } = options;
  return { host, user, displayName: user, sippKeys, codec, crossesOffers, ...more };
}

function captures(options: PhoneOptions): Record<string, Buffer> {
  return Object.fromEntries(
    (options.sippKeys ?? []).map((keys, at) => [`keys${at}.pcap`, dtmfCapture(keys, at)]),
  );
}

function addressArgs(host: string, port: number, media: RtpEndpoint): string[] {
  return ['-i', host, '-p', String(port), '-mi', host, '-mp', String(media.port - 4)];
}

/** Places one call. Resolves when sipp has started; wait for `answered()` or a status. */
export async function sippCaller(options: CallerOptions): Promise<SippPhone> {
  const host = options.host ?? PHONE_HOST;
  const media = await RtpEndpoint.open(host, options.codec);
  const port = options.port ?? (await freePort(host));
  const facts = factsOf(options, options.ani, host, {
    password: options.password,
    ...(options.offer === undefined ? {} : { offer: options.offer }),
  });
  const credentials = options.password === undefined ? [] : ['-au', options.ani, '-ap', options.password];
  const args = [
    `${options.to.host}:${options.to.port}`,
    '-s',
    options.dial,
    '-m',
    '1',
    ...addressArgs(host, port, media),
    ...credentials,
    ...(options.transport === 'tcp' ? ['-t', 't1'] : []),
  ];
  const process = new SippProcess({ scenario: callerScenario(facts), files: captures(options), args });
  return new SippPhone({ process, media, address: { host, port }, options });
}

/** Listens for calls, as a customer whose trunk leads to this address. */
export async function sippCustomer(options: CustomerOptions = {}): Promise<SippPhone> {
  const host = options.host ?? PHONE_HOST;
  const port = options.port ?? (await freePort(host));
  const media = await RtpEndpoint.open(host, options.codec);
  const scenario = calleeScenario(
    factsOf(options, options.user ?? 'customer', host),
    options.turns ?? [{ kind: 'answer' }],
  );
  const process = new SippProcess({
    scenario,
    files: captures(options),
    args: addressArgs(host, port, media),
  });
  return new SippPhone({ process, media, address: { host, port }, options });
}

/** Registers with digest authentication from its own port, then listens there. */
export async function sippAgent(options: AgentOptions): Promise<SippPhone> {
  const host = options.host ?? PHONE_HOST;
  const port = options.port ?? (await freePort(host));
  await registerPhone({ host, port }, options, port);
  return sippCustomer({ ...options, port });
}

/** Registers a phone that listens at `contact` from another port. */
export async function registerPhone(
  contact: Address,
  options: Pick<AgentOptions, 'user' | 'password' | 'registrar'> & { expiresSec?: number },
  fromPort: number,
): Promise<void> {
  const { user, password, registrar } = options;
  const facts: PhoneFacts = { host: contact.host, user, displayName: user, sippKeys: [] };
  const process = new SippProcess({
    scenario: registerScenario(facts, contact.port, options.expiresSec ?? 300),
    args: [
      `${registrar.host}:${registrar.port}`,
      '-m',
      '1',
      '-timeout',
      '10s',
      '-timeout_error',
      '-i',
      contact.host,
      '-p',
      String(fromPort),
      '-au',
      user,
      '-ap',
      password,
    ],
  });
  const end = await process.ended;
  if (end.code === 0) return;
  const refusal = process.messages.items
    .findLast(({ direction }) => direction === 'received')
    ?.text.split('\r\n', 1)[0];
  throw new Error(`REGISTER of ${user} failed: ${refusal ?? 'no answer'}; ${end.errors.slice(-400)}`);
}
