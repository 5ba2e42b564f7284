import { join } from 'node:path';
import { Storage } from '../adapters/storage/storage.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Output } from './configuration-commands.ts';
import { DATABASE_FILE, makeDataDirectory } from './open-operator.ts';

/**
 * `turnkeeper migrate`: brings the database's schema up to date and says what was done. A start does the
 * same.
 * @throws AppError DATABASE_IN_USE, SCHEMA_NEWER, MIGRATION_FAILED, STORAGE_OPEN_FAILED.
 */
export async function migrateCommand(dataDirectory: string, clock: Clock, output: Output): Promise<number> {
  makeDataDirectory(dataDirectory);
  const storage = await Storage.open({ path: join(dataDirectory, DATABASE_FILE), clock });
  await storage.close();
  for (const name of storage.migrated) output.line(`migrated ${name}`);
  if (storage.migrated.length === 0) output.line('the schema is up to date');
  return 0;
}
