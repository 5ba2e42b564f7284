import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, type Fault, messageOf } from '../kernel/errors.ts';
import type { ApplyOutcome } from '../provisioning/provisioning.ts';

const SERVER_FILE = 'server.json';
/** The token that lets operator commands on this machine act as administrator; mode 0600. */
export const ADMIN_TOKEN_FILE = 'admin.token';
const REQUEST_TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 8 * 1_048_576;

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
 * The server that left word; undefined when none did. A crashed one leaves its word behind, so the owner of the
 * database, not this, tells whether a server runs.
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

/** What a request to the server needs. */
export interface ServerRequest {
  readonly baseUrl: string;
  readonly token: string;
}

const diffSchema = z.looseObject({
  added: z.array(z.string()),
  changed: z.array(
    z.looseObject({
      item: z.string(),
      fields: z.array(z.looseObject({ field: z.string(), from: z.unknown().optional(), to: z.unknown().optional() })),
    }),
  ),
  removed: z.array(z.string()),
  reordered: z.array(z.string()),
});
const appliedSchema = z.looseObject({ version: z.int(), diff: diffSchema });
const faultsSchema = z.array(
  z.looseObject({
    path: z.string(),
    message: z.string(),
    value: z.unknown().optional(),
    line: z.int().optional(),
  }),
);

/**
 * Applies a document through a running server (`POST /api/v1/config`).
 * @throws AppError SERVER_UNREACHABLE, SERVER_REFUSED (no permission or another answer than expected).
 */
export async function applyThroughServer(
  baseUrl: string,
  token: string,
  text: string,
  options: { readonly dryRun: boolean; readonly fileName: string },
): Promise<ApplyOutcome> {
  const query = new URLSearchParams({ dryRun: String(options.dryRun), fileName: options.fileName });
  const { status, body } = await request({ baseUrl, token }, 'POST', `/api/v1/config?${query.toString()}`, text);
  const answer = parseJson(body);
  const applied = appliedSchema.safeParse(answer);
  if (status === 200 && applied.success) {
    return { kind: 'applied', ...applied.data } as ApplyOutcome;
  }
  const faults = faultsSchema.safeParse(findFaults(answer));
  if (faults.success && faults.data.length > 0) return { kind: 'refused', faults: faults.data as readonly Fault[] };
  throw refused(status, answer);
}

/**
 * The configuration in force of a running server (`GET /api/v1/config`).
 * @throws AppError SERVER_UNREACHABLE, SERVER_REFUSED.
 */
export async function exportFromServer(baseUrl: string, token: string): Promise<string> {
  const { status, body } = await request({ baseUrl, token }, 'GET', '/api/v1/config');
  if (status === 200) return body;
  throw refused(status, parseJson(body));
}

async function request(
  server: ServerRequest,
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(new URL(path, server.baseUrl), {
      method,
      headers: {
        'x-api-key': server.token,
        accept: 'application/json, application/yaml',
        ...(body === undefined ? {} : { 'content-type': 'application/yaml' }),
      },
      ...(body === undefined ? {} : { body }),
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return { status: response.status, body: (await response.text()).slice(0, ANSWER_BYTES_MAX) };
  } catch (error) {
    const message = `the server at ${server.baseUrl} does not answer: ${messageOf(error)}`;
    throw new AppError('SERVER_UNREACHABLE', message, { cause: error, retryable: true });
  }
}

function refused(status: number, answer: unknown): AppError {
  const known = z
    .looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) })
    .safeParse(answer);
  const words = known.success ? `${known.data.error.code}: ${known.data.error.message}` : 'no explanation';
  return new AppError('SERVER_REFUSED', `the server answered ${status} (${words})`);
}

/** Faults stand at the top of the answer or inside its `error`. */
function findFaults(answer: unknown): unknown {
  const shape = z.looseObject({
    faults: z.unknown().optional(),
    error: z.looseObject({ faults: z.unknown().optional() }).optional(),
  });
  const outcome = shape.safeParse(answer);
  return outcome.success ? (outcome.data.faults ?? outcome.data.error?.faults) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
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
