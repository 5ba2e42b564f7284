import { z } from 'zod';
import { type SettingKey, settingKeys } from '../../../src/callback/queue-row.ts';
import { queueSettingsSchema } from '../../../src/callback/queue-settings.ts';

interface JsonSchema {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly default?: unknown;
}

const schema = z.toJSONSchema(queueSettingsSchema, { io: 'input', unrepresentable: 'any' });
const properties = schema.properties as unknown as Readonly<Record<SettingKey, JsonSchema>>;

/** What the schema itself says of a key. */
export interface SettingFacts {
  readonly key: SettingKey;
  /** In words; undefined where only words can say it. */
  readonly allowed: string | undefined;
  /** As JSON without quotes around text; `–` without one. */
  readonly default: string;
}

/** The facts of every key, in the order of the schema. */
export const settingFacts: readonly SettingFacts[] = settingKeys.map((key) => ({
  key,
  allowed: allowedWords(properties[key]),
  default: defaultWords(properties[key].default),
}));

function allowedWords({ type, minimum, maximum, enum: values, anyOf }: JsonSchema): string | undefined {
  if (type === 'integer') return `${minimum}–${maximum}`;
  if (type === 'boolean') return 'true, false';
  if (values) return values.join(', ');
  const constants = anyOf?.map((option) => option.const);
  return constants?.every((value) => value !== undefined)
    ? constants.map((value) => JSON.stringify(value)).join(', ')
    : undefined;
}

function defaultWords(value: unknown): string {
  if (value === undefined || value === '') return '–';
  if (typeof value === 'string') return value;
  return JSON.stringify(value).replaceAll('"', '').replaceAll(':', ': ').replaceAll(',', ', ');
}
