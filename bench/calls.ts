import { fork, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { processUse } from './machine.ts';
import { MediaCalls } from './media-calls.ts';
import { pause, rounded, type Measurement, type Row } from './measurement.ts';
import type { LoadOrder, LoadReport } from './rtp-load.ts';

const CALL_COUNTS = (process.env['BENCH_CALLS'] ?? '50,100,200,400').split(',').map(Number);
const DURATION_MS = Number(process.env['BENCH_DURATION'] ?? 10) * 1000;
const WARM_UP_MS = 2000;
const LOAD_SOCKET_COUNT = 16;

/** What carries the calls, and where each leg's media goes. */
interface Carrier {
  readonly pid: number;
  readonly targets: readonly number[];
  /** Resident memory before the first call. */
  readonly residentMib: number;
  close(): void;
}

/**
 * Two legs a call, 50 packets a second each way, through the embedded media server and through a bare UDP
 * relay.
 */
export const calls: Measurement = {
  name: 'calls',
  title: 'Bridged calls held',
  async run() {
    const rows: Row[] = [];
    for (const callCount of CALL_COUNTS) {
      rows.push(await hold('bare UDP relay', callCount, openRelay));
      rows.push(await hold('media server', callCount, openMediaServer));
    }
    return {
      rows,
      notes: [
        'Target: 400 calls with less than 1 % of the packets late (more than 20 ms from sending to receiving) or lost.',
        'The load generator is a process of its own on the same cores; "sent late" is what it could not send in time itself, ' +
          'which counts as the machine being too small, not as the media server being late.',
        'The relay forwards datagrams without reading them: what Node itself costs.',
      ],
    };
  },
};

async function hold(
  carrierName: string,
  callCount: number,
  open: (callCount: number, phonePorts: readonly number[]) => Promise<Carrier>,
): Promise<Row> {
  const load = fork(fileOf('./rtp-load.ts'), { execArgv: ['--import', 'tsx'] });
  try {
    const opened = await order(load, { type: 'open', socketCount: LOAD_SOCKET_COUNT });
    if (opened.type !== 'opened') throw new Error('the load generator did not open its sockets');
    const carrier = await open(callCount, opened.ports);
    const loadBefore = loadavg()[0] ?? 0;
    const running = order(load, {
      type: 'run',
      targets: carrier.targets,
      warmUpMs: WARM_UP_MS,
      durationMs: DURATION_MS,
    });
    await pause(WARM_UP_MS);
    const before = processUse(carrier.pid, 0);
    await pause(DURATION_MS);
    const after = processUse(carrier.pid, 0);
    const done = await running;
    carrier.close();
    if (done.type !== 'done') throw new Error('the load generator did not report');
    return {
      carrier: carrierName,
      calls: callCount,
      'packets/s': Math.round((done.sentCount * 1000) / DURATION_MS),
      'lost %': rounded((100 * (done.sentCount - done.receivedCount)) / done.sentCount, 3),
      'late %': rounded((100 * done.lateCount) / done.sentCount, 3),
      'sent late %': rounded((100 * done.sentLateCount) / done.sentCount, 3),
      'p50 ms': delayAt(done.delayHistogram, 0.5),
      'p99 ms': delayAt(done.delayHistogram, 0.99),
      cores: rounded((after.cpuMs - before.cpuMs) / DURATION_MS, 2),
      'generator cores': rounded(done.cpuMs / DURATION_MS, 2),
      'KiB/call': Math.round(((after.residentMib - carrier.residentMib) * 1024) / callCount),
      'load before': rounded(loadBefore, 1),
    };
  } finally {
    load.kill();
  }
}

async function openRelay(callCount: number): Promise<Carrier> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileOf('./udp-relay.ts'), String(callCount)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { ports } = await firstLine<{ ports: number[] }>(child);
  const pid = child.pid ?? 0;
  return { pid, targets: ports, residentMib: processUse(pid, 0).residentMib, close: () => child.kill() };
}

async function openMediaServer(callCount: number, phonePorts: readonly number[]): Promise<Carrier> {
  const password = randomBytes(12).toString('hex');
  const more = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((text) => text !== '');
  const child = spawn(
    process.execPath,
    [...more, '--import', 'tsx', fileOf('./media-process.ts'), password],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const { sipPort, eventSocketPort } = await firstLine<{ sipPort: number; eventSocketPort: number }>(child);
  const pid = child.pid ?? 0;
  const { residentMib } = processUse(pid, 0);
  const media = await MediaCalls.connect(sipPort, eventSocketPort, password);
  const targets: number[] = [];
  for (let call = 0; call < callCount; call++) {
    const phonePort = (leg: number): number => phonePorts[leg % phonePorts.length] ?? 0;
    const pair = await Promise.all([media.open(phonePort(2 * call)), media.open(phonePort(2 * call + 1))]);
    media.bridge(pair[0], pair[1]);
    targets.push(pair[0].rtpPort, pair[1].rtpPort);
  }
  const close = (): void => {
    media.close();
    child.kill();
  };
  return { pid, targets, residentMib, close };
}

async function order(load: ChildProcess, message: LoadOrder): Promise<LoadReport> {
  const reply = once(load, 'message');
  load.send(message);
  return ((await reply) as [LoadReport])[0];
}

async function firstLine<T>(child: ChildProcess): Promise<T> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return JSON.parse(text.slice(0, text.indexOf('\n'))) as T;
}

/** From bins of a tenth of a millisecond. */
function delayAt(histogram: readonly number[], share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bin, count] of histogram.entries()) {
    seen += count;
    if (seen >= total * share) return bin / 10;
  }
  return Number.NaN;
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
