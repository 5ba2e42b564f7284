import type { AccessStore } from './access-store.ts';
import { HttpError } from './http-errors.ts';

/** Throws VALIDATION_FAILED when one of the access groups does not exist. */
export async function checkGroups(access: AccessStore, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const known = new Set((await access.listAccessGroups()).map(({ name }) => name));
  const faults = names
    .filter((name) => !known.has(name))
    .map((value) => ({ path: 'accessGroups', message: 'there is no such access group', value }));
  if (faults.length > 0) throw new HttpError('VALIDATION_FAILED', 'an access group is unknown', { faults });
}

/** `user:<name>` and `api-key:<id>` of the members of each group. */
export async function membersByGroup(access: AccessStore): Promise<ReadonlyMap<string, readonly string[]>> {
  const members = new Map<string, string[]>();
  const add = (member: string, groups: readonly string[]): void => {
    for (const group of groups) members.set(group, [...(members.get(group) ?? []), member]);
  };
  for (const { name, accessGroups } of await access.listUsers()) add(`user:${name}`, accessGroups);
  for (const { id, accessGroups } of await access.listApiKeys()) add(`api-key:${id}`, accessGroups);
  return members;
}
