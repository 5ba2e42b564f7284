import { expect, it, onTestFinished } from 'vitest';
import { RelayLab } from './relay-lab.ts';

const SAMPLES_PER_MS = 8;
const STALL_MS = 700;

/** Nothing runs in this thread meanwhile, as on a machine that has no time for it. */
function stall(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
}

it('a recording lasts as long as what it records, whatever the thread missed of it', async () => {
  const lab = new RelayLab();
  onTestFinished(() => lab.close());
  await lab.leg('a');
  const tap = 1;
  const beganAtMs = performance.now();
  lab.order({ type: 'tap', leg: 'a', tap, kind: { type: 'record', isStereo: true, isReadOnly: false } });
  await lab.ticks(5);
  stall();
  await lab.ticks(5);
  stall();
  await lab.ticks(5);
  lab.order({ type: 'untap', leg: 'a', tap });
  const tookMs = performance.now() - beganAtMs;
  const recordedMs =
    lab.reports.reduce((sum, report) => sum + (report.type === 'audio' ? report.samples.length : 0), 0) /
    (2 * SAMPLES_PER_MS);
  expect(tookMs).toBeGreaterThan(2 * STALL_MS);
  expect(Math.abs(recordedMs - tookMs), `${recordedMs} of ${tookMs} ms`).toBeLessThan(100);
});
