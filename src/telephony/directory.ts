import { z } from 'zod';
import { queueNameSchema } from './queue-name.ts';

/**
 * Names of configured things but queues, whose names are `queueNameSchema`'s: letters, digits, `.`, `_`, `-`;
 * 1–64 characters; starts with a letter or digit.
 */
export const nameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1–64 of letters, digits, ".", "_", "-", and start with a letter or digit',
  );

/** A telephone number or extension as dialled: optional `+`, 2–20 digits, `*` and `#` allowed. */
export const dialledNumberSchema = z
  .string()
  .regex(/^\+?[0-9*#]{2,20}$/, 'must be 2–20 digits (also * and #), with an optional leading +');

/** IPv4 address or CIDR block with an optional port: `192.0.2.10`, `192.0.2.0/24`, `127.0.0.1:5070`. */
export const trunkAddressSchema = z
  .string()
  .regex(
    /^(?:\d{1,3}\.){3}\d{1,3}(?:\/(?:[0-9]|[12][0-9]|3[0-2]))?(?::\d{1,5})?$/,
    'must be an IPv4 address or CIDR block, with an optional :port',
  );

/** Longer than anything that is sealed: a private key of 8192 characters comes to 11 000. */
const SEALED_MAX = 16_420;

/** A secret as exported. It is longer than what it holds, so the limit of that does not count for it. */
export const sealedSecretSchema = z.string().startsWith('sealed:').max(SEALED_MAX);

/**
 * A password as configuration carries it: plain text (sealed on apply), `{env: NAME}` read on apply,
 * `{generate: true}` made at the first apply and kept afterwards, or `sealed:v2:…` as `turnkeeper export`
 * writes it. The store and the logs hold only the sealed form.
 */
export const secretSchema = z.union([
  z.string().min(1).max(512),
  sealedSecretSchema,
  z.strictObject({
    env: z.string().regex(/^[A-Z_][A-Z0-9_]{0,127}$/, 'must be an environment variable name'),
  }),
  z.strictObject({ generate: z.literal(true) }),
]);
export type SecretInput = z.infer<typeof secretSchema>;

/** A SIP trunk: a peer that calls come from and go to. */
export const trunkSchema = z.strictObject({
  name: nameSchema,
  /** Sources whose INVITEs are accepted without a challenge. */
  addresses: z.array(trunkAddressSchema).max(64).default([]),
  /** INVITEs from other addresses are accepted after digest authentication with this user and password. */
  username: z.string().min(1).max(128).optional(),
  password: secretSchema.optional(),
  /** Where outbound calls go: `host`, `host:port`; undefined: inbound only. */
  outboundHost: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/, 'must be host or host:port')
    .optional(),
  transport: z.enum(['udp', 'tcp']).default('udp'),
  /** Put before every dialled number. */
  dialPrefix: z
    .string()
    .regex(/^[0-9*#]{0,10}$/, 'must be at most 10 digits')
    .default(''),
  /** Calls at the same time, both directions. */
  callsMax: z.int().min(1).max(10_000).default(1000),
  enabled: z.boolean().default(true),
});
export type Trunk = z.infer<typeof trunkSchema>;

/** A number that callers dial and the flow that answers it. */
export const didSchema = z.strictObject({
  number: dialledNumberSchema,
  flow: nameSchema,
  queue: queueNameSchema,
  /** Prompt language, BCP 47 primary tag with a catalogue in `flows/prompts/`. */
  language: z
    .string()
    .regex(/^[a-z]{2}(?:-[A-Z]{2})?$/, 'must be like "en" or "en-US"')
    .default('en'),
});
export type Did = z.infer<typeof didSchema>;

/**
 * An agent's media capacity rule: how many of what at once. A voice has one mouth: at once it is one call or
 * one callback whatever the numbers are; 0 means none of that kind.
 */
export const agentMediaSchema = z.strictObject({
  call: z.int().min(0).max(10).default(1),
  callback: z.int().min(0).max(10).default(1),
  /**
   * Callbacks among the agent's conversations, in percent: below it callbacks are taken first, from it on
   * calls are. Undefined: the order of the line decides.
   */
  callbackSharePct: z.int().min(0).max(100).optional(),
});
export type AgentMedia = z.infer<typeof agentMediaSchema>;

/** An agent and the phone that rings for them. The phone registers with the SIP user `sipUser`. */
export const agentSchema = z.strictObject({
  id: nameSchema,
  name: z.string().min(1).max(128),
  sipUser: nameSchema,
  password: secretSchema,
  /** Skill levels 0–100, matched by queues' skill expressions. */
  skills: z.record(nameSchema, z.int().min(0).max(100)).default({}),
  /** Which kinds the agent takes; undefined: both, in the order of the line. */
  media: agentMediaSchema.optional(),
});
export type Agent = z.infer<typeof agentSchema>;
