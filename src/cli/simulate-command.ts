import { writeFileSync } from 'node:fs';
import type { FlowLibrary } from '../ivr/flow-library.ts';
import { parseScenario } from '../simulation/scenario.ts';
import { Simulator } from '../simulation/simulator.ts';
import { type QueueSummary, summarize, type Summary } from '../simulation/summary.ts';
import { faultLine, type Output } from './configuration-commands.ts';

/** Days of one command at most. */
const DAYS_MAX = 1000;

export interface SimulateOptions {
  readonly seed?: number;
  readonly days: number;
  /** File for the figures as a JSON array, one element a day. */
  readonly json?: string;
}

/**
 * `turnkeeper simulate SCENARIO.yaml`. @returns the exit code: 0 played, 1 refused (every fault is printed)
 * or played with errors of the rooms.
 */
export async function simulateCommand(
  output: Output,
  flows: FlowLibrary,
  file: { readonly path: string; readonly text: string },
  { seed, days, json }: SimulateOptions,
): Promise<number> {
  const missing = ['inbound', 'outbound-confirm'].filter((name) => !flows.get(name));
  if (missing.length > 0) {
    output.error(`no valid flow ${missing.join(', ')} in the flows folder`);
    for (const { file: name, path, message } of flows.faults) output.error(`${name}: ${path}: ${message}`);
    return 1;
  }
  const outcome = parseScenario(file.text);
  if (outcome.kind === 'refused') {
    for (const fault of outcome.faults) output.error(faultLine(file.path, fault));
    return 1;
  }
  if (days < 1 || days > DAYS_MAX) {
    output.error(`--days must be 1–${DAYS_MAX} (found ${days})`);
    return 1;
  }
  const { scenario } = outcome;
  const firstSeed = seed ?? scenario.settings.seed;
  const summaries: Summary[] = [];
  for (let day = 0; day < days; day++) {
    const tally = await new Simulator({ scenario, flows, seed: firstSeed + day }).run();
    const summary = summarize(scenario.settings, firstSeed + day, tally);
    for (const line of summaryLines(summary)) output.line(line);
    for (const error of tally.errors.slice(0, 10)) output.error(String(error));
    summaries.push(summary);
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(summaries, null, 2)}\n`);
  return summaries.some(({ errorCount }) => errorCount > 0) ? 1 : 0;
}

function summaryLines(summary: Summary): string[] {
  const { scenario, seed, agentCount, occupancy, serviceLevelSec } = summary;
  return [
    `${scenario}, seed ${seed}: ${agentCount} agents, occupancy ${percent(occupancy)}`,
    ...summary.queues.flatMap((queue) => queueLines(queue, serviceLevelSec)),
    ...Object.entries(summary.refusals).map(([what, count]) => `  refused on the web: ${what} ${count}`),
  ];
}

function queueLines(queue: QueueSummary, serviceLevelSec: number): string[] {
  const { callWaits, offlineWaits, onlineWaits } = queue;
  const reasons = Object.entries(queue.reasons).map(([reason, count]) => `${reason} ${count}`);
  return [
    `  queue ${queue.queue}`,
    `    calls       ${queue.callCount} offered, ${queue.answeredCount} answered, ${queue.abandonedCount} abandoned (${percent(queue.abandonment)}), ${queue.bookedCount} took a callback`,
    `    service     ${percent(queue.serviceLevel)} within ${serviceLevelSec} s, ASA ${seconds(queue.asaSec)}, wait p95 ${seconds(callWaits.p95Sec)}`,
    `    callbacks   ${queue.callbackCount}, ${queue.connectedCount} connected, ${queue.stillOpenCount} still open: ${reasons.join(', ') || 'none ended'}`,
    `    off line    p50 ${seconds(offlineWaits.p50Sec)}, p95 ${seconds(offlineWaits.p95Sec)} to the first attempt; attempts ${queue.attemptsPerCallback?.toFixed(2) ?? '–'} a callback`,
    `    on line     p50 ${seconds(onlineWaits.p50Sec)}, p95 ${seconds(onlineWaits.p95Sec)} from the 1 to the agent`,
    `    punctual    ${percent(queue.punctuality)} of the scheduled ones within 2 min`,
  ];
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

function seconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} s`;
}
