import { z } from 'zod';
import { nameSchema, secretSchema } from '../telephony/directory.ts';
import { outgoingUrlSchema } from '../telephony/outgoing-url.ts';

/** Where tokens are checked unless the installation says otherwise. */
const VERIFY_URL = 'https://www.google.com/recaptcha/api/siteverify';

/** Which widget made a token: the checkbox, the invisible one, or the one that scores without asking. */
export const captchaKinds = ['v2-checkbox', 'v2-invisible', 'v3'] as const;

/**
 * One set of reCAPTCHA keys. While any set is enabled, every callback operation of the v3 API needs a token
 * that one of the enabled sets takes.
 */
export const captchaKeysSchema = z.strictObject({
  /** The key set's name, for people. */
  name: nameSchema,
  kind: z.enum(captchaKinds),
  /** The public half, as pages carry it. */
  siteKey: z.string().regex(/^[\w-]{1,128}$/, 'must be 1–128 of letters, digits, "_" and "-"'),
  secret: secretSchema,
  enabled: z.boolean().default(true),
  /** Asking for a number to call in needs a token, too, that this set or another such one takes. */
  callIn: z.boolean().default(false),
  /** v3: tokens that score below are refused; 0 takes all, 1 nearly none. */
  scoreMin: z.number().min(0).max(1).default(0.5),
  /** v3: the action that the page must have named; undefined: any. */
  action: z
    .string()
    .regex(/^[A-Za-z/_]{1,100}$/, 'must be 1–100 of letters, "/" and "_"')
    .optional(),
  /** Host names of the pages that tokens may come from; empty: any. */
  hostNames: z
    .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, 'must be a host name'))
    .max(50)
    .default([]),
  /** An `https:` address, or `http:` on this machine. */
  verifyUrl: outgoingUrlSchema.default(VERIFY_URL),
  timeoutMs: z.int().min(100).max(10_000).default(3000),
  /** What happens while the checking service does not answer: requests are refused, or let in. */
  whenUnavailable: z.enum(['refuse', 'accept']).default('refuse'),
});
export type CaptchaKeysEntry = z.infer<typeof captchaKeysSchema>;

/** A set in force, its secret in plain text; never logged, never shown. */
export type CaptchaKeys = Omit<CaptchaKeysEntry, 'secret'> & { readonly secret: string };
