import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../kernel/clock.ts';
import type { AccessStore } from './access-store.ts';
import { HttpError } from './http-errors.ts';

/** The headers pages may send; those of the APIs and nothing else. */
const ALLOWED_HEADERS = 'authorization, cache-control, content-type, gms_user, idempotency-key, x-api-key';
const EXPOSED_HEADERS = 'idempotent-replayed, location, retry-after, x-correlation-id';
const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE';
/** How long a browser may keep the answer to a preflight. */
const PREFLIGHT_SEC = 600;
/** Keys changed by another process are seen after this long; those changed here at once. */
const REREAD_MS = 5000;
const ORIGIN_CHARACTERS_MAX = 253 + 16;

/**
 * An origin as browsers send it (RFC 6454 §6.2): scheme, host and a port that is not the scheme's own, in
 * lower case, without a path; also of apps (`capacitor://localhost`).
 */
export function isOrigin(text: string): boolean {
  if (text.length > ORIGIN_CHARACTERS_MAX || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*\\]+$/.test(text))
    return false;
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:'
    ? url.origin === text
    : text === text.toLowerCase();
}

/** Which pages may use some key: what a preflight, which carries no key, is answered by (Fetch §3.2.2). */
export class OriginBook {
  readonly #access: AccessStore;
  readonly #clock: Clock;
  #origins: Promise<ReadonlySet<string>> | undefined;
  #readAtMs = 0;

  constructor(access: AccessStore, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** To be called after every change of an API key. */
  changed(): void {
    this.#origins = undefined;
  }

  /** True when a key that has not expired names this origin, or every one. */
  async allows(origin: string): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#origins === undefined || nowMs - this.#readAtMs > REREAD_MS) {
      this.#readAtMs = nowMs;
      this.#origins = this.#read();
      this.#origins.catch(() => this.changed());
    }
    const origins = await this.#origins;
    return origins.has('*') || origins.has(origin);
  }

  async #read(): Promise<ReadonlySet<string>> {
    const keys = await this.#access.listApiKeys();
    const nowMs = this.#clock.nowMs();
    const valid = keys.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs);
    return new Set(valid.flatMap(({ origins }) => origins));
  }
}

/** True for the question a browser asks before a request of another origin. */
export function isPreflight({ method, headers }: FastifyRequest): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** Answers a preflight: 204 with what is allowed, or throws ORIGIN_NOT_ALLOWED. */
export async function answerPreflight(
  request: FastifyRequest,
  reply: FastifyReply,
  book: OriginBook,
): Promise<FastifyReply> {
  const { origin = '' } = request.headers;
  reply.header('vary', 'Origin, Access-Control-Request-Headers');
  if (!(await book.allows(origin))) throw originRefused();
  return reply
    .code(204)
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-methods', ALLOWED_METHODS)
    .header('access-control-allow-headers', ALLOWED_HEADERS)
    .header('access-control-max-age', String(PREFLIGHT_SEC))
    .send();
}

/**
 * Lets a page read the answer when some key names its origin: also an answer that refuses the key, which it
 * could not show otherwise. Cookies are never allowed (no Access-Control-Allow-Credentials).
 */
export async function letPageRead(
  request: FastifyRequest,
  reply: FastifyReply,
  book: OriginBook,
): Promise<void> {
  const { origin } = request.headers;
  if (origin === undefined || isSameOrigin(request)) return;
  reply.header('vary', 'Origin');
  if (!(await book.allows(origin))) return;
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-expose-headers', EXPOSED_HEADERS);
}

/**
 * Throws ORIGIN_NOT_ALLOWED for a page of another origin that this key does not name. Programs send no
 * Origin.
 */
export function checkOrigin(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): void {
  const { origin } = request.headers;
  if (origin === undefined || isSameOrigin(request)) return;
  if (origins.includes('*') || origins.includes(origin)) return;
  reply.removeHeader('access-control-allow-origin');
  throw originRefused();
}

/** True when the page that asks was served from here. */
export function isSameOrigin({ headers, host }: FastifyRequest): boolean {
  const { origin } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

function originRefused(): HttpError {
  return new HttpError('ORIGIN_NOT_ALLOWED', 'no API key allows pages of this origin to do this');
}
