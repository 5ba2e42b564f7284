import type { Kysely } from 'kysely';
import type { Id } from '../../kernel/ids.ts';
import type { ApiKey, Session, User } from '../http/access-store.ts';
import type { Schema, UserAccountRow } from './schema.ts';

type Executor = Kysely<Schema>;

const USERS_MAX = 1000;
const API_KEYS_MAX = 1000;

/** Number of users. */
export async function userCount(db: Executor): Promise<number> {
  const row = await db
    .selectFrom('userAccount')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Users by name. */
export async function listUsers(db: Executor): Promise<User[]> {
  const rows = await db.selectFrom('userAccount').selectAll().orderBy('name').limit(USERS_MAX).execute();
  return rows.map(toUser);
}

/** One user by name. */
export async function findUser(db: Executor, name: string): Promise<User | undefined> {
  const row = await db.selectFrom('userAccount').selectAll().where('name', '=', name).executeTakeFirst();
  return row && toUser(row);
}

/** False when the name is taken. */
export async function insertUser(db: Executor, user: User): Promise<boolean> {
  const result = await db
    .insertInto('userAccount')
    .values({ ...user, enabled: user.enabled ? 1 : 0 })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** False when there is no such user. */
export async function updateUser(db: Executor, user: User): Promise<boolean> {
  const { name, ...fields } = user;
  const result = await db
    .updateTable('userAccount')
    .set({ ...fields, enabled: user.enabled ? 1 : 0 })
    .where('name', '=', name)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Deletes a user with all sessions; false when there is none. */
export async function deleteUser(db: Executor, name: string): Promise<boolean> {
  const result = await db.deleteFrom('userAccount').where('name', '=', name).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Keys, oldest first. */
export async function listApiKeys(db: Executor): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('apiKey')
    .selectAll()
    .orderBy('createdAtMs')
    .orderBy('id')
    .limit(API_KEYS_MAX)
    .execute();
  return rows as ApiKey[];
}

/** The key with this hash. */
export async function findApiKeyByHash(db: Executor, keyHash: string): Promise<ApiKey | undefined> {
  const row = await db.selectFrom('apiKey').selectAll().where('keyHash', '=', keyHash).executeTakeFirst();
  return row as ApiKey | undefined;
}

/** Stores a key. */
export async function insertApiKey(db: Executor, key: ApiKey): Promise<void> {
  await db.insertInto('apiKey').values(key).execute();
}

/** False when there is none of that id. */
export async function deleteApiKey(db: Executor, id: Id<'key'>): Promise<boolean> {
  const result = await db.deleteFrom('apiKey').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Notes the use of a key. */
export async function touchApiKey(db: Executor, id: Id<'key'>, usedAtMs: number): Promise<void> {
  await db.updateTable('apiKey').set({ lastUsedAtMs: usedAtMs }).where('id', '=', id).execute();
}

/** The session of a token. */
export async function findSession(db: Executor, tokenHash: string): Promise<Session | undefined> {
  return db.selectFrom('session').selectAll().where('tokenHash', '=', tokenHash).executeTakeFirst();
}

/** Stores a session. */
export async function insertSession(db: Executor, session: Session): Promise<void> {
  await db.insertInto('session').values(session).execute();
}

/** Ends a session. */
export async function deleteSession(db: Executor, tokenHash: string): Promise<void> {
  await db.deleteFrom('session').where('tokenHash', '=', tokenHash).execute();
}

/** Ends all sessions of a user. */
export async function deleteSessionsOf(db: Executor, userName: string): Promise<void> {
  await db.deleteFrom('session').where('userName', '=', userName).execute();
}

/** Deletes what has expired. */
export async function deleteExpiredSessions(db: Executor, nowMs: number): Promise<number> {
  const result = await db.deleteFrom('session').where('expiresAtMs', '<=', nowMs).executeTakeFirst();
  return Number(result.numDeletedRows);
}

function toUser(row: UserAccountRow): User {
  return { ...row, enabled: row.enabled === 1 } as User;
}
