import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { answerAudio } from './answer-audio.ts';
import { apiAvailability } from './api-availability.ts';
import { apiCreates } from './api-creates.ts';
import { apiLists } from './api-lists.ts';
import { calls } from './calls.ts';
import { dialogues } from './dialogues.ts';
import { engine } from './engine.ts';
import { latency, latencyUnderCreates } from './latency.ts';
import { readMachine } from './machine.ts';
import { memory } from './memory.ts';
import type { Measurement, Report, Row } from './measurement.ts';
import { pacing } from './pacing.ts';
import { routing } from './routing.ts';
import { slowDisk } from './slow-disk.ts';
import { waitEstimates } from './wait-estimates.ts';

const MEASUREMENTS: readonly Measurement[] = [
  latency,
  latencyUnderCreates,
  answerAudio,
  dialogues,
  calls,
  memory,
  routing,
  pacing,
  waitEstimates,
  engine,
  apiCreates,
  apiAvailability,
  apiLists,
  slowDisk,
];
const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));

async function main(): Promise<void> {
  const names = process.argv.slice(2).filter((name) => !name.startsWith('-'));
  const unknown = names.filter((name) => !MEASUREMENTS.some((measurement) => measurement.name === name));
  if (unknown.length > 0) {
    console.error(`no measurement ${unknown.join(', ')}; there are:`);
    for (const { name, title } of MEASUREMENTS) console.error(`  ${name.padEnd(12)} ${title}`);
    process.exitCode = 1;
    return;
  }
  const chosen = MEASUREMENTS.filter(({ name }) => names.length === 0 || names.includes(name));
  mkdirSync(RESULTS, { recursive: true });
  for (const measurement of chosen) await measure(measurement);
}

async function measure(measurement: Measurement): Promise<void> {
  const { name, title } = measurement;
  const machine = readMachine();
  const at = new Date().toISOString();
  const startedAtMs = performance.now();
  console.log(`\n${title}`);
  console.log(
    `${machine.coreCount} × ${machine.cpu}, ${machine.memoryMib} MiB, Node ${machine.node}, ` +
      `load average before: ${machine.loadBefore}`,
  );
  const result = await measurement.run();
  const durationSec = Math.round((performance.now() - startedAtMs) / 1000);
  const report: Report = { name, title, at, machine, durationSec, ...result };
  console.log(tableOf(result.rows));
  for (const note of result.notes) console.log(note);
  writeFileSync(`${RESULTS}${name}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
}

/** Rows as a Markdown table with aligned columns. */
function tableOf(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map(
    (line) => `| ${line.map((cell, at) => cell.padStart(widths[at] ?? 0)).join(' | ')} |`,
  );
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

await main();
