import { type QueueSettings, queueSettingsSchema } from '../../src/callback/queue-settings.ts';

/** Settings of a queue named `support` with the product's defaults, changed as given. */
export function aQueue(changes: Partial<QueueSettings> = {}): QueueSettings {
  return queueSettingsSchema.parse({ name: 'support', skillExpression: 'support > 0', ...changes });
}
