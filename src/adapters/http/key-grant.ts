import { grantableRoles, type Scope } from './access-rules.ts';
import type { ApiKey, Role } from './access-store.ts';
import type { Principal } from './access.ts';
import { HttpError } from './http-errors.ts';

/** Members of access groups see the keys of their groups only. */
export function maySeeKey({ queues, accessGroups }: Principal, key: ApiKey): boolean {
  return queues === null || key.accessGroups.some((group) => accessGroups.includes(group));
}

/** What a key is to have. */
interface Grant {
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly accessGroups: readonly string[];
  /** Null: for ever. */
  readonly expiresAtMs: number | null;
}

/** Throws FORBIDDEN unless the principal has all that the key has: nobody hands out more. */
export function checkGrant(principal: Principal, wanted: Grant): void {
  if (!grantableRoles(principal.role).includes(wanted.role)) {
    throw new HttpError(
      'FORBIDDEN',
      `the role ${principal.role} may not manage a key with the role ${wanted.role}`,
    );
  }
  const own = principal.scopes;
  const lacking = wanted.scopes.find((scope) => own !== null && !covers(own, scope));
  if (lacking !== undefined) throw new HttpError('FORBIDDEN', `your own key has not the scope ${lacking}`);
  const groups = wanted.accessGroups;
  const within = groups.length > 0 && groups.every((group) => principal.accessGroups.includes(group));
  if (principal.queues !== null && !within) {
    throw new HttpError('FORBIDDEN', 'a key must be in access groups that you are in yourself');
  }
  const { keyExpiresAtMs } = principal;
  if (keyExpiresAtMs !== null && (wanted.expiresAtMs === null || wanted.expiresAtMs > keyExpiresAtMs)) {
    throw new HttpError('FORBIDDEN', 'a key must not live longer than your own');
  }
}

function covers(own: readonly Scope[], scope: Scope): boolean {
  const [family = ''] = scope.split(':', 1);
  return own.some((given) => given === scope || given === family);
}
