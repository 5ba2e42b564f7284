import { benchDocument } from './document.ts';
import { latencyColumns, pause, rounded, type Measurement, type Row } from './measurement.ts';
import { Program } from './program.ts';
import { placeCalls } from './sipp-callers.ts';

const RATES_PER_SEC = (process.env['BENCH_RATES'] ?? '25,50,75,100,150').split(',').map(Number);
const DURATION_SEC = Number(process.env['BENCH_DURATION'] ?? 10);
const HOLD_MS = 3000;
const SETTLE_MS = 1500;
/**
 * Calls before those that count: code is compiled while it is first used, which costs as much as the calls
 * do.
 */
const WARM_UP_COUNT = 400;

/** Callers that reach the IVR, hear it for three seconds and hang up. */
export const dialogues: Measurement = {
  name: 'dialogues',
  title: 'IVR dialogues started per second',
  async run() {
    const customer = { host: '127.0.0.1', port: 9 };
    const rows: Row[] = [];
    for (const ratePerSec of RATES_PER_SEC) {
      const program = await Program.start({
        document: benchDocument(customer, 1, '127.0.0.0/8'),
        environment: {
          TURNKEEPER_CALLS_MAX: '5000',
          TURNKEEPER_DIALOGUES_PER_SEC_MAX: '1000',
          TURNKEEPER_DIALOGUE_BURST_MAX: '1000',
          TURNKEEPER_LAG_MAX_MS: '10000',
        },
      });
      try {
        await placeCalls({ to: program.sip, ratePerSec: 40, callCount: WARM_UP_COUNT, holdMs: 500 });
        await pause(SETTLE_MS);
        const before = program.use.cpuMs;
        const threadsBefore = program.threads;
        const callCount = ratePerSec * DURATION_SEC;
        const result = await placeCalls({ to: program.sip, ratePerSec, callCount, holdMs: HOLD_MS });
        const cpuMs = program.use.cpuMs - before;
        if (process.env['BENCH_THREADS'] !== undefined) {
          for (const [name, ms] of program.threads) {
            const spent = ms - (threadsBefore.get(name) ?? 0);
            if (spent > 100) console.error(`  ${name}: ${spent} ms`);
          }
        }
        rows.push({
          'calls/s': ratePerSec,
          calls: callCount,
          answered: result.answeredCount,
          refused: result.refusedCount,
          failed: result.failedCount,
          ...latencyColumns(result.answerDelaysMs),
          'CPU ms/call': rounded(cpuMs / callCount),
          retransmissions: result.retransmissionCount,
        });
      } finally {
        await program.stop();
      }
    }
    return {
      rows,
      notes: [
        'Target: 100 per second, none failed. sipp calls 5000 for ten seconds a rate, each call stays 3 s in the dialogue.',
        `The program is warm: ${WARM_UP_COUNT} calls at 40/s went before.`,
        'The delays are from INVITE to 200; admission limits are raised so that nothing is refused.',
      ],
    };
  },
};
