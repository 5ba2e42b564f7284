import type { Clock } from '../../kernel/clock.ts';

/** Settles like `promise`, or resolves to undefined after `timeoutMs`; never leaves a timer behind. */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  let expire: () => void = () => undefined;
  const expired = new Promise<undefined>((resolve) => {
    expire = () => resolve(undefined);
  });
  const timer = clock.setTimer(timeoutMs, expire);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clock.clearTimer(timer);
  }
}
