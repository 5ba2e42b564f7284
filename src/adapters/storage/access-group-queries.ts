import type { Kysely } from 'kysely';
import type { AccessGroup, Identity } from '../http/access-store.ts';
import type { AccessGroupRow } from './access-schema.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const GROUPS_MAX = 500;
const FAMILIAR_ADDRESSES_MAX = 20;

/** Access groups by name. */
export async function listAccessGroups(db: Executor): Promise<AccessGroup[]> {
  const rows = await db.selectFrom('accessGroup').selectAll().orderBy('name').limit(GROUPS_MAX).execute();
  return rows.map(toGroup);
}

/** False when the name is taken. */
export async function insertAccessGroup(db: Executor, group: AccessGroup): Promise<boolean> {
  const result = await db
    .insertInto('accessGroup')
    .values({ ...group, queues: JSON.stringify(group.queues) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** False when there is none of that name. */
export async function updateAccessGroup(db: Executor, group: AccessGroup): Promise<boolean> {
  const { name, queues, ...fields } = group;
  const result = await db
    .updateTable('accessGroup')
    .set({ ...fields, queues: JSON.stringify(queues) })
    .where('name', '=', name)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** False when there is none of that name. */
export async function deleteAccessGroup(db: Executor, name: string): Promise<boolean> {
  const result = await db.deleteFrom('accessGroup').where('name', '=', name).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Whether a user has logged in from an address since then. */
export async function isFamiliar(
  db: Executor,
  userName: string,
  address: string,
  sinceMs: number,
): Promise<boolean> {
  const row = await db
    .selectFrom('familiarAddress')
    .select('atMs')
    .where('userName', '=', userName)
    .where('address', '=', address)
    .executeTakeFirst();
  return row !== undefined && row.atMs >= sinceMs;
}

/** Notes a log-in's address; of the user's addresses the newest stay. */
export async function putFamiliarAddress(
  db: Executor,
  userName: string,
  address: string,
  atMs: number,
): Promise<void> {
  await db
    .insertInto('familiarAddress')
    .values({ userName, address, atMs })
    .onConflict((conflict) => conflict.columns(['userName', 'address']).doUpdateSet({ atMs }))
    .execute();
  await db
    .deleteFrom('familiarAddress')
    .where('userName', '=', userName)
    .where('address', 'not in', (eb) =>
      eb
        .selectFrom('familiarAddress')
        .select('address')
        .where('userName', '=', userName)
        .orderBy('atMs', 'desc')
        .orderBy('address')
        .limit(FAMILIAR_ADDRESSES_MAX),
    )
    .execute();
}

/** The user of an account at an identity provider. */
export async function findIdentity(
  db: Executor,
  issuer: string,
  subject: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('identity')
    .select('userName')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row?.userName;
}

/** Links an account with a user; the first link stays. */
export async function insertIdentity(db: Executor, identity: Identity): Promise<void> {
  await db
    .insertInto('identity')
    .values(identity)
    .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doNothing())
    .execute();
}

function toGroup(row: AccessGroupRow): AccessGroup {
  return { ...row, queues: JSON.parse(row.queues) };
}
