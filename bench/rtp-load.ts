import { createSocket, type Socket } from 'node:dgram';

/**
 * Speaks on many legs and listens on all of them: 50 packets of 160 octets a second a leg, phases spread
 * evenly. Each packet carries when it was sent. Runs as a process of its own; orders and the report go over
 * the IPC channel.
 */
export type LoadOrder =
  | { readonly type: 'open'; readonly socketCount: number }
  /** Leg i sends to `targets[i]` from socket i modulo their number; first `warmUpMs`, then what counts. */
  | {
      readonly type: 'run';
      readonly targets: readonly number[];
      readonly warmUpMs: number;
      readonly durationMs: number;
    };

export type LoadReport =
  | { readonly type: 'opened'; readonly ports: readonly number[] }
  | {
      readonly type: 'done';
      readonly sentCount: number;
      readonly receivedCount: number;
      /** Came more than 20 ms after they were sent. */
      readonly lateCount: number;
      /** Were themselves sent more than 20 ms after they were due: the load generator's own fault. */
      readonly sentLateCount: number;
      /** Of the delays, in tenths of a millisecond. */
      readonly delayHistogram: readonly number[];
      readonly cpuMs: number;
    };

const HOST = '127.0.0.1';
const INTERVAL_MS = 20;
const LATE_MS = 20;
const PACKET_LENGTH = 172;
const DRAIN_MS = 500;
const HISTOGRAM_MAX = 2000;

const sockets: Socket[] = [];
const counts = { sent: 0, received: 0, late: 0, sentLate: 0 };
const histogram: number[] = Array.from({ length: HISTOGRAM_MAX + 1 }, () => 0);
let countsFromMs = Number.POSITIVE_INFINITY;
let countsToMs = Number.POSITIVE_INFINITY;

function receive(bytes: Buffer): void {
  const sentAtMs = bytes.readDoubleBE(16);
  if (sentAtMs < countsFromMs || sentAtMs >= countsToMs) return;
  const delayMs = performance.now() - sentAtMs;
  counts.received++;
  if (delayMs > LATE_MS) counts.late++;
  const bin = Math.min(HISTOGRAM_MAX, Math.max(0, Math.floor(delayMs * 10)));
  histogram[bin] = (histogram[bin] ?? 0) + 1;
}

async function open(socketCount: number): Promise<void> {
  for (let at = 0; at < socketCount; at++) {
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: 1 << 22,
      sendBufferSize: 1 << 22,
      lookup: (host, _, done) => done(null, host, 4),
    });
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
    socket.on('message', receive);
    sockets.push(socket);
  }
  report({ type: 'opened', ports: sockets.map((socket) => socket.address().port) });
}

function run(targets: readonly number[], warmUpMs: number, durationMs: number): void {
  const startMs = performance.now();
  countsFromMs = startMs + warmUpMs;
  countsToMs = countsFromMs + durationMs;
  const spacingMs = INTERVAL_MS / targets.length;
  let next = 0;
  let cpuAtStart = process.cpuUsage();
  let isCounting = false;
  const step = (): void => {
    const nowMs = performance.now();
    if (!isCounting && nowMs >= countsFromMs) {
      isCounting = true;
      cpuAtStart = process.cpuUsage();
    }
    for (; startMs + next * spacingMs <= nowMs; next++) sendPacket(next, targets, startMs + next * spacingMs);
    if (nowMs < countsToMs) {
      setTimeout(step, 1);
      return;
    }
    const cpu = process.cpuUsage(cpuAtStart);
    setTimeout(() => {
      report({
        type: 'done',
        sentCount: counts.sent,
        receivedCount: counts.received,
        lateCount: counts.late,
        sentLateCount: counts.sentLate,
        delayHistogram: histogram,
        cpuMs: (cpu.user + cpu.system) / 1000,
      });
    }, DRAIN_MS);
  };
  step();
}

function sendPacket(index: number, targets: readonly number[], dueMs: number): void {
  const leg = index % targets.length;
  const round = Math.floor(index / targets.length);
  const bytes = Buffer.allocUnsafe(PACKET_LENGTH);
  bytes[0] = 0x80;
  bytes[1] = 0;
  bytes.writeUInt16BE(round & 0xffff, 2);
  bytes.writeUInt32BE((round * 160) >>> 0, 4);
  bytes.writeUInt32BE(leg + 1, 8);
  bytes.writeUInt32BE(leg, 12);
  const nowMs = performance.now();
  bytes.writeDoubleBE(nowMs, 16);
  if (nowMs >= countsFromMs && nowMs < countsToMs) {
    counts.sent++;
    if (nowMs - dueMs > LATE_MS) counts.sentLate++;
  }
  sockets[leg % sockets.length]?.send(bytes, targets[leg], HOST);
}

function report(message: LoadReport): void {
  process.send?.(message);
}

process.on('message', (order: LoadOrder) => {
  if (order.type === 'open') void open(order.socketCount);
  else run(order.targets, order.warmUpMs, order.durationMs);
});
process.on('disconnect', () => process.exit());
