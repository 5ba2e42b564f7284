import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadReport, RequestPattern } from './api-load.ts';
import { latencyColumns, type Row, rounded } from './measurement.ts';
import { Program } from './program.ts';

/** Virtual queues `queue-0` … of the measurements of the API. */
export const QUEUE_COUNT = 20;
/** Places in a slot of a quarter of an hour: room for ten thousand bookings in a month. */
const SLOT_CAPACITY = 20;

/** A program without agents, its administrator's key for all APIs, and a load generator beside it. */
export class ApiHouse {
  readonly program: Program;
  readonly key: string;

  private constructor(program: Program, key: string) {
    this.program = program;
    this.key = key;
  }

  /** @param folder what an earlier program left, with its key. */
  static async open(before?: { readonly folder: string; readonly key: string }): Promise<ApiHouse> {
    const program = await Program.start({
      document: apiDocument(),
      environment: { TURNKEEPER_HTTP_REQUESTS_PER_MINUTE_MAX: '10000000' },
      ...(before && { folder: before.folder }),
    });
    if (before) return new ApiHouse(program, before.key);
    const wanted = { name: 'bench', role: 'Administrator', scopes: ['native', 'ges', 'gms'] };
    const { key } = await program.api<{ key: string }>('POST', '/api-keys', wanted);
    return new ApiHouse(program, key);
  }

  /** With the key, as JSON. */
  request(method: 'GET' | 'POST', path: string, body?: object): RequestPattern {
    const headers = { 'x-api-key': this.key };
    if (body === undefined) return { method, path, headers };
    return { method, path, headers: { ...headers, ...JSON_TYPE }, body: JSON.stringify(body) };
  }

  /** Runs a plan from a process of its own against this program. */
  load(plan: Omit<LoadPlan, 'host' | 'port' | 'queueCount'>): Promise<LoadReport> {
    const { hostname, port } = new URL(this.program.http);
    return runLoad({ ...plan, host: hostname, port: Number(port), queueCount: QUEUE_COUNT });
  }

  /**
   * Delay of the program's event loop since the last call, ms: how much later than asked for a timer of 10 ms
   * ran. Everything of the telephony that is not media waits that long.
   */
  async loopDelay(): Promise<{ readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }> {
    const metrics = await this.program.metrics();
    const read = (name: string): number => {
      const found = new RegExp(`^nodejs_eventloop_lag_${name}_seconds(?:\\{.*\\})? (\\S+)`, 'm').exec(
        metrics,
      );
      return Math.max(0, rounded(Number(found?.[1]) * 1000 - LOOP_TIMER_MS, 1));
    };
    return { p50Ms: read('p50'), p99Ms: read('p99'), maxMs: read('max') };
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const LOOP_TIMER_MS = 10;

/** Runs one plan in a load generator of its own. */
export async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const load = fork(fileURLToPath(new URL('./api-load.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  try {
    return await new Promise<LoadReport>((resolve, reject) => {
      load.once('message', (report) => resolve(report as LoadReport));
      load.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
      load.send(plan);
    });
  } finally {
    load.kill();
  }
}

/** Answers a second and their latency; throws when there was any other answer. */
export function loadColumns(report: LoadReport): Row {
  if (report.firstFault !== null) throw new Error(`${JSON.stringify(report.counts)} ${report.firstFault}`);
  const { latenciesMs, elapsedMs } = report;
  return { '1/s': Math.round((latenciesMs.length * 1000) / elapsedMs), ...latencyColumns(latenciesMs) };
}

function apiDocument(): string {
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
  return [
    'queueDefaults:',
    '  businessHours: always',
    '  skillExpression: Skill("Support") >= 1',
    // Limits of what a queue takes, not costs: duplicates are looked for as usual.
    '  throttlePerService: []',
    '  maxQueued: 100000',
    `  slotCapacity: ${SLOT_CAPACITY}`,
    'queues:',
    ...Array.from({ length: QUEUE_COUNT }, (_, at) => `  - name: queue-${at}`),
    'businessHours:',
    '  - name: always',
    '    timeZone: Europe/Berlin',
    '    weekly:',
    ...days.map((day) => `      ${day}: [{ from: '00:00', to: '24:00' }]`),
    'flows: [inbound, outbound-confirm]',
    '',
  ].join('\n');
}
