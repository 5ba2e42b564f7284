import BetterSqlite3 from 'better-sqlite3';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiHouse, loadColumns } from './api-house.ts';
import type { RequestPattern } from './api-load.ts';
import { floorRows } from './api-floor.ts';
import { type Measurement, type Result, type Row, rounded } from './measurement.ts';

const CONNECTION_COUNTS = [1, 8, 32, 128];
const WARM_UP_MS = 5000;
const RUN_MS = Number(process.env['BENCH_API_RUN_MS'] ?? 5000);
const PACED_PER_SEC = 1000;
const PACED_MS = Number(process.env['BENCH_API_PACED_MS'] ?? 15_000);
const PACED_CONNECTION_COUNT = 64;

/** Creations over the APIs, each on disk when it is answered; a `kill -9` at the end proves it. */
export const apiCreates: Measurement = {
  name: 'api-creates',
  title: 'Callbacks created per second over HTTP, each durable',
  async run(): Promise<Result> {
    const rows: Row[] = [...(await floorRows(CONNECTION_COUNTS, RUN_MS))];
    const house = await ApiHouse.open();
    try {
      const answered = await createAll(house, rows);
      await house.program.crash();
      const { rowCount, missingCount, integrity } = storedOf(house.program.folder, answered);
      return {
        rows,
        notes: [
          `Target: at least ${PACED_PER_SEC} creations a second over REST, each durable.`,
          `After a kill -9 in the middle of the last run ${missingCount} of ${answered.length} answered creations were ` +
            `missing from the database (${rowCount} rows; integrity check: ${integrity}).`,
        ],
      };
    } finally {
      await house.program.crash();
      rmSync(house.program.folder, { recursive: true, force: true });
    }
  },
};

async function createAll(house: ApiHouse, rows: Row[]): Promise<string[]> {
  const ids: string[] = [];
  let firstNumber = 1_000_000;
  const run = async (what: string, request: RequestPattern, pace: { connectionCount: number } & object) => {
    const plan = { durationMs: RUN_MS, requests: [request], firstNumber, wantIds: true, ...pace };
    const cpuBefore = house.program.use.cpuMs;
    await house.loopDelay();
    const report = await house.load(plan);
    const delay = await house.loopDelay();
    firstNumber += 200_000;
    ids.push(...report.ids);
    const { elapsedMs, cpuMs } = report;
    rows.push({
      what,
      connections: pace.connectionCount,
      ...loadColumns(report),
      'loop p99 ms': delay.p99Ms,
      'loop max ms': delay.maxMs,
      cores: rounded((house.program.use.cpuMs - cpuBefore) / elapsedMs, 2),
      'generator cores': rounded(cpuMs / elapsedMs, 2),
    });
  };
  const { native, ges, idempotent, scheduled } = creations(house);
  await house.load({
    durationMs: WARM_UP_MS,
    requests: [native, ges],
    firstNumber: 9_000_000,
    wantIds: false,
    connectionCount: 16,
  });
  for (const connectionCount of CONNECTION_COUNTS) {
    await run('POST /api/v1/callbacks', native, { connectionCount });
    await run('POST /engagement/v3/callbacks/create', ges, { connectionCount });
  }
  await run('native, for later', scheduled, { connectionCount: 32 });
  await run('native, Idempotency-Key', idempotent, { connectionCount: 32 });
  const paced = { connectionCount: PACED_CONNECTION_COUNT, ratePerSec: PACED_PER_SEC, durationMs: PACED_MS };
  await run(`native, ${PACED_PER_SEC}/s asked for`, native, paced);
  await run(`v3, ${PACED_PER_SEC}/s asked for`, ges, paced);
  ids.push(...(await killedAmid(house, native, firstNumber)));
  return ids;
}

function creations(house: ApiHouse): Record<'native' | 'ges' | 'idempotent' | 'scheduled', RequestPattern> {
  const userData = { orderNumber: 'A-%N%', reason: 'parcel did not arrive', segment: 'gold' };
  const wish = { virtualQueue: 'queue-%Q%', customerNumber: '+4930%N%', language: 'de', userData };
  const native = house.request('POST', '/api/v1/callbacks', wish);
  return {
    native,
    idempotent: { ...native, headers: { ...native.headers, 'idempotency-key': 'order-%N%' } },
    scheduled: house.request('POST', '/api/v1/callbacks', { ...wish, desiredAt: '%T%' }),
    ges: house.request('POST', '/engagement/v3/callbacks/create', {
      serviceName: 'queue-%Q%',
      phoneNumber: '+4930%N%',
      language: 'de-DE',
      channel: 'WEB',
      cbOfferType: 'ASAP',
      userData,
    }),
  };
}

/** The process is killed while creations are answered; those answered before must be there. */
async function killedAmid(house: ApiHouse, request: RequestPattern, firstNumber: number): Promise<string[]> {
  const running = house.load({
    connectionCount: 32,
    durationMs: 3000,
    requests: [request],
    firstNumber,
    wantIds: true,
  });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await house.program.crash();
  const { ids } = await running;
  return [...ids];
}

function storedOf(
  folder: string,
  answered: readonly string[],
): { rowCount: number; missingCount: number; integrity: string } {
  const database = new BetterSqlite3(join(folder, 'data', 'turnkeeper.db'));
  try {
    const stored = new Set(database.prepare('select "id" from "callback"').pluck().all() as string[]);
    const missingCount = answered.filter((id) => !stored.has(id)).length;
    const integrity = String(database.pragma('quick_check', { simple: true }));
    return { rowCount: stored.size, missingCount, integrity };
  } finally {
    database.close();
  }
}
