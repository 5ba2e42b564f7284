import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import type { DigestSecret } from './telephony-directory.ts';

/** The hash functions that can be offered. */
export type DigestAlgorithm = 'SHA-256' | 'MD5';

/**
 * Offered when nothing else is configured: MD5 alone. RFC 8760 §2.4 lets a client skip a challenge it does
 * not know, but baresip 1.0 (libre) gives up the whole registration with ENOSYS when one of several
 * challenges names SHA-256.
 */
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = ['MD5'];

/** The fields of an Authorization or Proxy-Authorization header. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly qop?: string;
  readonly nc?: string;
  readonly cnonce?: string;
}

/**
 * `stale`: the right password with a nonce that is too old, or used before: challenge again with stale=true.
 */
export type DigestVerdict = 'ok' | 'stale' | 'wrong';

/** How long a nonce is good for; phones re-authenticate silently afterwards. */
const NONCE_LIFETIME_MS = 300_000;
/** Nonces whose use counts are remembered; when more are in use, the oldest read as stale. */
const NONCES_MAX = 10_000;
const HEADER_LENGTH_MAX = 2048;

/** An HA1 that nobody has: the work for an unknown user is the work for a known one. */
const NOBODY: DigestSecret = { md5: '0'.repeat(32), sha256: '0'.repeat(64) };

/**
 * Digest authentication, server side (RFC 7616; RFC 2617 clients without qop or algorithm included; RFC 8760
 * for SIP). The digest-uri is hashed but not compared with the Request-URI: phones and proxies rewrite it,
 * and a captured response is of no use anyway because each nonce count is accepted once.
 */
export class DigestAuthenticator {
  readonly #clock: Clock;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #noncesMax: number;
  readonly #key = randomBytes(32);
  /** Highest nonce count seen, by nonce, oldest first. */
  readonly #counts = new Map<string, number>();
  /** Nonces issued up to here have been forgotten and cannot be checked for replay. */
  #forgottenUntilMs = 0;

  /** @param noncesMax nonces whose use is remembered; default 10 000. */
  constructor(
    clock: Clock,
    algorithms: readonly DigestAlgorithm[] = DIGEST_ALGORITHMS,
    noncesMax: number = NONCES_MAX,
  ) {
    this.#clock = clock;
    this.#algorithms = algorithms;
    this.#noncesMax = noncesMax;
  }

  /** Values for WWW-Authenticate or Proxy-Authenticate, one per algorithm. */
  challenges(realm: string, sourceAddress: string, stale: boolean): string[] {
    const nonce = this.#makeNonce(sourceAddress);
    const staleText = stale ? ', stale=true' : '';
    return this.#algorithms.map(
      (algorithm) =>
        `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${staleText}`,
    );
  }

  /** Checks credentials; `secret` undefined means that there is no such user, at the same cost. */
  check(
    credentials: DigestCredentials,
    request: { method: string; realm: string; sourceAddress: string },
    secret: DigestSecret | undefined,
  ): DigestVerdict {
    const expected = expectedResponse(credentials, request.method, secret ?? NOBODY);
    const matches = equalTexts(expected, credentials.response.toLowerCase());
    if (!matches || secret === undefined || credentials.realm !== request.realm) return 'wrong';
    return this.#useNonce(credentials, request.sourceAddress) ? 'ok' : 'stale';
  }

  #makeNonce(sourceAddress: string): string {
    const stamp = Buffer.alloc(12);
    stamp.writeUIntBE(this.#clock.nowMs(), 0, 6);
    randomBytes(6).copy(stamp, 6);
    return `${stamp.toString('hex')}${this.#seal(stamp.toString('hex'), sourceAddress)}`;
  }

  #seal(stamp: string, sourceAddress: string): string {
    return createHmac('sha256', this.#key).update(`${stamp}|${sourceAddress}`).digest('hex').slice(0, 24);
  }

  /** True once per nonce and count, in rising order, within the nonce's lifetime (RFC 7616 §3.4, nc). */
  #useNonce(credentials: DigestCredentials, sourceAddress: string): boolean {
    const { nonce } = credentials;
    const stamp = nonce.slice(0, 24);
    if (nonce.length !== 48 || !equalTexts(this.#seal(stamp, sourceAddress), nonce.slice(24))) return false;
    const issuedAtMs = Number.parseInt(stamp.slice(0, 12), 16);
    if (issuedAtMs <= this.#forgottenUntilMs || this.#clock.nowMs() - issuedAtMs > NONCE_LIFETIME_MS)
      return false;
    // RFC 2617 clients without qop have no count: their nonce is good for one request.
    const count = credentials.qop === undefined ? 1 : Number.parseInt(credentials.nc ?? '', 16);
    const last = this.#counts.get(nonce) ?? 0;
    if (!(count > last)) return false;
    this.#counts.delete(nonce);
    this.#counts.set(nonce, count);
    this.#forget();
    return true;
  }

  #forget(): void {
    for (const nonce of this.#counts.keys()) {
      const issuedAtMs = Number.parseInt(nonce.slice(0, 12), 16);
      const expired = this.#clock.nowMs() - issuedAtMs > NONCE_LIFETIME_MS;
      if (!expired && this.#counts.size <= this.#noncesMax) return;
      this.#counts.delete(nonce);
      if (!expired) this.#forgottenUntilMs = Math.max(this.#forgottenUntilMs, issuedAtMs);
    }
  }
}

function expectedResponse(credentials: DigestCredentials, method: string, secret: DigestSecret): string {
  const name = credentials.algorithm === 'MD5' ? 'md5' : 'sha256';
  const ha1 = credentials.algorithm === 'MD5' ? secret.md5 : secret.sha256;
  const ha2 = hash(name, `${method}:${credentials.uri}`);
  // RFC 7616 §3.4.1; without qop RFC 2617 §3.2.2.1 (older phones).
  return credentials.qop === undefined
    ? hash(name, `${ha1}:${credentials.nonce}:${ha2}`)
    : hash(
        name,
        [ha1, credentials.nonce, credentials.nc ?? '', credentials.cnonce ?? '', credentials.qop, ha2].join(
          ':',
        ),
      );
}

function hash(name: 'md5' | 'sha256', text: string): string {
  return createHash(name).update(text).digest('hex');
}

function equalTexts(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** H(user:realm:password) for both algorithms. */
export function digestSecret(user: string, realm: string, password: string): DigestSecret {
  const text = `${user}:${realm}:${password}`;
  return { md5: hash('md5', text), sha256: hash('sha256', text) };
}

/** Reads an (Proxy-)Authorization header; undefined when it is not a Digest we can check. Never throws. */
export function readDigestCredentials(header: string | undefined): DigestCredentials | undefined {
  if (header === undefined || header.length > HEADER_LENGTH_MAX) return undefined;
  const body = /^\s*digest\s+(.*)$/is.exec(header)?.[1];
  if (body === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const match of body.matchAll(
    /([a-z][a-z0-9-]{0,19})\s*=\s*(?:"((?:[^"\\]|\\.){0,512})"|([^\s,"]{1,512}))/gi,
  )) {
    const name = (match[1] ?? '').toLowerCase();
    if (!fields.has(name)) fields.set(name, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '');
  }
  const algorithm = (fields.get('algorithm') ?? 'MD5').toUpperCase();
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map(
    (name) => fields.get(name),
  );
  const known = algorithm === 'MD5' || algorithm === 'SHA-256';
  if (!known || username === undefined || realm === undefined || nonce === undefined) return undefined;
  if (uri === undefined || response === undefined) return undefined;
  const [qop, nc, cnonce] = ['qop', 'nc', 'cnonce'].map((name) => fields.get(name));
  if (qop !== undefined && (qop !== 'auth' || nc === undefined || cnonce === undefined)) return undefined;
  return {
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm,
    ...(qop !== undefined && { qop }),
    ...(nc !== undefined && { nc }),
    ...(cnonce !== undefined && { cnonce }),
  };
}
