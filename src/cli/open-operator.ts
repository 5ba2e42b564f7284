import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Storage } from '../adapters/storage/storage.ts';
import { HistoryReplay } from '../application/history-replay.ts';
import type { Config, Environment } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { Provisioning } from '../provisioning/provisioning.ts';
import { openSecretBox } from '../provisioning/secret-key.ts';
import { DirectOperator } from './direct-operator.ts';
import type { Operator } from './operator.ts';
import { findRunningServer } from './running-server.ts';
import { ServerOperator } from './server-operator.ts';

/** The database's file in the data directory. */
export const DATABASE_FILE = 'turnkeeper.db';

/** Lines of one callback's history; more than any life has. */
const EVENTS_MAX = 10_000;

/** What opening an installation needs. */
export interface OpenOperatorOptions {
  readonly config: Pick<Config, 'dataDirectory' | 'secretKey' | 'secretKeyPrevious' | 'realm'>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly environment: Environment;
  /** Names of the flows that exist; undefined: references are not checked. */
  readonly knownFlows?: () => ReadonlySet<string>;
  readonly knownPrompts?: () => ReadonlySet<string>;
}

/** Makes the data directory with mode 0700 when it is not there. */
export function makeDataDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/**
 * Opens the database, or finds the server that has it.
 * @throws AppError DATABASE_IN_USE when somebody has it and left no word of an API, and what opening may
 * throw.
 */
export async function openOperator(options: OpenOperatorOptions): Promise<Operator> {
  const { config, clock, ids, log, environment, knownFlows, knownPrompts } = options;
  makeDataDirectory(config.dataDirectory);
  const path = join(config.dataDirectory, DATABASE_FILE);
  let storage: Storage;
  try {
    storage = await Storage.open({ path, clock });
  } catch (error) {
    const server = findRunningServer(config.dataDirectory);
    if (error instanceof AppError && error.code === 'DATABASE_IN_USE' && server) {
      return new ServerOperator(server.baseUrl, server.token);
    }
    throw error;
  }
  try {
    const provisioning = new Provisioning({
      transactions: storage,
      box: openSecretBox(config),
      clock,
      log,
      realm: config.realm,
      environment: (name) => environment[name],
      ...(knownFlows ? { knownFlows } : {}),
      ...(knownPrompts ? { knownPrompts } : {}),
    });
    // Without its key an installation is mended by applying a document with new passwords.
    await provisioning.load({ withoutSecrets: true });
    return new DirectOperator({
      provisioning,
      access: storage.access,
      clock,
      ids,
      history: (id) =>
        storage.transact(async (tx) => {
          const callback = await tx.findCallback(id);
          return callback && { callback, events: await tx.eventsOf(id, EVENTS_MAX) };
        }),
      replay: (id) => new HistoryReplay(storage).replay(id),
      close: () => storage.close(),
    });
  } catch (error) {
    await storage.close();
    throw error;
  }
}
