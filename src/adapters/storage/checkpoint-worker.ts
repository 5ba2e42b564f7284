import BetterSqlite3 from 'better-sqlite3';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../kernel/errors.ts';

/** What the thread is given. */
export interface CheckpointOf {
  /** Path of the database file. */
  readonly path: string;
}

/* Each message asks for one checkpoint; the answer says that it has ended. */

assert(parentPort !== null, 'this module runs in a worker thread');
const port = parentPort;
const database = new BetterSqlite3((workerData as CheckpointOf).path);
port.on('message', () => {
  // Passive: it waits for nobody, and nobody waits for it.
  database.pragma('wal_checkpoint(passive)');
  port.postMessage('ended');
});
