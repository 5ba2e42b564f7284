import type { HttpConfig } from './http-config.ts';
import type { Server } from './http-dependencies.ts';

/** Pages of ours load nothing from elsewhere, run no inline script and are framed by nobody. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "media-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join(';');

/** What every answer tells browsers; a list made once, because it goes out with every request. */
const headers = {
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};
/** RFC 6797 §6.1; a year. */
const transportSecurity = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' };

/** Puts the headers on every answer, refusals included; the last behind TLS only. */
export function secureHeaders(server: Server, { secureCookies }: HttpConfig): void {
  const all = { ...headers, ...(secureCookies && transportSecurity) };
  server.addHook('onRequest', (_request, reply, done) => {
    reply.headers(all);
    done();
  });
}
