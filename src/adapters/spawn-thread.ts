import type { Worker } from 'node:worker_threads';

/** Starts a module in a thread of its own, which gets `data` and no more memory than is said. */
export type SpawnThread<Data = unknown> = (
  entry: URL,
  name: string,
  data: Data,
  options: { readonly resourceLimits: { readonly maxOldGenerationSizeMb: number } },
) => Worker;
