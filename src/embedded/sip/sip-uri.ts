import { formatSipParams, parseSipParams } from './sip-params.ts';
import type { SipParams } from './sip-params.ts';

/** A SIP or SIPS URI taken apart (RFC 3261 §19.1). `user` and `password` stay escaped, as they came. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  user: string | undefined;
  password: string | undefined;
  /** Name, IPv4 address, or IPv6 address in brackets. */
  host: string;
  port: number | undefined;
  params: SipParams;
  /** What follows `?`, without it; undefined when there is none. */
  headers: string | undefined;
}

/** Takes a sip: or sips: URI apart in one pass; undefined for anything else. */
export function parseSipUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  if (hasSpaceOrControl(text)) return undefined;
  const rest = text.slice(colon + 1);
  // `;`, `?` and `/` may stand in the user part (RFC 3261 §19.1.1), so the userinfo ends at the last `@` …
  // before any of a header's, which must be escaped; a URI holds one `@`.
  const at = rest.indexOf('@');
  let user: string | undefined;
  let password: string | undefined;
  if (at >= 0) {
    const userInfo = rest.slice(0, at);
    const separator = userInfo.indexOf(':');
    user = separator < 0 ? userInfo : userInfo.slice(0, separator);
    password = separator < 0 ? undefined : userInfo.slice(separator + 1);
    if (user === '') return undefined;
  }
  const afterUser = rest.slice(at + 1);
  const question = afterUser.indexOf('?');
  const headers = question < 0 ? undefined : afterUser.slice(question + 1);
  const hostAndParams = question < 0 ? afterUser : afterUser.slice(0, question);
  const semicolon = hostAndParams.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? hostAndParams : hostAndParams.slice(0, semicolon));
  if (hostPort === undefined) return undefined;
  const params = parseSipParams(semicolon < 0 ? '' : hostAndParams.slice(semicolon));
  if (params === undefined) return undefined;
  return { scheme, user, password, host: hostPort.host, port: hostPort.port, params, headers };
}

export function formatSipUri(uri: SipUri): string {
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const userInfo = uri.user === undefined ? '' : `${uri.user}${password}@`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${userInfo}${uri.host}${port}${formatSipParams(uri.params)}${headers}`;
}

/** `host`, `host:port` or `[v6]:port`; undefined when it is none of them. */
export function parseHostPort(text: string): { host: string; port: number | undefined } | undefined {
  const trimmed = text.trim();
  const bracket = trimmed.startsWith('[') ? trimmed.indexOf(']') : -1;
  if (trimmed.startsWith('[') && bracket < 0) return undefined;
  const colon = trimmed.indexOf(':', Math.max(bracket, 0));
  const host = (colon < 0 ? trimmed : trimmed.slice(0, colon)).trim();
  if (host === '' || !isHost(host)) return undefined;
  if (colon < 0) return { host, port: undefined };
  const digits = trimmed.slice(colon + 1).trim();
  if (!isDigits(digits) || digits.length > 5) return undefined;
  const port = Number(digits);
  return port > 65_535 ? undefined : { host, port };
}

/** True when the text is one or more ASCII digits. */
export function isDigits(text: string): boolean {
  if (text === '') return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return host.endsWith(']');
  for (let i = 0; i < host.length; i++) {
    const c = host.charCodeAt(i);
    const fine =
      (c >= 48 && c <= 57) ||
      (c >= 65 && c <= 90) ||
      (c >= 97 && c <= 122) ||
      c === 45 ||
      c === 46 ||
      c === 95;
    if (!fine) return false;
  }
  return true;
}

function hasSpaceOrControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= 0x20 || c === 0x7f || c === 0x3c || c === 0x3e || c === 0x22) return true;
  }
  return false;
}
