import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Storage } from '../../../src/adapters/storage/storage.ts';
import { SystemClock } from '../../../src/kernel/clock.ts';
import { IdSource } from '../../../src/kernel/ids.ts';
import { SeededRandom } from '../../../src/kernel/random.ts';
import type { Callback } from '../../../src/callback/callback.ts';

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
  {
    name: 'SQLite',
    async create() {
      const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-storage-'));
      const path = join(folder, 'test.db');
      const open = (): Promise<Storage> => Storage.open({ path, clock: new SystemClock() });
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
    },
  },
];

export const testIds = new IdSource(new SystemClock(), new SeededRandom(7));

/** An open callback that waits in the line. */
export function aCallback(fields: Partial<Callback> = {}): Callback {
  return {
    id: testIds.next('callback'),
    virtualQueue: 'support',
    customerNumber: '+12025550100',
    state: 'QUEUED',
    subState: null,
    reason: null,
    origin: 'api',
    originCallId: null,
    dialledNumber: '5000',
    language: 'en',
    createdAtMs: 1000,
    placeAtMs: 1000,
    priority: 0,
    desiredAtMs: 1000,
    attemptCount: 0,
    agentOfferCount: 0,
    agentId: null,
    attemptId: null,
    dueAtMs: null,
    completedAtMs: null,
    userData: { order: '42' },
    version: 1,
    ...fields,
  };
}
