import { z } from 'zod';
import { nameSchema, sealedSecretSchema } from '../telephony/directory.ts';
import { outgoingUrlSchema } from '../telephony/outgoing-url.ts';

/** A private key in PEM, as the service account's file has it. */
const PRIVATE_KEY_MAX = 8192;

/**
 * A service account of Firebase Cloud Messaging. The first enabled one sends to devices; the others wait for
 * their day.
 */
export const pushCredentialsSchema = z.strictObject({
  name: nameSchema,
  /** The project's id, exactly as in the service account's file. */
  project: z.string().regex(/^[a-z0-9][a-z0-9:.-]{0,99}$/, 'must be a project id'),
  /** The service account's own address. */
  clientEmail: z.email().max(320),
  /** PEM, or `{env: NAME}`, or `sealed:v2:…` as exported. */
  privateKey: z.union([
    z.string().min(1).max(PRIVATE_KEY_MAX),
    sealedSecretSchema,
    z.strictObject({
      env: z.string().regex(/^[A-Z_][A-Z0-9_]{0,127}$/, 'must be an environment variable name'),
    }),
  ]),
  enabled: z.boolean().default(true),
  /** Where the access token comes from. */
  tokenUrl: outgoingUrlSchema.default('https://oauth2.googleapis.com/token'),
  /** Where messages go; the project's path is added. */
  sendUrl: outgoingUrlSchema.default('https://fcm.googleapis.com'),
  timeoutMs: z.int().min(100).max(30_000).default(5000),
});
export type PushCredentialsEntry = z.infer<typeof pushCredentialsSchema>;

/** Credentials in force, the key in plain text; never logged, never shown. */
export type PushCredentials = Omit<PushCredentialsEntry, 'privateKey'> & { readonly privateKey: string };
