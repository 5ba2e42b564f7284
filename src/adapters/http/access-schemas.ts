import { z } from 'zod';
import { nameSchema } from '../../telephony/directory.ts';
import { queuePatternSchema } from '../../telephony/queue-name.ts';
import { type Scope, scopes } from './access-rules.ts';
import { Role } from './access-store.ts';
import { isOrigin } from './cors.ts';
import { httpLimits } from './http-config.ts';

const unique = (items: readonly string[]): boolean => new Set(items).size === items.length;

/** A role by its name. */
export const roleSchema = z.enum(Object.values(Role));

/** The answer of a deletion. */
export const deletedSchema = z.object({ deleted: z.literal(true) });

/** New passwords: long enough to resist guessing, short enough to hash. */
export const newPasswordSchema = z
  .string()
  .min(12, 'must have at least 12 characters')
  .max(256, 'must have at most 256 characters');

/** Scopes of a key, at least one. */
export const scopesSchema = z
  .array(z.enum(scopes as [Scope, ...Scope[]]))
  .min(1)
  .max(scopes.length)
  .refine(unique, 'must not name a scope twice')
  .describe(
    'What the key is for: `native` (this API, as far as the role goes), `native:<permission>`, `ges`, `gms`',
  );

/** Origins of a key: exact ones, or `*` alone. */
export const originsSchema = z
  .array(
    z
      .string()
      .max(300)
      .refine(
        (text) => text === '*' || isOrigin(text),
        'must be an origin like https://shop.example, lower case and without a path, or *',
      ),
  )
  .max(httpLimits.originsPerKeyMax)
  .refine(unique, 'must not name an origin twice')
  .refine((origins) => !origins.includes('*') || origins.length === 1, '* stands alone')
  .describe('Pages of other origins that may use the key; none by default, `*` for every page');

/** Groups of a user or key. */
export const memberGroupsSchema = z
  .array(nameSchema)
  .max(httpLimits.groupsPerMemberMax)
  .refine(unique, 'must not name a group twice')
  .describe('Access groups; none: every queue');

/** Queues of a group. */
export const groupQueuesSchema = z
  .array(queuePatternSchema)
  .max(httpLimits.queuesPerGroupMax)
  .refine(unique, 'must not name a queue twice')
  .describe('Queue names; `sales_*` stands for every queue whose name begins so, also of later ones');
