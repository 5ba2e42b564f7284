import type { FeedMessage } from '../screen.ts';
import { type FuzzedProduct, nextAddress, sessionOf } from './fuzzed-product.ts';
import { SPARE_GROUPS } from './fuzzed-document.ts';
import { DEAD_DEVICE } from './fuzz-peers.ts';

const POLL_MS = 20;
const WAIT_MAX_MS = 10_000;
const DAY_MS = 24 * 3_600_000;
const QUARTER_MS = 900_000;

/** Data of customers that reach agents' phones as headers, their devices, and the media server's commands. */
const HOSTILE_DATA = {
  _subject: 'invoice\r\nX-Injected: subject\r\n\r\nv=0',
  _instructions: 'x\u2028\u0000\u0085\nX-Injected: instructions\ud800',
  'order\r\nX-Injected: key': 'A-1047\r\nX-Injected: value',
  '"><sip:evil@evil.example>;x="': '\u202e${uuid_kill all} 👩\u200d👩',
  toString: 'e\u0301',
};

/** Of everything that is named or numbered here, in all worlds of the process. */
let thingCount = 0;
let groupCount = 0;

/** A callback as the API shows it, as far as it is looked at here. */
interface ShownCallback {
  readonly id: string;
  readonly state: string;
  readonly subState: string | null;
}

/** An agent's workspace, as far as it is looked at here. */
type Workspace = Pick<Required<FeedMessage>, 'agent'> & {
  readonly invitations: readonly { readonly id: string }[];
  readonly calls: readonly { readonly id: string; readonly state: string }[];
};

/**
 * Brings about through the API what an operation needs: callbacks in a certain state, live calls,
 * invitations, recordings, dead letters. Things are made by the administrator, so that what follows is the
 * operation's own doing.
 */
export class FuzzWorld {
  readonly #fuzzed: FuzzedProduct;
  /** The one callback whose customer is being asked; `pat` is one agent. */
  #pushedId: string | undefined;

  constructor(fuzzed: FuzzedProduct) {
    this.#fuzzed = fuzzed;
  }

  /** A customer's number that had no callback yet. */
  number(): string {
    thingCount++;
    return `+1202555${String(thingCount % 10_000).padStart(4, '0')}`;
  }

  /** A number that no group has yet. */
  poolNumber(): string {
    thingCount++;
    return `+4930555${String(thingCount % 1_000_000).padStart(6, '0')}`;
  }

  /** A call-in group that was configured for this. */
  group(): string {
    groupCount++;
    return SPARE_GROUPS[groupCount % 40]![0];
  }

  /** A name that nothing has yet. */
  name(): string {
    thingCount++;
    return `thing-${thingCount}`;
  }

  /** A quarter of an hour some days ahead that queues take bookings for. */
  later(): string {
    const atMs = Date.now() + DAY_MS * (1 + (thingCount % 20));
    return new Date(Math.ceil(atMs / QUARTER_MS) * QUARTER_MS).toISOString();
  }

  get configuration(): string {
    return this.#fuzzed.configuration;
  }

  get address(): string {
    return nextAddress();
  }

  json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#fuzzed.product.json<T>(method, path, body);
  }

  async scheduled(virtualQueue = 'billing'): Promise<string> {
    const body = { virtualQueue, customerNumber: this.number(), desiredAt: this.later() };
    return (await this.json<ShownCallback>('POST', '/api/v1/callbacks', body)).id;
  }

  /** In a line that nobody serves. */
  async waiting(virtualQueue = 'billing', more: object = {}): Promise<string> {
    const body = { virtualQueue, customerNumber: this.number(), ...more };
    return (await this.json<ShownCallback>('POST', '/api/v1/callbacks', body)).id;
  }

  /** Waits for its customer to be told to dial in. */
  dialsIn(): Promise<string> {
    return this.waiting('app', { pushTargets: [{ channel: 'FCM', target: 'phone-of-somebody' }] });
  }

  async completed(): Promise<string> {
    const id = await this.scheduled();
    await this.json('POST', `/api/v1/callbacks/${id}/cancel`);
    return id;
  }

  /** A callback whose customer is asked on the device whether to call now. */
  async pushed(): Promise<string> {
    if (this.#pushedId !== undefined) {
      const { subState } = await this.json<ShownCallback>('GET', `/api/v1/callbacks/${this.#pushedId}`);
      if (subState === 'pushed') return this.#pushedId;
    }
    await this.#ready('pat');
    const id = await this.#asked('phone-of-somebody');
    await this.#until(`the push of ${id}`, async () => {
      const { subState } = await this.json<ShownCallback>('GET', `/api/v1/callbacks/${id}`);
      return subState === 'pushed' ? true : undefined;
    });
    this.#pushedId = id;
    return id;
  }

  /** A message that could not be delivered and is tried no more. */
  async deadLetter(): Promise<string> {
    if (this.#pushedId !== undefined) {
      await this.#fuzzed.product.ask('POST', `/api/v1/callbacks/${this.#pushedId}/push/cancel`);
      this.#pushedId = undefined;
    }
    await this.#ready('pat');
    const id = await this.#asked(DEAD_DEVICE);
    return this.#until('a dead letter', async () => {
      const path = `/api/v1/notifications?callbackId=${id}&state=DEAD`;
      return (await this.json<{ items: { id: string }[] }>('GET', path)).items[0]?.id;
    });
  }

  /** A live call of alice with a customer. */
  async call(): Promise<{ readonly id: string; readonly state: string }> {
    const before = await this.#workspace('alice');
    const running = before.calls.find(({ state }) => state !== 'ended' && state !== 'ringing');
    if (running) return running;
    if (before.calls.length === 0 && before.agent.state !== 'RINGING' && before.agent.state !== 'RESERVED') {
      await this.waiting('talk', { userData: HOSTILE_DATA });
      await this.#ready('alice');
    }
    return this.#until('a live call of alice', async () => {
      const { calls } = await this.#workspace('alice');
      return calls.find(({ state }) => state === 'connected');
    });
  }

  /** A case of alice in after-call work. */
  async wrapUp(): Promise<string> {
    const { id } = await this.call();
    await this.#command(id, 'end');
    await this.#until('after-call work', async () => {
      const { agent } = await this.#workspace('alice');
      return agent.state === 'AFTER_CALL_WORK' ? true : undefined;
    });
    return id;
  }

  /** A case that ivy is asked to take. */
  async invitation(): Promise<string> {
    const open = async (): Promise<string | undefined> => (await this.#workspace('ivy')).invitations[0]?.id;
    const found = await open();
    if (found !== undefined) return found;
    await this.waiting('preview', { userData: HOSTILE_DATA });
    await this.#ready('ivy');
    return this.#until('an invitation', open);
  }

  /** A finished recording of a conversation. */
  async recording(): Promise<string> {
    for (;;) {
      const { id } = await this.call();
      await this.#command(id, 'start-recording');
      if (await this.#command(id, 'stop-recording')) {
        const path = `/api/v1/recordings?callbackId=${id}`;
        const last = await this.#until('the end of a recording', async () => {
          const { items } = await this.json<{ items: { id: string; state: string }[] }>('GET', path);
          return items[0]?.state === 'recording' ? undefined : items[0];
        });
        // One that ends before any sound has come has no file.
        if (last.state === 'finished') return last.id;
        continue;
      }
      // On hold, or with others: the next call is as calls begin.
      await this.wrapUp();
    }
  }

  /** A session that nobody else uses, of somebody with the common password. */
  walter(): Promise<string> {
    return sessionOf(this.#fuzzed.product, 'walter');
  }

  /** Keeps values in the storage under a name of the user `shop`. */
  async stored(path: string, values: object): Promise<void> {
    const answer = await fetch(this.#fuzzed.product.url + path, {
      method: 'POST',
      headers: {
        'x-api-key': this.#fuzzed.product.token,
        gms_user: 'shop',
        'content-type': 'application/json',
      },
      body: JSON.stringify(values),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }

  /** As one of the credentials; whatever comes back. */
  async as(credential: string, method: string, path: string, body?: unknown): Promise<Response> {
    const headers = Object.fromEntries(this.#fuzzed.credentials.get(credential) ?? []);
    return fetch(this.#fuzzed.product.url + path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async #command(callId: string, type: string): Promise<boolean> {
    return (await this.as('agent', 'POST', `/api/v1/workspace/calls/${callId}/commands`, { type })).ok;
  }

  #asked(target: string): Promise<string> {
    return this.waiting('ask', { pushTargets: [{ channel: 'FCM', target }], userData: HOSTILE_DATA });
  }

  async #ready(agentId: string): Promise<void> {
    await this.json('PUT', `/api/v1/agents/${agentId}/state`, { state: 'READY' });
  }

  #workspace(agent: string): Promise<Workspace> {
    return this.json<Workspace>('GET', `/api/v1/workspace?agent=${agent}`);
  }

  async #until<Found>(what: string, find: () => Promise<Found | undefined>): Promise<Found> {
    const giveUpAtMs = Date.now() + WAIT_MAX_MS;
    for (;;) {
      const found = await find();
      if (found !== undefined) return found;
      if (Date.now() > giveUpAtMs) throw new Error(`waited ${WAIT_MAX_MS} ms in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
