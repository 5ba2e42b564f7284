import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { type AccessStore, Role } from './access-store.ts';
import { hashPassword } from './password-hash.ts';

/**
 * On a first start (no user at all) makes the user `admin` with a generated password and returns it, to be
 * printed once; undefined when there are users already.
 */
export async function ensureAdministrator(
  store: AccessStore,
  clock: Clock,
): Promise<{ name: string; password: string } | undefined> {
  if ((await store.userCount()) > 0) return undefined;
  const password = randomBytes(15).toString('base64url');
  const nowMs = clock.nowMs();
  const inserted = await store.insertUser({
    name: 'admin',
    role: Role.administrator,
    passwordHash: await hashPassword(password),
    agentId: null,
    enabled: true,
    accessGroups: [],
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  });
  return inserted ? { name: 'admin', password } : undefined;
}
