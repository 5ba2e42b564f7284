import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

/** Where figures were taken: without it they mean nothing. */
export interface Machine {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryMib: number;
  readonly node: string;
  /** Load average of the last minute before the run: others share the cores. */
  readonly loadBefore: number;
}

export function readMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    coreCount: processors.length,
    memoryMib: Math.round(totalmem() / 2 ** 20),
    node: process.version,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** Processor time and memory of a process, from Linux's /proc. */
export interface ProcessUse {
  /** User and system time so far, ms. */
  readonly cpuMs: number;
  readonly residentMib: number;
  readonly descriptorCount: number;
}

const CLOCK_TICKS_PER_SEC = 100;

export function processUse(pid: number, descriptorCount: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const residentKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return { cpuMs: (ticks * 1000) / CLOCK_TICKS_PER_SEC, residentMib: residentKib / 1024, descriptorCount };
}

/** Processor milliseconds of each thread by its name, largest first: where the time goes. */
export function threadTimes(pid: number, threadIds: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const id of threadIds) {
    const stat = readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8');
    const end = stat.lastIndexOf(')');
    const fields = stat.slice(end + 2).split(' ');
    const ms = ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SEC;
    times.set(`${stat.slice(stat.indexOf('(') + 1, end)}/${id}`, ms);
  }
  return times;
}
