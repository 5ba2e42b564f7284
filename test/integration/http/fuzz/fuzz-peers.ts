import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SoftPhone } from '../../../../src/demo/soft-phone/soft-phone.ts';
import { PushProvider } from '../../../fakes/push-provider.ts';
import { type Peers, PHONE_PASSWORD } from './fuzzed-document.ts';

/** Agents whose phones are registered. */
const PHONES = ['alice', 'ivy', 'pat', 'sue'] as const;
/** A device token that the provider knows no more. */
export const DEAD_DEVICE = 'gone-device';

/**
 * Who is at the other ends: agents' phones that answer, a customer who answers and one who is busy, a push
 * provider, a service that takes every CAPTCHA token but `bad`, and a webhook.
 */
export class FuzzPeers implements Peers {
  readonly push = new PushProvider();
  /** Calls whose INVITE had a header or a body that somebody had put into a value. */
  readonly injected: string[] = [];
  /** Calls that brought a case with such values. */
  caseCount = 0;
  /** Where phones send to: known once the product listens. */
  readonly #sip = { host: '127.0.0.1', port: 0 };
  readonly #phones = new Map<string, SoftPhone>();
  readonly #site: Server;

  private constructor() {
    this.#site = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const success = !/response=(?:bad|&|$)/.test(body);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(success ? { success } : { success, 'error-codes': ['invalid-input'] }));
      });
    });
  }

  static async open(): Promise<FuzzPeers> {
    const peers = new FuzzPeers();
    await peers.push.start();
    peers.push.refusal = ({ token }) =>
      token === DEAD_DEVICE ? { status: 404, code: 'UNREGISTERED' } : undefined;
    await new Promise<void>((resolve) => peers.#site.listen(0, '127.0.0.1', resolve));
    for (const name of ['answering', 'busy', ...PHONES]) {
      const phone = await new SoftPhone(peers.#sip).open();
      if (name === 'busy') phone.behaviour = { kind: 'refuse', status: 486 };
      peers.#phones.set(name, phone);
      void peers.#takeCalls(phone);
    }
    return peers;
  }

  get answeringPort(): number {
    return this.#phones.get('answering')!.port;
  }

  get busyPort(): number {
    return this.#phones.get('busy')!.port;
  }

  get siteUrl(): string {
    return `http://127.0.0.1:${(this.#site.address() as AddressInfo).port}`;
  }

  get pushCredentials(): object {
    return { ...this.push.credentials, name: 'phones' };
  }

  /** Registers the agents' phones for an hour. */
  async register(sip: { readonly port: number }): Promise<void> {
    this.#sip.port = sip.port;
    for (const user of PHONES) {
      const options = { user, password: PHONE_PASSWORD, expiresSec: 3600 };
      const { status } = await this.#phones.get(user)!.register(options);
      if (status !== 200) throw new Error(`the phone of ${user} was answered ${status}`);
    }
  }

  async close(): Promise<void> {
    for (const phone of this.#phones.values()) phone.close();
    this.#site.closeAllConnections();
    await new Promise((resolve) => this.#site.close(resolve));
    await this.push.stop();
  }

  /** A phone sends audio until its call is put away. */
  async #takeCalls(phone: SoftPhone): Promise<void> {
    for (;;) {
      const call = await phone.incoming();
      const { headers, body } = call.invite!;
      if (headers.has('x-turnkeeper-case-subject')) this.caseCount++;
      const names = [...headers.keys()].filter((name) => /injected|[^a-z0-9-]/i.test(name));
      if (names.length > 0 || /injected/i.test(body)) this.injected.push([...names, body].join('\n'));
      if (phone.behaviour.kind === 'answer') void call.ended.then(() => call.dispose());
      else call.dispose();
    }
  }
}
