import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, openSync, readSync, rmSync, fstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from './scratch-folder.ts';
import { SipTraceReader, type TracedMessage } from './sip-trace.ts';
import { WatchedList } from './watched-list.ts';

const TRACE_POLL_MS = 10;
const STOP_WAIT_MS = 3000;

let sippPath: string | undefined;

/** Path of sipp, installed when it was missing. */
function sipp(): string {
  const script = fileURLToPath(new URL('../../../scripts/debian-tool.mjs', import.meta.url));
  sippPath ??= execFileSync(process.execPath, [script, 'sipp'], { encoding: 'utf8' }).trim();
  return sippPath;
}

export interface SippOptions {
  /** Scenario file's text. */
  readonly scenario: string;
  /** More files for sipp's folder, by name: captures that the scenario plays. */
  readonly files?: Readonly<Record<string, Buffer>>;
  readonly args: readonly string[];
}

/** How a sipp process ended. `errors` is what sipp wrote about unexpected messages. */
export interface SippEnd {
  readonly code: number | null;
  readonly errors: string;
}

/** One sipp process with its message trace, readable while it runs. */
export class SippProcess {
  /** Every SIP message, in order, retransmissions included. */
  readonly messages = new WatchedList<TracedMessage>();
  /** Resolves when the process has ended, never rejects. */
  readonly ended: Promise<SippEnd>;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #reader = new SipTraceReader();
  readonly #timer: NodeJS.Timeout;
  #traceFile: number | undefined;
  #readBytes = 0;

  constructor(options: SippOptions) {
    this.#folder = scratchFolder('turnkeeper-sipp-');
    for (const [name, content] of Object.entries(options.files ?? {})) {
      writeFileSync(join(this.#folder, name), content);
    }
    writeFileSync(join(this.#folder, 'scenario.xml'), options.scenario);
    const traces = ['-trace_msg', '-message_file', 'messages.log', '-trace_err', '-error_file', 'errors.log'];
    const args = ['-sf', 'scenario.xml', '-nostdin', ...traces, ...options.args];
    this.#child = spawn(sipp(), args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    this.#child.stderr?.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-4000)));
    this.#timer = setInterval(() => this.#readTrace(), TRACE_POLL_MS);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve({ code: null, errors: String(error) }));
      this.#child.once('close', (code) => {
        clearInterval(this.#timer);
        this.#readTrace();
        this.#readTrace();
        const errors = `${readOrEmpty(join(this.#folder, 'errors.log'))}${said}`;
        if (this.#traceFile !== undefined) closeSync(this.#traceFile);
        this.#traceFile = undefined;
        rmSync(this.#folder, { recursive: true, force: true });
        resolve({ code, errors });
      });
    });
  }

  /** Ends the process and waits until it is gone. SIGTERM: it may end its calls first. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<SippEnd> {
    this.#child.kill(signal);
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WAIT_MS);
    const end = await this.ended;
    clearTimeout(force);
    return end;
  }

  #readTrace(): void {
    try {
      this.#traceFile ??= openSync(join(this.#folder, 'messages.log'), 'r');
    } catch {
      // sipp has not written its first message yet
      return;
    }
    const size = fstatSync(this.#traceFile).size;
    const piece = Buffer.alloc(size - this.#readBytes);
    if (piece.length > 0) readSync(this.#traceFile, piece, 0, piece.length, this.#readBytes);
    this.#readBytes = size;
    for (const message of this.#reader.read(piece.toString(), piece.length === 0))
      this.messages.push(message);
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A UDP port of `host` that was free a moment ago. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, host, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/**
 * Tells a waiting sipp call to go on: a request in the call's own Call-ID sent to sipp's port, which its
 * scenario waits for. It never leaves this machine and is no part of the call.
 */
export function cueSipp(
  host: string,
  port: number,
  callId: string,
  method: 'INFO' | 'MESSAGE' | 'NOTIFY' | 'PUBLISH' | 'REFER' | 'SUBSCRIBE',
  headers: readonly string[] = [],
): Promise<void> {
  const lines = [
    `${method} sip:cue@${host}:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${host}:9;branch=z9hG4bK-cue-${Math.random().toString(36).slice(2)}`,
    `From: <sip:cue@${host}>;tag=cue`,
    `To: <sip:cue@${host}>`,
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
    'Max-Forwards: 1',
    ...headers,
    'Content-Length: 0',
    '',
    '',
  ];
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.send(lines.join('\r\n'), port, host, (error) => {
      socket.close();
      if (error === null) resolve();
      else reject(error);
    });
  });
}
