import { Role } from './access-store.ts';

/** Something a route lets people do. `own`: only what belongs to the agent that the user is. */
export const rolesByPermission = {
  /** Recognised, whatever the role. */
  signedIn: [Role.administrator, Role.supervisor, Role.monitor, Role.developer, Role.agent],
  readCallbacks: [Role.administrator, Role.supervisor, Role.monitor, Role.developer],
  readOwnCallback: [Role.administrator, Role.supervisor, Role.monitor, Role.developer, Role.agent],
  createCallbacks: [Role.administrator, Role.supervisor, Role.developer],
  /** An agent: the callback being served. */
  rescheduleCallbacks: [Role.administrator, Role.supervisor, Role.developer, Role.agent],
  cancelCallbacks: [Role.administrator, Role.supervisor, Role.developer],
  /** What a customer's app says when it was asked whether to call now. */
  answerPushes: [Role.administrator, Role.supervisor, Role.developer],
  /** What customers' devices and other systems were told. */
  readNotifications: [Role.administrator, Role.supervisor, Role.developer],
  retryNotifications: [Role.administrator, Role.developer],
  /** Customers' numbers in full; an agent sees the number of the callback being served. */
  seeNumbers: [Role.administrator, Role.supervisor, Role.developer],
  readAgents: [Role.administrator, Role.supervisor, Role.monitor],
  readOwnAgent: [Role.administrator, Role.supervisor, Role.monitor, Role.agent],
  setOwnAgentState: [Role.administrator, Role.supervisor, Role.agent],
  setAgentStates: [Role.administrator, Role.supervisor],
  /** An agent's screen: the agent's own; whose it is, is looked at with the request. */
  useWorkspace: [Role.administrator, Role.supervisor, Role.agent],
  /** Other agents' workspaces and states; listen, whisper, barge. */
  superviseAgents: [Role.administrator, Role.supervisor],
  /** Customers' voices. An agent: own conversations, and what belongs to the callback being served. */
  readRecordings: [Role.administrator, Role.supervisor],
  readOwnRecordings: [Role.administrator, Role.supervisor, Role.agent],
  deleteRecordings: [Role.administrator],
  readQueues: [Role.administrator, Role.supervisor, Role.monitor, Role.developer, Role.agent],
  readCallInGroups: [Role.administrator, Role.supervisor, Role.monitor, Role.developer],
  /** Who asked to call in, with their data. */
  readCallIns: [Role.administrator, Role.developer],
  readSettings: [Role.administrator, Role.supervisor, Role.developer],
  configure: [Role.administrator],
  manageUsers: [Role.administrator],
  manageApiKeys: [Role.administrator, Role.developer],
  readAudit: [Role.administrator],
  traceCalls: [Role.administrator, Role.developer],
  readErrors: [Role.administrator, Role.developer],
  testCredentials: [Role.administrator, Role.developer],
  readMetrics: [Role.administrator, Role.supervisor, Role.monitor, Role.developer],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof rolesByPermission;

/**
 * The APIs beside the native one, each with the roles a key needs for it. They take API keys only: neither
 * sessions nor cookies, because their callers are web sites and apps of others.
 */
export const rolesByFamily = {
  /** `/engagement/v3`. */
  ges: [Role.administrator, Role.supervisor, Role.developer],
  /** `/genesys/1` and `/genesys/2`. */
  gms: [Role.administrator, Role.supervisor, Role.developer],
} as const satisfies Record<string, readonly Role[]>;
export type ApiFamily = keyof typeof rolesByFamily;

/**
 * What an API key may be used for: a whole family of the API (`native`, `ges`, `gms`), one permission of the
 * native one (`native:readQueues`), or of another what a customer does (`ges:customers`): its routes that are
 * not `staffOnly`. The key's role bounds it: a scope never gives what the role does not.
 */
export type Scope = 'native' | ApiFamily | `native:${Permission}` | `${ApiFamily}:customers`;

/** Every scope there is. */
export const scopes: readonly Scope[] = [
  'native',
  ...(Object.keys(rolesByFamily) as ApiFamily[]).flatMap(
    (family) => [family, `${family}:customers`] as const,
  ),
  ...(Object.keys(rolesByPermission) as Permission[]).map((permission) => `native:${permission}` as const),
];

/** Permissions that come with a wider one. */
const widerPermissions: Partial<Record<Permission, Permission>> = {
  readOwnCallback: 'readCallbacks',
  readOwnAgent: 'readAgents',
  readOwnRecordings: 'readRecordings',
  setOwnAgentState: 'setAgentStates',
};

/** The part of a principal that decides what it may do. */
export interface Rights {
  readonly role: Role;
  /** Null for people: whatever the role allows on the native API. */
  readonly scopes: readonly Scope[] | null;
  /**
   * Queues that may be read: names, or beginnings of names that end in `*`. Null: all of them. Administrators
   * and members of no access group are not restricted.
   */
  readonly queues: readonly string[] | null;
}

/** What a route asks for: a permission of the native API, or a family of another. */
export type RouteAccess = Permission | ApiFamily;

/**
 * True when the role, and for a key its scopes, give `access`.
 * @param staffOnly the route tells of other customers than the one who asks, or changes what is theirs.
 */
export function may(rights: Rights, access: RouteAccess, staffOnly = false): boolean {
  if (isFamily(access)) {
    const roles: readonly Role[] = rolesByFamily[access];
    const given = rights.scopes ?? [];
    const inFamily = given.includes(access) || (!staffOnly && given.includes(`${access}:customers`));
    return roles.includes(rights.role) && inFamily;
  }
  const roles: readonly Role[] = rolesByPermission[access];
  return roles.includes(rights.role) && inScope(rights.scopes, access);
}

/** True for an API that takes keys only. */
export function isFamily(access: RouteAccess): access is ApiFamily {
  return Object.hasOwn(rolesByFamily, access);
}

function inScope(given: readonly Scope[] | null, permission: Permission): boolean {
  if (given === null || given.includes('native') || given.includes(`native:${permission}`)) return true;
  if (permission === 'signedIn') return given.some((scope) => scope.startsWith('native:'));
  const wider = widerPermissions[permission];
  return wider !== undefined && given.includes(`native:${wider}`);
}

/** True when everything about this queue (its callbacks, calls, figures) may be read. */
export function mayReadQueue(rights: Pick<Rights, 'queues'>, queue: string): boolean {
  return rights.queues === null || rights.queues.some((pattern) => matches(pattern, queue));
}

/** Those of `queues` that may be read, in their order. */
export function readableQueues(rights: Pick<Rights, 'queues'>, queues: readonly string[]): string[] {
  return queues.filter((queue) => mayReadQueue(rights, queue));
}

function matches(pattern: string, queue: string): boolean {
  return pattern.endsWith('*') ? queue.startsWith(pattern.slice(0, -1)) : pattern === queue;
}

/** Roles that somebody may give to an API key: nobody hands out more than they have. */
export function grantableRoles(role: Role): readonly Role[] {
  if (role === Role.administrator) {
    return [Role.administrator, Role.supervisor, Role.monitor, Role.developer];
  }
  return role === Role.developer ? [Role.developer] : [];
}
