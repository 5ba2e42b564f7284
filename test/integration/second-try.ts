import { afterEach, beforeEach, type RunnerTestCase, type TestContext } from 'vitest';
import { describeShortage, isStarved, type Shortage, watchShortage } from '../e2e/stage/starvation.ts';

/** Of less, shares of the time tell nothing. */
const WATCHED_MIN_MS = 200;

const NOT_SHORT: Shortage = { latenessMs: 0, stolen: 0, cpuWait: 0, diskWait: 0 };

const watches = new WeakMap<object, () => Shortage>();
const shortages = new WeakMap<object, Shortage>();

/**
 * Before each test of the project `integration`: one that fails while the machine was short of time is tried
 * once more; any other failure is a verdict at once. Every second try is told with its reason.
 */
beforeEach(({ task }: TestContext) => {
  const before = shortages.get(task);
  if (before) {
    const failure = String(task.result?.errors?.[0]?.message).split('\n', 1)[0]?.slice(0, 200);
    const why = `failed (${failure}) on a machine short of time: ${describeShortage(before)}`;
    process.stderr.write(`tried twice: "${task.name}" ${why}\n`);
  }
  const condition = (): boolean => {
    const shortage = shortages.get(task);
    return shortage !== undefined && isStarved(shortage);
  };
  // Looked at when the test has failed; that there may be one more try is configured.
  (task as RunnerTestCase).retry = { count: 1, condition };
  const sinceMs = performance.now();
  const told = watchShortage();
  watches.set(task, () => ({ ...told(), ...(performance.now() - sinceMs < WATCHED_MIN_MS && NOT_SHORT) }));
});

afterEach(({ task }: TestContext) => {
  const shortage = watches.get(task)?.();
  if (shortage) shortages.set(task, shortage);
});
