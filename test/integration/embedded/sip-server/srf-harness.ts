import { createRequire } from 'node:module';
import type { EventEmitter } from 'node:events';
import { SipServer } from '../../../../src/embedded/sip-server/sip-server.ts';
import type { SipServerOptions } from '../../../../src/embedded/sip-server/sip-server-options.ts';
import { SipStack } from '../../../../src/embedded/sip/sip-stack.ts';
import type { SipStackHandlers, SipStackOptions } from '../../../../src/embedded/sip/sip-stack-options.ts';
import { newCallId, newTag } from '../../../../src/embedded/sip/sip-ids.ts';
import { createRequest } from '../../../../src/embedded/sip/sip-message.ts';
import type { SipRequest, SipResponse } from '../../../../src/embedded/sip/sip-message.ts';
import type { ClientTransaction } from '../../../../src/embedded/sip/client-transaction.ts';
import type { SipTarget } from '../../../../src/embedded/sip/sip-flow.ts';
import { SipDialog } from '../../../../src/embedded/sip/sip-dialog.ts';
import { deferred } from '../../../fakes/deferred.ts';

/** The parts of drachtio-srf's objects the tests use. */
export interface TestRequest extends EventEmitter {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  readonly protocol: string;
  readonly source_address: string;
  get(name: string): string;
  has(name: string): boolean;
  cancel(callback?: (error: Error | null, request: TestRequest) => void): void;
}
export interface TestResponse extends EventEmitter {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  get(name: string): string;
  send(
    status: number,
    options?: { headers?: Record<string, string | string[]>; body?: string },
    sent?: (error: unknown, message: unknown) => void,
    acknowledged?: (prack: TestRequest) => void,
  ): void;
}
export interface TestDialog extends EventEmitter {
  readonly id: string;
  readonly sip: { callId: string; localTag: string; remoteTag: string };
  readonly local: { uri: string; sdp: string };
  readonly remote: { uri: string; sdp: string };
  destroy(): Promise<unknown>;
  modify(sdp: string, options?: object): Promise<string>;
  request(options: {
    method: string;
    headers?: Record<string, string>;
    body?: string;
  }): Promise<TestResponse>;
}
export interface TestSrf extends EventEmitter {
  connect(options: { host: string; port: number; secret: string }): void;
  disconnect(): void;
  use(method: string, handler: (req: TestRequest, res: TestResponse) => void): void;
  invite(handler: (req: TestRequest, res: TestResponse) => void): void;
  createUAS(req: TestRequest, res: TestResponse, options: object): Promise<TestDialog>;
  createUAC(uri: string, options: object, callbacks?: object): Promise<TestDialog>;
  request(uri: string, options: object, callback: (error: Error | null, request: TestRequest) => void): void;
  [method: string]: unknown;
}

const SrfClass = createRequire(import.meta.url)('drachtio-srf') as new () => TestSrf;

export const OFFER =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n';
export const ANSWER = OFFER.replace('6000', '7000');

/** Timers fast enough for tests of timeouts: T1 of 10 ms makes them 640 ms. */
export const FAST_TIMERS = { t1Ms: 10, t2Ms: 80, t4Ms: 100 };

/** A server, applications and phones of one test, and their common end. */
export class Lab {
  readonly server: SipServer;
  readonly #closers: (() => Promise<void> | void)[] = [];

  private constructor(server: SipServer) {
    this.server = server;
    this.#closers.push(() => server.close());
  }

  static async start(options: Partial<SipServerOptions> = {}): Promise<Lab> {
    const server = new SipServer({ secret: 'cymru', ...options });
    await server.listen();
    return new Lab(server);
  }

  get port(): number {
    return this.server.sipAddresses[0]?.port ?? 0;
  }

  target(protocol: 'udp' | 'tcp' = 'udp'): SipTarget {
    return { protocol, address: '127.0.0.1', port: this.port };
  }

  /** An application, connected and authenticated. */
  async application(port = this.server.controlPort): Promise<TestSrf> {
    const srf = await connectApplication(port);
    this.#closers.unshift(() => {
      try {
        srf.disconnect();
      } catch {
        // Disconnected by the test already.
      }
    });
    return srf;
  }

  async phone(
    handlers: SipStackHandlers = { request: (tx) => void tx.reply(200) },
    options: SipStackOptions = {},
  ): Promise<Phone> {
    const stack = new SipStack(handlers, options);
    await stack.listen({ host: '127.0.0.1', port: 0 });
    this.#closers.unshift(() => stack.close());
    return new Phone(stack);
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

/** drachtio-srf connected to a control port of this machine, and authenticated. */
export async function connectApplication(port: number, secret = 'cymru'): Promise<TestSrf> {
  const srf = new SrfClass();
  const connected = deferred();
  srf.on('connect', (error: Error | null) => (error ? connected.reject(error) : connected.resolve()));
  srf.on('error', () => undefined);
  srf.connect({ host: '127.0.0.1', port, secret });
  await connected.promise;
  return srf;
}

/** What a call of a phone came to. */
export interface PhoneCall {
  readonly transaction: ClientTransaction;
  readonly answered: Promise<SipResponse>;
  /** Statuses of the provisional answers so far. */
  readonly progress: number[];
  readonly provisional: Promise<SipResponse>;
}

/** A telephone: the product's own SIP stack with the little policy a test needs. */
export class Phone {
  readonly stack: SipStack;

  constructor(stack: SipStack) {
    this.stack = stack;
  }

  uri(user = 'phone', protocol: 'udp' | 'tcp' = 'udp'): string {
    const transport = protocol === 'tcp' ? ';transport=tcp' : '';
    return `sip:${user}@${this.stack.hostPortTowards('127.0.0.1')}${transport}`;
  }

  request(
    method: string,
    uri: string,
    headers: Record<string, string> = {},
    body?: string,
    protocol: 'udp' | 'tcp' = 'udp',
  ): SipRequest {
    return createRequest(method, uri, {
      headers: {
        From: `"Test caller" <sip:15551230000@127.0.0.1>;tag=${newTag()}`,
        To: `<${uri}>`,
        'Call-ID': newCallId(),
        CSeq: `1 ${method}`,
        Contact: `<${this.uri('15551230000', protocol)}>`,
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Sends a request and waits for its final answer; rejects on timeout. */
  send(request: SipRequest, target: SipTarget): Promise<SipResponse> {
    const done = deferred<SipResponse>();
    this.stack.sendRequest(request, target, {
      final: done.resolve,
      timeout: () => done.reject(new Error('timeout')),
      transportError: done.reject,
    });
    return done.promise;
  }

  call(
    target: SipTarget,
    headers: Record<string, string> = {},
    user = '5000',
    heard: (status: number) => void = () => undefined,
  ): PhoneCall {
    const uri = `sip:${user}@127.0.0.1:${target.port}`;
    const answered = deferred<SipResponse>();
    const provisional = deferred<SipResponse>();
    const progress: number[] = [];
    const invite = this.request('INVITE', uri, headers, OFFER, target.protocol);
    const transaction = this.stack.sendRequest(invite, target, {
      provisional: (response) => {
        progress.push(response.status);
        heard(response.status);
        if (response.status > 100) provisional.resolve(response);
      },
      final: answered.resolve,
      timeout: () => answered.reject(new Error('timeout')),
      transportError: answered.reject,
    });
    return { transaction, answered: answered.promise, progress, provisional: provisional.promise };
  }

  /** Acknowledges a 2xx; the dialog that it made. */
  acknowledge(call: PhoneCall, answer: SipResponse): SipDialog {
    const dialog = SipDialog.fromClient(call.transaction.request, answer);
    this.stack.sendAck(dialog.createAck(call.transaction.request), call.transaction.target, call.transaction);
    return dialog;
  }
}
