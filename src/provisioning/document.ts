import { z } from 'zod';
import { businessHoursSchema } from '../calendar/business-hours.ts';
import { capacityRuleSchema } from '../calendar/capacity-rule.ts';
import { type CallInGroup, callInGroupSchema } from '../callin/call-in-group.ts';
import { type QueueDefaults, type QueueRow, queueRowSchema } from '../callback/queue-row.ts';
import { pushCredentialsSchema } from '../notify/push-credentials.ts';
import { webhookSchema } from '../notify/webhook-settings.ts';
import { type ApiLimits } from './api-limits.ts';
import { defaultNotReadyReasons } from '../routing/agent.ts';
import { captchaKeysSchema } from '../screening/captcha-keys.ts';
import { numberRuleSchema } from '../screening/number-rule.ts';
import { agentSchema, didSchema, nameSchema, trunkSchema } from '../telephony/directory.ts';

/** Size of a document in bytes. */
export const DOCUMENT_BYTES_MAX = 1_048_576;

/**
 * The sections of a configuration document: the schema of an entry, the field that names it, entries at most.
 */
export const sections = {
  queues: { schema: queueRowSchema, key: 'name', max: 1000 },
  agents: { schema: agentSchema, key: 'id', max: 20_000 },
  dids: { schema: didSchema, key: 'number', max: 10_000 },
  trunks: { schema: trunkSchema, key: 'name', max: 1000 },
  businessHours: { schema: businessHoursSchema, key: 'name', max: 1000 },
  capacityRules: { schema: capacityRuleSchema, key: 'name', max: 200 },
  numberRules: { schema: numberRuleSchema, key: 'name', max: 200 },
  captcha: { schema: captchaKeysSchema, key: 'name', max: 4 },
  callInGroups: { schema: callInGroupSchema, key: 'name', max: 200 },
  pushCredentials: { schema: pushCredentialsSchema, key: 'name', max: 10 },
  webhooks: { schema: webhookSchema, key: 'name', max: 50 },
} as const;
export type SectionName = keyof typeof sections;
export const sectionNames = Object.keys(sections) as readonly SectionName[];

/** Flows that must exist for this configuration; a list of names, checked and then kept as written. */
export const requiredFlowsSchema = z.array(nameSchema).max(1000);

/**
 * The whole configuration in its normal form: every secret sealed, entries in the order in which they were
 * written, every default filled in but those of queues: a row says only what differs from `queueDefaults` and
 * from the product, so that a change of a default reaches every queue that does not say otherwise.
 */
export interface ConfigurationDocument {
  /** The default row that every queue inherits from. */
  readonly queueDefaults: QueueDefaults;
  readonly queues: readonly QueueRow[];
  readonly agents: readonly z.infer<typeof agentSchema>[];
  readonly dids: readonly z.infer<typeof didSchema>[];
  readonly trunks: readonly z.infer<typeof trunkSchema>[];
  readonly businessHours: readonly z.infer<typeof businessHoursSchema>[];
  readonly capacityRules: readonly z.infer<typeof capacityRuleSchema>[];
  readonly numberRules: readonly z.infer<typeof numberRuleSchema>[];
  readonly captcha: readonly z.infer<typeof captchaKeysSchema>[];
  readonly callInGroups: readonly CallInGroup[];
  readonly pushCredentials: readonly z.infer<typeof pushCredentialsSchema>[];
  readonly webhooks: readonly z.infer<typeof webhookSchema>[];
  readonly flows: readonly string[];
  /** What agents may give as a reason for not being ready; RONA need not be among it. */
  readonly notReadyReasons: readonly string[];
  /** How much the APIs take; empty: as the installation's settings say. */
  readonly limits: ApiLimits;
}

/** A configuration with nothing in it: what a new installation has. */
export const emptyDocument: ConfigurationDocument = {
  queueDefaults: {},
  queues: [],
  agents: [],
  dids: [],
  trunks: [],
  businessHours: [],
  capacityRules: [],
  numberRules: [],
  captcha: [],
  callInGroups: [],
  pushCredentials: [],
  webhooks: [],
  flows: [],
  notReadyReasons: defaultNotReadyReasons,
  limits: {},
};
