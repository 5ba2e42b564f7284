import type { z } from 'zod';
import { mergedRow } from '../callback/queue-row.ts';
import { queueSettingsSchema } from '../callback/queue-settings.ts';
import { AppError } from '../kernel/errors.ts';
import { defaultNotReadyReasons } from '../routing/agent.ts';
import { apiLimitsSchema } from './api-limits.ts';
import { type ConfigurationDocument, requiredFlowsSchema, sectionNames, sections } from './document.ts';

/**
 * A stored document read by today's schema: fields that came later get their defaults.
 * @throws AppError CONFIGURATION_UNREADABLE where it does not fit.
 */
export function normalForm(stored: ConfigurationDocument): ConfigurationDocument {
  const result: Record<string, unknown> = {
    flows: requiredFlowsSchema.parse(stored.flows ?? []),
    notReadyReasons: stored.notReadyReasons ?? defaultNotReadyReasons,
    queueDefaults: stored.queueDefaults ?? {},
    limits: apiLimitsSchema.parse(stored.limits ?? {}),
  };
  for (const section of sectionNames) {
    const outcome = sections[section].schema.array().safeParse(stored[section] ?? []);
    if (!outcome.success) throw unreadable(section, outcome.error);
    result[section] = section === 'queues' ? (stored.queues ?? []) : outcome.data;
  }
  const document = result as unknown as ConfigurationDocument;
  for (const row of document.queues) {
    const outcome = queueSettingsSchema.safeParse(mergedRow(row, document.queueDefaults));
    if (!outcome.success) throw unreadable(`queues.${row.name}`, outcome.error);
  }
  return document;
}

function unreadable(part: string, error: z.ZodError): AppError {
  const place = `${part}.${error.issues[0]?.path.map(String).join('.') ?? ''}`;
  return new AppError('CONFIGURATION_UNREADABLE', `the stored configuration does not fit: ${place}`);
}
