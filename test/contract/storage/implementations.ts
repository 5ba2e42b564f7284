import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Storage, type StorageOptions } from '../../../src/adapters/storage/storage.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { spawnWorker } from '../../../src/embedded/worker-supervisor.ts';
import type { AppError } from '../../../src/kernel/errors.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import type { Callback } from '../../../src/callback/callback.ts';
import { aCallback as aRecord } from '../../fakes/callbacks.ts';

/** A store under test. Every implementation passes the same suites. */
export interface StorageImplementation {
  readonly name: string;
  /** A fresh, empty store. */
  readonly create: () => Promise<TestedStorage>;
}

export interface TestedStorage {
  storage: Storage;
  /** Closes and opens again: what a restart does. */
  reopen(): Promise<Storage>;
  destroy(): Promise<void>;
}

export const implementations: readonly StorageImplementation[] = [
  { name: 'SQLite', create: () => sqlite({}) },
  {
    name: 'SQLite, the disk waited for beside',
    create: () => sqlite({ beside: { spawn: spawnWorker, log: silentLog, onLost: raise } }),
  },
];

function raise(error: AppError): void {
  throw error;
}

async function sqlite(how: Pick<StorageOptions, 'beside'>): Promise<TestedStorage> {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-storage-'));
  const path = join(folder, 'test.db');
  const open = (): Promise<Storage> => Storage.open({ path, clock: new SystemClock(), ...how });
  const tested: TestedStorage = {
    storage: await open(),
    async reopen() {
      await tested.storage.close();
      tested.storage = await open();
      return tested.storage;
    },
    async destroy() {
      await tested.storage.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return tested;
}

export const testIds = new IdSource(new SystemClock(), new SeededRandom(7));

/** An open callback that waits in the line. */
export function aCallback(fields: Partial<Callback> = {}): Callback {
  return aRecord({ id: testIds.next('callback'), userData: { order: '42' }, ...fields });
}
