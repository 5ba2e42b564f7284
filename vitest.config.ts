import { defineConfig } from 'vitest/config';

/** One project a kind of test: `unit`, `contract`, `tidy` and `simulation` open no socket; `integration` and `e2e` do. */
export default defineConfig({
  test: {
    projects: ['unit', 'contract', 'simulation', 'integration', 'e2e', 'tidy'].map((name) => ({
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: name === 'e2e' ? 180_000 : name === 'integration' ? 30_000 : 15_000,
        hookTimeout: 60_000,
        // End-to-end suites place calls on shared ports and clocks: one file after the other.
        fileParallelism: name !== 'e2e' && name !== 'integration',
      },
    })),
  },
});
