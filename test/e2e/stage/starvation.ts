import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const MICROSECONDS_PER_MS = 1000;

/** How short of time the machine was while something ran. */
export interface Shortage {
  /** The longest that a timer of this process came late. */
  readonly latenessMs: number;
  /** Share of the processors' time that the machine's host took for others, 0 to 1. */
  readonly stolen: number;
  /** Share of the time in which something that could run waited for a processor, 0 to 1. */
  readonly cpuWait: number;
  /** Share of the time in which something waited for the disk, 0 to 1. */
  readonly diskWait: number;
}

/** From here on a failure is no verdict on the product: chosen, not measured. */
export const SHORTAGE_MAX: Shortage = { latenessMs: 400, stolen: 0.08, cpuWait: 0.6, diskWait: 0.3 };

/** True when the machine was short of something beyond {@link SHORTAGE_MAX}. */
export function isStarved(shortage: Shortage): boolean {
  return (Object.keys(SHORTAGE_MAX) as (keyof Shortage)[]).some(
    (kind) => shortage[kind] > SHORTAGE_MAX[kind],
  );
}

/** One line for a person. */
export function describeShortage({ latenessMs, stolen, cpuWait, diskWait }: Shortage): string {
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  return [
    `timers up to ${Math.round(latenessMs)} ms late`,
    `${percent(stolen)} of the processors taken by the host`,
    `waiting for a processor ${percent(cpuWait)} and for the disk ${percent(diskWait)} of the time`,
  ].join(', ');
}

/** Watches the machine from now on; the returned function tells how short of time it was, and ends that. */
export function watchShortage(): () => Shortage {
  const lateness = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  lateness.enable();
  const before = countersNow();
  return () => {
    lateness.disable();
    const after = countersNow();
    const spentMs = Math.max(1, after.atMs - before.atMs);
    return {
      latenessMs: Math.max(0, lateness.max / 1e6 - RESOLUTION_MS),
      stolen: (after.stolenTicks - before.stolenTicks) / Math.max(1, after.ticks - before.ticks),
      cpuWait: (after.cpuWaitMs - before.cpuWaitMs) / spentMs,
      diskWait: (after.diskWaitMs - before.diskWaitMs) / spentMs,
    };
  };
}

interface Counters {
  readonly atMs: number;
  readonly ticks: number;
  readonly stolenTicks: number;
  readonly cpuWaitMs: number;
  readonly diskWaitMs: number;
}

function countersNow(): Counters {
  const [, ...ticks] = readOrEmpty('/proc/stat').split('\n', 1)[0]!.trim().split(/\s+/).map(Number);
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user and nice
  const counted = ticks.slice(0, 8);
  return {
    atMs: performance.now(),
    ticks: counted.reduce((sum, each) => sum + each, 0),
    stolenTicks: counted[7] ?? 0,
    cpuWaitMs: pressureMs('cpu'),
    diskWaitMs: pressureMs('io'),
  };
}

/** Where the kernel does not tell, nothing was short. */
function pressureMs(of: 'cpu' | 'io'): number {
  const total = /^some .*total=(\d+)/m.exec(readOrEmpty(`/proc/pressure/${of}`))?.[1];
  return Number(total ?? 0) / MICROSECONDS_PER_MS;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
