import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApiHouse, loadColumns } from './api-house.ts';
import { type Measurement, pause, type Result, type Row } from './measurement.ts';

const WRITER_COUNT = 3;
const RUN_MS = 10_000;
const CONNECTION_COUNT = 32;
/** Until the disk has enough to do, and until it has done it. */
const SETTLE_MS = 3000;

/** What calls notice of a disk that others keep busy: all signalling waits for the event loop. */
export const slowDisk: Measurement = {
  name: 'slow-disk',
  title: `Delay of the event loop while ${WRITER_COUNT} writers keep the disk busy`,
  async run(): Promise<Result> {
    const house = await ApiHouse.open();
    const rows: Row[] = [];
    const create = house.request('POST', '/api/v1/callbacks', {
      virtualQueue: 'queue-%Q%',
      customerNumber: '+4930%N%',
      language: 'de',
      userData: { orderNumber: 'A-%N%' },
    });
    let firstNumber = 1_000_000;
    const run = async (disk: string): Promise<void> => {
      const plan = { requests: [create], firstNumber, wantIds: false, connectionCount: CONNECTION_COUNT };
      await house.loopDelay();
      const report = await house.load({ ...plan, durationMs: RUN_MS });
      const { p50Ms, p99Ms, maxMs } = await house.loopDelay();
      firstNumber += 200_000;
      rows.push({
        disk,
        ...loadColumns(report),
        'loop p50 ms': p50Ms,
        'loop p99 ms': p99Ms,
        'loop max ms': maxMs,
      });
    };
    try {
      await run('(warm-up)');
      await run('free');
      const writers = Array.from({ length: WRITER_COUNT }, () => startWriter(house.program.folder));
      await pause(SETTLE_MS);
      await run('busy');
      for (const writer of writers) writer.kill('SIGKILL');
      await pause(SETTLE_MS);
      await run('free again');
      return { rows, notes: ['A writer writes 300 MB, waits until they are on disk, and begins again.'] };
    } finally {
      await house.program.crash();
      rmSync(house.program.folder, { recursive: true, force: true });
    }
  },
};

function startWriter(folder: string): ChildProcess {
  return fork(fileURLToPath(new URL('./disk-writer.ts', import.meta.url)), [folder], {
    execArgv: ['--import', 'tsx'],
  });
}
