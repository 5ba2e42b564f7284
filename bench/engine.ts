import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Storage } from '../src/adapters/storage/storage.ts';
import type { Actor } from '../src/callback/callback.ts';
import { SystemClock } from '../src/kernel/clock.ts';
import type { CallbackId } from '../src/kernel/ids.ts';
import { engineOver, QUEUES } from './engine-house.ts';
import { type Measurement, type Result, type Row, rounded } from './measurement.ts';

const OPEN_COUNTS = [10_000, 100_000];
/** Callbacks that go through their first steps at the same time. */
const CONCURRENCIES = [1, 16, 256];
const STEPS_EACH = 3000;
const actor: Actor = { kind: 'system', part: 'bench' };

function number(index: number): string {
  return `+4930${String(1_000_000 + index)}`;
}

async function withStorage<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-bench-'));
  try {
    return await work(join(folder, 'bench.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From an open database to every callback in its old place. */
async function restart(openCount: number): Promise<Row> {
  return withStorage(async (path) => {
    const first = await Storage.open({ path, clock: new SystemClock() });
    const before = engineOver(first);
    for (let made = 0; made < openCount; made += 1000) {
      await Promise.all(
        Array.from({ length: Math.min(1000, openCount - made) }, (_, at) =>
          before.runner.create(
            {
              virtualQueue: QUEUES[(made + at) % QUEUES.length] ?? '',
              customerNumber: number(made + at),
              origin: 'api',
              language: 'en',
              ...(at % 4 === 0 && { desiredAtMs: Date.now() + 86_400_000 + at }),
            },
            actor,
          ),
        ),
      );
    }
    await before.close();
    await first.close();
    const startedMs = performance.now();
    const storage = await Storage.open({ path, clock: new SystemClock() });
    const openedMs = performance.now();
    const engine = engineOver(storage);
    const { openCount: found } = await engine.recover();
    const readyMs = performance.now();
    const placed = QUEUES.reduce((sum, name) => sum + engine.router.queue(name).length, 0);
    await engine.close();
    await storage.close();
    return {
      what: 'restart',
      'open callbacks': found,
      'in line': placed,
      'open database ms': rounded(openedMs - startedMs),
      'places taken ms': rounded(readyMs - openedMs),
      'to ready s': rounded((readyMs - startedMs) / 1000, 2),
    };
  });
}

/** Durable steps of the machine: grant, failed attempt, and again; each is a transaction on disk. */
async function transitions(concurrency: number): Promise<Row> {
  return withStorage(async (path) => {
    const storage = await Storage.open({ path, clock: new SystemClock() });
    const rooms = engineOver(storage);
    const { runner } = rooms;
    const create = async (index: number): Promise<CallbackId> => {
      const request = {
        virtualQueue: 'queue-0',
        customerNumber: number(index),
        origin: 'api',
        language: 'en',
      } as const;
      const outcome = await runner.create(request, actor);
      if (outcome.kind === 'refused') throw new Error(outcome.refusal.kind);
      return outcome.callback.id;
    };
    let index = 0;
    const createdMs = performance.now();
    const ids: CallbackId[] = [];
    await atOnce(concurrency, STEPS_EACH, async () => {
      ids.push(await create(index++));
    });
    const createMs = performance.now() - createdMs;
    let step = 0;
    const startedMs = performance.now();
    await atOnce(concurrency, STEPS_EACH, async () => {
      const id = ids[step++ % ids.length] as CallbackId;
      await runner.dispatch(id, { type: 'RESCHEDULED', desiredAtMs: Date.now() + 7_200_000 }, actor);
    });
    const stepMs = performance.now() - startedMs;
    await rooms.close();
    await storage.close();
    return {
      what: 'durable',
      'at once': concurrency,
      'created/s': Math.round((STEPS_EACH / createMs) * 1000),
      'transitions/s': Math.round((STEPS_EACH / stepMs) * 1000),
    };
  });
}

async function atOnce(concurrency: number, count: number, work: () => Promise<void>): Promise<void> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun++;
      await work();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Restart with many open callbacks, and steps that are on disk when they return. */
export const engine: Measurement = {
  name: 'engine',
  title: 'Restart with open callbacks; durable transitions per second',
  async run(): Promise<Result> {
    const rows: Row[] = [];
    for (const openCount of OPEN_COUNTS) rows.push(await restart(openCount));
    for (const concurrency of CONCURRENCIES) rows.push(await transitions(concurrency));
    return {
      rows,
      notes: [
        'Target: 100 000 open callbacks ready within 5 s. A quarter of them are scheduled for later, the rest is in line.',
        'Durable: every step is one transaction with its history line, synchronous FULL; steps asked for at the same time share commits.',
      ],
    };
  },
};
