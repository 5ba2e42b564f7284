import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processUse, threadTimes, type ProcessUse } from './machine.ts';
import { pause } from './measurement.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const START_MAX_MS = 30_000;
const STOP_MAX_MS = 20_000;
const POLL_MS = 50;
const REAL_SERVERS = /^TURNKEEPER_(?:DRACHTIO|FREESWITCH|ESL|MEDIA_AUDIO_ROOT)/;

/** Address of SIP or HTTP. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ProgramOptions {
  /** Configuration document, YAML. */
  readonly document: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** More arguments of Node, for example a profiler's. Also taken from BENCH_NODE_OPTIONS. */
  readonly nodeArguments?: readonly string[];
  /** Left behind by {@link Program.halt} or {@link Program.crash}; default a new one. */
  readonly folder?: string;
}

/** The compiled program as a process of its own, on free ports with a data directory that is thrown away. */
export class Program {
  readonly sip: Address;
  readonly http: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #token: string;

  private constructor(parts: { child: ChildProcess; folder: string; sip: Address; http: string }) {
    this.#child = parts.child;
    this.#folder = parts.folder;
    this.sip = parts.sip;
    this.http = parts.http;
    this.pid = parts.child.pid ?? 0;
    this.#token = readFileSync(join(parts.folder, 'data', 'admin.token'), 'utf8').trim();
  }

  /** True when the variables of real servers are set: then those are measured. */
  static get isReal(): boolean {
    return process.env['TURNKEEPER_DRACHTIO'] !== undefined;
  }

  static async start(options: ProgramOptions): Promise<Program> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'turnkeeper-bench-'));
    const document = join(folder, 'document.yaml');
    writeFileSync(document, options.document);
    const log = join(folder, 'log');
    const output = openSync(log, 'w');
    const more = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((text) => text !== '');
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('TURNKEEPER_') || REAL_SERVERS.test(name),
    );
    const child = spawn(
      process.execPath,
      [...more, ...(options.nodeArguments ?? []), join(ROOT, 'dist', 'main.js')],
      {
        cwd: ROOT,
        env: {
          ...Object.fromEntries(inherited),
          NODE_ENV: 'production',
          TURNKEEPER_DATA: join(folder, 'data'),
          TURNKEEPER_DOCUMENT: document,
          TURNKEEPER_HTTP_PORT: '0',
          TURNKEEPER_HTTP_CALLBACKS_PER_NUMBER_PER_HOUR_MAX: '100000',
          TURNKEEPER_SIP_PORT: '0',
          TURNKEEPER_RTP_PORT_MIN: '30000',
          TURNKEEPER_RTP_PORT_MAX: '39999',
          TURNKEEPER_SHUTDOWN_MAX_MS: '500',
          ...options.environment,
        },
        stdio: ['ignore', output, output],
      },
    );
    const serving = await served(child, log);
    return new Program({ child, folder, ...serving });
  }

  /** Headers of a request as administrator. */
  get credentials(): Readonly<Record<string, string>> {
    return { 'x-api-key': this.#token };
  }

  /** Calls the HTTP API as administrator. */
  async api<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.http}/api/v1${path}`, {
      method,
      headers: { ...this.credentials, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** The text of /metrics. */
  async metrics(): Promise<string> {
    const response = await fetch(`${this.http}/metrics`, { headers: this.credentials });
    return response.text();
  }

  get use(): ProcessUse {
    return processUse(this.pid, readdirSync(`/proc/${this.pid}/fd`).length);
  }

  get threads(): ReadonlyMap<string, number> {
    return threadTimes(this.pid, readdirSync(`/proc/${this.pid}/task`));
  }

  /** Where everything of it lies; `data/turnkeeper.db` is the database. */
  get folder(): string {
    return this.#folder;
  }

  /** Ends it in an orderly way; its folder stays. Idempotent. */
  async halt(): Promise<void> {
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MAX_MS);
    await this.#end('SIGTERM');
    clearTimeout(force);
  }

  /** Ends it as a power cut of the program would (`kill -9`); its folder stays. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#child.kill(signal);
    await ended;
  }

  /** Ends it in an orderly way and removes its data. */
  async stop(): Promise<void> {
    await this.halt();
    if (process.env['BENCH_KEEP'] === undefined) rmSync(this.#folder, { recursive: true, force: true });
    else console.error(`kept ${this.#folder}`);
  }
}

async function served(child: ChildProcess, log: string): Promise<{ sip: Address; http: string }> {
  const giveUpAtMs = performance.now() + START_MAX_MS;
  while (child.exitCode === null && performance.now() < giveUpAtMs) {
    await pause(POLL_MS);
    const text = readFileSync(log, 'utf8');
    const line = text.split('\n').find((each) => each.includes('"msg":"serving"'));
    if (line === undefined) continue;
    const fields = JSON.parse(line) as { http: string; sip?: Address };
    return { http: fields.http, sip: fields.sip ?? realSipAddress(text) };
  }
  child.kill('SIGKILL');
  throw new Error(`the program did not start:\n${readFileSync(log, 'utf8')}`);
}

/** A real SIP server says at the connection where it listens. */
function realSipAddress(log: string): Address {
  const found = /"sipAddresses".*?(\d+\.\d+\.\d+\.\d+):(\d+)/.exec(log);
  if (found === null) throw new Error('the SIP server did not say where it listens');
  return { host: found[1] ?? '', port: Number(found[2]) };
}
