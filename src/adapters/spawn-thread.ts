import type { Worker } from 'node:worker_threads';

/** Starts a module in a thread of its own, which gets `data` and no more memory than is said. */
export type SpawnThread<Data = unknown> = (
  entry: URL,
  name: string,
  data: Data,
  options: { readonly resourceLimits: { readonly maxOldGenerationSizeMb: number } },
) => Worker;

/** The URL of a thread's module beside its caller, as TypeScript or built as the caller is. */
export function threadEntry(name: string, callerUrl: string): URL {
  return new URL(`${name}${callerUrl.endsWith('.ts') ? '.ts' : '.js'}`, callerUrl);
}
