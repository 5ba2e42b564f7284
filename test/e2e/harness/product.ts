import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Address } from './rtp-endpoint.ts';
import { scratchFolder } from './scratch-folder.ts';
import { WatchedList } from './watched-list.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const START_MAX_MS = 60_000;
const STOP_MAX_MS = 15_000;
const STATE_POLL_MS = 40;
/** Real servers are used when these are set; otherwise the product starts its own. */
const PASSED_THROUGH = /^TURNKEEPER_(?:DRACHTIO|FREESWITCH|ESL|MEDIA_AUDIO_ROOT|AUDIO_ROOT|SIP_ADVERTISED)/;

/** One line of the product's log: pino's fields. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

export interface ProductOptions {
  /** The configuration document (YAML) that the fresh database begins with. */
  readonly document: string;
  /** More variables, for example limits. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** An agent as the API shows it, as far as these tests look. */
export interface ApiAgent {
  readonly id: string;
  readonly state: string;
}

/** A callback as the API shows it, as far as these tests look. */
export interface ApiCallback {
  readonly id: string;
  readonly state: string;
  readonly reason?: string | null;
}

let isBuilt = false;

/**
 * The product as a process of its own: started on free ports with a data directory that is thrown away.
 * `restart` keeps the directory and the ports, so that a phone's registration and a callback outlive it.
 */
export class Product {
  /** Every line of the log so far, of all runs. */
  readonly log = new WatchedList<LogLine>();
  /** Where callers send INVITE and phones REGISTER. */
  sip: Address = { host: '', port: 0 };
  #http = '';
  #token = '';
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #folder = scratchFolder('turnkeeper-e2e-');
  readonly #environment: Record<string, string>;

  private constructor(options: ProductOptions) {
    const document = join(this.#folder, 'document.yaml');
    writeFileSync(document, options.document);
    const rtpPortMin = 40_000 + 2 * Math.floor(Math.random() * 8000);
    const passed = Object.entries(process.env).filter(([name]) => PASSED_THROUGH.test(name));
    this.#environment = {
      ...withoutProductVariables(),
      TURNKEEPER_DATA: join(this.#folder, 'data'),
      TURNKEEPER_DOCUMENT: document,
      TURNKEEPER_HTTP_PORT: '0',
      TURNKEEPER_HTTP_CALLBACKS_PER_NUMBER_PER_HOUR_MAX: '100000',
      TURNKEEPER_SIP_PORT: '0',
      TURNKEEPER_RTP_PORT_MIN: String(rtpPortMin),
      TURNKEEPER_RTP_PORT_MAX: String(rtpPortMin + 999),
      TURNKEEPER_LOG_LEVEL: 'debug',
      // A machine that is slow for a moment is no reason to refuse a scene its call.
      TURNKEEPER_LAG_MAX_MS: '10000',
      ...Object.fromEntries(passed.map(([name, value]) => [name, value ?? ''])),
      ...options.environment,
    };
  }

  /** Where the API is, without a path. */
  get http(): string {
    return this.#http;
  }

  /** The administrator's API key. */
  get key(): string {
    return this.#token;
  }

  /** Its data directory: what the operator's commands find the running server by. */
  get data(): string {
    return join(this.#folder, 'data');
  }

  static async start(options: ProductOptions): Promise<Product> {
    if (!isBuilt) execFileSync(process.execPath, [join(ROOT, 'scripts', 'setup.mjs')], { stdio: 'pipe' });
    isBuilt = true;
    const product = new Product(options);
    try {
      await product.#run();
    } catch (error) {
      // Nobody else knows of it, and with real servers it would take part of everybody's calls.
      await product.#end('SIGKILL');
      throw error;
    }
    return product;
  }

  /** Ends it by `signal` and starts it again on the same data and ports. SIGKILL is a crash. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#end(signal);
    this.#environment['TURNKEEPER_SIP_PORT'] = String(this.sip.port);
    await this.#run();
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * Lets the process run only for `runMs` after each `stopMs`, as on a machine that gives it too little time,
   * until the returned function is called.
   */
  starve({ stopMs, runMs }: { readonly stopMs: number; readonly runMs: number }): () => void {
    const child = this.#child;
    if (child === undefined) throw new Error('the product does not run');
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGSTOP');
      timer = setTimeout(() => {
        child.kill('SIGCONT');
        timer = setTimeout(stop, runMs);
      }, stopMs);
    };
    stop();
    return () => {
      clearTimeout(timer);
      child.kill('SIGCONT');
    };
  }

  /** Calls the native API as administrator; rejects on any status but 2xx, with the body. */
  async api<T>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await fetch(`${this.#http}/api/v1${path}`, {
      method,
      headers: {
        'x-api-key': this.#token,
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** POST to the Genesys-compatible v3 API with the administrator's key; rejects on any status but 2xx. */
  async ges<T>(path: string, body: unknown): Promise<T> {
    const response = await fetch(`${this.#http}/engagement/v3${path}`, {
      method: 'POST',
      headers: { 'x-api-key': this.#token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
    return (JSON.parse(text) as { data: T }).data;
  }

  /** Asks the GMS-compatible API with the administrator's key; rejects on any status but 2xx. */
  async gms<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#http}/genesys/1${path}`, {
      method,
      headers: {
        'x-api-key': this.#token,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Downloads a file of the native API as administrator. */
  async download(path: string): Promise<Buffer> {
    const response = await fetch(`${this.#http}/api/v1${path}`, { headers: { 'x-api-key': this.#token } });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  }

  async setAgentState(
    id: string,
    state: 'READY' | 'NOT_READY' | 'LOGGED_OUT' | 'WRAP_UP_DONE',
  ): Promise<void> {
    await this.api('PUT', `/agents/${id}/state`, { state });
  }

  /** Callbacks, newest first. */
  async callbacks(): Promise<readonly ApiCallback[]> {
    return (await this.api<{ items: readonly ApiCallback[] }>('GET', '/callbacks')).items;
  }

  /** Resolves when the only callback fits; rejects after `withinMs`, telling its last state. */
  async callbackIs(fits: (callback: ApiCallback) => boolean, withinMs = 15_000): Promise<ApiCallback> {
    return this.#until(async () => (await this.callbacks())[0], fits, 'the callback', withinMs);
  }

  async agentIs(id: string, state: string, withinMs = 10_000): Promise<ApiAgent> {
    return this.#until(
      () => this.api<ApiAgent>('GET', `/agents/${id}`),
      (agent) => agent.state === state,
      id,
      withinMs,
    );
  }

  /** The first line from the `from`-th on whose message is `message`. */
  logged(message: string | RegExp, withinMs = 10_000, from = 0): Promise<LogLine> {
    const fits = ({ msg = '' }: LogLine): boolean =>
      typeof message === 'string' ? msg === message : message.test(msg);
    return this.log.wait(
      (lines) => lines.slice(from).find(fits),
      `"${String(message)}" in the log`,
      withinMs,
    );
  }

  /** Resolves when a dialogue of `flow` enters `state` for the `count`-th time, over all calls. */
  flowEntered(flow: string, state: string, { count = 1, withinMs = 30_000 } = {}): Promise<LogLine> {
    const fits = (line: LogLine): boolean =>
      line.msg === 'flow state entered' && line['flow'] === flow && line['state'] === state;
    return this.log.wait((lines) => lines.filter(fits)[count - 1], `${flow} to enter ${state}`, withinMs);
  }

  // The API tells states, not changes: it is asked until the state has come.
  async #until<T>(
    read: () => Promise<T | undefined>,
    fits: (value: T) => boolean,
    what: string,
    withinMs: number,
  ): Promise<T> {
    const giveUpAtMs = Date.now() + withinMs;
    for (;;) {
      const value = await read();
      if (value !== undefined && fits(value)) return value;
      if (Date.now() > giveUpAtMs)
        throw new Error(`waited ${withinMs} ms for ${what}: ${JSON.stringify(value)}`);
      await new Promise((resolve) => setTimeout(resolve, STATE_POLL_MS));
    }
  }

  async #run(): Promise<void> {
    const from = this.log.items.length;
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'main.js')], {
      cwd: ROOT,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    this.#collect(child.stdout);
    this.#collect(child.stderr);
    child.once('exit', (code) => this.log.push({ msg: 'process ended', code }));
    const line = await this.log.wait(
      (lines) => lines.slice(from).find(({ msg }) => msg === 'serving' || msg === 'process ended'),
      'the product to serve',
      START_MAX_MS,
    );
    if (line.msg !== 'serving') {
      const said = this.log.items.slice(from).map((each) => JSON.stringify(each));
      throw new Error(`the product did not start:\n${said.join('\n')}`);
    }
    this.#http = String(line['http']);
    if (line['sip'] !== undefined) this.sip = line['sip'] as Address;
    else this.sip = await this.#realSipAddress(from);
    const data = this.#environment['TURNKEEPER_DATA']!;
    this.#token = readFileSync(join(data, 'admin.token'), 'utf8').trim();
  }

  // drachtio-server says at the connection where it listens: `sip:10.0.0.5:5060;transport=udp,…` or
  // `udp/10.0.0.5:5060`.
  async #realSipAddress(from: number): Promise<Address> {
    const line = await this.logged('SIP server connected', START_MAX_MS, from);
    const found = /(\d+\.\d+\.\d+\.\d+):(\d+)/.exec(JSON.stringify(line['sipAddresses']));
    if (found === null) throw new Error(`no SIP address in ${JSON.stringify(line)}`);
    return { host: found[1]!, port: Number(found[2]) };
  }

  #collect(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.on('data', (piece: Buffer) => {
      const lines = (rest + piece.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.log.push(parsed(line));
    });
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill(signal);
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
    await this.#ended;
    clearTimeout(force);
    this.#child = undefined;
  }
}

function parsed(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as LogLine;
  } catch {
    // what is not JSON is told to a person: the start message, a stack
  }
  return { msg: line };
}

function withoutProductVariables(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !name.startsWith('TURNKEEPER_'),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
}
