import { loadColumns, runLoad } from './api-house.ts';
import { benchDocument, UNSERVED_QUEUE } from './document.ts';
import {
  latencyColumns,
  type Measurement,
  pause,
  quantile,
  type Result,
  type Row,
  rounded,
} from './measurement.ts';
import { Program } from './program.ts';
import { SipPeer, type ReceivedInvite } from './sip-peer.ts';

const AGENT_COUNT = 500;
const CALLBACK_COUNT = 200;
const SAMPLE_COUNT = Number(process.env['BENCH_SAMPLES'] ?? 200);
/** Samples before those that count: code is compiled while it is first used. */
const WARM_UP_COUNT = 40;
const INVITE_MAX_MS = 5000;
/** Between two agents: the warm endpoint is replaced, as it would be between two agents of a real day. */
const REST_MS = Number(process.env['BENCH_REST_MS'] ?? 60);
const AT_ONCE = 8;
const CREATES_PER_SEC = 1000;
/** Longer than the samples take. */
const CREATES_MS = 30_000;

/** From the HTTP request that makes an agent ready to the INVITE at the customer's side. */
export const latency: Measurement = {
  name: 'latency',
  title: 'Agent ready → INVITE on the wire',
  run: () => measure(() => Promise.resolve()),
};

/** The same while callbacks are created for a queue that nobody serves. */
export const latencyUnderCreates: Measurement = {
  name: 'latency-creates',
  title: `Agent ready → INVITE on the wire while ${CREATES_PER_SEC} callbacks a second are created`,
  run: () =>
    measure(async (program) => {
      const { hostname, port } = new URL(program.http);
      const body = { virtualQueue: UNSERVED_QUEUE, customerNumber: '+4930%N%' };
      const headers = { ...program.credentials, 'content-type': 'application/json' };
      const report = await runLoad({
        host: hostname,
        port: Number(port),
        connectionCount: 32,
        durationMs: CREATES_MS,
        ratePerSec: CREATES_PER_SEC,
        requests: [{ method: 'POST', path: '/api/v1/callbacks', headers, body: JSON.stringify(body) }],
        firstNumber: 2_000_000,
        queueCount: 1,
        wantIds: false,
      });
      return { from: '(creations meanwhile)', ...loadColumns(report) };
    }),
};

/** @param meanwhile begins with the first sample; gives a row of its own. */
async function measure(meanwhile: (program: Program) => Promise<Row | void>): Promise<Result> {
  let program: Program | undefined;
  const host = Program.isReal ? (process.env['TURNKEEPER_DRACHTIO'] ?? '').split(':')[0] : '127.0.0.1';
  const peer = await SipPeer.open(host ?? '127.0.0.1', () => program?.sip ?? { host: '', port: 0 });
  program = await Program.start({
    document: benchDocument(peer.address, AGENT_COUNT, '127.0.0.0/8'),
    environment: { TURNKEEPER_HTTP_REQUESTS_PER_MINUTE_MAX: '10000000' },
  });
  try {
    await prepare(program, peer);
    const samples: { fromRequestMs: number; afterReplyMs: number; requestMs: number }[] = [];
    const beside = meanwhile(program);
    for (let at = 0; at < WARM_UP_COUNT + SAMPLE_COUNT; at++) {
      const sample = await sampleOne(program, peer, String(1000 + (at % AGENT_COUNT)), at);
      if (at >= WARM_UP_COUNT) samples.push(sample);
    }
    const own = ownHistogram(await program.metrics());
    const besideRow = await beside;
    return {
      rows: [
        { from: 'HTTP request sent', ...latencyColumns(samples.map(({ fromRequestMs }) => fromRequestMs)) },
        { from: 'HTTP reply received', ...latencyColumns(samples.map(({ afterReplyMs }) => afterReplyMs)) },
        { from: '(the request itself)', ...latencyColumns(samples.map(({ requestMs }) => requestMs)) },
        { from: 'own histogram', 'p50 ms': own(0.5), 'p95 ms': own(0.95), 'p99 ms': own(0.99) },
        ...(besideRow ? [besideRow] : []),
      ],
      notes: [
        'Target: p50 ≤ 10 ms, p99 ≤ 50 ms from the agent being ready to the INVITE received by the customer.',
        `${AGENT_COUNT} phones registered, ${CALLBACK_COUNT} callbacks in line all the time, one agent after another; ` +
          `${Program.isReal ? 'real' : 'embedded'} servers.`,
        'The own histogram (turnkeeper_ready_to_invite_seconds) ends where the INVITE is handed to the SIP server; ' +
          'its figures are the upper ends of buckets.',
      ],
    };
  } finally {
    await program.stop();
    peer.close();
  }
}

async function prepare(program: Program, peer: SipPeer): Promise<void> {
  for (let first = 0; first < AGENT_COUNT; first += AT_ONCE) {
    const users = Array.from({ length: Math.min(AT_ONCE, AGENT_COUNT - first) }, (_, at) =>
      String(1000 + first + at),
    );
    await Promise.all(users.map((user) => peer.register(user)));
  }
  for (let at = 0; at < CALLBACK_COUNT; at++) await addCallback(program, at);
}

async function addCallback(program: Program, at: number): Promise<void> {
  const number = `+4930${String(1_000_000 + at)}`;
  await program.api('POST', '/callbacks', { virtualQueue: 'support', customerNumber: number });
}

async function sampleOne(
  program: Program,
  peer: SipPeer,
  agentId: string,
  at: number,
): Promise<{ fromRequestMs: number; afterReplyMs: number; requestMs: number }> {
  const invited = new Promise<ReceivedInvite>((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`no INVITE for agent ${agentId}`)), INVITE_MAX_MS);
    peer.onInvite = (invite) => {
      clearTimeout(patience);
      resolve(invite);
    };
  });
  const requestedAtMs = performance.now();
  await program.api('PUT', `/agents/${agentId}/state`, { state: 'READY' });
  const repliedAtMs = performance.now();
  const invite = await invited;
  // Not ready before the refusal, so that this agent does not draw the next callback.
  await program.api('PUT', `/agents/${agentId}/state`, { state: 'NOT_READY' });
  invite.answer(486);
  await addCallback(program, CALLBACK_COUNT + at);
  await pause(REST_MS);
  return {
    fromRequestMs: invite.atMs - requestedAtMs,
    afterReplyMs: Math.max(0, invite.atMs - repliedAtMs),
    requestMs: repliedAtMs - requestedAtMs,
  };
}

/** Reads the program's histogram: share → the bucket's upper end, ms. */
function ownHistogram(metrics: string): (share: number) => number {
  const buckets = [
    ...metrics.matchAll(/^turnkeeper_ready_to_invite_seconds_bucket\{.*?le="([^"]+)".*?\} (\d+)/gm),
  ].map(([, upTo, count]) => ({
    upToMs: upTo === '+Inf' ? Infinity : Number(upTo) * 1000,
    count: Number(count),
  }));
  const values = buckets.flatMap(({ upToMs, count }, at) =>
    Array.from({ length: count - (buckets[at - 1]?.count ?? 0) }, () => upToMs),
  );
  return (share) => rounded(quantile(values, share), 2);
}
