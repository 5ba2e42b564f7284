import type { NumberGate } from '../../application/number-gate.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { ApiLimits } from '../../provisioning/api-limits.ts';
import { RateLimiter } from './rate-limiter.ts';

const HOUR_MS = 3_600_000;

/**
 * A bucket a customer's number: as many requests at once as in an hour, and filled again over an hour.
 * @param limits in force, asked with every request; what they do not say is as the installation's settings.
 */
export function numberGate(
  clock: Clock,
  limits: () => ApiLimits,
  settings: { readonly callbacksPerNumberPerHourMax: number },
): NumberGate {
  const perHourMax = (): number => limits().number?.perHourMax ?? settings.callbacksPerNumberPerHourMax;
  const limiter = new RateLimiter(clock, () => ({ perMinuteMax: perHourMax() / 60, burstMax: perHourMax() }));
  return {
    get max() {
      return perHourMax();
    },
    windowMs: HOUR_MS,
    take: (e164) => limiter.take(e164),
  };
}
