import { z } from 'zod';
import { nameSchema } from '../telephony/directory.ts';
import { queueNameSchema } from '../telephony/queue-name.ts';

/** Numbers of one group at most. */
export const POOL_NUMBERS_MAX = 10_000;
const DESCRIPTION_CHARACTERS_MAX = 32;

/** A number that callers are told to dial: E.164, at most 16 characters with the plus. */
const poolNumberSchema = z
  .string()
  .regex(/^\+?[1-9][0-9]{2,14}$/, 'must be in E.164: 3–15 digits, no leading 0, with an optional leading +');

/** One number of a pool and what it is for. */
export const callInNumberSchema = z.strictObject({
  number: poolNumberSchema,
  description: z
    .string()
    .max(DESCRIPTION_CHARACTERS_MAX, `must be at most ${DESCRIPTION_CHARACTERS_MAX} characters`)
    .default(''),
});
export type CallInNumber = z.infer<typeof callInNumberSchema>;

/** The name of a group: any visible characters, 1–64, no space at the ends. Fixed once made. */
export const groupNameSchema = z
  .string()
  .regex(/^[^\s\p{C}](?:[^\p{C}]{0,62}[^\s\p{C}])?$/u, 'must be 1–64 characters, without spaces at the ends');

/**
 * A Click-To-Call-In group: which numbers an app's customers are told to dial, and how their calls are
 * recognised.
 */
export const callInGroupSchema = z.strictObject({
  name: groupNameSchema,
  /** The DNIS pool; each as text or with a description. */
  numbers: z
    .array(
      z.union([poolNumberSchema.transform((number) => ({ number, description: '' })), callInNumberSchema]),
    )
    .min(1)
    .max(POOL_NUMBERS_MAX),
  /** Each request gets digits that the caller keys in. */
  generateAccessCode: z.boolean().default(false),
  accessCodeLength: z.int().min(4).max(12).default(6),
  /** Lifetime of a request. */
  expirySec: z.int().min(10).max(1800).default(30),
  /** A number is not given out again while a request that got it is waiting. */
  uniqueNumber: z.boolean().default(false),
  /** Where matched callers without a callback queue; the queue of the dialogue for all. */
  queue: queueNameSchema,
  /** What answers the pool's numbers. */
  flow: nameSchema.default('call-in-match'),
  language: z
    .string()
    .regex(/^[a-z]{2}(?:-[A-Z]{2})?$/, 'must be like "en" or "en-US"')
    .default('en'),
});
export type CallInGroup = z.infer<typeof callInGroupSchema>;
