import type { FastifyRequest } from 'fastify';
import type { HttpConfig } from './http-config.ts';

/** The cookie that holds a session token, before {@link cookieName}. */
export const SESSION_COOKIE = 'turnkeeper_session';
const COOKIE_CHARACTERS_MAX = 4096;

/** What decides how cookies are made: the installation's setting, or how this browser came. */
type TlsConfig = Pick<HttpConfig, 'secureCookies'>;

/** Whether cookies are for TLS alone: set so, or the browser came over TLS, as a trusted proxy says. */
export function isOverTls(
  { protocol }: Pick<FastifyRequest, 'protocol'>,
  { secureCookies }: TlsConfig,
): boolean {
  // Fastify's type knows two; proxies say `wss` of a WebSocket, and the header is handed on as it came.
  const said: string = protocol;
  return secureCookies || said === 'https' || said === 'wss';
}

/**
 * The name of a cookie: over TLS with `__Host-`, which keeps other hosts of the same domain from setting one
 * of theirs in its place (RFC 6265bis §4.1.3.2).
 */
export function cookieName(name: string, isSecure: boolean): string {
  return isSecure ? `__Host-${name}` : name;
}

/** The cookie with a session token (RFC 6265 §4.1); SameSite=Strict keeps other sites from using it. */
export function sessionCookie(token: string, maxAgeMs: number, isSecure: boolean): string {
  const parts = [
    `${cookieName(SESSION_COOKIE, isSecure)}=${token}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${Math.floor(maxAgeMs / 1000)}`,
  ];
  return [...parts, ...(isSecure ? ['Secure'] : [])].join('; ');
}

/** The session token that the browser sent by itself; undefined: none. */
export function sessionTokenOf(request: FastifyRequest, config: TlsConfig): string | undefined {
  const { cookie } = request.headers;
  if (cookie === undefined || cookie.length > COOKIE_CHARACTERS_MAX) return undefined;
  const wanted = cookieName(SESSION_COOKIE, isOverTls(request, config));
  for (const pair of cookie.split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === wanted && value !== undefined) return value;
  }
  return undefined;
}
