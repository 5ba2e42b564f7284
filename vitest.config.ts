import { defineConfig } from 'vitest/config';

interface Kind {
  readonly name: string;
  readonly testTimeout: number;
  readonly order: number;
  readonly isolate: boolean;
  readonly retry?: number;
  readonly setupFiles?: string[];
}

/** Kinds of tests in the order they run; those of one order run at the same time. */
const kinds: readonly Kind[] = [
  // No sockets: computation only, nothing that a file could leave to the next one in the same process.
  ...['unit', 'contract', 'simulation', 'tidy'].map((name) => {
    return { name, testTimeout: 15_000, order: 1, isolate: false };
  }),
  // One more try where the machine had no time for the first: the file of setup sees to that.
  {
    name: 'integration',
    testTimeout: 30_000,
    order: 2,
    isolate: true,
    retry: 1,
    setupFiles: ['test/integration/second-try.ts'],
  },
  // Real time and telephones: one file after the other, or they take each other's time.
  { name: 'e2e', testTimeout: 180_000, order: 3, isolate: true },
];

/** Files at the same time; vitest's own choice leaves one of two cores idle. */
const FILES_AT_ONCE = 2;

export default defineConfig({
  test: {
    projects: kinds.map(({ name, testTimeout, order, isolate, retry = 0, setupFiles = [] }) => ({
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout,
        isolate,
        retry,
        setupFiles,
        hookTimeout: 60_000,
        maxWorkers: name === 'e2e' ? 1 : FILES_AT_ONCE,
        sequence: { groupOrder: order },
      },
    })),
  },
});
