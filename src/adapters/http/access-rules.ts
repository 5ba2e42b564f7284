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
  /** Customers' numbers in full; an agent sees the number of the callback being served. */
  seeNumbers: [Role.administrator, Role.supervisor, Role.developer],
  readAgents: [Role.administrator, Role.supervisor, Role.monitor],
  readOwnAgent: [Role.administrator, Role.supervisor, Role.monitor, Role.agent],
  setOwnAgentState: [Role.administrator, Role.supervisor, Role.agent],
  setAgentStates: [Role.administrator, Role.supervisor],
  readQueues: [Role.administrator, Role.supervisor, Role.monitor, Role.developer, Role.agent],
  readSettings: [Role.administrator, Role.supervisor, Role.developer],
  configure: [Role.administrator],
  manageUsers: [Role.administrator],
  manageApiKeys: [Role.administrator, Role.developer],
  traceCalls: [Role.administrator, Role.developer],
  readErrors: [Role.administrator, Role.developer],
  readMetrics: [Role.administrator, Role.supervisor, Role.monitor, Role.developer],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof rolesByPermission;

/** True when `role` may do `permission`. */
export function isPermitted(role: Role, permission: Permission): boolean {
  return (rolesByPermission[permission] as readonly Role[]).includes(role);
}

/** Roles that somebody may give to an API key: nobody hands out more than they have. */
export function grantableRoles(role: Role): readonly Role[] {
  if (role === Role.administrator) {
    return [Role.administrator, Role.supervisor, Role.monitor, Role.developer];
  }
  return role === Role.developer ? [Role.developer] : [];
}
