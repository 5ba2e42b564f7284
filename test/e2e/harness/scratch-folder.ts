import { accessSync, constants, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const ROOM_MIN_BYTES = 512 * 1024 ** 2;

/**
 * A new folder for what a program under test writes, in memory where there is room: the database is written
 * through to the disk at each commit, and what else is going on at the machine's disk can make that last for
 * seconds in which no call goes on. Real servers, which may not see the memory's file system, get it on the
 * disk.
 */
export function scratchFolder(prefix: string): string {
  const isReal = process.env['TURNKEEPER_DRACHTIO'] !== undefined;
  return mkdtempSync(join(!isReal && hasRoom(MEMORY) ? MEMORY : tmpdir(), prefix));
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_MIN_BYTES;
  } catch {
    return false;
  }
}
