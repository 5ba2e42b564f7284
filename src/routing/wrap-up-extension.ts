import type { AgentStatus } from './agent.ts';

/** How far an agent may draw after-call work out. */
export interface WrapUpExtension {
  /** What one extension adds. */
  readonly stepMs: number;
  /** From the call's end at most. */
  readonly maxMs: number;
}

/** When after-call work ends by itself once it has been extended; undefined: no more time is to be had. */
export function extendedUntil(
  { state, sinceMs, dueAtMs }: AgentStatus,
  extension: WrapUpExtension | undefined,
): number | undefined {
  if (state !== 'AFTER_CALL_WORK' || dueAtMs === null || !extension) return undefined;
  const untilMs = Math.min(dueAtMs + extension.stepMs, sinceMs + extension.maxMs);
  return untilMs > dueAtMs ? untilMs : undefined;
}
