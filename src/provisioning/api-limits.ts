import { z } from 'zod';

/** Lower limits would shut out the people who could raise them again. */
const PER_MINUTE_MIN = 60;
const BURST_MIN = 20;

const rateSchema = z.strictObject({
  perMinuteMax: z.int().min(PER_MINUTE_MIN).max(10_000_000).optional(),
  burstMax: z.int().min(BURST_MIN).max(1_000_000).optional(),
});

/**
 * How much the APIs take: requests of one address (IPv6: one /64), of one API key or user, and callbacks
 * asked for one customer's number over all queues and APIs. What is left out is as the installation's
 * settings say.
 */
export const apiLimitsSchema = z.strictObject({
  address: rateSchema.optional(),
  key: rateSchema.optional(),
  number: z.strictObject({ perHourMax: z.int().min(1).max(100_000).optional() }).optional(),
});
export type ApiLimits = z.infer<typeof apiLimitsSchema>;
