import { z } from 'zod';
import { type QueueSettings, queueSettingsSchema } from './queue-settings.ts';

/** A key of the settings that a row may inherit: every one but the name. */
export type SettingKey = Exclude<keyof QueueSettings, 'name'>;

const { name: nameOfQueue, ...shape } = queueSettingsSchema.shape;

/** Every key that can be inherited, in the order of the schema. */
export const settingKeys = Object.keys(shape) as readonly SettingKey[];

/**
 * The keys that may be absent from an effective row. A row says null to have none where the defaults have.
 */
export const optionalKeys: ReadonlySet<SettingKey> = new Set(
  settingKeys.filter((key) => shape[key] instanceof z.ZodOptional),
);

/** What somebody wrote as the default row: any of the keys but the name. */
export type QueueDefaults = { readonly [Key in SettingKey]?: z.input<(typeof shape)[Key]> };

/** What somebody wrote for a queue: its name and what differs from the defaults. */
export type QueueRow = { readonly name: string } & {
  readonly [Key in SettingKey]?: z.input<(typeof shape)[Key]> | null;
};

type Shape = Record<string, z.ZodType>;

const written: Shape = Object.fromEntries(
  settingKeys.map((key): [string, z.ZodType] => {
    const schema: z.ZodType = shape[key];
    const inner = schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema;
    return [key, inner instanceof z.ZodOptional ? inner : inner.optional()];
  }),
);

/** Takes a {@link QueueDefaults}. */
export const queueDefaultsSchema = z.strictObject(written);

/** Takes a {@link QueueRow}. What it returns has inner defaults filled in: keep what was written. */
export const queueRowSchema = z.strictObject({
  name: nameOfQueue,
  ...Object.fromEntries(
    Object.entries(written).map(([key, schema]) =>
      optionalKeys.has(key as SettingKey) ? [key, schema.nullable()] : [key, schema],
    ),
  ),
});

/** Where an effective value comes from: the queue's own row, the default row, or the product. */
export type SettingOrigin = 'row' | 'defaults' | 'built-in';

/** The row with the defaults under it, as written; keys that the row empties with null are left out. */
export function mergedRow(
  row: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...defaults, ...row }).filter(([, value]) => value !== null));
}

/**
 * What is in force for a queue: its row, then the default row, then the product's defaults.
 * @throws ZodError when the rows were not checked before.
 */
export function effectiveSettings(row: QueueRow, defaults: QueueDefaults): QueueSettings {
  return queueSettingsSchema.parse(mergedRow(row, defaults));
}

/** Where the value of one key comes from. */
export function originOf(key: SettingKey, row: QueueRow, defaults: QueueDefaults): SettingOrigin {
  if (row[key] !== undefined) return 'row';
  return defaults[key] === undefined ? 'built-in' : 'defaults';
}
