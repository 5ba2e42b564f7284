import { test, type TestContext, vi } from 'vitest';
import { limited, SceneRuns } from '../stage/second-try.ts';
import { REAL } from './stage.ts';

/** Each of these scenes starts a product of its own, more than once: that is what they take time for. */
const SCENES_AT_ONCE = 5;
/** With all that a scene waits for: its turn, and the others before a second try. */
const SCENE_MAX_MS = 900_000;

/** What a scene has of its test. What it leaves to be done goes for one try, the last first. */
export type SceneContext = Pick<TestContext, 'expect'> & {
  readonly onTestFinished: (work: () => unknown) => void;
};

/** `maxMs` of one try, by default three minutes. */
type Scene = (name: string, run: (context: SceneContext) => Promise<void>, maxMs?: number) => void;

/**
 * Scenes that set up what they need, with the second try of {@link SceneRuns}. Default: some at the same
 * time, but with real servers, which share calls out among all programs connected to them, one by one.
 */
export function scenesOfTheirOwn({ oneByOne = REAL } = {}): Scene {
  const runs = new SceneRuns({ atOnceMax: oneByOne ? 1 : SCENES_AT_ONCE });
  const each = oneByOne ? test : test.concurrent;
  vi.setConfig({ maxConcurrency: 1000 });
  return (name, run, maxMs) => {
    each(name, { timeout: SCENE_MAX_MS + 2 * (maxMs ?? 0) }, async ({ expect }) => {
      const once = async (): Promise<void> => {
        const left: (() => unknown)[] = [];
        try {
          await limited(run({ expect, onTestFinished: (work) => left.push(work) }), maxMs);
        } finally {
          for (const work of left.toReversed()) await work();
        }
      };
      await runs.run(name, once, once);
    });
  };
}
