import { z } from 'zod';
import { notificationEvents } from '../callback/notification.ts';
import { nameSchema, secretSchema } from '../telephony/directory.ts';
import { queueNameSchema } from '../telephony/queue-name.ts';
import { outgoingUrlSchema } from '../telephony/outgoing-url.ts';

/** Another system that is told by HTTP what devices are told. */
export const webhookSchema = z.strictObject({
  name: nameSchema,
  url: outgoingUrlSchema,
  /** Signs what is sent (HMAC-SHA256). */
  secret: secretSchema,
  enabled: z.boolean().default(true),
  /** Queues whose callbacks are told; empty: all. */
  queues: z.array(queueNameSchema).max(1000).default([]),
  /** What is told; empty: everything. */
  events: z.array(z.enum(notificationEvents)).max(notificationEvents.length).default([]),
  timeoutMs: z.int().min(100).max(30_000).default(5000),
  /** Sent at most so often while the other side does not take it. */
  triesMax: z.int().min(1).max(20).default(8),
});

/** A webhook in force, its secret in plain text; never logged, never shown. */
export type WebhookSettings = Omit<z.infer<typeof webhookSchema>, 'secret'> & { readonly secret: string };
