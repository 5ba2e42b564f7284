import { benchDocument } from './document.ts';
import { pause, rounded, type Measurement, type Row } from './measurement.ts';
import { Program } from './program.ts';
import { placeCalls } from './sipp-callers.ts';

const WARM_UP_COUNT = 500;
const HELD_COUNTS = [100, 200];
const HELD_RATE_PER_SEC = 20;
/** All are up for at least this long before they hang up. */
const HELD_TOGETHER_MS = 4000;
const CALL_COUNT = Number(process.env['BENCH_LEAK_CALLS'] ?? 10_000);
const BATCH_COUNT = 4;
const RATE_PER_SEC = Number(process.env['BENCH_LEAK_RATE'] ?? 60);
/** Until the last BYE is answered and what waits for it has run out (RFC 3261 timers: 32 s). */
const SETTLE_MS = 40_000;
const HOLD_MS = 500;

/** What a held call costs, and whether ten thousand calls that are over still cost anything. */
export const memory: Measurement = {
  name: 'memory',
  title: 'Memory per call, and after ten thousand calls',
  async run() {
    const program = await Program.start({
      document: benchDocument({ host: '127.0.0.1', port: 9 }, 1, '127.0.0.0/8'),
      environment: {
        TURNKEEPER_CALLS_MAX: '5000',
        TURNKEEPER_DIALOGUES_PER_SEC_MAX: '1000',
        TURNKEEPER_DIALOGUE_BURST_MAX: '1000',
        TURNKEEPER_LAG_MAX_MS: '10000',
      },
    });
    const rows: Row[] = [await look(program, 'started')];
    try {
      await placeCalls({ to: program.sip, ratePerSec: 30, callCount: WARM_UP_COUNT, holdMs: HOLD_MS });
      rows.push(await look(program, `after ${WARM_UP_COUNT} calls`));
      for (const callCount of HELD_COUNTS) rows.push(await hold(program, callCount));
      await pause(SETTLE_MS);
      const before = await look(program, 'all gone, before');
      rows.push(before);
      for (let batch = 1; batch <= BATCH_COUNT; batch++) {
        const callCount = CALL_COUNT / BATCH_COUNT;
        const result = await placeCalls({
          to: program.sip,
          ratePerSec: RATE_PER_SEC,
          callCount,
          holdMs: HOLD_MS,
        });
        const row = await look(program, `after ${batch * callCount} more`);
        rows.push({
          ...row,
          answered: result.answeredCount,
          refused: result.refusedCount,
          failed: result.failedCount,
        });
      }
      await pause(SETTLE_MS);
      rows.push(await look(program, 'all gone, after'));
    } finally {
      await program.stop();
    }
    return {
      rows,
      notes: [
        `${CALL_COUNT} calls at ${RATE_PER_SEC}/s through SIP server, media server, dialogue and storage of one process; ` +
          `between "all gone, before" and "all gone, after" nothing but the garbage collector's slack may grow.`,
        'Resident memory counts all threads; descriptors count the sockets of SIP, RTP and the event socket.',
      ],
    };
  },
};

/** Memory while `callCount` calls are in the dialogue. */
async function hold(program: Program, callCount: number): Promise<Row> {
  const before = program.use.residentMib;
  const buildUpMs = (callCount * 1000) / HELD_RATE_PER_SEC;
  const running = placeCalls({
    to: program.sip,
    ratePerSec: HELD_RATE_PER_SEC,
    callCount,
    holdMs: buildUpMs + HELD_TOGETHER_MS,
  });
  await pause(buildUpMs + HELD_TOGETHER_MS / 2);
  const row = await look(program, `${callCount} calls held`);
  const result = await running;
  return {
    ...row,
    'KiB/call': Math.round(((Number(row['resident MiB']) - before) * 1024) / callCount),
    answered: result.answeredCount,
    refused: result.refusedCount,
    failed: result.failedCount,
  };
}

async function look(program: Program, when: string): Promise<Row> {
  const { residentMib, descriptorCount } = program.use;
  const text = await program.metrics();
  const value = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+]+)$`, 'gm'))].reduce(
      (sum, found) => sum + Number(found[1]),
      0,
    );
  return {
    when,
    'resident MiB': rounded(residentMib),
    'heap used MiB': rounded(value('nodejs_heap_size_used_bytes') / 2 ** 20),
    'active resources': value('nodejs_active_resources'),
    descriptors: descriptorCount,
    'KiB/call': '',
    answered: '',
    refused: '',
    failed: '',
  };
}
