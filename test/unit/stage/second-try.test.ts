import { describe, expect, it } from 'vitest';
import { SceneRuns } from '../../e2e/stage/second-try.ts';
import { isStarved, SHORTAGE_MAX, type Shortage, watchShortage } from '../../e2e/stage/starvation.ts';

const NONE: Shortage = { latenessMs: 0, stolen: 0, cpuWait: 0, diskWait: 0 };
const STARVED: Shortage = { ...NONE, latenessMs: 900 };

/** Runs on a machine that is always so short of time. */
function runsOn(shortage: Shortage, atOnceMax = 5): { runs: SceneRuns; said: string[] } {
  const said: string[] = [];
  const runs = new SceneRuns({
    atOnceMax,
    watch: () => () => shortage,
    say: (line) => said.push(line),
    staggerMs: 0,
  });
  return { runs, said };
}

const passes = (): Promise<void> => Promise.resolve();
const fails = (why: string) => (): Promise<void> => Promise.reject(new Error(why));
const mustNotRun = fails('tried twice');

describe('a scene that fails', () => {
  it('has failed at once where the machine had time enough', async () => {
    const { runs, said } = runsOn(NONE);
    await expect(runs.run('talks', fails('nobody heard'), mustNotRun)).rejects.toThrow('nobody heard');
    expect(said).toEqual([]);
  });

  it('is tried once more where the machine was short of time, and told with the reason', async () => {
    const { runs, said } = runsOn(STARVED);
    await runs.run('talks', fails('nobody heard'), passes);
    expect(said).toHaveLength(1);
    for (const part of ['"talks"', 'nobody heard', 'timers up to 900 ms late', 'passed alone'])
      expect(said[0]).toContain(part);
  });

  it('has failed when the second try fails, however short the machine is of time', async () => {
    const { runs, said } = runsOn(STARVED);
    await expect(runs.run('talks', fails('first'), fails('second'))).rejects.toThrow('second');
    expect(said).toEqual([expect.stringContaining('failed again')]);
  });

  it('is tried again alone, after all others have ended, one after the other', async () => {
    const { runs } = runsOn(STARVED);
    const happened: string[] = [];
    const notes = (what: string) => async (): Promise<void> => {
      happened.push(`${what} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      happened.push(`${what} ends`);
    };
    let finish: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve)).then(() => void happened.push('slow'));
    const all = Promise.all([
      runs.run('one', fails('one'), notes('one again')),
      runs.run('two', fails('two'), notes('two again')),
      runs.run('slow', () => slow, mustNotRun),
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(happened).toEqual([]);
    finish();
    await all;
    expect(happened).toEqual([
      'slow',
      'one again begins',
      'one again ends',
      'two again begins',
      'two again ends',
    ]);
  });
});

it('runs no more scenes at the same time than it may, and each of them', async () => {
  const { runs } = runsOn(NONE, 2);
  let running = 0;
  let begun = 0;
  let most = 0;
  let full: () => void = () => undefined;
  const isFull = new Promise<void>((resolve) => (full = resolve));
  const scene = async (): Promise<void> => {
    begun++;
    most = Math.max(most, ++running);
    if (running === 2) full();
    await isFull;
    running--;
  };
  await Promise.all(Array.from({ length: 7 }, (_, at) => runs.run(`scene ${at}`, scene, mustNotRun)));
  expect({ most, begun }).toEqual({ most: 2, begun: 7 });
});

describe('a machine', () => {
  it.each(Object.keys(SHORTAGE_MAX) as (keyof Shortage)[])('is short of time by %s alone', (kind) => {
    expect(isStarved({ ...NONE, [kind]: SHORTAGE_MAX[kind] })).toBe(false);
    expect(isStarved({ ...NONE, [kind]: SHORTAGE_MAX[kind] * 1.01 })).toBe(true);
  });

  it('is watched: a thread that is held is late by so much', async () => {
    const watched = watchShortage();
    await new Promise((resolve) => setTimeout(resolve, 50));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { latenessMs, ...shares } = watched();
    expect(latenessMs).toBeGreaterThan(150);
    for (const share of Object.values(shares)) expect(share).toBeGreaterThanOrEqual(0);
  });
});
