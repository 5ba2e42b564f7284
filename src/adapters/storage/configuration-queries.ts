import type { Kysely } from 'kysely';
import type { Actor } from '../../callback/callback.ts';
import { AppError } from '../../kernel/errors.ts';
import type { ConfigurationVersion } from '../../provisioning/configuration-store.ts';
import type { ConfigurationDiff } from '../../provisioning/document-diff.ts';
import type { ConfigurationDocument } from '../../provisioning/document.ts';
import type { ConfigurationRow, Schema } from './schema.ts';

type Executor = Kysely<Schema>;

const LIST_ROWS_MAX = 1000;

/** The configuration in force. */
export async function latestConfiguration(db: Executor): Promise<ConfigurationVersion | undefined> {
  const row = await db
    .selectFrom('configuration')
    .selectAll()
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** One version, in force or not. */
export async function configurationByVersion(
  db: Executor,
  version: number,
): Promise<ConfigurationVersion | undefined> {
  const row = await db
    .selectFrom('configuration')
    .selectAll()
    .where('version', '=', version)
    .executeTakeFirst();
  return row && fromRow(row);
}

function fromRow(row: ConfigurationRow): ConfigurationVersion {
  return {
    ...row,
    actor: JSON.parse(row.actor) as Actor,
    diff: JSON.parse(row.diff) as ConfigurationDiff,
    document: JSON.parse(row.document) as ConfigurationDocument,
  };
}

/** @throws AppError CONFIGURATION_CHANGED when somebody else stored that version first. */
export async function insertConfiguration(db: Executor, version: ConfigurationVersion): Promise<void> {
  const result = await db
    .insertInto('configuration')
    .values({
      ...version,
      actor: JSON.stringify(version.actor),
      diff: JSON.stringify(version.diff),
      document: JSON.stringify(version.document),
    })
    .onConflict((conflict) => conflict.column('version').doNothing())
    .executeTakeFirst();
  if (result.numInsertedOrUpdatedRows !== 1n) {
    const message = `configuration version ${version.version} was applied by somebody else at the same time`;
    throw new AppError('CONFIGURATION_CHANGED', message, { retryable: true });
  }
}

/** Who applied what and when, newest first. */
export async function configurationHistory(
  db: Executor,
  limit: number,
): Promise<Omit<ConfigurationVersion, 'document'>[]> {
  const rows = await db
    .selectFrom('configuration')
    .select(['version', 'appliedAtMs', 'actor', 'fileName', 'diff'])
    .orderBy('version', 'desc')
    .limit(Math.min(Math.max(1, limit), LIST_ROWS_MAX))
    .execute();
  return rows.map((row) => ({
    ...row,
    actor: JSON.parse(row.actor) as Actor,
    diff: JSON.parse(row.diff) as ConfigurationDiff,
  }));
}
