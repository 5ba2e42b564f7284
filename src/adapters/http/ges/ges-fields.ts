import type { FastifyRequest } from 'fastify';
import { DateTime, IANAZone } from 'luxon';
import { z } from 'zod';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
/** ISO 8601 date, optionally with a time, optionally with an offset. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/;
/** 8 KiB of user data travel with a callback, as JSON. */
const USER_DATA_CHARACTERS_MAX = 8192;
const USER_DATA_KEY_CHARACTERS_MAX = 128;
const ID_CHARACTERS_MAX = 128;
const ZONE_RULE = 'must be a time zone like Europe/Berlin';

/** Text of 1 to `max` characters. */
export function text(max: number): z.ZodString {
  const range = `must have 1–${max} characters`;
  return z
    .string({ error: rule('must be text') })
    .min(1, range)
    .max(max, range);
}

/** A rule in words: `is required` for what is absent. */
export function rule(words: string): (issue: { input?: unknown }) => string {
  return ({ input }) => (input === undefined || input === null ? 'is required' : words);
}

/** A field that may be absent; null counts as absent. */
export function maybe<Schema extends z.ZodType>(
  schema: Schema,
): z.ZodPipe<
  z.ZodOptional<z.ZodNullable<Schema>>,
  z.ZodTransform<z.output<Schema> | undefined, z.output<Schema> | null | undefined>
> {
  return schema.nullish().transform((value) => value ?? undefined);
}

/**
 * A field of text that may be absent; null and empty text count as absent: forms send what nobody filled in.
 */
export function maybeText<Schema extends z.ZodType>(
  schema: Schema,
): z.ZodPipe<
  z.ZodOptional<z.ZodPreprocess<z.ZodOptional<z.ZodNullable<Schema>>>>,
  z.ZodTransform<z.output<Schema> | undefined, z.output<Schema> | null | undefined>
> {
  return z
    .preprocess((value) => (value === '' ? undefined : value), schema.nullish())
    .optional()
    .transform((value) => value ?? undefined);
}

/** Text of at most `max` characters, in a field that may be absent. */
export function textUpTo(max: number): z.ZodString {
  return z.string({ error: rule('must be text') }).max(max, `must have at most ${max} characters`);
}

/**
 * Before a query is validated: a parameter without a value counts as absent. For questions only; where
 * parameters say which callbacks are meant, none at all would mean every one.
 */
export function withoutEmptyParameters({ query }: FastifyRequest): Promise<void> {
  const parameters = query as Record<string, unknown>;
  for (const [name, value] of Object.entries(parameters)) if (value === '') delete parameters[name];
  return Promise.resolve();
}

/** A body with these fields and no others. */
export function bodyOf<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return 'must be a JSON object';
      const keys = issue.keys.slice(0, 5).map((key) => key.slice(0, 64));
      return `has the unknown field ${keys.join(', ')}; known are ${Object.keys(shape).join(', ')}`;
    },
  });
}

/** The token of a solved CAPTCHA; read where the installation asks for one. */
export const captchaToken = maybeText(textUpTo(8192)).describe(
  'Needed where the installation asks for a CAPTCHA',
);

/** A callback's id as it was given out; whether there is such a callback is another question. */
export const callbackId = text(ID_CHARACTERS_MAX).describe('As POST /callbacks/create gave it out');

/** A virtual queue's name; read as Unicode form NFC, in which names are configured. */
export const serviceName = text(255).normalize('NFC').describe("The virtual queue's name");

/** An instant in a body, as UTC epoch ms; UTC where it has no offset. */
export const instant = z
  .string({ error: rule('must be a time in ISO 8601') })
  .max(40, 'must be a time in ISO 8601, like 2026-01-05T09:00:00.000Z')
  .refine(
    (value) => instantMs(value, 'utc') !== undefined,
    'must be a time in ISO 8601, like 2026-01-05T09:00:00.000Z',
  )
  .transform((value) => instantMs(value, 'utc') ?? 0)
  .describe('ISO 8601; UTC where it has no offset');

/** UTC epoch ms of an ISO 8601 text; without an offset it is a local time of `zone`. Undefined: no time. */
export function instantMs(value: string, zone: string): number | undefined {
  // A "+" that was not encoded arrives as a space.
  const read = value.replace(/ (\d{2}:?\d{2})$/, '+$1');
  if (!ISO_TIME.test(read)) return undefined;
  const time = DateTime.fromISO(read, { zone });
  return time.isValid ? time.toMillis() : undefined;
}

/** A time zone's name in the IANA database. */
export const zoneName = z
  .string({ error: ZONE_RULE })
  .max(64, ZONE_RULE)
  .refine((name) => IANAZone.isValidZone(name), ZONE_RULE)
  .default('UTC');

/** `true` or `false` in a query. */
export const flag = z
  .string({ error: 'must be true or false' })
  .toLowerCase()
  .pipe(z.enum(['true', 'false'], { error: 'must be true or false' }))
  .transform((value) => value === 'true');

/**
 * Data that travels with a request. Keys that are no JavaScript names are left out, as in the field; values
 * that are no text are kept as JSON.
 */
export const userData = z
  .record(z.string(), z.unknown(), { error: 'must be an object' })
  .refine(
    (data) => JSON.stringify(data).length <= USER_DATA_CHARACTERS_MAX,
    `must have at most ${USER_DATA_CHARACTERS_MAX} characters as JSON`,
  )
  .transform((data) =>
    Object.fromEntries(
      Object.entries(data)
        .filter(([key]) => key.length <= USER_DATA_KEY_CHARACTERS_MAX && IDENTIFIER.test(key))
        .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
  )
  .describe('Keys must be JavaScript names, others are left out; never logged');

/** Numbers between two limits, both included. */
export function numberBetween(min: number, max: number): z.ZodNumber {
  const range = `must be a whole number from ${min} to ${max}`;
  return z
    .int({ error: rule(range) })
    .min(min, range)
    .max(max, range);
}

/**
 * A body's example in the OpenAPI document. As a member of the media type: zod leaves `examples` out of
 * schemas whose input and output differ.
 */
export function requestExample(value: object): { 'x-examples': { example: { value: object } } } {
  return { 'x-examples': { example: { value } } };
}
