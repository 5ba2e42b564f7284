import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wavHeader } from '../../../src/embedded/media-server/wav-file.ts';

/** What baresip tells of itself on its control port. */
export interface BaresipEvent {
  readonly type: string;
  readonly param?: string;
}

export interface BaresipOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly user: string;
  readonly password: string;
  readonly realmHost: string;
  /** What it sends in every call. */
  readonly toneHz: number;
}

/** Path of baresip, installed when it was missing. */
function baresip(): string {
  const script = fileURLToPath(new URL('../../../scripts/debian-tool.mjs', import.meta.url));
  return execFileSync(process.execPath, [script, 'baresip'], { encoding: 'utf8' }).trim();
}

/** Where its package puts its modules; one that was unpacked for this user is started by a script. */
function modulesOf(program: string): string {
  const text = program.endsWith('/usr/bin/baresip') ? program : readFileSync(program, 'utf8');
  const root = /([^\s"']*)\/usr\/bin\/baresip/.exec(text)?.[1] ?? '';
  return `${root}/usr/lib/baresip/modules`;
}

const START_TIMEOUT_MS = 10_000;

/** A real softphone without a screen: baresip, driven by its control port. Answers every call by itself. */
export class BaresipPhone {
  readonly events: BaresipEvent[] = [];
  readonly #process: ChildProcess;
  readonly #control: Socket;
  readonly #folder: string;
  readonly #waiters = new Set<() => void>();
  #text = '';
  #output = '';
  #seenCount = 0;

  private constructor(process: ChildProcess, control: Socket, folder: string) {
    this.#process = process;
    this.#control = control;
    this.#folder = folder;
    process.stdout?.on('data', (data: Buffer) => (this.#output += data.toString()));
    process.stderr?.on('data', (data: Buffer) => (this.#output += data.toString()));
    control.on('data', (data) => this.#received(data.toString('utf8')));
    control.on('error', () => undefined);
  }

  /** Starts the program and lets it register. */
  static async start(options: BaresipOptions): Promise<BaresipPhone> {
    const program = baresip();
    const folder = await mkdtemp(join(tmpdir(), 'baresip-'));
    const controlPort = await freePort();
    const { server, user, password } = options;
    await writeFile(
      join(folder, 'config'),
      [
        `module_path ${modulesOf(program)}`,
        'sip_listen 127.0.0.1:0',
        'net_interface 127.0.0.1',
        `audio_source aufile,${join(folder, 'tone.wav')}`,
        ...['g711', 'aufile'].map((name) => `module ${name}.so`),
        'module_tmp account.so',
        ...['menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`),
        `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
        'menu_bell no',
        '',
      ].join('\n'),
    );
    await writeFile(join(folder, 'tone.wav'), toneFile(options.toneHz));
    const account = `<sip:${user}@${options.realmHost}>;outbound="sip:${server.host}:${server.port}"`;
    await writeFile(
      join(folder, 'accounts'),
      `${account};auth_user=${user};auth_pass=${password};regint=60;answermode=auto;audio_codecs=PCMA\n`,
    );
    await writeFile(join(folder, 'contacts'), '');
    const child = spawn(program, ['-4', '-f', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      return new BaresipPhone(child, await connected(controlPort), folder);
    } catch (thrown) {
      child.kill('SIGKILL');
      throw thrown;
    }
  }

  /** What the program has printed, for a failing test. */
  get output(): string {
    return this.#output;
  }

  /** A command of its menu: hold, resume, transfer, sndcode, hangup. */
  command(name: string, params = ''): void {
    const text = JSON.stringify({ command: name, params, token: name });
    this.#control.write(`${Buffer.byteLength(text)}:${text},`);
  }

  /** The next event of this type that has not been waited for. */
  async next(type: string, timeoutMs = 5000): Promise<BaresipEvent> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      while (this.#seenCount < this.events.length) {
        const event = this.events[this.#seenCount++];
        if (event?.type === type) return event;
      }
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`baresip told of no ${type}: ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiters.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async stop(): Promise<void> {
    this.#control.destroy();
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.kill('SIGKILL')) await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Netstrings of JSON: `12:{…},`. */
  #received(text: string): void {
    this.#text += text;
    for (;;) {
      const colon = this.#text.indexOf(':');
      const length = Number(this.#text.slice(0, colon));
      if (colon < 0 || this.#text.length < colon + 2 + length) break;
      const message = JSON.parse(this.#text.slice(colon + 1, colon + 1 + length)) as Record<string, unknown>;
      this.#text = this.#text.slice(colon + 2 + length);
      if (message['event'] === true) this.events.push(message as unknown as BaresipEvent);
    }
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }
}

/** Longer than any test; 8 kHz, one channel. */
const TONE_SEC = 60;

function toneFile(toneHz: number): Buffer {
  const samples = Buffer.alloc(TONE_SEC * 16_000);
  for (let i = 0; i < TONE_SEC * 8000; i++) {
    samples.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * toneHz * i) / 8000)), 2 * i);
  }
  return Buffer.concat([wavHeader(samples.length, 1), samples]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The control port opens a moment after the program has started. */
async function connected(port: number): Promise<Socket> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return socket;
    if (performance.now() > deadlineMs) throw new Error('baresip did not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
