import { z } from 'zod';
import { dialledNumberSchema, nameSchema } from '../telephony/directory.ts';

/**
 * One row of CALLBACK_SETTINGS: how a virtual queue offers, dials and routes (product §4). Keys, defaults and
 * ranges are the product's; seconds are used here because this is the edge where people write them.
 */
export const queueSettingsSchema = z.strictObject({
  name: nameSchema,
  /** Name of a business-hours object; undefined: always open. */
  businessHours: nameSchema.optional(),
  /** Who may serve this queue, for example `billing >= 3 & english > 0`. */
  skillExpression: z.string().min(1).max(500),
  connectStrategy: z.enum(['customer-first']).default('customer-first'),
  /** A callback is offered when the estimated wait is above this. */
  offerEwtThresholdSec: z.int().min(0).max(7200).default(120),
  /** No offers while this many callbacks are open on the queue. */
  offerWatermark: z.int().min(0).max(100_000).default(1000),
  /** Position and wait are announced this often to a waiting caller. */
  announceIntervalSec: z.int().min(5).max(600).default(30),
  /** After-call work ends by itself after this. */
  wrapUpSec: z.int().min(0).max(3600).default(30),
  maxAttempts: z.int().min(1).max(10).default(3),
  retryIntervalSec: z.int().min(0).max(86_400).default(600),
  /** Ring time of one attempt. */
  dialTimeoutSec: z.int().min(5).max(120).default(32),
  /** Ask the customer to press 1 after the answer. */
  requireConfirm: z.boolean().default(true),
  confirmTimeoutSec: z.int().min(5).max(120).default(30),
  /** A confirmed customer waits this long for an agent at most. */
  maxWaitForAgentSec: z.int().min(30).max(7200).default(3600),
  /** Agents tried for one confirmed customer. */
  maxAgentTransferAttempts: z.int().min(1).max(20).default(5),
  agentRingTimeoutSec: z.int().min(5).max(120).default(20),
  /** "Later" pressed by the customer: called again after this. */
  snoozeSec: z.int().min(60).max(3600).default(300),
  /** Shown to the customer; undefined: the number the customer had dialled, else `turnkeeper`. */
  callerIdNumber: dialledNumberSchema.optional(),
  callerIdName: z.string().max(64).optional(),
  /** Trunk for outbound attempts; undefined: the first that may dial out. */
  trunk: nameSchema.optional(),
  /** ISO 3166 region for parsing national numbers. */
  defaultCountry: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code such as US')
    .default('US'),
  priorityInitial: z.int().min(0).max(2000).default(0),
  ewtEstimator: z.enum(['urs', 'urs2']).default('urs2'),
  /** Used by `urs2` until the queue has measured its own. */
  defaultHandlingTimeSec: z.int().min(1).max(7200).default(180),
  /** Calls and callbacks in the line at most; beyond it callers hear that the queue is full. */
  maxQueued: z.int().min(1).max(100_000).default(1000),
});
export type QueueSettings = z.infer<typeof queueSettingsSchema>;
