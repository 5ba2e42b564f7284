import type { Kysely } from 'kysely';
import {
  areaLimits,
  type PutOutcome,
  type StorageArea,
  type StoredEntry,
  type StoredValue,
} from '../http/gms/storage-area-store.ts';
import type { Schema } from './schema.ts';

type Executor = Kysely<Schema>;

/** An area whose time is not over. */
export async function findArea(db: Executor, id: string, nowMs: number): Promise<StorageArea | undefined> {
  return db
    .selectFrom('storageArea')
    .select(['id', 'owner', 'gmsUser', 'expiresAtMs'])
    .where('id', '=', id)
    .where('expiresAtMs', '>', nowMs)
    .executeTakeFirst();
}

/** What an area has; files without their bytes. */
export async function areaEntries(db: Executor, areaId: string): Promise<StoredEntry[]> {
  const texts = await db
    .selectFrom('storageValue')
    .select(['key', 'value'])
    .where('areaId', '=', areaId)
    .where('contentType', 'is', null)
    .orderBy('key')
    .execute();
  const files = await db
    .selectFrom('storageValue')
    .select(['key', 'contentType', 'byteCount'])
    .where('areaId', '=', areaId)
    .where('contentType', 'is not', null)
    .orderBy('key')
    .execute();
  return [
    ...texts.map(({ key, value }) => ({ key, text: value })),
    ...files.map(({ key, contentType, byteCount }) => ({ key, contentType: contentType ?? '', byteCount })),
  ];
}

/** One value of an area. */
export async function areaValue(db: Executor, areaId: string, key: string): Promise<StoredValue | undefined> {
  const row = await db
    .selectFrom('storageValue')
    .selectAll()
    .where('areaId', '=', areaId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (!row) return undefined;
  const { contentType, fileName, value } = row;
  return { key, contentType, fileName, bytes: Buffer.from(value, contentType === null ? 'utf8' : 'base64') };
}

/** Sets values of an area, unless a limit forbids it: then nothing is changed. */
export async function putValues(
  db: Executor,
  area: StorageArea,
  values: readonly StoredValue[],
  nowMs: number,
): Promise<PutOutcome> {
  const { id, owner, gmsUser, expiresAtMs } = area;
  const before = await db.selectFrom('storageArea').selectAll().where('id', '=', id).executeTakeFirst();
  const isOver = before !== undefined && before.expiresAtMs <= nowMs;
  if (isOver) await removeArea(db, id);
  const byKey = isOver ? new Map<string, number>() : await sizesOf(db, id);
  for (const { key, bytes } of values) byKey.set(key, bytes.length);
  const byteCount = [...byKey.values()].reduce((sum, size) => sum + size, 0);
  if (byKey.size > areaLimits.keysMax) return { ok: false, limit: 'keysMax' };
  if (byteCount > areaLimits.areaBytesMax) return { ok: false, limit: 'areaBytesMax' };
  const own = await usedBy(db, owner, id, nowMs);
  if (own.areaCount >= areaLimits.areasPerOwnerMax) return { ok: false, limit: 'areasPerOwnerMax' };
  if (own.byteCount + byteCount > areaLimits.bytesPerOwnerMax) {
    return { ok: false, limit: 'bytesPerOwnerMax' };
  }
  const all = await usedByAll(db);
  const grown = byteCount - (before && !isOver ? before.byteCount : 0);
  if (all + grown > areaLimits.bytesMax) return { ok: false, limit: 'bytesMax' };
  await db
    .insertInto('storageArea')
    .values({ id, owner, gmsUser, expiresAtMs, byteCount })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ expiresAtMs, byteCount }))
    .execute();
  for (const value of values) await putValue(db, id, value);
  return { ok: true };
}

async function putValue(
  db: Executor,
  areaId: string,
  { key, contentType, fileName, bytes }: StoredValue,
): Promise<void> {
  const value = bytes.toString(contentType === null ? 'utf8' : 'base64');
  const fields = { contentType, fileName, byteCount: bytes.length, value };
  await db
    .insertInto('storageValue')
    .values({ areaId, key, ...fields })
    .onConflict((conflict) => conflict.columns(['areaId', 'key']).doUpdateSet(fields))
    .execute();
}

async function sizesOf(db: Executor, areaId: string): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('storageValue')
    .select(['key', 'byteCount'])
    .where('areaId', '=', areaId)
    .execute();
  return new Map(rows.map(({ key, byteCount }) => [key, byteCount]));
}

/** What an owner has beside one area. */
async function usedBy(
  db: Executor,
  owner: string,
  exceptId: string,
  nowMs: number,
): Promise<{ areaCount: number; byteCount: number }> {
  const row = await db
    .selectFrom('storageArea')
    .select((eb) => [
      eb.fn.countAll<number>().as('areaCount'),
      eb.fn.sum<number | null>('byteCount').as('byteCount'),
    ])
    .where('owner', '=', owner)
    .where('expiresAtMs', '>', nowMs)
    .where('id', '!=', exceptId)
    .executeTakeFirst();
  return { areaCount: row?.areaCount ?? 0, byteCount: row?.byteCount ?? 0 };
}

/** What is on the disk, areas included whose time is over and that are not deleted yet. */
async function usedByAll(db: Executor): Promise<number> {
  const row = await db
    .selectFrom('storageArea')
    .select((eb) => eb.fn.sum<number | null>('byteCount').as('byteCount'))
    .executeTakeFirst();
  return row?.byteCount ?? 0;
}

/** Deletes one value; false: there is none. */
export async function removeValue(db: Executor, areaId: string, key: string): Promise<boolean> {
  const sizes = await sizesOf(db, areaId);
  const size = sizes.get(key);
  if (size === undefined) return false;
  await db.deleteFrom('storageValue').where('areaId', '=', areaId).where('key', '=', key).execute();
  await db
    .updateTable('storageArea')
    .set((eb) => ({ byteCount: eb('byteCount', '-', size) }))
    .where('id', '=', areaId)
    .execute();
  return true;
}

/** Deletes an area with its values; false: there is none. */
export async function removeArea(db: Executor, id: string): Promise<boolean> {
  await db.deleteFrom('storageValue').where('areaId', '=', id).execute();
  const result = await db.deleteFrom('storageArea').where('id', '=', id).executeTakeFirst();
  return Number(result.numDeletedRows) > 0;
}

/** Deletes at most `limit` areas whose time is over, those first that ended first. */
export async function deleteExpiredAreas(db: Executor, nowMs: number, limit: number): Promise<number> {
  const expired = await db
    .selectFrom('storageArea')
    .select('id')
    .where('expiresAtMs', '<=', nowMs)
    .orderBy('expiresAtMs')
    .limit(limit)
    .execute();
  for (const { id } of expired) await removeArea(db, id);
  return expired.length;
}
