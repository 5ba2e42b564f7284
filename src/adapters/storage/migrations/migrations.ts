import { type Kysely, type Migration, Migrator } from 'kysely';
import { AppError, messageOf } from '../../../kernel/errors.ts';
import { firstSchema } from './0001-first-schema.ts';
import { openLegs } from './0002-open-legs.ts';
import { lifecycle } from './0003-lifecycle.ts';
import { slots } from './0004-slots.ts';
import { openCallbacksOfNumber } from './0005-open-callbacks-of-number.ts';
import { cases } from './0006-cases.ts';
import { recordings } from './0007-recordings.ts';
import { access } from './0008-access.ts';
import { ges } from './0009-ges.ts';
import { callIns } from './0010-call-ins.ts';
import { notify } from './0011-notify.ts';
import { gms } from './0012-gms.ts';
import { transfers } from './0013-transfers.ts';
import { listIndices } from './0014-list-indices.ts';
import { searchIndices } from './0015-search-indices.ts';
import { newCallbacks } from './0016-new-callbacks.ts';
import { auditWithoutDocuments } from './0017-audit-without-documents.ts';

/** Every change of the schema, in order. Forward only: none is ever edited or removed once released. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first-schema': firstSchema,
  '0002-open-legs': openLegs,
  '0003-lifecycle': lifecycle,
  '0004-slots': slots,
  '0005-open-callbacks-of-number': openCallbacksOfNumber,
  '0006-cases': cases,
  '0007-recordings': recordings,
  '0008-access': access,
  '0009-ges': ges,
  '0010-call-ins': callIns,
  '0011-notify': notify,
  '0012-gms': gms,
  '0013-transfers': transfers,
  '0014-list-indices': listIndices,
  '0015-search-indices': searchIndices,
  '0016-new-callbacks': newCallbacks,
  '0017-audit-without-documents': auditWithoutDocuments,
};

/**
 * Brings the schema up to date; all pending migrations happen or none.
 * @returns names of the migrations that were run.
 * @throws AppError SCHEMA_NEWER when the database was written by a newer version, MIGRATION_FAILED otherwise.
 */
export async function migrate(
  db: Kysely<never>,
  known: Readonly<Record<string, Migration>> = migrations,
): Promise<string[]> {
  const unknown = (await executedMigrations(db)).filter((name) => !(name in known));
  if (unknown.length > 0) {
    const message = `the database was written by a newer version (it has ${unknown.join(', ')}); use that version`;
    throw new AppError('SCHEMA_NEWER', message);
  }
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...known }) } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new AppError('MIGRATION_FAILED', `the schema could not be changed: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return (results ?? []).map((result) => result.migrationName);
}

async function executedMigrations(db: Kysely<never>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const untyped = db as unknown as Kysely<{ kysely_migration: { name: string } }>;
  const rows = await untyped.selectFrom('kysely_migration').select('name').execute();
  return rows.map((row) => row.name);
}
