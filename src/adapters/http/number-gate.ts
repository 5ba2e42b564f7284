import type { NumberGate } from '../../application/application-service.ts';
import type { Clock } from '../../kernel/clock.ts';
import { RateLimiter } from './rate-limiter.ts';

const HOUR_MS = 3_600_000;

/**
 * A bucket a customer's number: as many callbacks at once as in an hour, and filled again over an hour.
 * @param perHourMax in force, asked with every request.
 */
export function numberGate(clock: Clock, perHourMax: () => number): NumberGate {
  const limiter = new RateLimiter(clock, () => ({ perMinuteMax: perHourMax() / 60, burstMax: perHourMax() }));
  return {
    get max() {
      return perHourMax();
    },
    windowMs: HOUR_MS,
    take: (e164) => limiter.take(e164),
  };
}
