import type { z } from 'zod';
import { originsSchema, scopesSchema } from '../adapters/http/access-schemas.ts';
import { Role } from '../adapters/http/access-store.ts';
import { AppError } from '../kernel/errors.ts';
import { nameSchema } from '../telephony/directory.ts';
import type { Output } from './configuration-commands.ts';
import type { Operator } from './operator.ts';

const PASSWORD_LENGTH_MIN = 12;
const PASSWORD_LENGTH_MAX = 256;
const KEY_NAME_LENGTH_MAX = 128;

/** `turnkeeper user add NAME --role ROLE`. @throws AppError ARGUMENT_INVALID, USER_EXISTS. */
export async function addUserCommand(
  operator: Operator,
  output: Output,
  user: { readonly name: string; readonly role: string; readonly password: string },
): Promise<number> {
  const { name, password } = user;
  const checked = nameSchema.safeParse(name);
  if (!checked.success) {
    throw new AppError('ARGUMENT_INVALID', `NAME ${checked.error.issues[0]?.message ?? 'is wrong'}`);
  }
  const role = roleOf(user.role);
  checkPassword(password);
  await operator.addUser({ name, role, password });
  output.line(`user ${name} added with the role ${role}`);
  return 0;
}

/** `turnkeeper user list`. */
export async function listUsersCommand(operator: Operator, output: Output): Promise<number> {
  for (const { name, role, enabled, createdAt } of await operator.listUsers()) {
    output.line([name, role, enabled ? 'enabled' : 'disabled', createdAt].join('\t'));
  }
  return 0;
}

/** `turnkeeper user remove NAME`. @returns 1 when there is no such user. */
export async function removeUserCommand(operator: Operator, output: Output, name: string): Promise<number> {
  return told(await operator.removeUser(name), output, `user ${name} removed`, `there is no user ${name}`);
}

/** `turnkeeper user password NAME`; ends the user's sessions. @returns 1 when there is no such user. */
export async function passwordCommand(
  operator: Operator,
  output: Output,
  user: { readonly name: string; readonly password: string },
): Promise<number> {
  checkPassword(user.password);
  const changed = await operator.setPassword(user.name, user.password);
  return told(changed, output, `password of ${user.name} changed`, `there is no user ${user.name}`);
}

/**
 * `turnkeeper api-key create NAME --role ROLE [--scope SCOPE…] [--origin ORIGIN…]`: prints the key, once.
 * @throws AppError ARGUMENT_INVALID.
 */
export async function createApiKeyCommand(
  operator: Operator,
  output: Output,
  wanted: {
    readonly name: string;
    readonly role: string;
    readonly scope?: readonly string[];
    readonly origin?: readonly string[];
  },
): Promise<number> {
  const name = wanted.name.trim();
  if (name.length < 1 || name.length > KEY_NAME_LENGTH_MAX) {
    throw new AppError('ARGUMENT_INVALID', `NAME must have 1–${KEY_NAME_LENGTH_MAX} characters`);
  }
  const { id, key } = await operator.createApiKey({
    name,
    role: roleOf(wanted.role),
    scopes: argument(scopesSchema, wanted.scope ?? ['native'], '--scope'),
    origins: argument(originsSchema, wanted.origin ?? [], '--origin'),
  });
  output.line(key);
  output.error(`${id}: keep this key; it is not shown again`);
  return 0;
}

/** `turnkeeper api-key list`. */
export async function listApiKeysCommand(operator: Operator, output: Output): Promise<number> {
  for (const { id, name, role, createdAt, lastUsedAt } of await operator.listApiKeys()) {
    output.line([id, name, role, createdAt, lastUsedAt ?? 'never used'].join('\t'));
  }
  return 0;
}

/** `turnkeeper api-key revoke ID`. @returns 1 when there is none of that id. */
export async function revokeApiKeyCommand(operator: Operator, output: Output, id: string): Promise<number> {
  return told(await operator.revokeApiKey(id), output, `key ${id} revoked`, `there is no key ${id}`);
}

function told(done: boolean, output: Output, yes: string, no: string): number {
  if (done) output.line(yes);
  else output.error(no);
  return done ? 0 : 1;
}

function argument<Value>(schema: z.ZodType<Value>, given: unknown, option: string): Value {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  throw new AppError('ARGUMENT_INVALID', `${option}: ${read.error.issues[0]?.message ?? 'is wrong'}`);
}

function roleOf(text: string): Role {
  const role = Object.values(Role).find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  if (role) return role;
  throw new AppError('ARGUMENT_INVALID', `ROLE must be one of ${Object.values(Role).join(', ')}`);
}

function checkPassword(password: string): void {
  if (password.length >= PASSWORD_LENGTH_MIN && password.length <= PASSWORD_LENGTH_MAX) return;
  const message = `the password must have ${PASSWORD_LENGTH_MIN}–${PASSWORD_LENGTH_MAX} characters`;
  throw new AppError('ARGUMENT_INVALID', message);
}
