import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const SERVER_FILE = 'server.json';
/** The token that lets operator commands on this machine act as administrator; mode 0600. */
export const ADMIN_TOKEN_FILE = 'admin.token';

/** How operator commands reach the server that runs on a data directory. */
export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Sent as `x-api-key`. */
  readonly token: string;
}

/** Leaves word of a running server for operator commands. To be called when HTTP listens; mode 0600. */
export function publishRunningServer(dataDirectory: string, server: RunningServer): void {
  writePrivately(join(dataDirectory, ADMIN_TOKEN_FILE), `${server.token}\n`);
  writePrivately(join(dataDirectory, SERVER_FILE), `${JSON.stringify({ baseUrl: server.baseUrl })}\n`);
}

/** Takes the word back at a stop. Idempotent. */
export function withdrawRunningServer(dataDirectory: string): void {
  rmSync(join(dataDirectory, SERVER_FILE), { force: true });
  rmSync(join(dataDirectory, ADMIN_TOKEN_FILE), { force: true });
}

/**
 * The server that left word; undefined when none did. A crashed one leaves its word behind, so the owner of
 * the database, not this, tells whether a server runs.
 */
export function findRunningServer(dataDirectory: string): RunningServer | undefined {
  try {
    const { baseUrl } = z
      .object({ baseUrl: z.url() })
      .parse(JSON.parse(readFileSync(join(dataDirectory, SERVER_FILE), 'utf8')));
    return { baseUrl, token: readFileSync(join(dataDirectory, ADMIN_TOKEN_FILE), 'utf8').trim() };
  } catch {
    return undefined;
  }
}

function writePrivately(path: string, text: string): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  // The mode above holds for a new file only.
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}
