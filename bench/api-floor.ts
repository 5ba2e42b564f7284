import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadColumns, runLoad } from './api-house.ts';
import { processUse } from './machine.ts';
import { type Row, rounded } from './measurement.ts';

/** The same requests at a server that does nothing but store them: what the product's own work costs. */
export async function floorRows(connectionCounts: readonly number[], durationMs: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const commits of ['each', 'grouped'] as const)
    rows.push(...(await floor(commits, connectionCounts, durationMs)));
  return rows;
}

async function floor(
  commits: 'each' | 'grouped',
  connectionCounts: readonly number[],
  durationMs: number,
): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-bench-'));
  const file = fileURLToPath(new URL('./api-floor-server.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, join(folder, 'floor.db'), commits], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.stdout.once('data', (text: Buffer) =>
        resolve((JSON.parse(String(text)) as { port: number }).port),
      );
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    const run = async (connectionCount: number, runMs: number): Promise<Row> => {
      const cpuBefore = processUse(child.pid ?? 0, 0).cpuMs;
      const report = await runLoad({
        host: '127.0.0.1',
        port,
        connectionCount,
        durationMs: runMs,
        requests: [
          { method: 'POST', path: '/made', headers: { 'content-type': 'application/json' }, body: BODY },
        ],
        firstNumber: 0,
        queueCount: 1,
        wantIds: false,
      });
      return {
        what: `fastify + better-sqlite3, ${commits === 'each' ? 'a commit each' : 'grouped commits'}`,
        connections: connectionCount,
        ...loadColumns(report),
        cores: rounded((processUse(child.pid ?? 0, 0).cpuMs - cpuBefore) / report.elapsedMs, 2),
        'generator cores': rounded(report.cpuMs / report.elapsedMs, 2),
      };
    };
    await run(8, 2000);
    const rows: Row[] = [];
    for (const connectionCount of connectionCounts) rows.push(await run(connectionCount, durationMs));
    return rows;
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

const BODY = JSON.stringify({
  virtualQueue: 'queue-%Q%',
  customerNumber: '+4930%N%',
  userData: { orderNumber: 'A-%N%', reason: 'parcel did not arrive', segment: 'gold' },
});
