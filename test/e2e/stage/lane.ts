import { createSocket, type Socket } from 'node:dgram';
import { PHONE_PASSWORD } from '../harness/document.ts';
import type { ApiAgent, ApiCallback, LogLine, Product } from '../harness/product.ts';
import type { Address } from '../harness/rtp-endpoint.ts';
import { freePort } from '../harness/sipp-process.ts';
import {
  registerPhone,
  PHONE_HOST,
  type CallerOptions,
  type CustomerOptions,
  type SippPhone,
  sippAgent,
  sippCaller,
  sippCustomer,
} from '../harness/sipp-phone.ts';

/** Tones by which each party is known at the other end, in hertz. */
export const TONE = { customer: 440, agent: 700, secondAgent: 950 } as const;
const WAIT_MS = 20_000;
const STORY_LINES = 60;

type LaneSettings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface LaneOptions {
  /** Settings of the lane's queue that differ from the quick ones. */
  readonly settings?: LaneSettings;
  /**
   * A second queue, whose only agent is the lane's last one, with these settings beside the quick ones; the
   * lane's own queue overflows to it. Default: none.
   */
  readonly overflow?: LaneSettings;
  /** Default 1. */
  readonly agentCount?: number;
}

/** A callback as the API shows it, with its attempts. */
export interface LaneCallback extends ApiCallback {
  readonly subState: string | null;
  readonly customerNumber: string;
  readonly attemptCount: number;
  readonly desiredAt: string;
  readonly dueAt: string | null;
  readonly position: number | null;
  readonly userData: Readonly<Record<string, string>>;
  readonly attempts: readonly {
    readonly result: string | null;
    readonly confirmed: boolean;
    readonly termination: { readonly reason: string; readonly sipStatus?: number } | null;
  }[];
}

export interface LaneAgent extends ApiAgent {
  readonly notReadyReason: string | null;
  readonly reachable: boolean;
}

/** What is expected of a record: every member given must be equal. */
type Wanted<T> = Partial<{ readonly [K in keyof T]: T[K] }>;

/** One scene's own part of the product: queue, DID, agents, customer and the trunk that leads there. */
export class Lane {
  readonly queue: string;
  readonly skill: string;
  readonly did: string;
  readonly agentIds: readonly string[];
  /** The number of the lane's customer, E.164; nobody else's. */
  readonly number: string;
  readonly settings: LaneSettings;
  /** Settings of the queue that the lane's own overflows to; undefined: there is none. */
  readonly overflow: LaneSettings | undefined;
  /** Where the lane's trunk leads. */
  customerAddress: Address = { host: '', port: 0 };
  #reservation: Socket | undefined;
  #product: Product | undefined;
  readonly #phones: SippPhone[] = [];

  constructor(at: number, { settings = {}, overflow, agentCount = 1 }: LaneOptions) {
    const two = String(at).padStart(2, '0');
    this.queue = `lane${two}`;
    this.skill = `Lane${two}`;
    this.did = `50${two}`;
    this.number = `+4930123456${two}`;
    this.settings = overflow ? { overflowQueue: this.overflowQueue, ...settings } : settings;
    this.overflow = overflow;
    this.agentIds = Array.from({ length: agentCount }, (_, index) => String(1000 + 10 * at + index));
  }

  /** The queue that the lane's own overflows to, where there is one. */
  get overflowQueue(): string {
    return `${this.queue}b`;
  }

  get product(): Product {
    if (this.#product === undefined) throw new Error('the scene has not begun');
    return this.#product;
  }

  /**
   * Takes the customer's port and holds it until the customer's phone starts, so that nobody else gets it.
   */
  async reserve(): Promise<void> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, PHONE_HOST, resolve);
    });
    this.#reservation = socket;
    this.customerAddress = { host: PHONE_HOST, port: socket.address().port };
  }

  enter(product: Product): void {
    this.#product = product;
  }

  async leave(): Promise<void> {
    await this.#releasePort();
    await Promise.all(this.#phones.splice(0).map((phone) => phone.stop()));
  }

  // --- phones ---

  /** The phone that the lane's trunk leads to. */
  async customer(options: CustomerOptions = {}): Promise<SippPhone> {
    const { port } = this.customerAddress;
    await this.#releasePort();
    return this.#kept(sippCustomer({ toneHz: TONE.customer, port, ...options }));
  }

  /** Lets go of the port that the lane's trunk leads to, for a phone of another make. */
  async customerPort(): Promise<number> {
    await this.#releasePort();
    return this.customerAddress.port;
  }

  /** Registers the phone of the lane's `index`-th agent and lets it listen. */
  agent(index = 0, options: CustomerOptions = {}): Promise<SippPhone> {
    const toneHz = index === 0 ? TONE.agent : TONE.secondAgent;
    return this.#kept(sippAgent({ toneHz, ...this.credentials(index), ...options }));
  }

  /** The agent's phone dials on another line, from a port of its own that is registered too. */
  async secondLine(dial: string, index = 0): Promise<SippPhone> {
    const port = await freePort(PHONE_HOST);
    const credentials = this.credentials(index);
    await registerPhone({ host: PHONE_HOST, port }, credentials, port);
    return this.caller({ dial, ani: credentials.user, port, toneHz: TONE.agent });
  }

  /** What the agent's phone registers with. */
  credentials(index = 0): { user: string; password: string; registrar: Address } {
    return { user: this.#agentId(index), password: PHONE_PASSWORD, registrar: this.product.sip };
  }

  /** Dials the lane's DID from the lane's number. */
  caller(options: Partial<CallerOptions> = {}): Promise<SippPhone> {
    const { did: dial, number: ani } = this;
    return this.#kept(sippCaller({ to: this.product.sip, dial, ani, toneHz: TONE.customer, ...options }));
  }

  /** The agent's phone dials a code from the port it is registered at, and listens there again afterwards. */
  async agentDials(phone: SippPhone, code: string, index = 0): Promise<SippPhone> {
    const { port } = phone.address;
    await phone.stop();
    const coded = await this.caller({ dial: code, ani: this.#agentId(index), port });
    await coded.answered();
    await coded.media.soundHeard();
    await coded.waitFor({ direction: 'received', method: 'BYE', request: true });
    await coded.process.ended;
    await coded.stop();
    return this.#kept(sippCustomer({ toneHz: TONE.agent, user: this.#agentId(index), port }));
  }

  // --- the API ---

  /** Asks for a callback to the lane's number over the API; resolves with its id. */
  async create(request: Readonly<Record<string, unknown>> = {}, idempotencyKey?: string): Promise<string> {
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    const body = { virtualQueue: this.queue, customerNumber: this.number, ...request };
    return (await this.product.api<ApiCallback>('POST', '/callbacks', body, headers)).id;
  }

  /** Every callback of the lane's queue, newest first. */
  async callbacks(queue = this.queue): Promise<readonly LaneCallback[]> {
    const path = `/callbacks?queue=${queue}`;
    return (await this.product.api<{ items: readonly LaneCallback[] }>('GET', path)).items;
  }

  callback(id: string): Promise<LaneCallback> {
    return this.product.api<LaneCallback>('GET', `/callbacks/${id}`);
  }

  /** Resolves with the callback when the API shows it as wanted; asks again after each of its events. */
  callbackIs(id: string, wanted: Wanted<LaneCallback>, withinMs = WAIT_MS): Promise<LaneCallback> {
    return this.#until(
      () => this.callback(id),
      wanted,
      (line) => line['callbackId'] === id,
      withinMs,
    );
  }

  cancel(id: string): Promise<unknown> {
    return this.product.api('POST', `/callbacks/${id}/cancel`);
  }

  ready(index = 0): Promise<void> {
    return this.product.setAgentState(this.#agentId(index), 'READY');
  }

  /** Resolves when the API shows the agent as wanted; asks again after each of the agent's events. */
  agentIs(index: number, wanted: Wanted<LaneAgent>, withinMs = WAIT_MS): Promise<LaneAgent> {
    const id = this.#agentId(index);
    return this.#until(
      () => this.product.api<LaneAgent>('GET', `/agents/${id}`),
      wanted,
      (line) => line['agentId'] === id,
      withinMs,
    );
  }

  /** Calls and callbacks in the lane's line. */
  async waiting(queue = this.queue): Promise<{ calls: number; callbacks: number }> {
    const queues = await this.product.api<{
      items: { name: string; waitingCallCount: number; waitingCallbackCount: number }[];
    }>('GET', '/queues');
    const mine = queues.items.find(({ name }) => name === queue);
    return { calls: mine?.waitingCallCount ?? -1, callbacks: mine?.waitingCallbackCount ?? -1 };
  }

  // --- dialogues ---

  /** Resolves when the dialogue with this caller enters `state` for the `count`-th time. */
  async hears(caller: SippPhone, state: string, { count = 1, withinMs = 40_000 } = {}): Promise<void> {
    const callId = await this.#callIdOf(caller);
    await this.#flowEntered({ callId }, state, count, withinMs);
  }

  /** Resolves when what this caller says is being recorded for the `count`-th time. */
  async recorded(caller: SippPhone, count = 1): Promise<void> {
    const callId = await this.#callIdOf(caller);
    const begun = (line: LogLine): boolean => line.msg === 'message begins' && line['callId'] === callId;
    const what = `recording ${count} of ${callId}`;
    await this.product.log.wait((lines) => lines.filter(begun)[count - 1], what, 40_000);
  }

  /** Resolves when the dialogue with the called customer enters `state`. */
  async asked(callbackId: string, state = 'confirm', count = 1): Promise<void> {
    await this.#flowEntered({ callbackId }, state, count, WAIT_MS);
  }

  /** Resolves when the product has said that this call has ended. */
  async callEnded(caller: SippPhone): Promise<void> {
    const callId = await this.#callIdOf(caller);
    const ended = (line: LogLine): boolean => line.msg === 'inbound call ended' && line['callId'] === callId;
    await this.product.log.wait((lines) => lines.find(ended), `the end of ${callId}`, WAIT_MS);
  }

  /** The lines of the product's log that concern this lane, for a failed test. */
  story(): string {
    const mine = new Set<unknown>([this.queue, this.overflowQueue, this.did, ...this.agentIds]);
    const ids = ['callId', 'callbackId', 'subjectId', 'agentId', 'queue', 'dialled'];
    const concerns = (line: LogLine): boolean => ids.some((name) => mine.has(line[name]));
    const lines = this.product.log.items.filter((line) => {
      if (!concerns(line)) return false;
      for (const name of ['callId', 'callbackId', 'subjectId'])
        if (line[name] !== undefined) mine.add(line[name]);
      return true;
    });
    return lines
      .slice(-STORY_LINES)
      .map(({ level: _level, pid: _pid, hostname: _hostname, ...rest }) => JSON.stringify(rest).slice(0, 400))
      .join('\n');
  }

  async #callIdOf(caller: SippPhone): Promise<string> {
    const invite = await caller.waitFor({ direction: 'sent', method: 'INVITE', request: true });
    const line = this.product.log.wait(
      (lines) => lines.find((each) => each.msg === 'inbound call' && each['sipCallId'] === invite.callId),
      `the inbound call ${invite.callId}`,
      WAIT_MS,
    );
    const refused = caller.process.messages.wait(
      () => caller.messages({ direction: 'received', status: 503 }).at(-1),
      'a refusal',
      2 * WAIT_MS,
    );
    const first = await Promise.race([line, refused]);
    if ('text' in first) throw new Error(`the call was refused:\n${String(first.text)}`);
    return String(first['callId']);
  }

  #flowEntered(
    of: Readonly<Record<string, string>>,
    state: string,
    count: number,
    withinMs: number,
  ): Promise<LogLine> {
    const [[name, id] = ['', '']] = Object.entries(of);
    const fits = (line: LogLine): boolean =>
      line.msg === 'flow state entered' && line['state'] === state && line[name] === id;
    const what = `${id} to enter ${state} (${count})`;
    return this.product.log.wait((lines) => lines.filter(fits)[count - 1], what, withinMs);
  }

  async #until<T extends object>(
    read: () => Promise<T>,
    wanted: Partial<T>,
    concerns: (line: LogLine) => boolean,
    withinMs: number,
  ): Promise<T> {
    const giveUpAtMs = Date.now() + withinMs;
    const { log } = this.product;
    for (;;) {
      const seenCount = log.items.length;
      const value = await read();
      const different = (Object.keys(wanted) as (keyof T)[]).filter((key) => value[key] !== wanted[key]);
      if (different.length === 0) return value;
      const what = `${JSON.stringify(wanted)}, is ${JSON.stringify(value).slice(0, 600)}`;
      const leftMs = Math.max(1, giveUpAtMs - Date.now());
      await log.wait((lines) => lines.slice(seenCount).find(concerns), what, leftMs);
    }
  }

  async #releasePort(): Promise<void> {
    const reservation = this.#reservation;
    this.#reservation = undefined;
    if (reservation !== undefined) await new Promise<void>((resolve) => reservation.close(resolve));
  }

  #agentId(index: number): string {
    const id = this.agentIds[index];
    if (id === undefined) throw new Error(`the lane has no agent ${index}`);
    return id;
  }

  async #kept(phone: Promise<SippPhone>): Promise<SippPhone> {
    const kept = await phone;
    this.#phones.push(kept);
    return kept;
  }
}
