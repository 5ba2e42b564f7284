import type { Kysely } from 'kysely';
import type { Id } from '../../kernel/ids.ts';
import type { ApiKey, Session, User } from '../http/access-store.ts';
import type { ApiKeyRow, UserAccountRow } from './access-schema.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const USERS_MAX = 1000;
const API_KEYS_MAX = 1000;
/** Log-ins of one user that count at the same time; the oldest ends when another begins. */
const SESSIONS_PER_USER_MAX = 20;

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
    .values(fromUser(user))
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** False when there is no such user. */
export async function updateUser(db: Executor, user: User): Promise<boolean> {
  const { name, ...fields } = fromUser(user);
  const result = await db.updateTable('userAccount').set(fields).where('name', '=', name).executeTakeFirst();
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
  return rows.map(toKey);
}

/** The key with this hash, now or before its last rotation. */
export async function findApiKeyByHash(db: Executor, keyHash: string): Promise<ApiKey | undefined> {
  const keys = db.selectFrom('apiKey').selectAll();
  const row =
    (await keys.where('keyHash', '=', keyHash).executeTakeFirst()) ??
    (await keys.where('previousHash', '=', keyHash).executeTakeFirst());
  return row && toKey(row);
}

/** Stores a key. */
export async function insertApiKey(db: Executor, key: ApiKey): Promise<void> {
  await db.insertInto('apiKey').values(fromKey(key)).execute();
}

/** Replaces a key, its last use excepted; false when there is none of that id. */
export async function updateApiKey(db: Executor, key: ApiKey): Promise<boolean> {
  const { id, lastUsedAtMs: _kept, ...fields } = fromKey(key);
  const result = await db.updateTable('apiKey').set(fields).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows === 1n;
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

/** Stores a session; of the user's sessions the newest stay. */
export async function insertSession(db: Executor, session: Session): Promise<void> {
  await db.insertInto('session').values(session).execute();
  await db
    .deleteFrom('session')
    .where('userName', '=', session.userName)
    .where('tokenHash', 'not in', (eb) =>
      eb
        .selectFrom('session')
        .select('tokenHash')
        .where('userName', '=', session.userName)
        .orderBy('createdAtMs', 'desc')
        .orderBy('tokenHash')
        .limit(SESSIONS_PER_USER_MAX),
    )
    .execute();
}

/** Notes the use of a session. */
export async function touchSession(db: Executor, tokenHash: string, usedAtMs: number): Promise<void> {
  await db
    .updateTable('session')
    .set({ lastUsedAtMs: usedAtMs })
    .where('tokenHash', '=', tokenHash)
    .execute();
}

/** Ends a session. */
export async function deleteSession(db: Executor, tokenHash: string): Promise<void> {
  await db.deleteFrom('session').where('tokenHash', '=', tokenHash).execute();
}

/** Ends all sessions of a user. */
export async function deleteSessionsOf(db: Executor, userName: string): Promise<void> {
  await db.deleteFrom('session').where('userName', '=', userName).execute();
}

/** Deletes what has expired or was left unused. */
export async function deleteExpiredSessions(
  db: Executor,
  nowMs: number,
  idleSinceMs: number,
): Promise<number> {
  const result = await db
    .deleteFrom('session')
    .where((eb) => eb.or([eb('expiresAtMs', '<=', nowMs), eb('lastUsedAtMs', '<=', idleSinceMs)]))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

function fromUser(user: User): UserAccountRow {
  return { ...user, enabled: user.enabled ? 1 : 0, accessGroups: JSON.stringify(user.accessGroups) };
}

function toUser(row: UserAccountRow): User {
  return { ...row, enabled: row.enabled === 1, accessGroups: JSON.parse(row.accessGroups) } as User;
}

function fromKey(key: ApiKey): ApiKeyRow {
  const { scopes, origins, accessGroups, ...fields } = key;
  return {
    ...fields,
    scopes: JSON.stringify(scopes),
    origins: JSON.stringify(origins),
    accessGroups: JSON.stringify(accessGroups),
  };
}

function toKey(row: ApiKeyRow): ApiKey {
  const { scopes, origins, accessGroups, ...fields } = row;
  return {
    ...fields,
    scopes: JSON.parse(scopes),
    origins: JSON.parse(origins),
    accessGroups: JSON.parse(accessGroups),
  } as ApiKey;
}
