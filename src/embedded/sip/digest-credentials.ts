import { createHash, randomBytes } from 'node:crypto';
import { skipSpace } from './sip-params.ts';
import { splitHeaderList } from './sip-headers.ts';

/** A WWW-Authenticate or Proxy-Authenticate challenge (RFC 7616 §3.3). */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'MD5' | 'SHA-256';
  /** True when `auth` was offered as quality of protection; without it the digest of RFC 2069 is made. */
  readonly hasQop: boolean;
}

/** Whose credentials, for which request. */
export interface DigestRequest {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  /** How often this nonce was used, from 1; default 1. */
  readonly nonceCount?: number;
  /** For tests; default random. */
  readonly clientNonce?: string;
}

/**
 * Reads a challenge; undefined when it is no digest one, lacks realm or nonce, or asks for an unknown
 * algorithm.
 */
export function parseDigestChallenge(value: string): DigestChallenge | undefined {
  const params = parseDigestParams(value);
  const realm = params?.get('realm');
  const nonce = params?.get('nonce');
  if (params === undefined || realm === undefined || nonce === undefined) return undefined;
  const algorithm = (params.get('algorithm') ?? 'MD5').toUpperCase();
  if (algorithm !== 'MD5' && algorithm !== 'SHA-256') return undefined;
  const qops = (params.get('qop') ?? '').split(',').map((qop) => qop.trim().toLowerCase());
  return { realm, nonce, opaque: params.get('opaque'), algorithm, hasQop: qops.includes('auth') };
}

/** The Authorization or Proxy-Authorization value that answers a challenge (RFC 7616 §3.4, RFC 8760). */
export function answerDigestChallenge(challenge: DigestChallenge, request: DigestRequest): string {
  const hash = (text: string): string =>
    createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const ha1 = hash(`${request.username}:${challenge.realm}:${request.password}`);
  const ha2 = hash(`${request.method}:${request.uri}`);
  const count = (request.nonceCount ?? 1).toString(16).padStart(8, '0');
  const clientNonce = request.clientNonce ?? randomBytes(8).toString('hex');
  const response = challenge.hasQop
    ? hash(`${ha1}:${challenge.nonce}:${count}:${clientNonce}:auth:${ha2}`)
    : hash(`${ha1}:${challenge.nonce}:${ha2}`);
  const parts = [
    `username="${escapeQuoted(request.username)}"`,
    `realm="${escapeQuoted(challenge.realm)}"`,
    `nonce="${escapeQuoted(challenge.nonce)}"`,
    `uri="${request.uri}"`,
    `response="${response}"`,
    `algorithm=${challenge.algorithm}`,
  ];
  if (challenge.opaque !== undefined) parts.push(`opaque="${escapeQuoted(challenge.opaque)}"`);
  if (challenge.hasQop) parts.push('qop=auth', `nc=${count}`, `cnonce="${clientNonce}"`);
  return `Digest ${parts.join(', ')}`;
}

/**
 * The parameters of a `Digest …` value, names in lower case, quotes removed; undefined for another scheme.
 */
export function parseDigestParams(value: string): Map<string, string> | undefined {
  const text = value.trim();
  if (text.slice(0, 6).toLowerCase() !== 'digest' || skipSpace(text, 6) === 6) return undefined;
  const params = new Map<string, string>();
  for (const part of splitHeaderList(text.slice(7))) {
    const equals = part.indexOf('=');
    if (equals < 1) continue;
    params.set(part.slice(0, equals).trim().toLowerCase(), unquote(part.slice(equals + 1).trim()));
  }
  return params;
}

function unquote(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  let plain = '';
  for (let i = 1; i < text.length - 1; i++) {
    if (text[i] === '\\') i++;
    plain += text[i] ?? '';
  }
  return plain;
}

function escapeQuoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
